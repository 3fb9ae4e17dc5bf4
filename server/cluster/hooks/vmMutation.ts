import { randomBytes } from 'node:crypto'
import { parseQuantity } from '#kube/quantity.ts'
import { RUN_STRATEGY_ANNOTATION, VMS } from '#vms/vm.ts'
import type { AdmissionAnswer } from '../cluster.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { fieldAt, isObject } from '../json.ts'
import { canonicalQuantity } from '../quantity.ts'
import type { Asked, Rule } from './rule.ts'
import { noteOf, withField } from './rule.ts'
import { affinityOf } from './vmAffinity.ts'

// harvester pkg/webhook/resources/virtualmachine/mutator.go, as far as the console meets it.

/** Setting default-vm-termination-grace-period-seconds. */
const GRACE_SECONDS = 120
/** Setting overcommit-config: 1600 % CPU, 150 % memory. */
const OVERCOMMIT = { cpu: 16, memory: 1.5 }
const MIB = 2 ** 20
export const RESERVED_ANNOTATION = 'harvesterhci.io/reservedMemory'
/** What Harvester has seen of the addresses of interfaces, by their names, as JSON. */
const ADDRESSES_ANNOTATION = 'harvesterhci.io/mac-address'

const TEMPLATE = ['spec', 'template', 'spec']
const DOMAIN = [...TEMPLATE, 'domain']

/** A VM as Harvester's webhook would store it. A VM that leaves Halted gets the strategy that it had before, whatever was asked for. */
export function mutateVm({ object: vm, old, namespace, sight }: Pick<Asked, 'object' | 'old' | 'namespace' | 'sight'>): AdmissionAnswer {
  // Without a template there is nothing to fill in: the schema has the word.
  if (!isObject(fieldAt(vm, 'spec.template')))
    return { object: vm }
  const affinity = affinityOf(fieldAt(vm, 'spec.template.spec'), namespace, sight)
  if ('refusal' in affinity)
    return affinity
  const grace = fieldAt(vm, 'spec.template.spec.terminationGracePeriodSeconds') ?? GRACE_SECONDS
  const sized = withProcessor(isSizedAnew(vm, old) ? withSizes(vm) : vm)
  const placed = withField(withField(sized, [...TEMPLATE, 'terminationGracePeriodSeconds'], grace), [...TEMPLATE, 'affinity'], affinity.value)
  return { object: withStrategy(withAddresses(placed), old) }
}

function withStrategy(vm: JsonObject, old: JsonObject | undefined): JsonObject {
  const asked = fieldAt(vm, 'spec.runStrategy') ?? undefined
  return fieldAt(old, 'spec.runStrategy') !== 'Halted' || asked === undefined || asked === 'Halted'
    ? vm
    : withField(vm, ['spec', 'runStrategy'], noteOf(vm, 'annotations', RUN_STRATEGY_ANNOTATION) || 'RerunOnFailure')
}

/** Sizes are worked out where a VM is made, and where its limits change or what it reserves: whoever changes a request alone keeps it. */
function isSizedAnew(vm: JsonObject, old: JsonObject | undefined): boolean {
  const sizes = (one: JsonObject) => [...['cpu', 'memory'].map(name => quantityIn(fieldAt(one, `spec.template.spec.domain.resources.limits.${name}`))), noteOf(one, 'annotations', RESERVED_ANNOTATION)]
  return old === undefined || sizes(vm).some((size, index) => size !== sizes(old)[index])
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
  const inForm = (bytes: number) => String(limits.memory).endsWith('i') && bytes % 1024 === 0 ? canonicalQuantity(`${bytes / 1024}Ki`) : canonicalQuantity(String(bytes))
  const given = fieldAt(vm, 'spec.template.spec.domain.resources.requests')
  const requests: JsonObject = {
    ...(isObject(given) ? given : {}),
    ...(cpu ? { cpu: canonicalQuantity(`${Math.floor(Math.ceil(cpu * 1000) / OVERCOMMIT.cpu)}m`) ?? null } : {}),
    ...(memory ? { memory: inForm(Math.floor(memory / OVERCOMMIT.memory / MIB) * MIB) ?? null } : {}),
  }
  const requested = withField(vm, [...DOMAIN, 'resources', 'requests'], requests)
  if (!memory)
    return requested
  const reserved = quantityIn(noteOf(vm, 'annotations', RESERVED_ANNOTATION)) ?? 0
  return withField(withField(requested, [...DOMAIN, 'memory', 'guest'], inForm(memory - reserved) ?? null), [...DOMAIN, 'cpu', 'maxSockets'], 1)
}

/** One core, one socket, one thread, where nothing else is said. */
function withProcessor(vm: JsonObject): JsonObject {
  const cpu = fieldAt(vm, 'spec.template.spec.domain.cpu')
  const given = isObject(cpu) ? cpu : {}
  return withField(vm, [...DOMAIN, 'cpu'], { ...given, ...Object.fromEntries(['cores', 'sockets', 'threads'].map(part => [part, given[part] || 1])) })
}

/** Each interface keeps one address for good, so it is given here, unless one was seen of it before. */
function withAddresses(vm: JsonObject): JsonObject {
  const interfaces = fieldAt(vm, 'spec.template.spec.domain.devices.interfaces')
  if (!Array.isArray(interfaces))
    return vm
  const seen = addressesIn(noteOf(vm, 'annotations', ADDRESSES_ANNOTATION))
  const isGiven = (one: JsonObject) => one.macAddress || (typeof one.name === 'string' && one.name in seen)
  return withField(vm, [...DOMAIN, 'devices', 'interfaces'], interfaces.map(one => isObject(one) && !isGiven(one) ? { ...one, macAddress: randomAddress() } : one))
}

function addressesIn(text: string): JsonObject {
  try {
    const addresses = JSON.parse(text || '{}') as JsonValue
    return isObject(addresses) ? addresses : {}
  }
  catch {
    return {}
  }
}

/** Of one station, and administered by whoever is there. */
function randomAddress(): string {
  const [first = 0, ...rest] = randomBytes(6)
  return [(first | 2) & 0xfe, ...rest].map(byte => byte.toString(16).padStart(2, '0')).join(':')
}

/** The number that a quantity of an object means; undefined where there is none. */
export function quantityIn(value: JsonValue | undefined): number | undefined {
  return parseQuantity(typeof value === 'number' ? value : typeof value === 'string' ? value : undefined)
}

export const VM_MUTATION: Rule = { kind: VMS, operations: ['CREATE', 'UPDATE'], judge: mutateVm }
