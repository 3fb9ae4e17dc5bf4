import type { Pod } from '#kube/core.ts'
import type { Condition } from '#kube/object.ts'
import type { LonghornVolume } from '#health/longhorn.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { DataVolume } from '../dataVolume.ts'
import type { Chance } from './chance.ts'
import type { ModelApi } from './modelApi.ts'
import { LONGHORN_NAMESPACE } from '#health/longhorn.ts'
import { findCondition } from '#kube/object.ts'
import { wasImported } from '#images/imageState.ts'
import { CLONE_TYPE_ANNOTATION } from '../dataVolume.ts'
import { isCdiReader } from '../exportVisits.ts'
import { NAMESPACE } from './modelApi.ts'

/** How CDI fills the claim of an image: `csi-clone` leaves it to Longhorn, `copy` to a pod that reads the disk. */
export type CloneType = 'csi-clone' | 'copy'

/** How often each goes wrong: CDI may fail, Longhorn may fail at a try, and may never come to its end. */
interface Failing { readonly imports: number, readonly tries: number, readonly hangs: number }

/** So many times Longhorn tries (longhorn-manager controller/volume_controller.go maxCloneRetry). */
const TRIES = 10
const volumeOf = (name: string) => `pv-${name}`

/**
 * CDI, which makes images of a class that is not Longhorn's v1, and Longhorn, which copies the disk by itself with `csi-clone`:
 * CDI calls that done once the claim is bound, and Harvester then calls the image imported, however far Longhorn is.
 */
export class ModelCdi {
  /** How often Longhorn's tries at each image fail, by the image's uid; undefined where it comes to no end. */
  private readonly failures = new Map<string, number | undefined>()
  private readonly api: ModelApi
  private readonly chance: Chance
  private readonly claim: string
  private readonly by: CloneType
  private readonly failing: Failing
  private readonly mayRun: (pod: Pod) => boolean

  /** `mayRun`: whether the disk is attached for that pod. */
  constructor(api: ModelApi, chance: Chance, claim: string, by: CloneType, failing: Failing, mayRun: (pod: Pod) => boolean) {
    this.api = api
    this.chance = chance
    this.claim = claim
    this.by = by
    this.failing = failing
    this.mayRun = mayRun
  }

  /** All that could act now. */
  acts(): (() => void)[] {
    return [() => this.collect(), ...this.api.list('images').flatMap(image => [() => this.fill(image.metadata.name), () => this.copy(image.metadata.name)])]
  }

  /** What belongs to an image that is gone goes too. */
  private collect(): void {
    const { api } = this
    api.list('dataVolumes').filter(({ metadata: { name } }) => !api.find('images', name)).forEach(({ metadata: { name } }) => {
      api.list('pods').filter(isCdiReader).forEach(pod => api.remove('pods', pod.metadata.name))
      api.remove('claims', name)
      api.remove('longhornVolumes', volumeOf(name))
      api.remove('dataVolumes', name)
    })
  }

  /** CDI, and Harvester, which goes by its word. */
  private fill(name: string): void {
    const { api, claim } = this
    const image = api.find('images', name)
    const dataVolume = api.find('dataVolumes', name)
    if (!image)
      return
    if (!dataVolume)
      return api.put('dataVolumes', { apiVersion: 'cdi.kubevirt.io/v1beta1', kind: 'DataVolume', metadata: { name, namespace: NAMESPACE }, spec: { source: { pvc: { namespace: NAMESPACE, name: claim } } }, status: { phase: 'Pending' } })
    const phase = dataVolume.status?.phase
    if (phase === 'Succeeded')
      return wasImported(image) ? undefined : this.noteImported(image)
    if (phase === 'Failed')
      return
    const target = api.find('claims', name)
    if (!target)
      return api.put('claims', { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name, namespace: NAMESPACE, annotations: { [CLONE_TYPE_ANNOTATION]: this.by } }, spec: { storageClassName: 'harvester-longhorn' }, status: { phase: 'Pending' } })
    if (this.chance.happens(this.failing.imports / 10)) {
      api.list('pods').filter(isCdiReader).forEach(pod => api.remove('pods', pod.metadata.name))
      return this.phase(dataVolume, 'Failed')
    }
    if (this.by === 'copy')
      return this.readByPod(image, dataVolume)
    if (target.spec?.volumeName !== undefined)
      return this.phase(dataVolume, 'Succeeded')
    if (this.isSourceInUse())
      return
    if (!api.find('longhornVolumes', volumeOf(name)))
      return this.volume(name, { spec: { dataSource: 'vol://pv-1' }, status: { cloneStatus: { state: '', attemptCount: 0 } } })
    api.put('claims', { ...target, spec: { ...target.spec, volumeName: volumeOf(name) }, status: { phase: 'Bound' } })
  }

  /** It waits for a disk that others have (containerized-data-importer pkg/controller/common/util.go GetPodsUsingPVCs). */
  private isSourceInUse(): boolean {
    return !this.api.find('claims', this.claim) || this.api.list('pods').some(pod => !isCdiReader(pod) && pod.status?.phase !== 'Succeeded')
  }

  private readByPod(image: VirtualMachineImage, dataVolume: DataVolume): void {
    const { api } = this
    const { name } = image.metadata
    const [reader] = api.list('pods').filter(isCdiReader)
    const target = api.find('claims', name)
    if (!reader) {
      if (this.isSourceInUse())
        return
      if (target && target.spec?.volumeName === undefined) {
        this.volume(name, { spec: {}, status: {} })
        return api.put('claims', { ...target, spec: { ...target.spec, volumeName: volumeOf(name) }, status: { phase: 'Bound' } })
      }
      const uid = `01234567-89ab-cdef-0123-${String(Math.round(api.time)).slice(-12)}`
      return api.put('pods', { apiVersion: 'v1', kind: 'Pod', metadata: { name: `${uid}-source-pod`, namespace: NAMESPACE, labels: { 'cdi.kubevirt.io': 'cdi-clone-source' } }, spec: { nodeName: 'node-1', volumes: [{ name: 'cdi-data-vol', persistentVolumeClaim: { claimName: this.claim, readOnly: true } }] }, status: { phase: 'Pending' } })
    }
    if (reader.status?.phase === 'Pending')
      return this.mayRun(reader) ? api.put('pods', { ...reader, status: { phase: 'Running' } }) : undefined
    if (reader.status?.phase === 'Running')
      return !this.hangs(image) && this.chance.happens(0.2) ? api.put('pods', { ...reader, status: { phase: 'Succeeded' } }) : undefined
    api.remove('pods', reader.metadata.name)
    this.phase(dataVolume, 'Succeeded')
  }

  /** Longhorn's own part: a try that fails is made again, and the last is told for good. */
  private copy(name: string): void {
    const image = this.api.find('images', name)
    const volume = this.api.find('longhornVolumes', volumeOf(name))
    const { state = '', attemptCount = 0 } = volume?.status?.cloneStatus ?? {}
    if (!image || !volume?.spec.dataSource)
      return
    const tell = (now: string, count: number) => this.volume(name, { spec: volume.spec, status: { cloneStatus: { state: now, attemptCount: count } } })
    if (state === '' || (state === 'failed' && attemptCount < TRIES))
      return tell('initiated', attemptCount)
    if (state === 'initiated' && !this.hangs(image) && this.chance.happens(0.15))
      return this.chance.happens(this.failuresOf(image) ?? 0) ? tell('failed', attemptCount + 1) : tell('copy-completed-awaiting-healthy', attemptCount)
    if (state === 'copy-completed-awaiting-healthy')
      tell('completed', attemptCount)
  }

  private failuresOf({ metadata: { uid } }: VirtualMachineImage): number | undefined {
    if (!this.failures.has(uid))
      this.failures.set(uid, this.chance.happens(this.failing.hangs) ? undefined : this.chance.happens(this.failing.tries) ? this.chance.of([0.5, 1]) : 0)
    return this.failures.get(uid)
  }

  private hangs(image: VirtualMachineImage): boolean {
    return this.failuresOf(image) === undefined
  }

  /** Whether CDI has said that it fails, which Harvester does not pass on. */
  hasFailed({ metadata: { name } }: VirtualMachineImage): boolean {
    return this.api.find('dataVolumes', name)?.status?.phase === 'Failed'
  }

  /** How far Longhorn is, as it really is: `none` where it copies nothing, or does not yet. */
  copyState({ metadata: { name } }: VirtualMachineImage): 'none' | 'going-on' | 'over' | 'failed' {
    const volume = this.api.find('longhornVolumes', volumeOf(name))
    const { state = '', attemptCount = 0 } = volume?.status?.cloneStatus ?? {}
    if (!volume?.spec.dataSource)
      return 'none'
    return state.startsWith('cop') || state === 'completed' ? 'over' : state === 'failed' && attemptCount >= TRIES ? 'failed' : 'going-on'
  }

  private volume(name: string, { spec, status }: Pick<LonghornVolume, 'spec' | 'status'>): void {
    this.api.put('longhornVolumes', { apiVersion: 'longhorn.io/v1beta2', kind: 'Volume', metadata: { name: volumeOf(name), namespace: LONGHORN_NAMESPACE }, spec, status })
  }

  private phase(dataVolume: DataVolume, phase: string): void {
    this.api.put('dataVolumes', { ...dataVolume, status: { ...dataVolume.status, phase } })
  }

  private noteImported(image: VirtualMachineImage): void {
    const lastTransitionTime = `${new Date(this.api.time).toISOString().slice(0, 19)}Z`
    const imported: Condition = { type: 'Imported', status: 'True', lastTransitionTime }
    const initialized = findCondition(image.status?.conditions, 'Initialized') ?? { type: 'Initialized', status: 'True' as const }
    this.api.put('images', { ...image, status: { progress: 100, conditions: [initialized, imported] } })
  }
}
