import type { VirtualMachineImage } from '#images/image.ts'
import type { ExportIntent } from './exportIntent.ts'
import type { TimelineStep } from './exportTimeline.ts'
import { readTimestamp } from '#kube/object.ts'
import { isFields } from './exportIntentText.ts'
import { ENDED_ANNOTATION, OVERTAKEN_ANNOTATION, VERIFIED_ANNOTATION, importOverAt } from './exportedImage.ts'

/** In epoch milliseconds. */
export interface StepTimes { readonly startedAt?: number, readonly endedAt?: number }

/** When each step began and ended, as far as the cluster has kept it: on the claim while the export is under way, on its image for good. */
export function timesOf(intent: ExportIntent, image: VirtualMachineImage | undefined): Partial<Record<TimelineStep, StepTimes>> {
  const begun = readTimestamp(intent.startedAt)
  const backedUp = readTimestamp(intent.backedUpAt)
  const off = backedUp ?? (intent.backupFirst ? undefined : begun)
  const down = downSince(intent)
  const made = readTimestamp(image?.metadata.creationTimestamp ?? intent.madeAt)
  const read = image && readAt(image)
  const ended = readTimestamp(image ? image.metadata.annotations?.[ENDED_ANNOTATION] : intent.settledAt)
  return {
    'record': { endedAt: begun },
    'back-up': { startedAt: begun, endedAt: backedUp },
    'shut-down': { startedAt: off, endedAt: down },
    'release': { startedAt: down ?? off, endedAt: made },
    'create': { endedAt: made },
    'import': { startedAt: made, endedAt: read },
    'start': { startedAt: read ?? (image ? undefined : down), endedAt: ended },
    'end': { endedAt: ended },
  }
}

/** When the last guest was seen to have ended; undefined while one runs. */
function downSince({ vms, endings = {} }: ExportIntent): number | undefined {
  const times = vms.filter(vm => vm.wasRunning).map(vm => readTimestamp(endings[vm.name]?.at))
  return times.length && times.every(time => time !== undefined) ? Math.max(...times) : undefined
}

/** When nothing more was read from the disk, by the best witness there is. */
function readAt(image: VirtualMachineImage): number | undefined {
  const { annotations = {} } = image.metadata
  return readTimestamp(annotations[VERIFIED_ANNOTATION]) ?? readTimestamp(overtakenAt(annotations[OVERTAKEN_ANNOTATION])) ?? importOverAt(image)
}

function overtakenAt(text = 'null'): unknown {
  try {
    const read: unknown = JSON.parse(text)
    return isFields(read) ? read.when : undefined
  }
  catch {
    return undefined
  }
}

/** How long an export took from end to end, in milliseconds; undefined while it is not at its end, or where that was not kept. */
export function tookOf(intent: ExportIntent, image: VirtualMachineImage | undefined): number | undefined {
  const { record, import: read, end } = timesOf(intent, image)
  const until = end?.endedAt ?? read?.endedAt
  return record?.endedAt !== undefined && until !== undefined && until >= record.endedAt ? until - record.endedAt : undefined
}
