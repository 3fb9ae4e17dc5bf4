import type { PersistentVolumeClaim } from '#kube/core.ts'
import { PODS } from '#kube/core.ts'
import { objectKey } from '#kube/object.ts'
import { IMAGES } from '#images/image.ts'
import type { DataVolume } from '#volumes/dataVolume.ts'
import { percentOf, to } from './cdiStatus.ts'
import { containerOf, makeWorker, restarted, worker } from './cdiWorkers.ts'
import { dataVolumeWords, importTroubleOf, importerWords } from './importTrouble.ts'
import type { ImportTrouble } from './importTrouble.ts'
import { bytesOf, headOf, paceOf, rateOf } from './internet.ts'
import { UNPULLABLE } from './kubelet.ts'
import type { MirrorSight } from './mirrorSight.ts'
import { mirrorSeen } from './mirrorSight.ts'
import type { Next, Time, Write } from './step.ts'
import { NOTHING, remove, wait, write, writeOr } from './step.ts'
import { TAKES } from './takes.ts'
import type { World } from './world.ts'

// CDI's import over HTTP: kubevirt/containerized-data-importer pkg/controller/import-controller.go, pkg/importer/http-datasource.go.

interface Position {
  readonly volume: DataVolume
  readonly claim: PersistentVolumeClaim
  readonly url: string
  readonly trouble: ImportTrouble | undefined
  readonly mirror: MirrorSight | undefined
  readonly world: World
  readonly time: Time
}

/** One step of an import. It never fails for good: the pod restarts, and the DataVolume stays ImportInProgress with the pod's last words in its Running condition. */
export function importFrom(url: string, volume: DataVolume, claim: PersistentVolumeClaim, world: World, time: Time): Next {
  const position: Position = { volume, claim, url, trouble: importTroubleOf(world.get(IMAGES, objectKey(volume))), mirror: mirrorSeen(world, time.now), world, time }
  const { phase = '' } = volume.status ?? {}
  if (claim.status?.phase !== 'Bound')
    return write(to(volume, { phase: 'Pending', progress: 'N/A' }, time))
  if (phase !== 'ImportScheduled' && phase !== 'ImportInProgress')
    return write(to(volume, { phase: 'ImportScheduled', progress: 'N/A' }, time))
  return phase === 'ImportScheduled' ? schedule(position) : read(position)
}

function schedule({ volume, claim, trouble, world, time }: Position): Next {
  const pod = worker(volume, world)
  if (!pod)
    return time.left(TAKES.scheduleImport) > 0 ? wait(time.left(TAKES.scheduleImport)) : write(makeWorker(volume, 'importer', objectKey(claim), world, trouble === 'image-pull' ? 'fails' : 'works'))
  if (pod.status?.phase === 'Running')
    return write(to(volume, { phase: 'ImportInProgress', progress: 'N/A' }, time))
  const container = containerOf(pod)
  if (!container?.image.startsWith(UNPULLABLE))
    return NOTHING
  return trouble === 'image-pull'
    ? writeOr(to(volume, { phase: 'ImportScheduled', progress: 'N/A', trouble: { reason: 'ImagePullFailed', message: `failed to pull image: ${container.image}` } }, time), wait(time.takes(TAKES.retryImport)))
    : write(remove(PODS, pod, 0))
}

function read(position: Position): Next {
  const { volume, url, mirror, world, time } = position
  const words = lastWords(position)
  const { restartCount = 0 } = volume.status ?? {}
  const pod = worker(volume, world)
  if (words !== undefined) {
    if (restartCount > 0 && time.left(TAKES.retryImport) > 0)
      return wait(time.left(TAKES.retryImport))
    const failed = to(volume, { phase: 'ImportInProgress', progress: 'N/A', restartCount: restartCount + 1, trouble: { reason: 'Error', message: dataVolumeWords(words) } }, time)
    return write(pod ? restarted(pod, restartCount + 1, words, time.now) : [], failed)
  }
  const head = headOf(url, mirror, 'Get')
  const bytes = bytesOf(url, head.ok ? head.size : 0, mirror)
  // Nothing else tells how far it is, and what never ends is never done.
  if (bytes === Infinity)
    return write(to(volume, { phase: 'ImportInProgress', progress: 'N/A' }, time))
  const { ms, percent } = paceOf(bytes || 1, rateOf(url, mirror))
  return time.left(ms) > 0 ? wait(time.left(ms)) : writeOr(advance(position, percentOf(volume) + percent), NOTHING)
}

/** What the pod dies of; undefined where it lives. */
function lastWords({ url, trouble, mirror, claim }: Position): string | undefined {
  const size = Number.parseInt(claim.spec?.resources?.requests?.storage ?? '', 10) || 0
  const words = trouble && importerWords(trouble, url, size)
  if (words)
    return words
  const head = headOf(url, mirror, 'Get')
  if (!head.ok)
    return `Unable to connect to http data source: ${head.code ? `expected status code 200, got ${head.code.slice(0, 3)}. Status: ${head.code}` : `HTTP request errored: ${head.message}`}`
  return head.size > 0 && bytesOf(url, head.size, mirror) < head.size ? importerWords('cut', url, size) : undefined
}

function advance({ volume, world, time }: Position, percent: number): Write[] {
  const pod = worker(volume, world)
  if (percent >= 100)
    return [...to(volume, { phase: 'Succeeded', progress: '100.0%' }, time), ...(pod ? [remove(PODS, pod)] : [])]
  const { restartCount = 0 } = volume.status ?? {}
  const again = pod && restartCount > 0 && percentOf(volume) === 0 ? restarted(pod, restartCount, undefined, time.now) : []
  return [...again, ...to(volume, { phase: 'ImportInProgress', progress: `${percent.toFixed(2)}%` }, time)]
}
