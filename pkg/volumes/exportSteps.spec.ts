import type { Pod, PersistentVolumeClaim, VolumeAttachment } from '#kube/core.ts'
import type { Seen } from '#kube/seen.ts'
import { ApiError } from '#kube/apiError.ts'
import type { KubeObject } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import type { Write } from '#kube/write.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { VmBackup } from '#vms/vmBackup.ts'
import type { RunStrategy, VirtualMachine, VirtualMachineInstance } from '#vms/vm.ts'
import type { ExportIntent } from './exportIntent.ts'
import type { ExportStep, StepWorld } from './exportStep.ts'
import type { Operation } from 'rfc6902'
import { applyPatch } from 'rfc6902'
import { describe, expect, it } from 'vitest'
import { ENDED_ANNOTATION, OVERTAKEN_ANNOTATION, acknowledgedBy, cutOffOf, exportImageName, unobservedOf, wholenessOf } from './exportedImage.ts'
import type { ExportChoices } from './exportIntent.ts'
import { holdOnClaim } from './exportHold.ts'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'
import { amendIntent, readIntent, writeIntent } from './exportIntent.ts'
import { planExport, stopForExport } from './exportPlan.ts'
import { planForceStop, planStartNow, vmsKeptOff } from './exportRestart.ts'
import { ExportRunner } from './exportRunner.ts'
import { nextExportStep } from './exportSteps.ts'
import { usersOfClaim } from './claimUsers.ts'
import { IMAGES } from '#images/image.ts'
import { VMS, effectiveRunStrategy } from '#vms/vm.ts'

// A cluster in thirty lines: what KubeVirt, the guest, the attacher and Harvester's image controller answer to our writes,
// one small step at a time, with KubeVirt's own trap (RerunOnFailure put back while the old instance is there never starts).

type Open<T> = { -readonly [K in keyof T]: T[K] extends object | undefined ? Open<T[K]> : T[K] }
/** `deaf`: its power is cut after the grace period; `immortal`: nothing ends it. */
type Guest = 'obedient' | 'deaf' | 'immortal'
interface Setting { strategy: RunStrategy | 'running', off?: boolean, guest?: Guest }

let versions = 100
const meta = (name: string, extra: object = {}) => ({ name, namespace: 'production', uid: `uid-${name}`, resourceVersion: String(++versions), creationTimestamp: '2026-01-01T00:00:00Z', ...extra })

class Cluster {
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
function run(cluster: Cluster, intent: ExportIntent, { runners = 1, turns = 60, inUse = false, each, world = one => one }: { runners?: number, turns?: number, inUse?: boolean, each?: (step: ExportStep, turn: number) => void, world?: (seen: StepWorld) => StepWorld } = {}): Run {
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

const CDI_READER = 'e3a1c9f0-1b2d-4c3e-8f4a-5b6c7d8e9f00-source-pod'
const WAY = ['stop-vm', 'wait-guest', 'wait-detach', 'create-image', 'wait-import', 'verify', 'start-vm', 'wait-start', 'clean', 'done']

describe('an export from beginning to end', () => {
  it.each(['RerunOnFailure', 'Always', 'Manual', 'running'] as const)('leaves a VM of strategy %s running as before', strategy => {
    const cluster = new Cluster({ 'web-01': { strategy } })
    expect(cluster.running('web-01')).toBe(true)
    const spec = structuredClone(cluster.vm('web-01')?.spec)
    const { words, last } = run(cluster, cluster.begin())
    expect(words).toEqual(expect.arrayContaining(WAY.filter(word => strategy !== 'Manual' || word !== 'wait-start')))
    expect(last.result).toBe('exported')
    expect(cluster.images.map(image => wholenessOf(image as VirtualMachineImage))).toEqual(['whole'])
    expect(cluster.running('web-01')).toBe(true)
    expect(cluster.vm('web-01')?.spec).toEqual(spec)
    expect(cluster.images.map(image => image.metadata.name)).toEqual(['export-abcde'])
    expect(cluster.vm('web-01')?.metadata.annotations?.[EXPORT_ANNOTATION]).toBeUndefined()
    expect(readIntent(cluster.claim as PersistentVolumeClaim)).toBeUndefined()
    expect(Date.parse(cluster.images[0]?.metadata.annotations?.[ENDED_ANNOTATION] ?? '')).toBeLessThanOrEqual(cluster.time)
  })

  it('keeps the strategy where Harvester keeps it', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    run(cluster, cluster.begin())
    expect(cluster.vm('web-01')?.metadata.annotations).toMatchObject({ 'harvesterhci.io/vmRunStrategy': 'Always' })
  })

  it('touches no VM that was off already', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Halted', off: true } })
    const before = structuredClone(cluster.vm('web-01')?.spec)
    const { words } = run(cluster, cluster.begin())
    expect(words).toEqual(['create-image', 'wait-import', 'verify', 'note-end', 'clean', 'done'])
    expect(cluster.vm('web-01')?.spec).toEqual(before)
    expect(cluster.running('web-01')).toBe(false)
  })

  describe.each(['Manual', 'Once'] as const)('of a VM of strategy %s whose instance KubeVirt keeps', strategy => {
    const ended = (phase: 'Failed' | 'Succeeded') => {
      const cluster = new Cluster({ 'web-01': { strategy: 'Manual' } })
      const vm = cluster.vm('web-01')
      if (vm)
        vm.spec.runStrategy = strategy
      cluster.vmis.forEach(vmi => { vmi.status = { ...vmi.status, phase } })
      cluster.pods = []
      cluster.turn()
      return { cluster, ...run(cluster, cluster.begin()) }
    }

    it('makes the image after a crash, and says that it is as whole as after a power cut', () => {
      const { cluster, words, last } = ended('Failed')
      expect(words).toEqual(['wait-guest', 'create-image', 'wait-import', 'verify', 'note-end', 'clean', 'done'])
      expect(last).toMatchObject({ word: 'done', result: 'crash-consistent' })
      expect(cluster.images.map(image => [wholenessOf(image as VirtualMachineImage), cutOffOf(image as VirtualMachineImage)])).toEqual([['crash-consistent', ['web-01']]])
      expect(cluster.vm('web-01')?.spec.runStrategy).toBe(strategy)
    })

    it('calls the image of a guest that shut itself down whole', () => {
      expect(ended('Succeeded').last).toMatchObject({ word: 'done', result: 'exported' })
    })
  })

  it('makes no image of a VM that KubeVirt will run again after a crash', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    cluster.vmis.forEach(vmi => { vmi.status = { ...vmi.status, phase: 'Failed' } })
    expect(run(cluster, cluster.begin(), { turns: 10 }).last).toMatchObject({ result: 'given-up', because: [{ code: 'vm-started', vm: 'production/web-01' }] })
  })

  it('shuts down a VM that does not have the disk yet, and waits for its guest too', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    for (const holder of [...cluster.vmis, ...cluster.pods])
      holder.spec = { ...holder.spec, volumes: [] }
    cluster.attachments = []
    const { words } = run(cluster, cluster.begin())
    expect(words.slice(0, 2)).toEqual(['stop-vm', 'wait-guest'])
    expect(words.at(-1)).toBe('done')
    expect(cluster.running('web-01')).toBe(true)
  })

  it('shuts down and starts both VMs of a shared disk, each with its own strategy', () => {
    const cluster = new Cluster({ 'shared-a': { strategy: 'Always' }, 'shared-b': { strategy: 'Manual' } })
    const { last } = run(cluster, cluster.begin())
    expect(last.word).toBe('done')
    expect(['shared-a', 'shared-b'].map(name => [cluster.running(name), effectiveRunStrategy(cluster.vm(name) as VirtualMachine)])).toEqual([[true, 'Always'], [true, 'Manual']])
  })

  it('leaves the VM off where that was chosen, and says so', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const { words, last } = run(cluster, cluster.begin(false))
    expect(words).not.toContain('start-vm')
    expect(last.word).toBe('done')
    expect(effectiveRunStrategy(cluster.vm('web-01') as VirtualMachine)).toBe('Halted')
  })

  it('comes to the same end with three runners that act on what they saw before', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const { last } = run(cluster, cluster.begin(), { runners: 3 })
    expect(last.word).toBe('done')
    expect(cluster.images).toHaveLength(1)
    expect(cluster.running('web-01')).toBe(true)
  })

  it('goes on after nobody looked for a while, from any step', () => {
    for (const pause of WAY.slice(0, -2)) {
      const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
      const intent = cluster.begin()
      run(cluster, intent, { each: step => {
        if (step.word === pause)
          Array.from({ length: 8 }, () => cluster.turn())
      } })
      expect(cluster.running('web-01'), `after a pause in ${pause}`).toBe(true)
      expect(readIntent(cluster.claim as PersistentVolumeClaim), pause).toBeUndefined()
    }
  })
})

describe('an export on a bad day', () => {
  it('waits for a guest that does not shut down, says how long it may take, and makes no image', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always', guest: 'immortal' } })
    const left: unknown[] = []
    const { last } = run(cluster, cluster.begin(), { turns: 40, each: ({ because: [first] }) => first?.code === 'waiting-for-guest' && left.push(first.leftSeconds) })
    expect(left.slice(-3)).toEqual([10, 5, 0])
    expect(last).toMatchObject({ word: 'wait-guest', because: [{ code: 'guest-overdue', vm: 'production/web-01', graceSeconds: 120 }] })
    expect(cluster.images).toEqual([])
  })

  it('makes no image of a guest whose power was cut, where nothing else was chosen, and starts the VM again', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure', guest: 'deaf' } })
    const { words, last } = run(cluster, cluster.begin(), { turns: 90 })
    expect(words).not.toContain('create-image')
    expect(last).toMatchObject({ word: 'stopped', result: 'given-up', because: [{ code: 'cut-off-no-image', vm: 'production/web-01' }] })
    expect(cluster.images).toEqual([])
    expect(cluster.running('web-01')).toBe(true)
  })

  it('says of an image that the power of its guest was cut before, where that was chosen, and starts the VM again', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure', guest: 'deaf' } })
    const { words, last } = run(cluster, cluster.begin(true, { ifCutOff: 'mark-crash-consistent' }), { turns: 90 })
    expect(words).toContain('create-image')
    expect(last).toMatchObject({ word: 'done', result: 'crash-consistent' })
    expect(cluster.images.map(image => cutOffOf(image as VirtualMachineImage))).toEqual([['web-01']])
    expect(cluster.running('web-01')).toBe(true)
  })

  it('says of an image that nobody saw how its guest shut down', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const { last } = run(cluster, cluster.begin(), { each: (step, turn) => {
      if (step.word === 'wait-guest' && turn < 3)
        Array.from({ length: 20 }, () => cluster.turn())
    } })
    expect(last).toMatchObject({ word: 'done', result: 'not-observed' })
    expect(cluster.images.map(image => [wholenessOf(image as VirtualMachineImage), unobservedOf(image as VirtualMachineImage)])).toEqual([['not-observed', ['web-01']]])
    expect(cluster.running('web-01')).toBe(true)
  })

  it('forgets how a guest ended when the VM was started and stopped again since', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    let noted = false
    const { last } = run(cluster, cluster.begin(), { each: () => {
      const current = readIntent(cluster.claim as PersistentVolumeClaim)
      if (noted || current === 'unreadable' || current?.endings?.['web-01']?.word !== 'shut-down')
        return
      noted = true
      for (const runStrategy of ['Always', 'Halted'])
        cluster.write({ act: 'patch', resource: VMS as Resource, at: { name: 'web-01' }, patch: { type: 'json', body: [{ op: 'replace', path: '/spec/runStrategy', value: runStrategy }] } })
      Array.from({ length: 20 }, () => cluster.turn())
    } })
    expect(noted).toBe(true)
    expect(last).toMatchObject({ word: 'done', result: 'not-observed' })
  })

  it('cuts the power of a guest sooner once that was decided, and not before', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always', guest: 'deaf' } })
    const { words, last } = run(cluster, cluster.begin(), { each: (_step, turn) => {
      if (turn === 4)
        expect(cluster.write(planForceStop(cluster.claim as PersistentVolumeClaim, readIntent(cluster.claim as PersistentVolumeClaim) as ExportIntent, 'bob'))).toBe('ok')
    } })
    expect(words.filter(word => word === 'force-stop')).toHaveLength(1)
    expect(words.indexOf('force-stop')).toBeGreaterThan(words.indexOf('wait-guest'))
    expect(last).toMatchObject({ word: 'stopped', because: [{ code: 'cut-off-no-image', vm: 'production/web-01' }] })
    expect(cluster.running('web-01')).toBe(true)
  })

  it('says of a VM that runs again after a forced stop why its start is not believed yet', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always', guest: 'deaf' } })
    const told = new Set<string>()
    const { last } = run(cluster, cluster.begin(), { each: (step, turn) => {
      if (turn === 4)
        cluster.write(planForceStop(cluster.claim as PersistentVolumeClaim, readIntent(cluster.claim as PersistentVolumeClaim) as ExportIntent, 'bob'))
      if (step.word === 'wait-start' && cluster.running('web-01'))
        step.because.filter(reason => 'vm' in reason && reason.code !== 'cut-off-no-image').forEach(({ code }) => told.add(code))
    } })
    expect([...told]).toEqual(['start-unproven'])
    expect(last.word).toBe('stopped')
  })

  it('says of an image that the power of its guest was cut, where that was forced', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always', guest: 'deaf' } })
    const { last } = run(cluster, cluster.begin(true, { ifCutOff: 'mark-crash-consistent' }), { each: (_step, turn) => {
      if (turn === 4)
        expect(cluster.write(planForceStop(cluster.claim as PersistentVolumeClaim, readIntent(cluster.claim as PersistentVolumeClaim) as ExportIntent, 'bob'))).toBe('ok')
    } })
    expect(last).toMatchObject({ word: 'done', result: 'crash-consistent' })
    expect(cluster.images.map(image => [wholenessOf(image as VirtualMachineImage), cutOffOf(image as VirtualMachineImage)])).toEqual([['crash-consistent', ['web-01']]])
  })

  it('starts the VM again, without an image, when the time that was chosen is over', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    const deadline = new Date(cluster.time + 60_000).toISOString()
    const { words, last } = run(cluster, cluster.begin(true, { deadline }), { each: (_step, turn) => {
      // Something else comes to hold the disk, and stays.
      if (turn === 1)
        cluster.pods.push({ apiVersion: 'v1', kind: 'Pod', metadata: meta('reader'), spec: { nodeName: 'node-1', volumes: [{ name: 'root', persistentVolumeClaim: { claimName: 'web-01-root' } }] }, status: { phase: 'Running' } })
    } })
    expect(words).toEqual(expect.arrayContaining(['wait-detach', 'call-off', 'start-vm']))
    expect(last).toMatchObject({ word: 'stopped', result: 'given-up', because: [{ code: 'deadline-passed', deadline }] })
    expect(cluster.images).toEqual([])
    expect(cluster.running('web-01')).toBe(true)
  })

  it('starts the VM again when an import still hangs at the time that was chosen, and the image is not called good', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    cluster.importHangs = true
    const deadline = new Date(cluster.time + 120_000).toISOString()
    const { words, last } = run(cluster, cluster.begin(true, { deadline }))
    expect(words.slice(words.indexOf('wait-import'))).toEqual(expect.arrayContaining(['wait-import', 'mark-overtaken', 'start-vm', 'stopped']))
    expect(words.indexOf('mark-overtaken')).toBeLessThan(words.indexOf('start-vm'))
    expect(last).toMatchObject({ word: 'stopped', result: 'overtaken', because: [{ code: 'import-overdue', deadline }, { code: 'overtaken', image: 'production/export-abcde' }] })
    expect(cluster.images.map(image => wholenessOf(image as VirtualMachineImage))).toEqual(['overtaken'])
    expect(cluster.running('web-01')).toBe(true)
  })

  it('goes on with an image that was imported in time, though it is looked at later', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    const deadline = new Date(cluster.time + 300_000).toISOString()
    const { last } = run(cluster, cluster.begin(true, { deadline }), { each: step => {
      for (let turn = 0; step.word === 'wait-import' && turn < 100; turn++)
        cluster.turn()
    } })
    expect(cluster.time).toBeGreaterThan(Date.parse(deadline))
    expect(last).toMatchObject({ word: 'done', result: 'exported' })
  })

  it('starts the VM again when CDI gives its copy up, which Harvester never says', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    cluster.importHangs = true
    const { last } = run(cluster, cluster.begin(), { each: () => { cluster.copyFails = cluster.images.length > 0 } })
    expect(last).toMatchObject({ word: 'stopped', result: 'import-failed', because: [{ code: 'import-failed', image: 'production/export-abcde', message: 'no space left' }] })
    expect(cluster.running('web-01')).toBe(true)
  })

  it('ends, and starts the VM again, when what CDI has copied is lost once Harvester has taken it in', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const intent = cluster.begin()
    const lost = { apiVersion: 'cdi.kubevirt.io/v1beta1', kind: 'DataVolume', metadata: meta('export-abcde'), spec: {}, status: { phase: 'Succeeded', conditions: [{ type: 'Ready', status: 'False' as const }] } }
    const { last } = run(cluster, intent, { each: step => {
      for (const image of step.word === 'create-image' ? cluster.images : [])
        image.spec.backend = 'cdi'
    }, world: world => ({ ...world, claims: { ...world.claims, objects: world.claims.objects.filter(({ metadata }) => metadata.name !== 'export-abcde') }, dataVolumes: { objects: [lost], state: 'live' } }) })
    expect(last).toMatchObject({ word: 'done', result: 'unverified' })
    expect(cluster.running('web-01')).toBe(true)
  })

  it.each(['stop-vm', 'create-image'])('ends with the words of a refusal in %s, and what was stopped is started again', word => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const { last } = run(cluster, cluster.begin(), { each: step => {
      const current = readIntent(cluster.claim as PersistentVolumeClaim) as ExportIntent
      if (step.word === word && !current.refusal) {
        cluster.images = []
        expect(cluster.write(amendIntent(cluster.claim as PersistentVolumeClaim, current, { refusal: 'quota exceeded' }))).toBe('ok')
      }
    } })
    expect(last).toMatchObject({ word: 'stopped', result: 'given-up', because: [{ code: 'refused', message: 'quota exceeded' }] })
    expect(cluster.running('web-01')).toBe(true)
    last.dismiss?.forEach(write => expect(cluster.write(write)).toBe('ok'))
    expect(readIntent(cluster.claim as PersistentVolumeClaim)).toBeUndefined()
    expect(cluster.vm('web-01')?.metadata.annotations?.[EXPORT_ANNOTATION]).toBeUndefined()
  })

  it('stops when somebody else starts the VM meanwhile, and takes no image of it', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const { last } = run(cluster, cluster.begin(), { each: step => {
      const vm = cluster.vm('web-01')
      if (step.word === 'wait-detach' && vm)
        vm.spec.runStrategy = 'Always'
    } })
    expect(last).toMatchObject({ word: 'stopped', result: 'given-up', because: [{ code: 'vm-started', vm: 'production/web-01' }] })
    expect(cluster.images).toEqual([])
    Array.from({ length: 6 }, () => cluster.turn())
    expect(cluster.running('web-01')).toBe(true)
    last.dismiss?.forEach(write => expect(cluster.write(write)).toBe('ok'))
    expect(readIntent(cluster.claim as PersistentVolumeClaim)).toBeUndefined()
  })

  it.each(['Always', 'RerunOnFailure'] as const)('does not shut a VM down again that somebody put back to %s while its guest was still shutting down', strategy => {
    const cluster = new Cluster({ 'web-01': { strategy } })
    let stops = 0
    let put = false
    const { last } = run(cluster, cluster.begin(), { each: step => {
      const vm = cluster.vm('web-01')
      stops += step.word === 'stop-vm' ? 1 : 0
      if (!put && vm && cluster.vmis.some(vmi => vmi.metadata.deletionTimestamp)) {
        put = true
        vm.spec.runStrategy = strategy
      }
    } })
    expect(put).toBe(true)
    expect(stops).toBe(1)
    expect(last).toMatchObject({ word: 'stopped', result: 'given-up', because: [{ code: 'vm-started', vm: 'production/web-01' }] })
    expect(cluster.images).toEqual([])
    expect(cluster.running('web-01'), 'also where KubeVirt would never start it by itself').toBe(true)
  })

  it.each(['RerunOnFailure', 'Manual', 'Always'] as const)('gives a VM that KubeVirt has put to Always by a start its strategy %s back, once it runs', strategy => {
    const cluster = new Cluster({ 'web-01': { strategy } })
    const { words, last } = run(cluster, cluster.begin(), { each: step => {
      const vm = cluster.vm('web-01')
      // What `start` makes of Halted, and KubeVirt itself of a start that it has asked for after a crash (pkg/virt-controller/watch/vm/vm.go).
      if (step.word === 'wait-detach' && vm)
        vm.spec.runStrategy = 'Always'
    } })
    expect(last).toMatchObject({ word: 'stopped', result: 'given-up', because: [{ code: 'vm-started', vm: 'production/web-01' }] })
    expect(cluster.running('web-01')).toBe(true)
    expect(cluster.vm('web-01')?.spec.runStrategy).toBe(strategy)
    expect(words.includes('start-vm')).toBe(strategy !== 'Always')
  })

  it('gives that strategy back too where the VM was to stay off', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const { last } = run(cluster, cluster.begin(false), { each: step => {
      const vm = cluster.vm('web-01')
      if (step.word === 'wait-detach' && vm)
        vm.spec.runStrategy = 'Always'
    } })
    expect(last).toMatchObject({ word: 'stopped', result: 'given-up', because: [{ code: 'vm-started', vm: 'production/web-01' }] })
    expect(cluster.running('web-01')).toBe(true)
    expect(cluster.vm('web-01')?.spec.runStrategy).toBe('RerunOnFailure')
  })

  it.each([
    ['virt-api', 'RerunOnFailure'], ['virt-controller', 'RerunOnFailure'], ['kubectl-edit', 'Always'],
  ])('tells by who set it whether Always came of a start: set by %s it becomes %s', (manager, strategy) => {
    for (const restart of [true, false]) {
      const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
      const { last } = run(cluster, cluster.begin(restart), { each: step => {
        const vm = cluster.vm('web-01')
        if (step.word !== 'wait-detach' || !vm)
          return
        vm.spec.runStrategy = 'Always'
        vm.metadata.managedFields = [{ manager, operation: 'Update', fieldsV1: { 'f:spec': { 'f:runStrategy': {} } } }]
      } })
      Array.from({ length: 6 }, () => cluster.turn())
      expect(cluster.running('web-01')).toBe(true)
      expect(cluster.vm('web-01')?.spec.runStrategy).toBe(strategy)
      const left = [{ code: 'strategy-left', vm: 'production/web-01', strategy: 'RerunOnFailure', by: manager }]
      expect(last).toMatchObject({ word: 'stopped', because: [{ code: 'vm-started', vm: 'production/web-01' }, ...strategy === 'Always' ? left : []] })
      last.dismiss?.forEach(write => expect(cluster.write(write)).toBe('ok'))
      expect(cluster.vm('web-01')?.metadata.annotations?.[EXPORT_ANNOTATION]).toBeUndefined()
    }
  })

  it('leaves a strategy alone that somebody gave the VM after the export had started it again', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    run(cluster, cluster.begin(), { each: step => {
      const vm = cluster.vm('web-01')
      if (step.word === 'wait-start' && vm)
        vm.spec.runStrategy = 'Always'
    } })
    expect(cluster.vm('web-01')?.spec.runStrategy).toBe('Always')
  })

  it('starts the other VM of a shared disk again when one was started by somebody', () => {
    const cluster = new Cluster({ 'shared-a': { strategy: 'RerunOnFailure' }, 'shared-b': { strategy: 'RerunOnFailure' } })
    const { last } = run(cluster, cluster.begin(), { each: step => {
      const vm = cluster.vm('shared-a')
      if (step.word === 'wait-guest' && vm?.metadata.annotations?.[EXPORT_ANNOTATION])
        vm.spec.runStrategy = 'Always'
    } })
    expect(last).toMatchObject({ word: 'stopped', result: 'given-up' })
    expect(cluster.images).toEqual([])
    expect(cluster.running('shared-b')).toBe(true)
  })

  it('starts the VM again when the import fails, and says that it failed', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Manual' } })
    cluster.importFails = true
    const { last } = run(cluster, cluster.begin())
    expect(last).toMatchObject({ word: 'stopped', result: 'import-failed', because: [{ code: 'import-failed', image: 'production/export-abcde', message: 'disk is full' }] })
    expect(cluster.running('web-01')).toBe(true)
    expect(last.timeline.find(entry => entry.step === 'import')?.state).toBe('failed')
  })

  describe('of which somebody deletes the image during the import', () => {
    const isImporting = (cluster: Cluster) => readIntent(cluster.claim as PersistentVolumeClaim) !== undefined && cluster.images.length > 0

    it.each(['at once', 'and waits for a finalizer'])('ends with that: no second image is made, and the VM comes back (%s)', how => {
      const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
      cluster.importHangs = true
      const { words, last } = run(cluster, cluster.begin(), { each: (step, turn) => {
        const [image] = cluster.images
        if (step.word === 'wait-import' && image && turn > 12) {
          cluster.images = how === 'at once' || image.metadata.deletionTimestamp ? [] : cluster.images
          image.metadata.deletionTimestamp = new Date(cluster.time).toISOString()
        }
      } })
      expect(words.filter(word => word === 'create-image')).toHaveLength(1)
      expect(last).toMatchObject({ word: 'stopped', result: 'image-gone', because: [{ code: 'image-gone', image: 'production/export-abcde' }] })
      expect(last.timeline.find(entry => entry.step === 'import')?.state).toBe('failed')
      expect(cluster.running('web-01')).toBe(true)
    })

    it('says so of a disk that nobody uses, too', () => {
      const cluster = new Cluster({})
      cluster.importHangs = true
      const { words, last } = run(cluster, cluster.begin(), { each: step => {
        if (step.word === 'wait-import' && isImporting(cluster))
          cluster.images = []
      } })
      expect(words.filter(word => word === 'create-image')).toHaveLength(1)
      expect(last).toMatchObject({ word: 'stopped', result: 'image-gone' })
    })

    it('is not said of one that this console has not seen yet: nothing is started on its disk', () => {
      const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
      const intent = cluster.begin()
      cluster.importHangs = true
      let late: ExportStep | undefined
      run(cluster, intent, { each: step => {
        if (step.word === 'wait-import')
          late ??= nextExportStep({ ...cluster.world(), images: { objects: [], state: 'live' } }, intent, cluster.time)
      } })
      expect(late).toMatchObject({ word: 'wait-import', writes: [], because: [{ code: 'image-unseen', image: 'production/export-abcde' }] })
    })
  })

  it('marks the image when a VM runs on the disk while it is read', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Halted', off: true } })
    const intent = cluster.begin()
    const { words, last } = run(cluster, intent, { each: step => {
      if (step.word === 'create-image') {
        cluster.boot('web-01')
        const vm = cluster.vm('web-01')
        if (vm)
          vm.spec.runStrategy = 'Always'
      }
    } })
    expect(words).toContain('mark-overtaken')
    expect(last).toMatchObject({ word: 'stopped', result: 'overtaken' })
  })

  it.each<[string, object, string]>([
    ['a pod of somebody', {}, 'overtaken'], ['a launcher', { 'kubevirt.io': 'virt-launcher' }, 'overtaken'], ['CDI\'s reader', { 'cdi.kubevirt.io': 'cdi-clone-source' }, 'unverified'], ['a pod of CDI\'s that fills the disk', { 'cdi.kubevirt.io': 'importer' }, 'overtaken'],
  ])('knows who else took the disk while it was read: %s', (_, labels, wholeness) => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    run(cluster, cluster.begin(), { each: step => {
      if (step.word === 'wait-import' && !cluster.pods.length)
        cluster.pods.push({ apiVersion: 'v1', kind: 'Pod', metadata: meta(wholeness === 'unverified' ? CDI_READER : 'libguestfs-tools', { labels }), spec: { nodeName: 'node-1', volumes: [{ name: 'root', persistentVolumeClaim: { claimName: 'web-01-root' } }] }, status: { phase: 'Running' } })
    } })
    expect(cluster.images.map(image => wholenessOf(image as VirtualMachineImage))).toEqual([wholeness])
    expect(cluster.running('web-01')).toBe(true)
  })

  describe('where CDI has Longhorn clone the disk, with no pod on it', () => {
    const cloned = () => {
      const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
      cluster.cloning = ''
      return { cluster, intent: cluster.begin(true, {}, 'longhorn-v2') }
    }

    it('keeps the VM off until Longhorn has copied it, whatever Harvester says, and calls it whole', () => {
      const { cluster, intent } = cloned()
      const copying: string[] = []
      const { last } = run(cluster, intent, { each: ({ word, because }) => {
        if (word === 'wait-import' && because.some(reason => reason.code === 'longhorn-copying' && reason.volume === 'pv-2')) {
          expect([cluster.running('web-01'), wholenessOf(cluster.images[0] as VirtualMachineImage)]).toEqual([false, 'unverified'])
          copying.push(cluster.cloning ?? '')
          cluster.cloning = copying.length > 4 ? 'completed' : 'initiated'
        }
      } })
      expect(copying).toEqual(['', 'initiated', 'initiated', 'initiated', 'initiated'])
      expect([last.result, wholenessOf(cluster.images[0] as VirtualMachineImage), cluster.running('web-01')]).toEqual(['exported', 'whole', true])
    })

    it('calls it torn where a VM runs while Longhorn still copies', () => {
      const { cluster, intent } = cloned()
      const { last } = run(cluster, intent, { each: ({ because }) => {
        if (because.some(reason => reason.code === 'longhorn-copying') && !cluster.vmis.length) {
          cluster.readAt = new Date(cluster.time - 60_000).toISOString()
          cluster.boot('web-01')
        }
      } })
      expect([last.word, wholenessOf(cluster.images[0] as VirtualMachineImage)]).not.toContain('whole')
      expect(wholenessOf(cluster.images[0] as VirtualMachineImage)).toBe('overtaken')
    })

    it('says why an image is not verified that a pod of CDI\'s has read, and what to do', () => {
      const { cluster, intent } = cloned()
      delete cluster.cloning
      let told: ExportStep['because'] = []
      run(cluster, intent, { each: step => {
        told = step.because.some(({ code }) => code === 'read-by-pod') ? step.because : told
        if (step.word === 'wait-import')
          cluster.visit(CDI_READER)
      } })
      expect(told.map(({ code }) => code)).toEqual(['unverified', 'read-by-pod'])
    })
  })

  it.each<[string, string, string, string]>([
    ['marks the image', 'a pod had the disk and was gone again before anybody looked', 'libguestfs-tools', 'overtaken'],
    ['does not call it verified', 'CDI had the disk, and who else did is not told', CDI_READER, 'unverified'],
  ])('%s when %s', (_what, _when, pod, wholeness) => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    let visits = 1
    const { last } = run(cluster, cluster.begin(), { each: step => {
      if (step.word === 'wait-import' && visits-- > 0)
        cluster.visit(pod)
    } })
    expect(last).toMatchObject({ word: wholeness === 'overtaken' ? 'stopped' : 'done', result: wholeness })
    expect(cluster.images.map(image => wholenessOf(image as VirtualMachineImage))).toEqual([wholeness])
    expect(cluster.running('web-01')).toBe(true)
  })

  it.each(['loading', 'stale'] as const)('makes no image while what Longhorn remembers is %s: who comes later could not be told from who was there', state => {
    const cluster = new Cluster({})
    const { words, last } = run(cluster, cluster.begin(), { world: seen => ({ ...seen, longhornVolumes: { objects: [], state } }) })
    expect(words).not.toContain('create-image')
    expect(last).toMatchObject({ word: 'blind', writes: [], because: [{ code: 'not-seen', resource: 'volumes.longhorn.io', state }] })
  })

  it('makes no image by what it sees while Longhorn\'s volumes may not be read, and asks the server, which may', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    const { words, last } = run(cluster, cluster.begin(), { world: seen => ({ ...seen, longhornVolumes: { objects: [], state: 'forbidden' } }) })
    expect(words).not.toContain('create-image')
    expect(last).toMatchObject({ word: 'blind', writes: [], because: [{ code: 'not-seen', resource: 'volumes.longhorn.io', state: 'forbidden' }], ask: { act: 'create', manifest: { metadata: { name: 'export-abcde' } } } })
  })

  it('makes no image before Longhorn has noted that the guest\'s pod is gone', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    cluster.note = () => undefined
    const { words, last } = run(cluster, cluster.begin())
    expect(words).not.toContain('create-image')
    expect(last).toMatchObject({ word: 'wait-detach', writes: [], because: [{ code: 'longhorn-behind', volume: 'pv-1' }] })
  })

  it('marks the image when a pod has the disk while it is read, also where nobody sees what Longhorn remembers', () => {
    const cluster = new Cluster({})
    const { last } = run(cluster, cluster.begin(), { world: seen => cluster.images.length ? { ...seen, longhornVolumes: { objects: [], state: 'forbidden' } } : seen, each: step => {
      if (step.word === 'wait-import' && !cluster.pods.length)
        cluster.pods.push({ apiVersion: 'v1', kind: 'Pod', metadata: meta('libguestfs-tools'), spec: { nodeName: 'node-1', volumes: [{ name: 'root', persistentVolumeClaim: { claimName: 'web-01-root' } }] }, status: { phase: 'Running' } })
    } })
    expect(last).toMatchObject({ word: 'stopped', result: 'overtaken' })
  })

  it('marks the image when a VM ran and was stopped again while nobody looked', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const { last } = run(cluster, cluster.begin(), { each: step => {
      if (step.word !== 'create-image')
        return
      cluster.importHangs = true
      for (const runStrategy of ['Always', 'Halted']) {
        cluster.write({ act: 'patch', resource: VMS as Resource, at: { name: 'web-01' }, patch: { type: 'json', body: [{ op: 'replace', path: '/spec/runStrategy', value: runStrategy }] } })
        Array.from({ length: 8 }, () => cluster.turn())
      }
      cluster.importHangs = false
    } })
    expect(last).toMatchObject({ word: 'stopped', result: 'overtaken' })
    expect(cluster.images[0]?.metadata.annotations?.[OVERTAKEN_ANNOTATION]).toContain('"production/web-01"')
    expect(cluster.running('web-01')).toBe(true)
  })

  it('says that nothing was noted where the cluster takes no note of it, and starts the VM', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const { last } = run(cluster, cluster.begin(), { each: step => {
      if (step.word === 'wait-import')
        cluster.write(amendIntent(cluster.claim as PersistentVolumeClaim, readIntent(cluster.claim as PersistentVolumeClaim) as ExportIntent, { refusal: 'forbidden' }))
    } })
    expect(last).toMatchObject({ word: 'stopped', result: 'unverified', because: [{ code: 'unverified', image: 'production/export-abcde' }] })
    expect(cluster.running('web-01')).toBe(true)
  })

  it('gives up when the VM is deleted under it', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    const { last } = run(cluster, cluster.begin(), { each: step => {
      if (step.word === 'wait-guest')
        cluster.vms = []
    } })
    expect(last).toMatchObject({ word: 'stopped', because: [{ code: 'vm-gone', vm: 'production/web-01' }] })
    expect(cluster.images).toEqual([])
  })

  it.each(['forbidden', 'stale', 'loading', 'absent'] as const)('does nothing on attachments that are %s', state => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Halted', off: true } })
    const intent = cluster.begin()
    const step = nextExportStep({ ...cluster.world(), attachments: { objects: [], state } }, intent, cluster.time)
    expect(step).toMatchObject({ word: 'blind', writes: [], because: [{ code: 'not-seen', resource: 'volumeattachments.storage.k8s.io', state }] })
  })

  it.each(['stop-vm', 'wait-guest', 'wait-detach', 'create-image', 'wait-import'])('starts the VM now when that is asked for in %s, and ends', word => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const intent = cluster.begin()
    const { last } = run(cluster, intent, { each: step => {
      if (step.word === word)
        planStartNow(cluster.world(), readIntent(cluster.claim as PersistentVolumeClaim) as ExportIntent, 'ann').forEach(write => expect(cluster.write(write)).toBe('ok'))
    } })
    expect(last.word).toBe('done')
    expect(cluster.running('web-01')).toBe(true)
    const made = cluster.images.map(image => 'guardrails.harvesterhci.io/export-overtaken' in (image.metadata.annotations ?? {}))
    expect(made, 'no image, or one that is marked').toEqual(word === 'create-image' || word === 'wait-import' ? [true] : [])
  })

  it('does not ask for a start while nobody sees whether the old instance is gone', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const intent = cluster.begin()
    run(cluster, intent, { turns: 4 })
    expect(vmsKeptOff(cluster.world(), intent)).toHaveLength(1)
    const writes = planStartNow({ ...cluster.world(), vmis: { objects: [], state: 'forbidden' } }, intent, 'ann')
    expect(writes.map(write => write.resource.kind)).toEqual(['PersistentVolumeClaim'])
  })

  it('names the VMs that it keeps off', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const intent = cluster.begin()
    run(cluster, intent, { turns: 4 })
    expect(vmsKeptOff(cluster.world(), intent)).toEqual(['production/web-01'])
  })
})

describe('a backup that is to come first', () => {
  it('is made once, waited for and noted before any VM is stopped', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const { words, last } = run(cluster, cluster.begin(true, { backupFirst: true }), { runners: 2, each: (_step, turn) => {
      const [backup] = cluster.backups
      expect(turn < 3 && cluster.vm('web-01')?.spec.runStrategy === 'Halted').toBe(false)
      if (turn === 3 && backup)
        backup.status = { readyToUse: true }
      if (turn === 5)
        cluster.backups = []
    } })
    expect(words.slice(0, 4)).toEqual(['make-backup', 'wait-backup', 'stop-vm', 'wait-guest'])
    expect(last).toMatchObject({ word: 'done', result: 'exported' })
  })

  it('ends the export with its message when it fails, and the VM was never touched', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const before = structuredClone(cluster.vm('web-01')?.spec)
    const { words, last } = run(cluster, cluster.begin(true, { backupFirst: true }), { each: () => {
      const [backup] = cluster.backups
      if (backup)
        backup.status = { readyToUse: false, error: { message: 'no backup target' } }
    } })
    expect(words).toEqual(['make-backup', 'call-off', 'release-vm', 'clean', 'stopped'])
    expect(last).toMatchObject({ result: 'given-up', because: [{ code: 'backup-failed', backup: 'production/export-abcde-0', message: 'no backup target' }] })
    expect(cluster.vm('web-01')?.spec).toEqual(before)
  })

  it('is not there to be read, so the VM is not touched', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const intent = cluster.begin(true, { backupFirst: true })
    expect(nextExportStep({ ...cluster.world(), backups: { objects: [], state: 'forbidden' } }, intent, cluster.time)).toMatchObject({ word: 'blind', writes: [], because: [{ code: 'not-seen', state: 'forbidden' }] })
  })
})

describe('an export of a disk in use that somebody took upon himself', () => {
  const choices = { runningAcknowledged: { by: 'ann', at: '2026-03-01T12:00:00Z' } }
  it('stops nothing, and the image says whose word it is', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const { words, last } = run(cluster, cluster.begin(true, choices), { inUse: true })
    expect(words).toEqual(['create-image', 'wait-import', 'note-end', 'clean', 'done'])
    expect(last).toMatchObject({ result: 'crash-consistent' })
    expect(cluster.images.map(image => [wholenessOf(image as VirtualMachineImage), acknowledgedBy(image as VirtualMachineImage)])).toEqual([['acknowledged', 'ann']])
    expect(cluster.running('web-01')).toBe(true)
  })

  it('is made by Longhorn v1 alone', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    expect(run(cluster, cluster.begin(true, choices, 'longhorn-v2')).last).toMatchObject({ word: 'stopped', because: [{ code: 'running-needs-v1', storageClass: 'longhorn-v2' }] })
    expect(cluster.images).toEqual([])
  })

  it('waits for no other work on the disk longer than the time that was chosen', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    const intent = cluster.begin(true, { runningAcknowledged: { by: 'ann', at: '2026-03-01T12:00:00Z' }, deadline: new Date(cluster.time + 60_000).toISOString() })
    const busy = (world: StepWorld): StepWorld => ({ ...world, vms: { ...world.vms, objects: world.vms.objects.map(vm => ({ ...vm, status: { ...vm.status, snapshotInProgress: 'snap' } })) } })
    const { words, last } = run(cluster, intent, { inUse: true, world: busy })
    expect(words).toEqual(['wait-detach', 'call-off', 'stopped'])
    expect(last.because).toEqual([{ code: 'deadline-passed', deadline: intent.deadline }])
  })

  it('waits for other work on the disk all the same', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const intent = cluster.begin(true, choices)
    Object.assign(cluster.vm('web-01')?.status ?? {}, { snapshotInProgress: 'nightly' })
    expect(nextExportStep(cluster.world(), intent, cluster.time)).toMatchObject({ word: 'wait-detach', writes: [], because: [{ code: 'vm-busy' }] })
  })
})

describe('exports of two disks of one VM', () => {
  const OTHER = 'production/web-01-data'
  const other = (intent: ExportIntent | undefined, more: Partial<ExportIntent> = {}): PersistentVolumeClaim => ({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: meta('web-01-data', intent && { annotations: { [EXPORT_ANNOTATION]: writeIntent({ ...intent, id: 'other', claimUid: 'uid-web-01-data', ...more }) } }) })

  it.each<[string, string, (intent: ExportIntent) => PersistentVolumeClaim[]]>([
    ['its note was taken off by hand', OTHER, () => [other(undefined)]],
    ['its disk is gone', OTHER, () => []],
    ['it is over, and nobody has read its end', `${OTHER} started`, intent => [other(intent, { isSettled: true })]],
    ['its note is that of another disk, from a backup', OTHER, intent => [other(intent, { claimUid: 'backed-up' })]],
  ])('do not stand in each other\'s way by a mark that was left behind: %s', (_, mark, others) => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    const intent = cluster.begin()
    cluster.others = others(intent)
    const vm = cluster.vm('web-01')
    if (vm)
      Object.assign(vm, { metadata: { ...vm.metadata, annotations: { [EXPORT_ANNOTATION]: mark } } })
    expect(run(cluster, intent).last).toMatchObject({ word: 'done', result: 'exported' })
    expect(cluster.running('web-01')).toBe(true)
  })

  it('leave the one that came later without the VM: it gives up, and touches nothing', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    const intent = cluster.begin()
    const vm = cluster.vm('web-01')
    if (vm)
      Object.assign(vm, { metadata: { ...vm.metadata, annotations: { [EXPORT_ANNOTATION]: OTHER } }, spec: { ...vm.spec, runStrategy: 'Halted' } })
    cluster.others = [other(intent)]
    const { last } = run(cluster, intent)
    expect(last).toMatchObject({ word: 'stopped', result: 'given-up', because: [{ code: 'vm-in-other-export', vm: 'production/web-01', claim: OTHER }] })
    expect(cluster.images).toEqual([])
    expect(cluster.vm('web-01')?.metadata.annotations?.[EXPORT_ANNOTATION]).toBe(OTHER)
    expect(effectiveRunStrategy(cluster.vm('web-01') as VirtualMachine)).toBe('Halted')
  })

  it('that stop it at the same moment: the second stop fails, whatever it noted', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    const [vm] = cluster.world().vms.objects
    const stops = ['web-01-root', 'web-01-data'].map(name => stopForExport(vm as VirtualMachine, { claim: { namespace: 'production', name } }))
    expect(stops.map(write => cluster.write(write))).toEqual(['ok', 'refused'])
    expect(cluster.vm('web-01')?.metadata.annotations?.[EXPORT_ANNOTATION]).toBe('production/web-01-root')
  })
})

describe('an image that was read while what holds the disk was not seen', () => {
  const hidden = (kind: 'pods' | 'vmis' | 'longhornVolumes', seen: Omit<Seen, 'objects'> & { error?: ApiError }) => (world: StepWorld): StepWorld => ({ ...world, [kind]: { objects: [], ...seen } })
  const CLOSED = hidden('pods', { state: 'forbidden' })
  const UNWATCHED = { state: 'stale', error: new ApiError({ status: 403, reason: 'Forbidden', message: 'watch' }) } as const
  /** An export up to the moment in which its image is imported. */
  function imported(vms: Readonly<Record<string, Setting>> = {}, restart = true, choices: ExportChoices = {}) {
    const cluster = new Cluster(vms)
    const intent = cluster.begin(restart, choices)
    while (nextExportStep(cluster.world(), intent, cluster.time).word !== 'verify') {
      nextExportStep(cluster.world(), intent, cluster.time).writes.forEach(write => cluster.write(write))
      cluster.turn()
    }
    return { cluster, intent }
  }
  const words = (cluster: Cluster) => cluster.images.map(image => wholenessOf(image as VirtualMachineImage))

  it.each(['pods', 'vmis', 'longhornVolumes'] as const)('is waited with as long as %s may still come into sight, unless it is given up', kind => {
    for (const state of ['loading', 'stale'] as const) {
      const { cluster, intent } = imported()
      const { words: way } = run(cluster, intent, { turns: 20, world: hidden(kind, { state }) })
      expect(way).toEqual(['blind'])
      cluster.write(amendIntent(cluster.claim as PersistentVolumeClaim, intent, { abandonedBy: 'bob' }))
      expect(run(cluster, intent, { world: hidden(kind, { state }) }).last.word).toBe('done')
      expect(words(cluster)).toEqual(['unverified'])
    }
  })

  it.each([['pods', { state: 'forbidden' }], ['pods', UNWATCHED], ['vmis', { state: 'forbidden' }], ['pods', { state: 'live', partial: ['lab'] }], ['longhornVolumes', { state: 'forbidden' }], ['longhornVolumes', { state: 'absent' }], ['longhornVolumes', { state: 'live' }]] as const)('is not verified by one who may not see %s (%o), and its export ends', (kind, seen) => {
    const { cluster, intent } = imported()
    const { words: way, last } = run(cluster, intent, { world: hidden(kind, seen) })
    expect(way).not.toContain('verify')
    expect(last).toMatchObject({ word: 'done', result: 'unverified' })
    expect(words(cluster)).toEqual(['unverified'])
  })

  it('is left for half a minute to somebody who sees, by one who may not and then ends it', () => {
    for (const isKept of [true, false]) {
      const { cluster, intent } = imported({ 'web-01': { strategy: 'RerunOnFailure' } })
      cluster.readAt = new Date(cluster.time).toISOString()
      cluster.turn()
      expect(run(cluster, intent, { turns: 5, world: CLOSED }).words).toEqual(['blind'])
      if (isKept)
        nextExportStep(cluster.world(), intent, cluster.time).writes.forEach(write => cluster.write(write))
      const { last } = run(cluster, intent, { world: CLOSED })
      expect(last).toMatchObject({ word: 'done', result: isKept ? 'exported' : 'unverified' })
      expect(cluster.running('web-01')).toBe(true)
    }
  })

  describe('past the time that was chosen', () => {
    /** The same an hour after its time was over. */
    function late(restart = true) {
      const { cluster, intent } = imported({ 'web-01': { strategy: 'RerunOnFailure' } }, restart, { deadline: '2026-03-01T12:30:00Z' })
      cluster.time = Date.parse('2026-03-01T13:30:00Z')
      return { cluster, intent }
    }
    const kinds = (['pods', 'vmis', 'longhornVolumes'] as const).flatMap(kind => (['loading', 'stale'] as const).map(state => [kind, state] as const))

    it.each(kinds)('is waited with for half a minute more where %s are %s; then the VM starts again, and the image is not verified, but not torn', (kind, state) => {
      const { cluster, intent } = late()
      expect(run(cluster, intent, { turns: 6, world: hidden(kind, { state }) }).words).toEqual(['blind'])
      expect(run(cluster, intent, { world: hidden(kind, { state }) }).words).toContain('start-vm')
      expect(cluster.running('web-01')).toBe(true)
      expect(words(cluster)).toEqual(['unverified'])
      expect(run(cluster, intent).last).toMatchObject({ word: 'done', result: 'unverified' })
    })

    it('is verified by one who is only just opening his page', () => {
      const { cluster, intent } = late()
      expect(run(cluster, intent, { turns: 2, world: hidden('pods', { state: 'loading' }) }).words).toEqual(['blind'])
      expect(run(cluster, intent).last).toMatchObject({ word: 'done', result: 'exported' })
      expect(words(cluster)).toEqual(['whole'])
    })

    it('leaves a VM off that was to stay off', () => {
      const { cluster, intent } = late(false)
      run(cluster, intent, { world: hidden('vmis', { state: 'stale' }) })
      expect(effectiveRunStrategy(cluster.vm('web-01') as VirtualMachine)).toBe('Halted')
    })

    it('starts no VM of which KubeVirt says that it has an instance, while none can be seen', () => {
      const { cluster, intent } = late()
      const stale = (world: StepWorld): StepWorld => hidden('vmis', { state: 'stale' })({ ...world, vms: { ...world.vms, objects: world.vms.objects.map(vm => ({ ...vm, status: { ...vm.status, created: true } })) } })
      expect(run(cluster, intent, { world: stale }).last).toMatchObject({ word: 'blind', result: 'unverified' })
      expect(effectiveRunStrategy(cluster.vm('web-01') as VirtualMachine)).toBe('Halted')
    })
  })

  it('lets the VM come back', () => {
    const { cluster, intent } = imported({ 'web-01': { strategy: 'RerunOnFailure' } })
    expect(run(cluster, intent, { world: CLOSED }).last).toMatchObject({ word: 'done', result: 'unverified' })
    expect(cluster.running('web-01')).toBe(true)
    expect(words(cluster)).toEqual(['unverified'])
  })

  it('is not called torn by whoever sees the VM that the export is just starting again', () => {
    const { cluster, intent } = imported({ 'web-01': { strategy: 'RerunOnFailure' } })
    const { last } = run(cluster, intent, { turns: 1, world: CLOSED })
    expect(last.word).toBe('start-vm')
    expect(run(cluster, intent).words).not.toContain('mark-overtaken')
    expect(words(cluster)).toEqual(['unverified'])
  })
})

describe('whoever may make images and not patch them', () => {
  const FORBIDDEN = new ApiError({ status: 403, reason: 'Forbidden', message: 'virtualmachineimages.harvesterhci.io "export-abcde" is forbidden: User "eve" cannot patch resource "virtualmachineimages" in API group "harvesterhci.io" in the namespace "production"' })
  const MISFIT = new ApiError({ status: 422, reason: 'Invalid', message: 'the server rejected our request due to an error in our request' })
  const runnerOf = (cluster: Cluster, intent: ExportIntent) => new ExportRunner({
    look: () => cluster.world(), readAnew: () => Promise.resolve(cluster.world()), mayForce: () => false, now: () => cluster.time,
    send: write => {
      const failure = write.act === 'patch' && write.resource.plural === IMAGES.plural ? FORBIDDEN : cluster.write(write) === 'ok' ? undefined : MISFIT
      return failure ? Promise.reject(failure) : Promise.resolve()
    },
  }, intent)
  /** An export that he carries out, `torn` by a pod that comes while the image is read, up to the refusal of what he has found out. */
  async function refused(torn: boolean) {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const intent = cluster.begin()
    const runner = runnerOf(cluster, intent)
    for (let turn = 0; turn < 40; turn++) {
      if (cluster.images.length && !cluster.readAt) {
        cluster.readAt = new Date(cluster.time + 15_000).toISOString()
        if (torn)
          cluster.visit('libguestfs-tools')
      }
      const { failed } = await runner.turn()
      if (failed)
        return { cluster, intent, runner, failed }
      cluster.turn()
    }
    throw new Error('nothing was refused')
  }
  const words = ({ images }: Cluster) => images.map(image => wholenessOf(image as VirtualMachineImage))
  /** How it goes on, turn by turn, until he sees the end. */
  async function goesOn(cluster: Cluster, runner: ExportRunner) {
    const way: string[] = []
    for (let turn = 0; turn < 60 && !['done', 'stopped'].includes(way.at(-1) ?? ''); turn++) {
      const { step, failed } = await runner.turn()
      way.push(failed ? failed.message : step.writes.length || way.at(-1) === step.word ? step.word : `${step.word} (${step.because.map(({ code }) => code).join(' ')})`)
      cluster.turn()
    }
    return way
  }

  it.each([[false, 'verify', 'whole', 'exported'], [true, 'mark-overtaken', 'overtaken', 'overtaken']] as const)('notes no refusal of what he has found out, so that a keeper who may can say it (torn: %s)', async (torn, word, wholeness, result) => {
    const { cluster, intent, failed } = await refused(torn)
    expect(failed).toBe(FORBIDDEN)
    expect((readIntent(cluster.claim as PersistentVolumeClaim) as ExportIntent).refusal).toBeUndefined()
    expect(nextExportStep(cluster.world(), intent, cluster.time).word).toBe(word)
    expect(run(cluster, intent).last).toMatchObject({ result })
    expect(words(cluster)).toEqual([wholeness])
  })

  it('is not asked again, leaves it for half a minute to somebody who may, and then starts the VM and ends the export as not verified', async () => {
    const { cluster, intent, runner } = await refused(false)
    const way = await goesOn(cluster, runner)
    expect(way).not.toContain(FORBIDDEN.message)
    expect(way[0]).toBe('verify (verifying testimony-left)')
    expect(way.at(-1)).toMatch(/^done/)
    expect(words(cluster)).toEqual(['unverified'])
    expect(cluster.running('web-01')).toBe(true)
    expect(readIntent(cluster.claim as PersistentVolumeClaim)).toBeUndefined()
    expect(nextExportStep(cluster.world(), intent, cluster.time).result).toBe('unverified')
  })

  it('starts the VM at once where the export is given up, and calls nothing whole', async () => {
    const { cluster, intent, runner } = await refused(true)
    cluster.write(amendIntent(cluster.claim as PersistentVolumeClaim, readIntent(cluster.claim as PersistentVolumeClaim) as ExportIntent, { abandonedBy: 'bob' }))
    const way = await goesOn(cluster, runner)
    expect(way[0]).toBe('start-vm')
    expect(way.at(-1)).toMatch(/^done/)
    expect(words(cluster)).toEqual(['unverified'])
    expect(nextExportStep(cluster.world(), intent, cluster.time).result).not.toBe('exported')
  })
})

describe('an image of the name that the export would use, read from another disk', () => {
  const other = (cluster: Cluster, spec: object, note?: object): Open<VirtualMachineImage> => ({
    apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: meta('export-abcde', { creationTimestamp: new Date(cluster.time).toISOString(), ...(note && { annotations: { [EXPORT_ANNOTATION]: JSON.stringify(note) } }) }),
    spec: { displayName: 'theirs', sourceType: 'export-from-volume', pvcNamespace: 'production', pvcName: 'web-01-root', ...spec },
  })

  it.each<[string, object, object?]>([
    ['in another namespace', { pvcNamespace: 'victim' }],
    ['of another name', { pvcName: 'db-root' }],
    ['that had this name before', {}, { claimUid: 'before', still: {} }],
  ])('is neither verified nor called torn: a disk %s', (_, spec, note) => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    const intent = cluster.begin()
    cluster.images = [other(cluster, spec, note)]
    const { words, last } = run(cluster, intent)
    expect(words).not.toContain('stop-vm')
    expect(last).toMatchObject({ word: 'stopped', result: 'given-up', because: [{ code: 'image-of-other', image: 'production/export-abcde' }] })
    expect(Object.keys(cluster.images[0]?.metadata.annotations ?? {})).toEqual(note ? [EXPORT_ANNOTATION] : [])
    expect(cluster.running('web-01')).toBe(true)
  })

  it('does not keep off what was stopped before it came', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const { last } = run(cluster, cluster.begin(), { each: step => {
      if (step.word === 'wait-detach')
        cluster.images = [other(cluster, { pvcNamespace: 'victim' })]
    } })
    expect(last).toMatchObject({ word: 'stopped', because: [{ code: 'image-of-other' }] })
    expect(cluster.running('web-01')).toBe(true)
  })

  it('is not told as the result of an export that is over', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    const intent = cluster.begin()
    cluster.claim = { ...cluster.claim, metadata: { ...cluster.claim.metadata, annotations: {} } }
    cluster.images = [other(cluster, { pvcNamespace: 'victim' })]
    expect(nextExportStep(cluster.world(), intent, cluster.time)).toEqual({ word: 'done', writes: [], because: [], timeline: expect.anything() as unknown })
  })
})

describe('two exports of one volume', () => {
  it('cannot both begin: the second one was planned on a claim that has changed', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const world = cluster.world()
    const claim = world.claims.objects[0] as PersistentVolumeClaim
    const plan = (id: string) => planExport({ claim, users: { vms: [], vmis: [], pods: [] }, id, image: { namespace: 'production', displayName: id }, storageClass: 'harvester-longhorn', restart: true, requester: 'admin', now: cluster.time })
    expect(cluster.write(plan('first').writes[0] as Write)).toBe('ok')
    expect(cluster.write(plan('second').writes[0] as Write)).toBe('refused')
    expect(readIntent(cluster.claim as PersistentVolumeClaim)).toMatchObject({ id: 'first' })
  })

  it('do not follow from the note that a backup has brought to the claim in its place: the first one ends, and that disk is left alone', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    const { words, last } = run(cluster, cluster.begin(), { each: (_step, turn) => {
      if (turn === 3 && cluster.claim)
        cluster.claim = { ...cluster.claim, metadata: { ...cluster.claim.metadata, uid: 'restored' } }
    } })
    expect(words).not.toContain('create-image')
    expect(last).toMatchObject({ word: 'stopped', result: 'given-up', because: [{ code: 'claim-gone' }] })
    expect(cluster.running('web-01')).toBe(true)
  })

  it('make images of different names', () => {
    expect(exportImageName({ id: 'first' })).not.toBe(exportImageName({ id: 'second' }))
  })
})

describe('the guard beside whoever carries the export out', () => {
  const patchVm = (cluster: Cluster, path: string, value: unknown) => cluster.write({ act: 'patch', resource: VMS as Resource, at: { name: 'web-01' }, patch: { type: 'json', body: [{ op: 'add', path, value }] } })
  const isReading = (cluster: Cluster) => cluster.images.some(image => image.status?.conditions?.some(({ type, status }) => type === 'Imported' && status === 'Unknown') ?? true)
  const holdFrom = (cluster: Cluster, starter?: Open<VirtualMachine>) => holdOnClaim(cluster.claim as PersistentVolumeClaim, { images: cluster.images as VirtualMachineImage[], dataVolumes: [] }, cluster.time, starter as VirtualMachine | undefined)
  const wholenesses = (cluster: Cluster) => cluster.images.map(image => wholenessOf(image as VirtualMachineImage))

  /** KubeVirt tries a refused start again with every turn. */
  function guarded(settings: Readonly<Record<string, Setting>>) {
    const cluster = new Cluster(settings)
    const intent = cluster.begin()
    const starts: { readonly isRefused: boolean, readonly isReading: boolean }[] = []
    const boot = cluster.boot.bind(cluster)
    cluster.boot = name => {
      const isRefused = holdFrom(cluster, cluster.vm(name)) !== undefined
      starts.push({ isRefused, isReading: isReading(cluster) })
      if (!isRefused)
        boot(name)
    }
    return { cluster, intent, starts }
  }

  it.each<RunStrategy>(['Always', 'RerunOnFailure', 'Manual'])('lets a %s VM that somebody starts, and KubeVirt tries to ever again, take the disk only once its image is read: that is whole', strategy => {
    const { cluster, intent, starts } = guarded({ 'web-01': { strategy } })
    let turns = 0
    const { words, last } = run(cluster, intent, { each: step => {
      if (step.word !== 'wait-import')
        return
      cluster.importHangs = ++turns < 8
      if (turns === 1)
        patchVm(cluster, '/spec/runStrategy', 'Always')
    } })
    expect(words).not.toContain('mark-overtaken')
    expect(starts.filter(start => start.isReading).length, 'it is tried again').toBeGreaterThan(5)
    expect(starts.filter(start => start.isReading && !start.isRefused)).toEqual([])
    expect([last.word, last.result, wholenesses(cluster)]).toEqual(['done', 'exported', ['whole']])
    expect([cluster.running('web-01'), cluster.vm('web-01')?.spec.runStrategy]).toEqual([true, strategy])
  })

  it.each<[string, number, string]>([
    ['torn: it was there before the import was over', -1, 'overtaken'],
    ['torn no more, nor verified, in the very second: nobody can say which was first', 0, 'unverified'],
    ['not torn where it came after: KubeVirt was faster than whoever looks, and who came before it is not told', 1, 'unverified'],
  ])('calls an image whose VM runs again before anybody has looked %s', (_, secondsAfter, wholeness) => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Halted', off: true } })
    let isStarted = false
    const { last } = run(cluster, cluster.begin(), { each: step => {
      if (step.word !== 'wait-import' || isStarted || (cluster.images[0]?.status?.progress ?? 0) < 60)
        return
      isStarted = true
      cluster.readAt = new Date(cluster.time - secondsAfter * 1000).toISOString()
      patchVm(cluster, '/spec/runStrategy', 'Always')
      cluster.boot('web-01')
      cluster.note()
    } })
    expect(isStarted).toBe(true)
    expect([last.result, wholenesses(cluster)]).toEqual([wholeness === 'overtaken' ? 'overtaken' : 'unverified', [wholeness]])
    expect(cluster.running('web-01')).toBe(true)
  })

  it('holds the disk of an image that is torn already, as long as it is read', () => {
    const { cluster, intent } = guarded({ 'web-01': { strategy: 'Always' } })
    const held: boolean[] = []
    run(cluster, intent, { each: step => {
      if (step.word === 'create-image')
        cluster.visit('libguestfs-tools')
      if (isReading(cluster) && wholenesses(cluster).includes('overtaken'))
        held.push(holdFrom(cluster, cluster.vm('web-01')) !== undefined)
    } })
    expect(wholenesses(cluster)).toEqual(['overtaken'])
    expect(new Set(held)).toEqual(new Set([true]))
  })

  it.each<[string, boolean]>([['at rest so far', false], ['torn already', true]])('lets go of the disk at once when an export is given up, for good, though its image will be read for ever: one that was %s', (_, isTorn) => {
    const { cluster, intent } = guarded({ 'web-01': { strategy: 'Always' } })
    cluster.importHangs = true
    let turns = 0
    const held: boolean[] = []
    const { last } = run(cluster, intent, { each: step => {
      turns += step.word === 'wait-import' ? 1 : 0
      if (isTorn && turns === 1 && step.word === 'wait-import')
        cluster.visit('libguestfs-tools')
      if (turns === 4 && step.word === 'wait-import')
        planStartNow(cluster.world(), readIntent(cluster.claim as PersistentVolumeClaim) as ExportIntent, 'ann').forEach(write => cluster.write(write))
      if (turns >= 4)
        held.push(holdFrom(cluster) !== undefined)
    } })
    expect(last.word).toBe('done')
    expect(isReading(cluster)).toBe(true)
    expect(new Set(held)).toEqual(new Set([false]))
    expect([readIntent(cluster.claim as PersistentVolumeClaim), holdFrom(cluster)]).toEqual([undefined, undefined])
    expect(cluster.running('web-01')).toBe(true)
  })

  const EDIT = ['/spec/template/spec/terminationGracePeriodSeconds', 60] as const
  const NOTE = ['/metadata/annotations', { note: 'seen by ops' }] as const
  it.each<[string, string, Setting, readonly [string, unknown], ((seen: StepWorld) => StepWorld) | undefined]>([
    ['whole', 'more time to end', { strategy: 'Halted', off: true }, EDIT, undefined],
    ['whole', 'an annotation, of a RerunOnFailure VM that was off', { strategy: 'RerunOnFailure', off: true }, NOTE, undefined],
    ['unverified', 'more time to end, where nobody sees what Longhorn remembers', { strategy: 'Halted', off: true }, EDIT, seen => seen.images.objects.length ? { ...seen, longhornVolumes: { objects: [], state: 'forbidden' } } : seen],
  ])('calls an image %s of whose VM only the manifest was changed meanwhile: %s', (wholeness, _, setting, [path, value], world) => {
    const { cluster, intent } = guarded({ 'web-01': setting })
    let isChanged = false
    const { words, last } = run(cluster, intent, { ...(world && { world }), each: step => {
      if (step.word === 'wait-import' && !isChanged)
        isChanged = patchVm(cluster, path, value) === 'ok'
    } })
    expect(isChanged).toBe(true)
    expect(words).not.toContain('mark-overtaken')
    expect([last.word, wholenesses(cluster)]).toEqual(['done', [wholeness]])
  })
})
