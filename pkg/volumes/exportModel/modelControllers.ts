import type { Pod } from '#kube/core.ts'
import type { Condition } from '#kube/object.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { RunStrategy, VirtualMachine, VirtualMachineInstance } from '#vms/vm.ts'
import type { Chance } from './chance.ts'
import { findCondition } from '#kube/object.ts'
import { isFinal } from '#vms/powerState.ts'
import { effectiveRunStrategy } from '#vms/vm.ts'
import type { ModelApi } from './modelApi.ts'
import { NAMESPACE, graceOf, wanted } from './modelApi.ts'
import type { CloneType } from './modelCdi.ts'
import { ModelCdi } from './modelCdi.ts'
import { ModelLonghorn } from './modelLonghorn.ts'

/** `obedient`: ends when asked, in its own time. `deaf`: its power is cut when the grace period is over. `crashing`: ends when it likes. `hanging`: nothing ends it. `powerless`: without ACPI, so that it cannot hear that it is to end. */
export type Guest = 'obedient' | 'deaf' | 'crashing' | 'hanging' | 'powerless'

/** How often each goes wrong: an import may fail, or never come to an end. */
interface Failing { readonly imports: number, readonly backups: number, readonly hangs: number }

export const CLAIM = 'web-01-root'
/** `virtctl guestfs` makes one of that name. */
export const FOREIGN_POD = 'libguestfs-tools'
const VOLUMES = [{ name: 'root', persistentVolumeClaim: { claimName: CLAIM } }]
const on = (phase: string | undefined) => phase === undefined || phase === '' || phase === 'Scheduling'

/** Everything that acts in the cluster by itself: KubeVirt, its guests, the attacher, Harvester's images and backups. One small act at a time. */
export class ModelControllers {
  readonly guests = new Map<string, Guest>()
  /** Instances whose guest's power was cut, by uid: their phase does not always say it. */
  readonly cutOff = new Set<string>()
  /** How fast each image is read, by uid: as a share of the usual. One of 0 is read no further. */
  private readonly paces = new Map<string, number>()
  private readonly api: ModelApi
  private readonly chance: Chance
  private readonly failing: Failing
  private readonly longhorn: ModelLonghorn
  /** Undefined where the class is Longhorn's v1. */
  private readonly cdi: ModelCdi | undefined
  /** Whether somebody's own pod goes again by itself. */
  private isPassing = false

  constructor(api: ModelApi, chance: Chance, failing: Failing, clonedBy?: CloneType) {
    this.api = api
    this.chance = chance
    this.failing = failing
    this.longhorn = new ModelLonghorn(api, CLAIM)
    this.cdi = clonedBy && new ModelCdi(api, chance, CLAIM, clonedBy, { ...failing, tries: failing.imports * 2 }, pod => this.mayRun(pod))
  }

  /** All that could act now. */
  acts(): (() => void)[] {
    const { api } = this
    return [
      ...api.list('vms').map(({ metadata: { name } }) => () => this.syncVm(name)),
      ...api.list('vmis').map(({ metadata: { name } }) => () => this.syncVmi(name)),
      () => this.attach(),
      () => this.longhorn.notePods(),
      () => this.syncForeignPod(),
      ...this.cdi ? this.cdi.acts() : api.list('images').map(({ metadata: { name } }) => () => this.importImage(name)),
      ...api.list('backups').map(({ metadata: { name } }) => () => this.backUp(name)),
    ]
  }

  createVm(name: string, strategy: RunStrategy | 'running', isOn: boolean, guest: Guest, by: 'controller' | 'somebody' = 'controller'): void {
    this.guests.set(name, guest)
    const kept = !isOn && strategy === 'Always' ? 'Halted' : strategy
    const wish = kept === 'running' ? { running: isOn } : { runStrategy: kept }
    // Harvester writes annotations on all of its VMs.
    this.api.put('vms', { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', metadata: { name, namespace: NAMESPACE, annotations: { 'harvesterhci.io/mac-address': '{}' } }, spec: { ...wish, template: { spec: { terminationGracePeriodSeconds: 120, volumes: VOLUMES, ...(guest === 'powerless' && { domain: { features: { acpi: { enabled: false } } } }) } } }, status: isOn ? {} : { created: false, runStrategy: kept === 'running' ? 'Halted' : kept, stateChangeRequests: [] } }, by)
  }

  /** Somebody's own pod takes the disk, and keeps it or goes again. */
  mount(isPassing: boolean): void {
    this.isPassing = isPassing
    this.api.put('pods', { apiVersion: 'v1', kind: 'Pod', metadata: { name: FOREIGN_POD, namespace: NAMESPACE }, spec: { nodeName: 'node-1', volumes: VOLUMES }, status: { phase: 'Pending' } }, 'somebody')
  }

  /** Whether somebody's own pod is there that will go again. */
  get isVisited(): boolean {
    return this.isPassing && this.api.find('pods', FOREIGN_POD) !== undefined
  }

  private syncForeignPod(): void {
    const pod = this.api.find('pods', FOREIGN_POD)
    if (pod?.status?.phase === 'Pending' && this.mayRun(pod))
      this.api.put('pods', { ...pod, status: { phase: 'Running' } })
    else if (pod && this.isPassing && this.chance.happens(0.3))
      this.api.remove('pods', FOREIGN_POD, 'somebody')
  }

  /** Longhorn attaches the disk for no pod that it does not know of yet. */
  private mayRun(pod: Pod): boolean {
    return this.api.list('attachments').length > 0 && this.longhorn.lists(pod)
  }

  private bootVm(vm: VirtualMachine): void {
    const { name } = vm.metadata
    // It tries again with its next turn.
    if (this.api.guard?.refusesStart(vm))
      return
    this.api.put('vmis', { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance', metadata: { name, namespace: NAMESPACE }, spec: vm.spec.template.spec, status: { phase: '' } })
    const [, ...rest] = vm.status?.stateChangeRequests ?? []
    this.api.put('vms', { ...vm, status: { ...vm.status, created: true, runStrategy: effectiveRunStrategy(vm), stateChangeRequests: rest } })
  }

  /** pkg/virt-controller/watch/vm/vm.go, by run strategy. */
  private syncVm(name: string): void {
    const vm = this.api.find('vms', name)
    const vmi = this.api.find('vmis', name)
    if (!vm)
      return
    const strategy = effectiveRunStrategy(vm)
    const requests = (vm.status?.stateChangeRequests ?? []).filter(({ action, uid }) => action === 'Start' ? !vmi || isFinal(vmi) || vmi.metadata.deletionTimestamp : vmi && uid === vmi.metadata.uid)
    const [first] = requests
    const switched = strategy === 'RerunOnFailure' && vm.status?.runStrategy !== strategy
    if (!vmi) {
      // A start that was asked for before it was halted: of a guest that has crashed, by KubeVirt itself.
      if (strategy === 'Halted' && first?.action === 'Start')
        return this.api.guard?.refusesStart(vm) ? undefined : this.api.put('vms', { ...vm, spec: wanted(vm, true), status: { ...vm.status, stateChangeRequests: [] } })
      if (strategy === 'Always' || switched || (strategy !== 'Halted' && first?.action === 'Start'))
        return this.bootVm(vm)
    }
    else if (!vmi.metadata.deletionTimestamp && this.endsInstance(vm, vmi, strategy, first?.action)) {
      const rerun = strategy === 'RerunOnFailure' && vmi.status?.phase === 'Failed' && !requests.length
      if (rerun)
        requests.push({ action: 'Start' })
      this.api.put('vmis', { ...vmi, metadata: { ...vmi.metadata, deletionTimestamp: new Date(this.api.time).toISOString() } })
    }
    const status = { ...vm.status, created: Boolean(vmi), runStrategy: strategy, stateChangeRequests: requests }
    if (JSON.stringify(status) !== JSON.stringify(vm.status))
      this.api.put('vms', { ...vm, status })
  }

  private endsInstance(vm: VirtualMachine, vmi: VirtualMachineInstance, strategy: RunStrategy, request: string | undefined): boolean {
    return strategy === 'Halted' || request === 'Stop' || (isFinal(vmi) && (strategy === 'Always' || strategy === 'RerunOnFailure'))
  }

  private podOf(name: string): Pod | undefined {
    return this.api.list('pods').find(pod => pod.metadata.labels?.['vm.kubevirt.io/name'] === name)
  }

  private syncVmi(name: string): void {
    const vmi = this.api.find('vmis', name)
    if (!vmi)
      return
    // Owned by a VM that is gone.
    if (!this.api.find('vms', name) && !vmi.metadata.deletionTimestamp)
      return this.api.put('vmis', { ...vmi, metadata: { ...vmi.metadata, deletionTimestamp: new Date(this.api.time).toISOString() } })
    const pod = this.podOf(name)
    if (!isFinal(vmi))
      return on(vmi.status?.phase) ? this.bringUp(vmi, pod) : this.runGuest(vmi)
    if (pod && pod.status?.phase !== 'Succeeded')
      return this.api.put('pods', { ...pod, status: { phase: 'Succeeded' } })
    if (!vmi.metadata.deletionTimestamp)
      return
    if (pod)
      return this.api.remove('pods', pod.metadata.name)
    this.api.remove('vmis', name)
  }

  private bringUp(vmi: VirtualMachineInstance, pod: Pod | undefined): void {
    const { name, deletionTimestamp } = vmi.metadata
    if (deletionTimestamp)
      return this.phase(vmi, 'Failed')
    if (!this.api.find('claims', CLAIM))
      return
    if (!pod) {
      const labels = { 'kubevirt.io': 'virt-launcher', 'vm.kubevirt.io/name': name }
      this.api.put('pods', { apiVersion: 'v1', kind: 'Pod', metadata: { name: `virt-launcher-${name}-${vmi.metadata.uid}`, namespace: NAMESPACE, labels }, spec: { nodeName: 'node-1', volumes: VOLUMES }, status: { phase: 'Pending' } })
      return this.phase(vmi, 'Scheduling')
    }
    if (pod.status?.phase === 'Pending')
      return this.mayRun(pod) ? this.api.put('pods', { ...pod, status: { phase: 'Running' } }) : undefined
    this.phase(vmi, 'Running')
  }

  private phase(vmi: VirtualMachineInstance, phase: NonNullable<VirtualMachineInstance['status']>['phase']): void {
    this.api.put('vmis', { ...vmi, status: { ...vmi.status, phase, nodeName: 'node-1' } })
  }

  private runGuest(vmi: VirtualMachineInstance): void {
    const guest = this.guests.get(vmi.metadata.name) ?? 'obedient'
    const since = vmi.metadata.deletionTimestamp
    if (guest === 'crashing' && this.chance.happens(0.06))
      return this.phase(vmi, 'Failed')
    if (since === undefined || guest === 'hanging')
      return
    const grace = graceOf(vmi)
    if (grace > 0 && guest !== 'deaf' && guest !== 'powerless' && this.chance.happens(0.5))
      return this.phase(vmi, 'Succeeded')
    if (this.api.time - Date.parse(since) < grace * 1000)
      return
    this.cutOff.add(vmi.metadata.uid)
    // Where it could not have been asked, that is no failure (pkg/virt-handler/vm.go calculateVmPhaseForStatusReason).
    this.phase(vmi, grace === 0 || guest === 'powerless' ? 'Succeeded' : 'Failed')
  }

  /** The disk is attached for a pod once Longhorn knows of it, and let go some time after. */
  private attach(): void {
    const users = this.api.list('pods').filter(pod => pod.status?.phase !== 'Succeeded')
    const isUsed = users.length > 0
    const [attachment] = this.api.list('attachments')
    if (!attachment && users.some(pod => this.longhorn.lists(pod)))
      this.api.put('attachments', { apiVersion: 'storage.k8s.io/v1', kind: 'VolumeAttachment', metadata: { name: 'csi-1' }, spec: { attacher: 'driver.longhorn.io', nodeName: 'node-1', source: { persistentVolumeName: 'pv-1' } }, status: { attached: true } })
    else if (!isUsed && attachment && this.chance.happens(0.4))
      this.api.remove('attachments', 'csi-1')
  }

  private importImage(name: string): void {
    const image = this.api.find('images', name)
    if (!image || !isReading(image))
      return
    const { uid } = image.metadata
    const pace = this.paces.get(uid) ?? (this.chance.happens(this.failing.hangs) ? 0 : this.chance.of([0.3, 1]))
    this.paces.set(uid, pace)
    if (pace === 0)
      return
    const progress = Math.min(100, (image.status?.progress ?? 0) + Math.ceil(this.chance.between(5, 40) * pace))
    const fails = this.chance.happens(this.failing.imports / 4 * pace)
    const outcome: Pick<Condition, 'status' | 'message'> = fails ? { status: 'False', message: 'disk is full' } : { status: progress === 100 ? 'True' : 'Unknown' }
    const before = findCondition(image.status?.conditions, 'Imported')
    const since = before?.status === outcome.status ? before.lastTransitionTime : `${new Date(this.api.time).toISOString().slice(0, 19)}Z`
    const imported: Condition = { type: 'Imported', ...outcome, ...(since && { lastTransitionTime: since }) }
    this.api.put('images', { ...image, status: { progress, conditions: [{ type: 'Initialized', status: 'True' }, imported] } })
  }

  /** Whether the image will never be read to its end. */
  hangs(image: VirtualMachineImage): boolean {
    return this.paces.get(image.metadata.uid) === 0
  }

  /** Whether the disk is still needed for the image: Harvester may say that it is imported before Longhorn has copied it. */
  needsDisk(image: VirtualMachineImage): boolean {
    return !this.cdi?.hasFailed(image) && (isReading(image) || this.cdi?.copyState(image) === 'going-on')
  }

  /** Whether Longhorn has given its copy of the disk up. */
  isCopyLost(image: VirtualMachineImage): boolean {
    return this.cdi?.copyState(image) === 'failed'
  }

  private backUp(name: string): void {
    const backup = this.api.find('backups', name)
    if (!backup || backup.status || this.chance.happens(0.5))
      return
    this.api.put('backups', { ...backup, status: this.chance.happens(this.failing.backups) ? { readyToUse: false, error: { message: 'no backup target' } } : { readyToUse: true } })
  }
}

/** Whether the image is being read from the disk. */
function isReading(image: VirtualMachineImage): boolean {
  const imported = findCondition(image.status?.conditions, 'Imported')?.status
  return imported !== 'True' && imported !== 'False'
}
