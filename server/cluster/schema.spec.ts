import { describe, expect, it } from 'vitest'
import type { JsonObject } from './json.ts'
import { fieldAt } from './json.ts'
import { CUSTOM_RESOURCE_DEFINITIONS } from './kinds/custom.ts'
import { KindRegistry } from './registry.ts'
import type { AdmitOptions } from './schema.ts'
import { admit, invalidMessage, strictMessage } from './schema.ts'

// Every text here was read off a kube-apiserver 1.34.2 that serves the same definitions.

const LISTS: JsonObject = {
  metadata: { name: 'lists.test.io' },
  spec: {
    group: 'test.io', scope: 'Namespaced', names: { plural: 'lists', kind: 'List' },
    versions: [{
      name: 'v1', served: true, storage: true,
      schema: {
        openAPIV3Schema: {
          type: 'object',
          properties: {
            spec: {
              type: 'object',
              properties: {
                set: { 'type': 'array', 'items': { type: 'string' }, 'x-kubernetes-list-type': 'set' },
                map: { 'type': 'array', 'items': { type: 'object', required: ['k'], properties: { k: { type: 'string' } } }, 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'] },
                any: { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } }, anyOf: [{ required: ['a'] }, { required: ['b'] }] },
                one: { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } }, oneOf: [{ required: ['a'] }, { required: ['b'] }] },
                not: { type: 'string', not: { enum: ['bad'] } },
                len: { type: 'string', minLength: 2, maxLength: 3 },
                items: { type: 'array', minItems: 1, maxItems: 2, items: { type: 'integer' } },
                props: { type: 'object', additionalProperties: { type: 'string' }, minProperties: 1, maxProperties: 2 },
                num: { type: 'number', multipleOf: 2, exclusiveMinimum: true, minimum: 0, maximum: 10 },
                ios: { 'x-kubernetes-int-or-string': true },
                ipv4: { type: 'string', format: 'ipv4' },
                when: { type: 'string', format: 'date-time', nullable: true },
                i32: { type: 'integer', format: 'int32' },
                emb: { 'type': 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
                enum: { type: 'integer', enum: [1, 2] },
                deep: { type: 'object', properties: { filled: { type: 'string', default: 'x' } } },
                order: {
                  type: 'object', required: ['x', 'z'], minProperties: 3, anyOf: [{ required: ['a'] }, { required: ['b'] }],
                  properties: { a: { type: 'string' }, b: { type: 'string' }, x: { type: 'string' }, z: { type: 'string' }, list: { type: 'array', minItems: 3, items: { type: 'string', maxLength: 2 } }, s: { type: 'string', maxLength: 2, pattern: '^a$', enum: ['a', 'b'] } },
                },
              },
            },
          },
        },
      },
    }],
  },
}

const registry = new KindRegistry()
for (const crd of [...CUSTOM_RESOURCE_DEFINITIONS, LISTS]) registry.addCrd(crd)

const kindOf = (object: JsonObject) => registry.byKind(String(object.apiVersion), String(object.kind)) ?? expect.fail(`${String(object.kind)} is not served`)
const read = (object: JsonObject, options: Partial<AdmitOptions> = {}) => admit(kindOf(object), object, { fieldValidation: 'Strict', part: 'object', ...options })

/** What a server answers a creation with: the message of its refusal, or the object. */
function answerTo(object: JsonObject, options: Partial<AdmitOptions> = {}): string | JsonObject {
  const kind = kindOf(object)
  const { malformed, strictErrors, causes, object: admitted } = read(object, options)
  if (malformed) return malformed
  if (strictErrors.length > 0) return strictMessage(kind, strictErrors)
  return causes.length > 0 ? invalidMessage(kind, 'x', causes) : admitted
}

const image = (spec: JsonObject, more: JsonObject = {}): JsonObject => ({ apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: { name: 'x' }, spec: { displayName: 'a', sourceType: 'download', ...spec }, ...more })
const list = (spec: JsonObject): JsonObject => ({ apiVersion: 'test.io/v1', kind: 'List', metadata: { name: 'x' }, spec })
const core = (kind: string, more: JsonObject): JsonObject => ({ apiVersion: 'v1', kind, metadata: { name: 'x' }, ...more })
const pod = (spec: JsonObject): JsonObject => core('Pod', { spec: { containers: [{ name: 'a', image: 'b:1' }], ...spec } })
const unchecked = '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation'

describe('a custom object that breaks its schema', () => {
  const of = (texts: string) => `VirtualMachineImage.harvesterhci.io "x" is invalid: ${texts}`
  const cases: [string, JsonObject, string][] = [
    ['a missing field', image({ displayName: null }), of('spec.displayName: Required value')],
    ['a missing object', { ...image({}), spec: null }, of('spec: Required value')],
    ['a wrong type', image({ url: 3 }), of('spec.url: Invalid value: "integer": spec.url in body must be of type string: "integer"')],
    ['a list in place of text', image({ url: [] }), of('spec.url: Invalid value: "array": spec.url in body must be of type string: "array"')],
    ['half a number', image({ retry: 1.5 }), of('spec.retry: Invalid value: "number": spec.retry in body must be of type integer: "number"')],
    ['text in place of an object', { ...image({}), spec: 'x' }, of('spec: Invalid value: "string": spec in body must be of type object: "string"')],
    ['a wrong value of a map', image({ storageClassParameters: { a: 1 } }), of('spec.storageClassParameters.a: Invalid value: "integer": spec.storageClassParameters.a in body must be of type string: "integer"')],
    ['an unknown word', image({ sourceType: 'nope' }), of('spec.sourceType: Unsupported value: "nope": supported values: "download", "upload", "export-from-volume", "restore", "clone"')],
    ['too much', image({ retry: 11 }), of('spec.retry: Invalid value: 11: spec.retry in body should be less than or equal to 10')],
    ['too little', image({ retry: -1 }), of('spec.retry: Invalid value: -1: spec.retry in body should be greater than or equal to 0')],
    ['an item of a list', image({}, { status: { conditions: [{ type: 'A' }] } }), of('status.conditions[0].status: Required value')],
    ['an unknown word, and a missing field', image({ sourceType: 'nope', displayName: null }), of('[spec.sourceType: Unsupported value: "nope": supported values: "download", "upload", "export-from-volume", "restore", "clone", spec.displayName: Required value]')],
    ['two faults', image({ retry: 11, url: true }), of('[spec.retry: Invalid value: 11: spec.retry in body should be less than or equal to 10, spec.url: Invalid value: "boolean": spec.url in body must be of type string: "boolean"]')],
  ]
  it.each(cases)('%s', (_, object, message) => {
    expect(answerTo(object)).toBe(message)
  })

  const wider: [JsonObject, string][] = [
    [{ set: ['a', 'b', 'a', 'a'] }, 'spec.set[2]: Duplicate value: "a"'],
    [{ map: [{ k: 'a' }, { k: 'a' }] }, 'spec.map[1]: Duplicate value: {"k":"a"}'],
    [{ any: {} }, '[<nil>: Invalid value: "": "spec.any" must validate at least one schema (anyOf), spec.any.a: Required value]'],
    [{ one: {} }, '[<nil>: Invalid value: "": "spec.one" must validate one and only one schema (oneOf). Found none valid, spec.one.a: Required value]'],
    [{ one: { a: 'x', b: 'y' } }, '<nil>: Invalid value: "": "spec.one" must validate one and only one schema (oneOf). Found 2 valid alternatives'],
    [{ not: 'bad' }, '<nil>: Invalid value: "": "spec.not" must not validate the schema (not)'],
    [{ len: 'a' }, 'spec.len: Invalid value: "a": spec.len in body should be at least 2 chars long'],
    [{ len: 'abcd' }, 'spec.len: Too long: may not be more than 3 bytes'],
    [{ items: [] }, 'spec.items: Invalid value: 0: spec.items in body should have at least 1 items'],
    [{ items: [1, 2, 3] }, 'spec.items: Too many: 3: must have at most 2 items'],
    [{ props: {} }, 'spec.props: Invalid value: 0: spec.props in body should have at least 1 properties'],
    [{ props: { a: '', b: '', c: '' } }, 'spec.props: Too many: 3: must have at most 2 items'],
    [{ num: 0 }, 'spec.num: Invalid value: 0: spec.num in body should be greater than 0'],
    [{ num: 3 }, 'spec.num: Invalid value: 3: spec.num in body should be a multiple of 2'],
    [{ ios: true }, 'spec.ios: Invalid value: "boolean": spec.ios in body must be of type integer,string: "boolean"'],
    [{ ipv4: 'x' }, 'spec.ipv4: Invalid value: "x": spec.ipv4 in body must be of type ipv4: "x"'],
    [{ when: 5 }, 'spec.when: Invalid value: "int64": spec.when in body must be of type date-time: "int64"'],
    [{ i32: true }, 'spec.i32: Invalid value: "boolean": spec.i32 in body must be of type integer: "boolean"'],
    [{ enum: 3 }, 'spec.enum: Unsupported value: 3: supported values: "1", "2"'],
    [{ order: { list: ['abc'] } }, '[<nil>: Invalid value: "": "spec.order" must validate at least one schema (anyOf), spec.order.a: Required value, spec.order: Invalid value: 1: spec.order in body should have at least 3 properties, spec.order.list[0]: Too long: may not be more than 2 bytes, spec.order.list: Invalid value: 1: spec.order.list in body should have at least 3 items, spec.order.x: Required value, spec.order.z: Required value]'],
    [{ order: { a: '', x: '', z: '', s: 'xyz' } }, '[spec.order.s: Too long: may not be more than 2 bytes, spec.order.s: Unsupported value: "xyz": supported values: "a", "b"]'],
    [{ emb: {} }, '[spec.emb.apiVersion: Required value, spec.emb.kind: Required value]'],
  ]
  it.each(wider)('%j', (spec, text) => {
    expect(answerTo(list(spec))).toBe(`List.test.io "x" is invalid: ${text}`)
  })

  it('gives each cause its reason', () => {
    const { causes } = read(image({ displayName: null, url: 3, sourceType: 'x', retry: 11 }))
    expect(causes.map(({ field, reason }) => [field, reason]).sort()).toEqual([
      ['spec.displayName', 'FieldValueRequired'], ['spec.retry', 'FieldValueInvalid'], ['spec.sourceType', 'FieldValueNotSupported'], ['spec.url', 'FieldValueTypeInvalid'],
    ])
  })
})

describe('fields that the schema does not know', () => {
  const object = image({ foo: 1, bar: { a: 1 } }, { metadata: { name: 'x', odd: 1 } })

  it('are refused by Strict', () => {
    expect(answerTo(object)).toBe('VirtualMachineImage in version "v1beta1" cannot be handled as a VirtualMachineImage: strict decoding error: unknown field "metadata.odd", unknown field "spec.bar", unknown field "spec.foo"')
  })

  it('are told of by Warn, and go', () => {
    const { warnings, object: admitted } = read(object, { fieldValidation: 'Warn' })
    expect(warnings).toEqual(['unknown field "metadata.odd"', 'unknown field "spec.bar"', 'unknown field "spec.foo"'])
    expect(admitted).toMatchObject({ metadata: { name: 'x' }, spec: { displayName: 'a', sourceType: 'download', backend: 'backingimage', retry: 3 } })
    expect(Object.keys(admitted.spec as JsonObject)).not.toContain('foo')
  })

  it('go in silence by Ignore', () => {
    expect(read(object, { fieldValidation: 'Ignore' })).toMatchObject({ warnings: [], strictErrors: [], causes: [] })
  })

  it('stay where the schema preserves them, and are known again below', () => {
    const machine = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', metadata: { name: 'x' }, spec: { template: { spec: { domain: { devices: { gpus: [{ name: 'g' }], disks: [{ name: 'd', odd: 1 }] } }, odd: 1 } } } }
    const { object: admitted, strictErrors } = read(machine)
    expect(strictErrors).toEqual(['unknown field "spec.template.spec.odd"'])
    expect(admitted).toMatchObject({ spec: { template: { spec: { domain: { devices: { gpus: [{ name: 'g' }], disks: [{ name: 'd', odd: 1 }] } } } } } })
  })

  it('are looked for in the metadata of embedded resources', () => {
    expect(read(list({ emb: { apiVersion: 'v1', kind: 'A', metadata: { name: 'x', odd: 1 }, own: 1 } })).strictErrors).toEqual(['unknown field "spec.emb.metadata.odd"'])
  })
})

describe('nulls and defaults', () => {
  it('drops a null that may not be null, and fills the default in its place', () => {
    expect(answerTo(image({ description: null, retry: null }))).toMatchObject({ spec: { backend: 'backingimage', displayName: 'a', retry: 3, sourceType: 'download' } })
    expect(read(image({ description: null })).object.spec).not.toHaveProperty('description')
  })

  it('keeps a null that may be null', () => {
    expect(answerTo(list({ when: null }))).toMatchObject({ spec: { when: null } })
  })

  it('fills defaults of objects that are there only', () => {
    expect(read(list({ deep: {} })).object).toMatchObject({ spec: { deep: { filled: 'x' } } })
    expect(read(list({})).object.spec).toEqual({})
  })

  it('leaves what it was given as it was', () => {
    const given = image({ foo: 1 })
    const before = structuredClone(given)
    read(given)
    expect(given).toEqual(before)
  })
})

describe('metadata of a wrong type', () => {
  const cases: [JsonObject, string][] = [
    [{ name: 3 }, 'json: cannot unmarshal number into Go struct field ObjectMeta.name of type string'],
    [{ name: 'x', labels: { a: 1 } }, 'json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string'],
    [{ name: 'x', labels: ['a'] }, 'json: cannot unmarshal array into Go struct field ObjectMeta.labels of type map[string]string'],
    [{ name: 'x', finalizers: [1] }, 'json: cannot unmarshal number into Go struct field ObjectMeta.finalizers of type string'],
    [{ name: 'x', ownerReferences: [{ apiVersion: 'v1', kind: 'P', name: 'a', uid: 'u', controller: 'yes' }] }, 'json: cannot unmarshal string into Go struct field OwnerReference.ownerReferences.controller of type bool'],
    [{ name: 'x', creationTimestamp: 'yesterday' }, 'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"'],
  ]
  it.each(cases)('%j makes a custom object unreadable', (metadata, because) => {
    expect(answerTo({ ...image({}), metadata })).toBe(`VirtualMachineImage in version "v1beta1" cannot be handled as a VirtualMachineImage: ${because}`)
  })

  it('is named with its path in a built-in', () => {
    expect(answerTo({ ...core('ConfigMap', {}), metadata: { name: 'x', labels: { a: 1 } } })).toBe('ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string')
  })

  it('reads a null label as empty', () => {
    expect(answerTo({ ...image({}), metadata: { name: 'x', labels: { a: null } } })).toMatchObject({ metadata: { labels: { a: '' } } })
  })
})

describe('a built-in', () => {
  const unreadable: [JsonObject, string][] = [
    [pod({ terminationGracePeriodSeconds: 'x' }), 'json: cannot unmarshal string into Go struct field PodSpec.spec.terminationGracePeriodSeconds of type int64'],
    [pod({ nodeSelector: 'x' }), 'json: cannot unmarshal string into Go struct field PodSpec.spec.nodeSelector of type map[string]string'],
    [pod({ containers: 'x' }), 'json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container'],
    [pod({ containers: [{ name: 3 }] }), 'json: cannot unmarshal number into Go struct field Container.spec.containers.name of type string'],
    [core('ConfigMap', { data: { a: 1 } }), 'json: cannot unmarshal number into Go struct field ConfigMap.data of type string'],
    [core('Secret', { data: { a: '%%' } }), 'illegal base64 data at input byte 0'],
    [core('PersistentVolumeClaim', { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: 'ten' } } } }), 'quantities must match the regular expression \'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$\''],
  ]
  it.each(unreadable)('that Go could not read is answered with 400: %j', (object, because) => {
    expect(answerTo(object)).toBe(`${String(object.kind)} in version "v1" cannot be handled as a ${String(object.kind)}: ${because}`)
  })

  it('lacks fields in the words of a custom kind', () => {
    expect(answerTo(core('Pod', { spec: {} }))).toBe('Pod "x" is invalid: spec.containers: Required value')
    expect(answerTo(core('PersistentVolumeClaim', { spec: {} }))).toBe('PersistentVolumeClaim "x" is invalid: [spec.accessModes: Required value: at least 1 access mode is required, spec.resources[storage]: Required value]')
  })

  it('is completed with upstream\'s defaults', () => {
    expect(answerTo(pod({}))).toMatchObject({ spec: { restartPolicy: 'Always', dnsPolicy: 'ClusterFirst', containers: [{ imagePullPolicy: 'IfNotPresent', resources: {} }] }, status: { phase: 'Pending' } })
    expect(answerTo(pod({ containers: [{ name: 'a', image: 'r.io:5000/b' }] }))).toMatchObject({ spec: { containers: [{ imagePullPolicy: 'Always' }] } })
    expect(answerTo({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'x' }, provisioner: 'p' })).toMatchObject({ reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' })
  })

  it('has its quantities in canonical form', () => {
    expect(answerTo(core('PersistentVolumeClaim', { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1024Mi' } } } }))).toMatchObject({ spec: { resources: { requests: { storage: '1Gi' } } } })
  })

  it('finds unknown fields in the schema of a definition', () => {
    const crd = structuredClone({ ...LISTS, apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' })
    const spec = fieldAt((fieldAt(crd, 'spec.versions') as JsonObject[])[0], 'schema.openAPIV3Schema.properties.spec')
    Object.assign(spec as JsonObject, { typo: 1 })
    expect(read(crd).strictErrors).toEqual(['unknown field "spec.versions[0].schema.openAPIV3Schema.properties.spec.typo"'])
  })
})

describe('an update', () => {
  const volume = (spec: JsonObject, more: JsonObject = {}): JsonObject => ({ apiVersion: 'longhorn.io/v1beta2', kind: 'Volume', metadata: { name: 'x' }, spec: { encrypted: false, ...spec }, ...more })

  it('does not touch the status of a kind with a status subresource', () => {
    const previous = volume({}, { status: { state: 'attached' } })
    expect(read(volume({ size: '5' }, { status: { state: 'detached' } }), { previous }).object).toMatchObject({ spec: { size: '5' }, status: { state: 'attached' } })
  })

  it('touches nothing but the status at the status door', () => {
    const previous = volume({ size: '5' }, { status: { state: 'attached' } })
    const { object } = read(volume({ size: '9' }, { metadata: { name: 'x', labels: { a: 'b' } }, status: { state: 'detached' } }), { previous, part: 'status' })
    expect(object).toEqual({ ...previous, status: { state: 'detached' } })
  })

  it('writes both where there is no status subresource', () => {
    const previous = image({}, { status: { progress: 1 } })
    expect(read(image({ url: 'u' }, { status: { progress: 2 } }), { previous }).object).toMatchObject({ spec: { url: 'u' }, status: { progress: 2, failed: 0 } })
  })

  it('drops the status of a creation', () => {
    expect(read(volume({}, { status: { state: 'attached' } })).object).not.toHaveProperty('status')
    expect(read(image({}, { status: { progress: 2 } })).object).toHaveProperty('status')
  })

  it('names paths from the status at its door', () => {
    expect(answerTo(volume({}, { status: { state: 3 } }), { previous: volume({}), part: 'status' }))
      .toBe(`Volume.longhorn.io "x" is invalid: [status.state: Invalid value: "integer": state in body must be of type string: "integer", ${unchecked}]`)
  })

  it('keeps what never changes', () => {
    expect(answerTo(volume({ encrypted: true }), { previous: volume({}) })).toBe('Volume.longhorn.io "x" is invalid: spec.encrypted: Invalid value: "boolean": Encrypted is immutable')
    expect(answerTo(volume({ encrypted: true, size: 3 }), { previous: volume({}) })).toBe(`Volume.longhorn.io "x" is invalid: [spec.size: Invalid value: "integer": spec.size in body must be of type string: "integer", ${unchecked}]`)
  })

  it('bears what was wrong before and is unchanged', () => {
    const wrong = image({ retry: 11 })
    expect(read(image({ retry: 11, url: 'u' }), { previous: wrong }).causes).toEqual([])
    expect(read(image({ retry: 12 }), { previous: wrong }).causes).toHaveLength(1)
  })
})
