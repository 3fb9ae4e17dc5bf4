import type { ExportIntent } from './exportIntent.ts'
import type { BareStep, ExportStep, StepWorld } from './exportStep.ts'
import { CLAIMS } from '#kube/core.ts'
import { blindSpot } from '#kube/seen.ts'
import { objectKey } from '#kube/object.ts'
import { IMAGES } from '#images/image.ts'
import { VMS } from '#vms/vm.ts'
import { beforeImage } from './exportBeforeImage.ts'
import { callOff } from './exportCallOff.ts'
import { exportImageKey, imageOfExport } from './exportedImage.ts'
import { endExport } from './exportEnd.ts'
import { isClaimOf, readIntent } from './exportIntent.ts'
import { exportTimeline } from './exportTimeline.ts'
import { resultOf, withImage, withoutImage } from './exportWithImage.ts'
import { whyNoImage } from './exportWithoutImage.ts'

/**
 * What comes next in an export, from what the cluster says alone. Whoever sees it may carry out the writes; a failing
 * `test` (422), AlreadyExists and Conflict (409) mean that somebody was faster: look again. The VMs are started again
 * however the export ends, each only once its old instance is gone; the end is a guest that is seen to run. `now` is the
 * API server's time in epoch milliseconds, by which all who carry it out must go; undefined as long as it is not known, and
 * then nothing is decided.
 */
export function nextExportStep(world: StepWorld, intent: ExportIntent, now: number | undefined): ExportStep {
  const step = decide(world, intent, now)
  return { ...step, timeline: exportTimeline(step, intent) }
}

function decide(world: StepWorld, intent: ExportIntent, now: number | undefined): BareStep {
  if (now === undefined)
    return { word: 'blind', writes: [], because: [{ code: 'time-unknown' }] }
  const { namespace, name } = intent.claim
  const blind = [blindSpot(CLAIMS, world.claims, namespace), blindSpot(IMAGES, world.images, intent.image.namespace), blindSpot(VMS, world.vms, namespace)].flatMap(spot => spot ?? [])
  if (blind.length)
    return { word: 'blind', writes: [], because: blind }
  const claim = world.claims.objects.find(candidate => candidate.metadata.namespace === namespace && candidate.metadata.name === name)
  const image = imageOfExport(intent, world.images.objects)
  if (!claim || !isClaimOf(claim, intent))
    return endExport({ ...world, claims: { ...world.claims, objects: world.claims.objects.filter(other => other !== claim) } }, intent, 'given-up', [{ code: 'claim-gone' }], now)
  const written = readIntent(claim)
  if (written === undefined || (written !== 'unreadable' && written.id !== intent.id))
    return { word: 'done', writes: [], because: [], ...(image && { result: resultOf(image, world) }) }
  const current = written === 'unreadable' ? intent : written
  if (image)
    return withImage(world, current, claim, image, now)
  const why = whyNoImage(current)
  if (why.length)
    return endExport(world, current, 'given-up', why, now)
  // Nothing is said of another disk's image, and none can be made beside it.
  if (world.images.objects.some(other => objectKey(other) === exportImageKey(current)))
    return callOff(claim, current, [{ code: 'image-of-other', image: exportImageKey(current) }])
  return current.madeAt === undefined ? beforeImage(world, current, claim, now) : withoutImage(world, current, current.madeAt, now)
}
