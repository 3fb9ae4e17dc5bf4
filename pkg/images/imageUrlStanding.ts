import type { ImageUrlJudgement, ImageUrlReason, ImageUrlVerdict } from './imageUrl.ts'

/**
 * How a link stands for who imports it: its verdict, unless what came of its bytes is of no use. `ended`: a signed link whose time
 * is over. `loopback`: Longhorn refuses it. `unusable`: also a link whose file no backend takes, whatever build it names.
 */
export type ImageUrlStanding = ImageUrlVerdict | 'ended' | 'loopback'

/** The sign that goes with a standing; the words are the standing's own. */
export const URL_TONES = { mutable: 'attention', pinned: 'ok', unknown: 'unknown', unusable: 'bad', ended: 'attention', loopback: 'attention' } as const satisfies Readonly<Record<ImageUrlStanding, string>>

/** How a judged link stands; `now` in epoch milliseconds, where it is absent no link has ended. */
export function standingOfUrl(judgement: ImageUrlJudgement, now = Number.NEGATIVE_INFINITY): ImageUrlStanding {
  const { verdict, reasons } = judgement
  if (verdict === 'unusable' || reasons.some(isNeverTaken))
    return 'unusable'
  if (hasEnded(judgement, now))
    return 'ended'
  return verdict !== 'mutable' && reasons.some(({ code }) => code === 'loopback') ? 'loopback' : verdict
}

/** Whether a signed link's time is over. */
export function hasEnded({ expires }: ImageUrlJudgement, now: number): boolean {
  return expires?.at !== undefined && Date.parse(expires.at) <= now
}

/** Why the cluster does not take what a link serves, whatever build it names: its own machine, or a format by the ending. */
export function reasonToRefuse({ reasons }: ImageUrlJudgement): ImageUrlReason | undefined {
  return reasons.find(reason => reason.code === 'loopback' || isNeverTaken(reason))
}

// Harvester's form takes four endings, and neither backend another format (see `judgeFormat` in uploadPlan.ts). A name without an ending says nothing.
function isNeverTaken(reason: ImageUrlReason): boolean {
  return reason.code === 'format' && reason.ending !== ''
}
