import { randomUUID } from 'node:crypto'
import { VMS } from '#vms/vm.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { fieldAt, isObject } from '../json.ts'
import { canonicalQuantity } from '../quantity.ts'
import type { Rule } from './rule.ts'
import { noteOf, textAt, withField } from './rule.ts'

// kubevirt pkg/virt-api/webhooks/mutating-webhook/mutators/vm-mutator.go, pkg/defaults.

const ARCHITECTURE = 'amd64'
const MACHINE = 'q35'
const TOPOLOGY_ANNOTATION = 'kubevirt.io/pci-topology-version'
const TOPOLOGY = 'v3'

const SPEC = ['spec', 'template', 'spec']

/** A VM as KubeVirt's webhook would store it; it gets its identity only where it is made. */
export function withDefaults(vm: JsonObject, isNew: boolean): JsonObject {
  const spec = fieldAt(vm, 'spec.template.spec')
  if (!isObject(spec))
    return vm
  const read = withField(vm, SPEC, readByGo(spec))
  const identified = isNew ? withIdentity(read) : read
  const placed = withField(identified, [...SPEC, 'architecture'], textAt(vm, 'spec.template.spec.architecture') || ARCHITECTURE)
  return withField(placed, [...SPEC, 'domain', 'machine', 'type'], textAt(vm, 'spec.template.spec.domain.machine.type') || MACHINE)
}

function withIdentity(vm: JsonObject): JsonObject {
  const firmware = fieldAt(vm, 'spec.template.spec.domain.firmware')
  const given = isObject(firmware) ? firmware : {}
  const identified = withField(vm, [...SPEC, 'domain', 'firmware'], { ...given, uuid: given.uuid || randomUUID(), serial: given.serial || randomUUID() })
  const template = fieldAt(vm, 'spec.template')
  return noteOf(isObject(template) ? template : {}, 'annotations', TOPOLOGY_ANNOTATION)
    ? identified
    : withField(identified, ['spec', 'template', 'metadata', 'annotations', TOPOLOGY_ANNOTATION], TOPOLOGY)
}

/** It is read into Go's structs and written again: devices and resources are there always, what is empty is not, sizes have one form. */
function readByGo(spec: JsonObject): JsonObject {
  const kept = withoutEmpty(spec)
  const domain = isObject(kept.domain) ? kept.domain : {}
  const resources = isObject(domain.resources) ? domain.resources : {}
  return {
    ...kept,
    domain: {
      ...domain,
      devices: domain.devices ?? {},
      resources: { ...resources, ...sizesIn(resources, 'limits'), ...sizesIn(resources, 'requests') },
      ...(isObject(domain.memory) ? { memory: inOneForm(domain.memory) } : {}),
    },
  }
}

function sizesIn(resources: JsonObject, name: string): JsonObject {
  const sizes = resources[name]
  return isObject(sizes) ? { [name]: inOneForm(sizes) } : {}
}

function inOneForm(sizes: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(sizes).map(([name, size]) => [name, isObject(size) ? size : canonicalQuantity(String(size)) ?? size]))
}

function withoutEmpty(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).flatMap(([name, value]): [string, JsonValue][] => {
    if (value === '' || (Array.isArray(value) && value.length === 0))
      return []
    return [[name, isObject(value) ? withoutEmpty(value) : Array.isArray(value) ? value.map(item => isObject(item) ? withoutEmpty(item) : item) : value]]
  }))
}

export const VM_DEFAULTS: Rule = { kind: VMS, operations: ['CREATE', 'UPDATE'], judge: ({ object, operation }) => ({ object: withDefaults(object, operation === 'CREATE') }) }
