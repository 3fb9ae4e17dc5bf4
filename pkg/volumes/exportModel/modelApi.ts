import type { KubeObject } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import type { Seen } from '#kube/seen.ts'
import type { Write } from '#kube/write.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { VirtualMachine, VirtualMachineInstance } from '#vms/vm.ts'
import type { StepWorld } from '../exportStep.ts'
import type { Operation } from 'rfc6902'
import type { ModelGuard } from './modelGuard.ts'
import { applyPatch } from 'rfc6902'
import { ApiError } from '#kube/apiError.ts'
import { CLAIMS, NODES, PODS, STORAGE_CLASSES, VOLUME_ATTACHMENTS } from '#kube/core.ts'
import { objectKey } from '#kube/object.ts'
import { LONGHORN_VOLUMES } from '#health/longhorn.ts'
import { IMAGES } from '#images/image.ts'
import { isFinal } from '#vms/powerState.ts'
import { rememberedStrategy } from '#vms/powerActions.ts'
import { VMIS, VMS, effectiveRunStrategy } from '#vms/vm.ts'
import { VM_BACKUPS } from '#vms/vmBackup.ts'
import { DATA_VOLUMES } from '../dataVolume.ts'
import { closeWithAnswer } from '../exportAnswer.ts'

export const NAMESPACE = 'production'

/** The kinds of the model, by the field of the world in which they are seen. */
const KINDS = { claims: CLAIMS, vms: VMS, vmis: VMIS, pods: PODS, attachments: VOLUME_ATTACHMENTS, longhornVolumes: LONGHORN_VOLUMES, nodes: NODES, images: IMAGES, backups: VM_BACKUPS, storageClasses: STORAGE_CLASSES, dataVolumes: DATA_VOLUMES } as const
export type Field = keyof typeof KINDS
type ObjectOf<F extends Field> = (typeof KINDS)[F] extends Resource<infer T> ? T : never

/** Who writes: an export is owed what it has stopped, and nobody else is. */
export type Writer = 'export' | 'somebody' | 'controller'

const refused = (status: number, reason: string, message: string): ApiError => new ApiError({ status, reason, message })

/**
 * An API server in memory: versions, generations, the `test` of a JSON patch (422), AlreadyExists and NotFound, and what
 * virt-api makes of `start` and `stop` (kubevirt pkg/virt-api/rest/lifecycle.go). Objects are replaced, never changed.
 */
export class ModelApi {
  /** Epoch milliseconds. */
  time = Date.parse('2026-03-01T12:00:00Z')
  private version = 100
  private readonly kept = new Map<string, Map<string, KubeObject>>()
  private silent: { readonly field: Field, readonly seen: Seen } | undefined
  /** Told of every object that was written, as it was and is. */
  onWrite: (before: KubeObject | undefined, after: KubeObject | undefined, by: Writer) => void = () => {}
  /** Whether Harvester's own webhook changes what is written. Without it the cluster is KubeVirt's alone. */
  isHarvester = true
  /** Our own guard, where it stands before the cluster. */
  guard: ModelGuard | undefined

  private of(resource: Resource): Map<string, KubeObject> {
    const found = this.kept.get(resource.plural) ?? new Map<string, KubeObject>()
    this.kept.set(resource.plural, found)
    return found
  }

  list<F extends Field>(field: F): ObjectOf<F>[] {
    return [...this.of(KINDS[field] as Resource).values()] as ObjectOf<F>[]
  }

  find<F extends Field>(field: F, name: string): ObjectOf<F> | undefined {
    return this.list(field).find(object => object.metadata.name === name)
  }

  /** Creates, or replaces with another version; the generation counts changes of the spec. */
  put(field: Field, object: object, by: Writer = 'controller'): void {
    this.store(KINDS[field] as Resource, object as KubeObject, by)
  }

  private store(resource: Resource, sent: KubeObject, by: Writer): void {
    const objects = this.of(resource)
    const key = objectKey(sent)
    const before = objects.get(key)
    const object = this.isHarvester && sent.kind === VMS.kind ? remembering(before as VirtualMachine | undefined, sent as VirtualMachine) : sent
    if (isStartedOnce(before, object) && this.guard?.refusesStart(object as VirtualMachine))
      throw refused(403, 'Forbidden', 'admission webhook "exports.guardrails.harvesterhci.io" denied the request: it is being exported')
    const version = String(++this.version)
    const specOf = (one: KubeObject) => JSON.stringify((one as { spec?: object }).spec)
    const generation = before ? (before.metadata.generation ?? 1) + (specOf(before) === specOf(object) ? 0 : 1) : 1
    const { uid = `uid-${version}`, creationTimestamp = `${new Date(this.time).toISOString().slice(0, 19)}Z` } = before?.metadata ?? {}
    const after = { ...object, metadata: { ...object.metadata, uid, creationTimestamp, generation, resourceVersion: version } }
    objects.set(key, after)
    this.onWrite(before, after, by)
  }

  remove(field: Field, name: string, by: Writer = 'controller'): void {
    const found = this.find(field, name)
    if (found) {
      this.of(KINDS[field] as Resource).delete(objectKey(found))
      this.onWrite(found, undefined, by)
    }
  }

  get(resource: Resource, name: string): KubeObject {
    const found = [...this.of(resource).values()].find(object => object.metadata.name === name)
    if (!found)
      throw refused(404, 'NotFound', `${resource.plural} "${name}" not found`)
    return found
  }

  /** What an export sends. */
  send(write: Write, by: Writer = 'export'): void {
    if (write.act === 'create') {
      const name = write.manifest.metadata.name ?? ''
      if ([...this.of(write.resource).values()].some(object => object.metadata.name === name))
        throw refused(409, 'AlreadyExists', `${write.resource.plural} "${name}" already exists`)
      const object = write.manifest as unknown as KubeObject
      if (object.kind === IMAGES.kind && this.guard?.refusesImage(object as VirtualMachineImage))
        throw refused(422, 'Invalid', `admission webhook "exports.guardrails.harvesterhci.io" denied the request: ${closeWithAnswer('the last pods were others', { claim: `${NAMESPACE}/web-01-root`, word: 'detaching' })}`)
      return this.store(write.resource, object, by)
    }
    if (write.act === 'call')
      return write.subresource === 'start' ? this.start(write.at.name, by) : this.stop(write.at.name, by)
    const found = this.get(write.resource, write.at.name)
    const copy = structuredClone(found)
    if (write.patch.type !== 'json' || applyPatch(copy, structuredClone([...write.patch.body]) as Operation[]).some(error => error !== null))
      throw refused(422, 'Invalid', 'the server rejected our request due to an error in our request')
    this.store(write.resource, copy, by)
  }

  private request(vm: VirtualMachine, action: 'Start' | 'Stop', by: Writer, uid?: string): void {
    this.put('vms', { ...vm, status: { ...vm.status, stateChangeRequests: [...vm.status?.stateChangeRequests ?? [], { action, ...(uid && { uid }) }] } }, by)
  }

  start(name: string, by: Writer): void {
    const vm = this.get(VMS as Resource, name) as VirtualMachine
    const vmi = this.find('vmis', name)
    if (vmi && !isFinal(vmi))
      throw refused(409, 'Conflict', 'VM is already running')
    const strategy = effectiveRunStrategy(vm)
    if (strategy === 'Halted')
      return this.put('vms', { ...vm, spec: wanted(vm, true) }, by)
    if (strategy === 'Always' || strategy === 'Once' || (strategy === 'RerunOnFailure' && vmi))
      throw refused(409, 'Conflict', `${strategy} does not support manual start requests`)
    this.request(vm, 'Start', by)
  }

  /** With no time left, which is all that is asked for here. */
  private stop(name: string, by: Writer): void {
    const vm = this.get(VMS as Resource, name) as VirtualMachine
    const vmi = this.find('vmis', name)
    if (!vmi || isFinal(vmi))
      throw refused(409, 'Conflict', 'VM is not running')
    if (effectiveRunStrategy(vm) === 'Halted' && graceOf(vmi) === 0)
      throw refused(409, 'Conflict', 'Halted only supports manual stop requests with a shorter graceperiod')
    this.put('vmis', { ...vmi, spec: { ...vmi.spec, terminationGracePeriodSeconds: 0 } }, by)
    if (effectiveRunStrategy(vm) === 'Always')
      this.put('vms', { ...vm, spec: wanted(vm, false) }, by)
    else
      this.request(vm, 'Stop', by, vmi.metadata.uid)
  }

  /** Cuts the line of a kind, for everybody and for good: it is seen as it is now. */
  cut(field: Field): void {
    this.silent = { field, seen: { objects: this.list(field), state: 'stale' } }
  }

  /** What is seen of a kind now. */
  seen<F extends Field>(field: F): Seen<ObjectOf<F>> {
    return this.silent?.field === field ? this.silent.seen as Seen<ObjectOf<F>> : { objects: this.list(field), state: 'live' }
  }
}

/** KubeVirt tries the instance of a VM that becomes RerunOnFailure once, so the guard refuses that before. */
function isStartedOnce(before: KubeObject | undefined, after: KubeObject): boolean {
  const strategyOf = (object: KubeObject) => effectiveRunStrategy(object as VirtualMachine)
  return before?.kind === VMS.kind && !(after as VirtualMachine).status?.created && strategyOf(after) === 'RerunOnFailure' && strategyOf(before) !== 'RerunOnFailure'
}

/** A VM that leaves Halted gets the strategy that it had, whatever is asked for and whoever asks (harvester pkg/webhook/resources/virtualmachine/mutator.go). */
function remembering(before: VirtualMachine | undefined, after: VirtualMachine): VirtualMachine {
  const leavesHalted = before?.spec.runStrategy === 'Halted' && after.spec.runStrategy !== undefined && after.spec.runStrategy !== 'Halted'
  return leavesHalted ? { ...after, spec: { ...after.spec, runStrategy: rememberedStrategy(after) } } : after
}

export const graceOf = (vmi: VirtualMachineInstance): number => vmi.spec.terminationGracePeriodSeconds ?? 30

/** The spec of a VM that is turned on or off by whoever knows no strategies. */
export function wanted(vm: VirtualMachine, on: boolean): VirtualMachine['spec'] {
  return vm.spec.runStrategy === undefined ? { ...vm.spec, running: on } : { ...vm.spec, runStrategy: on ? 'Always' : 'Halted' }
}

const NONE: Seen<never> = { objects: [], state: 'live' }

/** The world of the protocol, each kind seen as the caller sees it. */
export function worldOf(seen: <F extends Field>(field: F) => Seen<ObjectOf<F>>): StepWorld {
  return {
    claims: seen('claims'), vms: seen('vms'), vmis: seen('vmis'), pods: seen('pods'), attachments: seen('attachments'), longhornVolumes: seen('longhornVolumes'), nodes: seen('nodes'), images: seen('images'),
    backups: seen('backups'), storageClasses: seen('storageClasses'), dataVolumes: seen('dataVolumes'), snapshots: NONE, restores: NONE, vmExports: NONE,
  }
}
