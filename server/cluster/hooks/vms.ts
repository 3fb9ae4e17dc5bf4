import { CLAIMS, STORAGE_CLASSES } from '#kube/core.ts'
import { parseQuantity } from '#kube/quantity.ts'
import { CLAIM_TEMPLATES_ANNOTATION, RUN_STRATEGY_ANNOTATION, VMS } from '#vms/vm.ts'
import type { VirtualMachine } from '#vms/vm.ts'
import { isGolden } from '#volumes/volume.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { fieldAt, isObject } from '../json.ts'
import type { Asked, Refusal, Rule, Sight } from './rule.ts'
import { invalid, noteOf, refusing, withField } from './rule.ts'

// harvester pkg/webhook/resources/virtualmachine, as far as the console meets it.

/** Setting default-vm-termination-grace-period-seconds. */
const GRACE_SECONDS = 120
/** Setting overcommit-config: 1600 % CPU, 150 % memory. */
const OVERCOMMIT = { cpu: 16, memory: 1.5 }
const MIB = 2 ** 20
const RESERVED_ANNOTATION = 'harvesterhci.io/reservedMemory'

const TEMPLATE = ['spec', 'template', 'spec']

/** A VM as Harvester's webhook would store it. A VM that leaves Halted gets the strategy that it had before, whatever was asked for. */
export function mutateVm(vm: JsonObject, old: JsonObject | undefined): JsonObject {
  // Without a template there is nothing to fill in: the schema has the word.
  if (!isObject(fieldAt(vm, 'spec.template')))
    return vm
  const grace = fieldAt(vm, 'spec.template.spec.terminationGracePeriodSeconds') ?? GRACE_SECONDS
  const sized = withTopology(withSizes(withField(vm, [...TEMPLATE, 'terminationGracePeriodSeconds'], grace)))
  const asked = fieldAt(vm, 'spec.runStrategy')
  if (fieldAt(old, 'spec.runStrategy') !== 'Halted' || asked === undefined || asked === null || asked === 'Halted')
    return sized
  const remembered = noteOf(vm, 'annotations', RUN_STRATEGY_ANNOTATION)
  return withField(sized, ['spec', 'runStrategy'], remembered && remembered !== 'Halted' ? remembered : 'RerunOnFailure')
}

/**
 * From limits: what is asked of the scheduler after overcommitment, and what the guest sees: all of its limit, less what the VM
 * reserves for QEMU (with the setting additional-guest-memory-overhead-ratio, which is there by default).
 */
function withSizes(vm: JsonObject): JsonObject {
  const limits = fieldAt(vm, 'spec.template.spec.domain.resources.limits')
  if (!isObject(limits))
    return vm
  const [memory, cpu] = [quantityIn(limits.memory), quantityIn(limits.cpu)]
  const given = fieldAt(vm, 'spec.template.spec.domain.resources.requests')
  const requests: JsonObject = {
    ...(isObject(given) ? given : {}),
    ...(cpu ? { cpu: `${Math.floor(cpu * 1000 / OVERCOMMIT.cpu)}m` } : {}),
    ...(memory ? { memory: `${Math.floor(memory / OVERCOMMIT.memory / MIB)}Mi` } : {}),
  }
  const requested = withField(vm, [...TEMPLATE, 'domain', 'resources', 'requests'], requests)
  if (!memory)
    return requested
  const reserved = quantityIn(noteOf(vm, 'annotations', RESERVED_ANNOTATION))
  const guest = reserved ? `${Math.floor((memory - reserved) / MIB)}Mi` : limits.memory ?? null
  return withField(withField(requested, [...TEMPLATE, 'domain', 'memory', 'guest'], guest), [...TEMPLATE, 'domain', 'cpu', 'maxSockets'], 1)
}

/** KubeVirt's own webhook: of no cores, sockets and threads it makes as many sockets as the limit or the request has CPUs (kubevirt pkg/defaults/defaults.go). */
function withTopology(vm: JsonObject): JsonObject {
  const domain = fieldAt(vm, 'spec.template.spec.domain')
  if (!isObject(domain) || ['cores', 'sockets', 'threads'].some(part => fieldAt(domain, `cpu.${part}`)))
    return vm
  const cpus = quantityIn(fieldAt(domain, 'resources.limits.cpu')) ?? quantityIn(fieldAt(domain, 'resources.requests.cpu')) ?? 1
  return withField(vm, [...TEMPLATE, 'domain', 'cpu'], { ...(isObject(domain.cpu) ? domain.cpu : {}), cores: 1, sockets: Math.ceil(cpus), threads: 1 })
}

function quantityIn(value: JsonValue | undefined): number | undefined {
  return parseQuantity(typeof value === 'number' ? value : typeof value === 'string' ? value : undefined)
}

function refusalOfTemplates({ object }: Asked): Refusal | undefined {
  const text = noteOf(object, 'annotations', CLAIM_TEMPLATES_ANNOTATION)
  const refuse = (because: string) => invalid(`the volumeClaimTemplates annotaion is invalid: ${because}`, 'metadata.annotations')
  if (!text)
    return undefined
  try {
    const entries = JSON.parse(text) as JsonValue
    return Array.isArray(entries) && entries.some(entry => !fieldAt(entry, 'metadata.name')) ? refuse('PVC name is required') : undefined
  }
  catch {
    return refuse(wordsOfGo(text))
  }
}

/** Go's words on a text that is no JSON; only of how it begins. */
function wordsOfGo(text: string): string {
  const literal = ['null', 'true', 'false'].find(word => word[0] === text[0]) ?? ''
  const wrong = [...literal].findIndex((letter, index) => text[index] !== letter)
  return literal && text[wrong] ? `invalid character '${text[wrong]}' in literal ${literal} (expecting '${literal[wrong] ?? ''}')` : `invalid character '${text[0] ?? ''}' looking for beginning of value`
}

/** Claims of the VM's volumes; DataVolumes are not looked at. */
function claimsOf(vm: JsonObject): string[] {
  const volumes = fieldAt(vm, 'spec.template.spec.volumes')
  return (Array.isArray(volumes) ? volumes : []).flatMap(volume => {
    const name = fieldAt(volume, 'persistentVolumeClaim.claimName')
    return typeof name === 'string' ? name : []
  })
}

function refusalOfGolden({ object, namespace, sight }: Asked): Refusal | undefined {
  const golden = claimsOf(object).find(name => {
    const claim = sight.get(CLAIMS, `${namespace}/${name}`)
    return claim && isGolden(claim)
  })
  return golden === undefined ? undefined : invalid(`PVC ${namespace}/${golden} is a golden image, it can't be used as a volume in VM`, 'spec.templates.spec.volumes')
}

function refusalOfSharing({ object, namespace, sight }: Asked): Refusal | undefined {
  const name = fieldAt(object, 'metadata.name')
  const others = sight.all(VMS).filter(({ metadata }) => metadata.namespace === namespace && metadata.name !== name)
  const taken = claimsOf(object).find(claim => !isShareable(`${namespace}/${claim}`, sight) && others.some(vm => hasForItself(vm, claim)))
  return taken === undefined ? undefined : invalid(`PVC ${namespace}/${taken} is already used by other VM, please use a shareable RWX volume.`, 'spec.templates.spec.volumes')
}

/** A volume of Longhorn is none that VMs can share; a claim that is not there yet is nobody's. */
function isShareable(key: string, sight: Sight): boolean {
  const claim = sight.get(CLAIMS, key)
  const provisioner = sight.get(STORAGE_CLASSES, claim?.spec?.storageClassName)?.provisioner
  return !claim || (provisioner !== 'driver.longhorn.io' && (claim.spec?.accessModes ?? []).includes('ReadWriteMany'))
}

function hasForItself({ spec: { template } }: VirtualMachine, claim: string): boolean {
  const volume = template.spec.volumes?.find(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === claim)
  return volume !== undefined && !template.spec.domain?.devices?.disks?.some(({ name, shareable }) => name === volume.name && shareable)
}

function refusalOfMemory({ object }: Asked): Refusal | undefined {
  const limit = quantityIn(fieldAt(object, 'spec.template.spec.domain.resources.limits.memory'))
  if (!limit && !quantityIn(fieldAt(object, 'spec.template.spec.domain.memory.guest')))
    return invalid('either memory.guest or resources.limits.memory must be set', 'spec.template.spec.domain')
  const reserved = quantityIn(noteOf(object, 'annotations', RESERVED_ANNOTATION))
  return limit && reserved && reserved >= limit ? invalid('reservedMemory cannot be equal or greater than limits.memory', `metadata.annotations[${RESERVED_ANNOTATION}]`) : undefined
}

const WRITES = ['CREATE', 'UPDATE'] as const
export const VM_MUTATION: Rule = { kind: VMS, operations: WRITES, judge: ({ object, old }) => ({ object: mutateVm(object, old) }) }
export const VM_RULES: readonly Rule[] = [refusing(VMS, WRITES, refusalOfTemplates, refusalOfGolden, refusalOfSharing, refusalOfMemory)]
