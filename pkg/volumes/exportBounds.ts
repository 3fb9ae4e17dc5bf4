import type { ExportIntent } from './exportIntent.ts'
import type { CallOffReason } from './exportStep.ts'

// How long a text may be that an export writes into annotations. All of an object have 256 KiB together (apimachinery
// pkg/api/validation/objectmeta.go, TotalAnnotationSizeLimitB), and whoever fills them stands in everybody's way.

/** Characters of an image's description. Neither Harvester nor Rancher's console bounds it; it stands on the claim once and on the image twice. */
export const LONGEST_DESCRIPTION = 1_000
/** Characters of what somebody is called, or has called something. */
const LONGEST_NAME = 256
/** Characters of what the cluster has said and an export keeps. */
export const LONGEST_MESSAGE = 1_000

/** The text in so many characters, the last of them an ellipsis where it was longer. */
export function cutShort(text: string, longest: number): string {
  const letters = [...text]
  return letters.length <= longest ? text : `${letters.slice(0, longest - 1).join('')}…`
}

/** The intent with the cluster's words as long as they are kept. What was asked for stays as it is. */
export function inBounds(intent: ExportIntent): ExportIntent {
  const { refusal, calledOff } = intent
  return {
    ...intent,
    ...(refusal !== undefined && { refusal: cutShort(refusal, LONGEST_MESSAGE) }),
    ...(calledOff && { calledOff: calledOff.map(withShortMessage) }),
  }
}

/** The intent as it is kept and told for long after it is over: with everybody's words in bounds, also those that somebody has written onto the claim by hand. Who asked is kept by name alone. */
export function asKept(intent: ExportIntent): ExportIntent {
  const { image, requester, abandonedBy, forcedBy, runningAcknowledged: said } = intent
  return {
    ...inBounds(intent),
    image: { ...image, displayName: cutShort(image.displayName, LONGEST_NAME), ...(image.description !== undefined && { description: cutShort(image.description, LONGEST_DESCRIPTION) }) },
    requester: cutShort(requester, LONGEST_NAME),
    identity: undefined,
    ...(abandonedBy !== undefined && { abandonedBy: cutShort(abandonedBy, LONGEST_NAME) }),
    ...(forcedBy !== undefined && { forcedBy: cutShort(forcedBy, LONGEST_NAME) }),
    ...(said && { runningAcknowledged: { ...said, by: cutShort(said.by, LONGEST_NAME) } }),
  }
}

function withShortMessage(reason: CallOffReason): CallOffReason {
  return 'message' in reason && reason.message !== undefined ? { ...reason, message: cutShort(reason.message, LONGEST_MESSAGE) } : reason
}
