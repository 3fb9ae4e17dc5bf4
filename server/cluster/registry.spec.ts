import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { crdOf, defaultCrd, establishedStatus, servedVersions } from './crd.ts'
import type { JsonObject } from './json.ts'
import { BUILT_IN_KINDS } from './kinds/builtIn.ts'
import { CUSTOM_RESOURCE_DEFINITIONS } from './kinds/custom.ts'
import { shape, text } from './kinds/shapes.ts'
import { KindRegistry } from './registry.ts'
import { admit } from './schema.ts'

const definition = (more: JsonObject = {}, version: JsonObject = {}): JsonObject => ({
  apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'boxes.test.io' },
  spec: {
    group: 'test.io', scope: 'Namespaced', names: { plural: 'boxes', kind: 'Box', singular: 'box', listKind: 'BoxList', shortNames: ['bx'] },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } }, ...version }],
    ...more,
  },
})

describe('the registry', () => {
  it('serves built-ins from the start', () => {
    const registry = new KindRegistry()
    expect(registry.all()).toHaveLength(BUILT_IN_KINDS.length)
    expect(registry.find('', 'v1', 'pods')).toMatchObject({ kind: 'Pod', namespaced: true, builtIn: true, hasStatus: true })
    expect(registry.byKind('storage.k8s.io/v1', 'StorageClass')).toMatchObject({ plural: 'storageclasses', namespaced: false, hasStatus: false })
  })

  it('serves a definition from when it is added until it is removed', () => {
    const registry = new KindRegistry()
    const before = registry.generation
    registry.addCrd(definition())
    expect(registry.find('test.io', 'v1', 'boxes')).toMatchObject({ kind: 'Box', shortNames: ['bx'], hasStatus: false, builtIn: false })
    expect(registry.generation).toBeGreaterThan(before)
    registry.removeCrd('boxes.test.io')
    expect(registry.find('test.io', 'v1', 'boxes')).toBeUndefined()
  })

  it('replaces what a definition of the same name served', () => {
    const registry = new KindRegistry()
    registry.addCrd(definition())
    registry.addCrd(definition({}, { name: 'v2', subresources: { status: {} } }))
    expect(registry.versionsOf('test.io', 'boxes')).toMatchObject([{ version: 'v2', hasStatus: true }])
  })

  it('puts the stored version first, and leaves out what is not served', () => {
    const versions = [['v1beta1', true, false], ['v1', true, true], ['v0', false, false]].map(([name, served, storage]) => ({ name, served, storage, schema: { openAPIV3Schema: { type: 'object' } } })) as JsonObject[]
    expect(servedVersions(definition({ versions })).map(kind => kind.version)).toEqual(['v1', 'v1beta1'])
  })

  it('tells of deprecated versions', () => {
    const registry = new KindRegistry()
    for (const crd of CUSTOM_RESOURCE_DEFINITIONS) registry.addCrd(crd)
    expect(registry.find('kubevirt.io', 'v1alpha3', 'virtualmachines')?.deprecation).toBe('kubevirt.io/v1alpha3 is now deprecated and will be removed in a future release.')
    expect(registry.find('kubevirt.io', 'v1', 'virtualmachines')?.deprecation).toBeUndefined()
  })

  it('reads selectable fields and printer columns, with the age where there are none', () => {
    const [kind] = servedVersions(definition({}, { selectableFields: [{ jsonPath: '.spec.color' }] }))
    expect(kind).toMatchObject({ selectableFields: ['spec.color'], printerColumns: [{ name: 'Age', type: 'date' }] })
  })
})

describe('a definition', () => {
  const wrong: [string, JsonObject, string[]][] = [
    ['of a name that does not fit', { ...definition(), metadata: { name: 'box' } }, ['metadata.name: Invalid value: "box": must be spec.names.plural+"."+spec.group']],
    ['of an unknown scope', definition({ scope: 'Everywhere' }), ['spec.scope: Unsupported value: "Everywhere": supported values: "Cluster", "Namespaced"']],
    ['that stores no version', definition({}, { storage: false }), [
      expect.stringMatching(/^spec.versions: Invalid value: .*: must have exactly one version marked as storage version$/) as string,
      'status.storedVersions: Invalid value: null: must have at least one stored version',
    ]],
    ['without a schema', definition({}, { schema: {} }), ['spec.versions[0].schema.openAPIV3Schema: Required value']],
    ['whose schema leaves out a type', definition({}, { schema: { openAPIV3Schema: { type: 'object', properties: { a: {} } } } }), ['spec.validation.openAPIV3Schema.properties[a].type: Required value: must not be empty for specified object fields']],
    ['whose column has no known type', definition({}, { additionalPrinterColumns: [{ name: 'A', type: 'money', jsonPath: '.a' }] }), ['spec.versions[0].additionalPrinterColumns[0].type: Invalid value: "money": must be one of boolean,date,integer,number,string']],
    ['of a protected group', { ...definition({ group: 'x.k8s.io' }), metadata: { name: 'boxes.x.k8s.io' } }, ['metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111']],
    ['of nothing', { ...definition(), metadata: { name: 'x' }, spec: {} }, [
      'metadata.name: Invalid value: "x": must be spec.names.plural+"."+spec.group', 'spec.group: Required value', 'spec.scope: Required value',
      'spec.versions: Invalid value: null: must have exactly one version marked as storage version', 'spec.names.plural: Required value', 'spec.names.singular: Required value',
      'spec.names.kind: Required value', 'spec.names.listKind: Required value', 'status.storedVersions: Invalid value: null: must have at least one stored version',
    ]],
  ]
  it.each(wrong)('%s is refused', (_, crd, texts) => {
    expect(new KindRegistry().checkCrd(crd).map(({ field, message }) => `${field}: ${message}`)).toEqual(texts)
  })

  it('gets its other names and its status', () => {
    const bare = definition({ names: { plural: 'boxes', kind: 'Box' } })
    expect(defaultCrd(bare)).toMatchObject({ spec: { conversion: { strategy: 'None' }, names: { plural: 'boxes', kind: 'Box', singular: 'box', listKind: 'BoxList' } } })
    expect(establishedStatus(defaultCrd(bare), '2026-01-01T00:00:00Z')).toMatchObject({ storedVersions: ['v1'], acceptedNames: { listKind: 'BoxList' }, conditions: [{ type: 'NamesAccepted', status: 'True' }, { type: 'Established', status: 'True' }] })
  })

  it('is written with required fields marked', () => {
    const crd = crdOf({ group: 'test.io', kind: 'Box', plural: 'boxes', versions: ['v1', 'v1beta1'], status: true, schema: shape('A box.', { 'spec!': shape('', { 'name!': text('Name.'), 'note': text('') }) }) })
    expect(servedVersions(crd)).toMatchObject([
      { version: 'v1', storage: true, hasStatus: true, schema: { description: 'A box.', required: ['spec'], properties: { spec: { required: ['name'], properties: { name: { description: 'Name.' }, note: { type: 'string' } } } } } },
      { version: 'v1beta1', storage: false },
    ])
  })
})

describe('our definitions', () => {
  it.each(CUSTOM_RESOURCE_DEFINITIONS.map(crd => [(crd.metadata as JsonObject).name as string, crd] as const))('%s could be served', (_, crd) => {
    const registry = new KindRegistry()
    const kind = registry.find('apiextensions.k8s.io', 'v1', 'customresourcedefinitions') ?? expect.fail('no definitions')
    expect(registry.checkCrd(crd)).toEqual([])
    expect(admit(kind, crd, { fieldValidation: 'Strict', part: 'object' })).toMatchObject({ causes: [], strictErrors: [] })
  })
})

const nameOf = (crd: JsonObject) => (crd.metadata as JsonObject).name as string

// The shelf beside a developer's checkout holds upstream's definitions and samples; they are no part of this repository.
const SHELF = '../shared'

describe.skipIf(!existsSync(`${SHELF}/crds`))('beside upstream\'s definitions', () => {
  const readYaml = (file: string) => parse(readFileSync(`${SHELF}/crds/${file}`, 'utf8')) as JsonObject
  const files = existsSync(`${SHELF}/crds`) ? readdirSync(`${SHELF}/crds`).filter(file => file.endsWith('.yaml')) : []

  const envelope = (crd: JsonObject) => servedVersions(defaultCrd(crd)).map(({ schema, printerColumns, deprecation, ...names }) => {
    void schema
    return { ...names, deprecated: deprecation !== undefined, columns: printerColumns.map(({ name, type, jsonPath, priority = 0 }) => ({ name, type, jsonPath, priority })) }
  })

  const theirs = new Map(files.map(readYaml).map(crd => [nameOf(crd), crd]))

  it.each(CUSTOM_RESOURCE_DEFINITIONS.map(crd => [nameOf(crd), crd] as const).filter(([name]) => theirs.has(name)))('%s has the same names, versions, scope, columns and subresources', (name, ours) => {
    expect(envelope(ours)).toEqual(envelope(theirs.get(name) ?? expect.fail('not there')))
  })

  it('has most of those that we serve', () => {
    expect(CUSTOM_RESOURCE_DEFINITIONS.filter(crd => theirs.has(nameOf(crd))).length).toBeGreaterThan(25)
  })

  it('loses nothing of upstream\'s samples', () => {
    const registry = new KindRegistry()
    for (const crd of CUSTOM_RESOURCE_DEFINITIONS) registry.addCrd(crd)
    const samples = readdirSync(`${SHELF}/samples`).filter(file => /^(kubevirt|cdi|virtualmachine).*\.yaml$/.test(file) && !/fragment|partial/.test(file))
      .flatMap(file => parseAllDocuments(readFileSync(`${SHELF}/samples/${file}`, 'utf8')).map(document => [file, document.toJSON() as JsonObject | null] as const))
    const lost = samples.flatMap(([file, object]) => {
      const kind = object && registry.byKind(String(object.apiVersion), String(object.kind))
      return kind ? admit(kind, object, { fieldValidation: 'Strict', part: 'object' }).strictErrors.map(error => `${file}: ${error}`) : []
    })
    expect(lost).toEqual([])
    expect(samples.length).toBeGreaterThan(20)
  })
})
