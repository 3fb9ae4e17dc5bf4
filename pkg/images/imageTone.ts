import type { ImageState, ImageStateWord } from './imageState.ts'

type Sign = 'ok' | 'attention' | 'bad' | 'unknown' | 'progress'

/** The sign that goes with a state of an image; the words are the state's own. */
export const IMAGE_TONES: Readonly<Record<ImageStateWord, Sign>> = {
  deleting: 'progress', initializing: 'progress', waiting: 'progress', importing: 'progress', uploading: 'progress', exporting: 'progress', recovering: 'progress', copying: 'progress',
  retrying: 'attention', overlooked: 'attention', paused: 'attention', degraded: 'attention', ready: 'ok', missing: 'bad', lost: 'bad', failed: 'bad', imported: 'unknown', looking: 'unknown', unknown: 'unknown',
}
/** Which states an operator wants to see first: what is broken, then what is in danger, then what is under way. */
export const IMAGE_RANKS: Readonly<Record<ImageStateWord, number>> = {
  failed: 0, lost: 1, missing: 2, retrying: 3, overlooked: 4, recovering: 5, degraded: 6, unknown: 7, paused: 8, imported: 9,
  waiting: 10, initializing: 11, importing: 12, exporting: 13, uploading: 14, copying: 15, deleting: 16, looking: 17, ready: 18,
}

/** What stands beside the word: how far it is, or how many of its copies are left. */
export function stateDetail({ progress, because }: ImageState): string | undefined {
  if (progress !== undefined)
    return `${Math.round(progress)} %`
  return because?.code === 'copies' && because.usable < because.desired ? `${because.usable} / ${because.desired}` : undefined
}
