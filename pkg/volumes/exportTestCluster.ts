import type { Pod, PersistentVolumeClaim, VolumeAttachment } from '#kube/core.ts'
import type { Seen } from '#kube/seen.ts'
import type { KubeObject } from '#kube/object.ts'
import type { Write } from '#kube/write.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { VmBackup } from '#vms/vmBackup.ts'
import type { RunStrategy, VirtualMachine, VirtualMachineInstance } from '#vms/vm.ts'
import type { ExportIntent } from './exportIntent.ts'
import type { ExportStep, StepWorld } from './exportStep.ts'
import type { Operation } from 'rfc6902'
import { applyPatch } from 'rfc6902'
import { expect } from 'vitest'
import type { ExportChoices } from './exportIntent.ts'
import { planExport } from './exportPlan.ts'
import { nextExportStep } from './exportSteps.ts'
import { usersOfClaim } from './claimUsers.ts'
import { effectiveRunStrategy } from '#vms/vm.ts'

// A small cluster for the specs of an export's steps: what KubeVirt, the guest, the attacher and Harvester's image controller answer to our writes,
// one small step at a time, with KubeVirt's own trap (RerunOnFailure put back while the old instance is there never starts).

export type Open<T> = { -readonly [K in keyof T]: T[K] extends object | undefined ? Open<T[K]> : T[K] }
/** `deaf`: its power is cut after the grace period; `immortal`: nothing ends it. */
type Guest = 'obedient' | 'deaf' | 'immortal'
export interface Setting { strategy: RunStrategy | 'running', off?: boolean, guest?: Guest }

let versions = 100
export const meta = (name: string, extra: object = {}) => ({ name, namespace: 'production', uid: `uid-${name}`, resourceVersion: String(++versions), creationTimestamp: '2026-01-01T00:00:00Z', ...extra })

export class Cluster {
  time = Date.parse('2026-03-01T12:00:00Z')
  /** What Harvester says of when the image was imported; not said unless set. */
  readAt?: string
  vms: Open<VirtualMachine>[] = []
  vmis: Open<VirtualMachineInstance>[] = []
  pods: Open<Pod>[] = []
  attachments: Open<VolumeAttachment>[] = []
  images: Open<VirtualMachineImage>[] = []
  backups: Open<VmBackup>[] = []
  others: PersistentVolumeClaim[] = []
  /** What Longhorn remembers of the pods on the disk. */
  noted: { workloadsStatus: { podName: string }[] | null, lastPodRefAt: string } = { workloadsStatus: null, lastPodRefAt: '' }
  claim: Open<PersistentVolumeClaim> = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: meta('web-01-root'), spec: { volumeName: 'pv-1', storageClassName: 'harvester-longhorn' }, status: { phase: 'Bound' } }
  guests = new Map<string, Guest>()
  importFails = false
  importHangs = false
  copyFails = false
  /** How far Longhorn's own copy is of what CDI clones; undefined where a pod copies. */
  cloning?: '' | 'initiated' | 'completed'
  /** Acts of KubeVirt's that a start request waits for. */
  starts = new Set<string>()
  firstSeen = new Map<string, string>()

  constructor(vms: Readonly<Record<string, Setting>>) {
    for (const [name, { strategy, off, guest }] of Object.entries(vms)) {
      this.guests.set(name, guest ?? 'obedient')
      const wanted: object = strategy === 'running' ? { running: !off } : { runStrategy: strategy }
      this.vms.push({ apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', metadata: meta(name, { generation: 1 }), spec: { ...wanted, template: { spec: { volumes: [{ name: 'root', persistentVolumeClaim: { claimName: 'web-01-root' } }] } } }, status: {} })
      const vm = this.vms.at(-1)
      if (vm) {
        vm.status = { runStrategy: effectiveRunStrategy(vm) }
        if (!off)
          this.boot(name)
      }
    }
    for (let turn = 0; turn < 6; turn++)
      this.turn()
  }

  boot(name: string) {
    this.vmis.push({ apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance', metadata: meta(name, { uid: `vmi-${++versions}`, creationTimestamp: new Date(this.time).toISOString() }), spec: { terminationGracePeriodSeconds: 120, volumes: [{ name: 'root', persistentVolumeClaim: { claimName: 'web-01-root' } }] }, status: { phase: 'Scheduling' } })
    this.pods.push({ apiVersion: 'v1', kind: 'Pod', metadata: meta(`virt-launcher-${name}-${versions}`, { labels: { 'kubevirt.io': 'virt-launcher', 'vm': name }, creationTimestamp: new Date(this.time).toISOString() }), spec: { nodeName: 'node-1', volumes: [{ name: 'root', persistentVolumeClaim: { claimName: 'web-01-root' } }] }, status: { phase: 'Running' } })
  }

  /** One small step of every controller. */
  turn() {
    this.time += 5000
    for (const vm of this.vms)
      this.turnVm(vm)
    this.note()
    const used = this.pods.length > 0
    if (used && !this.attachments.length)
      this.attachments.push({ apiVersion: 'storage.k8s.io/v1', kind: 'VolumeAttachment', metadata: { ...meta('csi-1'), namespace: undefined } as Open<VolumeAttachment>['metadata'], spec: { attacher: 'driver.longhorn.io', nodeName: 'node-1', source: { persistentVolumeName: 'pv-1' } }, status: { attached: true } })
    else if (!used)
      this.attachments = []
    for (const image of this.images) {
      if (this.importHangs) {
        image.status = { progress: 0, conditions: [{ type: 'Initialized', status: 'True' }, { type: 'Imported', status: 'Unknown' }] }
        continue
      }
      const progress = Math.min(100, (image.status?.progress ?? 0) + 40)
      const failed = this.importFails && progress >= 80
      image.status = { progress, conditions: [{ type: 'Initialized', status: 'True' }, failed ? { type: 'Imported', status: 'False', message: 'disk is full' } : { type: 'Imported', status: progress === 100 ? 'True' : 'Unknown', lastUpdateTime: this.readAt }] }
    }
  }

  note() {
    const gone = this.noted.workloadsStatus && !this.noted.lastPodRefAt
    if (this.pods.length)
      this.noted = { workloadsStatus: this.pods.map(pod => ({ podName: pod.metadata.name })), lastPodRefAt: '' }
    else if (gone)
      this.noted.lastPodRefAt = new Date(this.time).toISOString()
  }

  /** A pod takes the disk and is gone again before anybody looks. */
  visit(name: string) {
    this.pods.push({ apiVersion: 'v1', kind: 'Pod', metadata: meta(name), spec: { nodeName: 'node-1', volumes: [{ name: 'root', persistentVolumeClaim: { claimName: 'web-01-root' } }] }, status: { phase: 'Running' } })
    this.note()
    this.pods = []
    this.note()
  }

  turnVm(vm: Open<VirtualMachine>) {
    const name = vm.metadata.name
    const strategy = effectiveRunStrategy(vm)
    const vmi = this.vmis.find(candidate => candidate.metadata.name === name)
    const pod = this.pods.find(candidate => candidate.metadata.labels?.vm === name)
    const switched = vm.status?.runStrategy !== strategy
    if (!vmi) {
      if (strategy === 'Always' || (strategy === 'RerunOnFailure' && switched) || this.starts.delete(name))
        this.boot(name)
      vm.status = { ...vm.status, runStrategy: strategy, stateChangeRequests: [] }
      return
    }
    vm.status = { ...vm.status, runStrategy: strategy }
    if (strategy === 'Halted' && !vmi.metadata.deletionTimestamp)
      vmi.metadata.deletionTimestamp = new Date(this.time).toISOString()
    else if (vmi.metadata.deletionTimestamp && vmi.status?.phase === 'Running')
      vmi.status.phase = this.endOf(name, this.time - Date.parse(vmi.metadata.deletionTimestamp))
    else if (vmi.metadata.deletionTimestamp && pod && pod.status?.phase === 'Running')
      pod.status = { phase: 'Succeeded' }
    else if (vmi.metadata.deletionTimestamp && pod && vmi.status?.phase !== 'Running')
      this.pods = this.pods.filter(candidate => candidate !== pod)
    else if (vmi.metadata.deletionTimestamp && !pod)
      this.vmis = this.vmis.filter(candidate => candidate !== vmi)
    else if (vmi.status?.phase === 'Scheduling')
      vmi.status.phase = 'Running'
  }

  endOf(name: string, waited: number) {
    const guest = this.guests.get(name)
    if (guest === 'obedient')
      return 'Succeeded'
    const grace = this.vmis.find(vmi => vmi.metadata.name === name)?.spec.terminationGracePeriodSeconds ?? 30
    // With no time left a guest whose power is cut Succeeds (kubevirt pkg/virt-handler/vm.go).
    return guest === 'deaf' && waited > grace * 1000 ? grace === 0 ? 'Succeeded' : 'Failed' : 'Running'
  }

  write(write: Write): 'ok' | 'refused' {
    if (write.act === 'call' && write.subresource === 'stop') {
      const vmi = this.vmis.find(candidate => candidate.metadata.name === write.at.name)
      if (!vmi || (vmi.spec.terminationGracePeriodSeconds ?? 30) === 0)
        return 'refused'
      vmi.spec.terminationGracePeriodSeconds = 0
      return 'ok'
    }
    if (write.act === 'call') {
      this.starts.add(write.at.name)
      const vm = this.vms.find(candidate => candidate.metadata.name === write.at.name)
      if (vm)
        vm.status = { ...vm.status, stateChangeRequests: [{ action: 'Start' }] }
      return 'ok'
    }
    if (write.act === 'create' && write.resource.kind === 'VirtualMachineBackup') {
      this.backups.push({ ...structuredClone(write.manifest), metadata: { ...meta(''), ...write.manifest.metadata } } as unknown as Open<VmBackup>)
      return 'ok'
    }
    if (write.act === 'create') {
      if (this.images.some(image => image.metadata.name === write.manifest.metadata.name))
        return 'refused'
      this.images.push({ ...structuredClone(write.manifest), metadata: { ...meta('', { creationTimestamp: new Date(this.time).toISOString() }), ...write.manifest.metadata } } as unknown as Open<VirtualMachineImage>)
      return 'ok'
    }
    const all: KubeObject[] = [...this.vms as VirtualMachine[], ...this.images as VirtualMachineImage[], this.claim as PersistentVolumeClaim]
    const object = all.find(candidate => candidate.metadata.name === write.at.name && (write.resource.kind === candidate.kind))
    if (!object || write.patch.type !== 'json')
      return 'refused'
    const copy = structuredClone(object)
    if (applyPatch(copy, [...write.patch.body] as Operation[]).some(error => error !== null))
      return 'refused'
    const changes = object.metadata.generation !== undefined && JSON.stringify((object as VirtualMachine).spec) !== JSON.stringify((copy as VirtualMachine).spec)
    Object.assign(object, copy, { metadata: { ...copy.metadata, resourceVersion: String(++versions), ...(changes && { generation: (copy.metadata.generation ?? 0) + 1 }) } })
    return 'ok'
  }

  world(): StepWorld {
    const live = <T extends KubeObject>(objects: readonly unknown[]): Seen<T> => ({ objects: structuredClone(objects) as T[], state: 'live' })
    const targets = this.images.filter(image => image.spec.backend === 'cdi').map(image => ({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: meta(image.metadata.name), spec: { volumeName: 'pv-2' }, status: { phase: 'Bound' } }))
    const filled = { apiVersion: 'longhorn.io/v1beta2', kind: 'Volume', metadata: { ...meta('pv-2'), namespace: 'longhorn-system' }, spec: this.cloning === undefined ? {} : { dataSource: 'vol://pv-1' }, status: { cloneStatus: { state: this.cloning ?? '' } } }
    return {
      claims: live([this.claim, ...this.others, ...targets]), vms: live(this.vms), vmis: live(this.vmis), pods: live(this.pods), attachments: live(this.attachments), images: live(this.images),
      nodes: live([{ apiVersion: 'v1', kind: 'Node', metadata: { ...meta('node-1') }, status: { conditions: [{ type: 'Ready', status: 'True' }] } }]),
      dataVolumes: live(this.copyFails ? [{ apiVersion: 'cdi.kubevirt.io/v1beta1', kind: 'DataVolume', metadata: meta('export-abcde'), spec: {}, status: { phase: 'Failed', conditions: [{ type: 'Running', status: 'False', reason: 'Error', message: 'no space left' }] } }] : []),
      snapshots: live([]), backups: live(this.backups), restores: live([]), vmExports: live([]),
      longhornVolumes: live([{ apiVersion: 'longhorn.io/v1beta2', kind: 'Volume', metadata: { ...meta('pv-1'), namespace: 'longhorn-system' }, spec: {}, status: { kubernetesStatus: { namespace: 'production', pvcName: 'web-01-root', ...this.noted } } }, ...targets.length ? [filled] : []]),
      storageClasses: live([{ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: meta('harvester-longhorn'), provisioner: 'driver.longhorn.io' }, { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: meta('longhorn-v2'), provisioner: 'driver.longhorn.io', parameters: { dataEngine: 'v2' } }]),
    }
  }

  begin(restart = true, choices: ExportChoices = {}, storageClass = 'harvester-longhorn'): ExportIntent {
    const world = this.world()
    const claim = world.claims.objects[0] as PersistentVolumeClaim
    const users = usersOfClaim(claim, { vms: world.vms.objects, vmis: world.vmis.objects, pods: world.pods.objects })
    const { intent, writes } = planExport({ claim, users, id: 'abcde', image: { namespace: 'production', displayName: 'web-01-disk' }, storageClass, restart, choices, requester: 'admin', now: this.time })
    expect(this.write(writes[0] as Write)).toBe('ok')
    return intent
  }

  vm(name: string) {
    return this.vms.find(vm => vm.metadata.name === name)
  }

  running(name: string) {
    return this.vmis.some(vmi => vmi.metadata.name === name && vmi.status?.phase === 'Running' && !vmi.metadata.deletionTimestamp)
  }
}

interface Run { readonly words: string[], readonly last: ExportStep }

/** Carries the export out to its end, with as many runners as asked for, each acting on what it saw before the others wrote. */
export function run(cluster: Cluster, intent: ExportIntent, { runners = 1, turns = 60, inUse = false, each, world = one => one }: { runners?: number, turns?: number, inUse?: boolean, each?: (step: ExportStep, turn: number) => void, world?: (seen: StepWorld) => StepWorld } = {}): Run {
  const words: string[] = []
  let last = nextExportStep(world(cluster.world()), intent, cluster.time)
  for (let turn = 0; turn < turns; turn++) {
    const seen = world(cluster.world())
    last = nextExportStep(seen, intent, cluster.time)
    if (words.at(-1) !== last.word)
      words.push(last.word)
    if (last.word === 'done' || last.word === 'stopped')
      break
    if (last.word === 'create-image' && !inUse)
      expect(cluster.pods, 'no image of a disk that a pod holds').toEqual([])
    for (let runner = 0; runner < runners; runner++)
      nextExportStep(seen, intent, cluster.time).writes.forEach(write => cluster.write(write))
    each?.(last, turn)
    cluster.turn()
  }
  return { words, last }
}
