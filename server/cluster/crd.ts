import type { JsonObject, JsonValue } from './json.ts'
import { isObject } from './json.ts'
import type { KindVersion, PrinterColumn, Schema } from './kind.ts'
import type { KindDefinition } from './kinds/shapes.ts'

const ALL_VERBS = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch']
const AGE: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }

/** The CustomResourceDefinition object of a kind written as data, ready to create. */
export function crdOf(definition: KindDefinition): JsonObject {
  const { group, kind, plural, singular = kind.toLowerCase(), shortNames = [], categories = [], cluster = false, annotations } = definition
  const crd = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, ...(annotations ? { annotations } : {}) },
    spec: {
      group,
      scope: cluster ? 'Cluster' : 'Namespaced',
      names: { kind, listKind: `${kind}List`, plural, singular, ...(shortNames.length > 0 ? { shortNames } : {}), ...(categories.length > 0 ? { categories } : {}) },
      conversion: { strategy: 'None' },
      versions: definition.versions.map((version, index) => ({
        name: version,
        served: true,
        storage: index === 0,
        ...(index > 0 ? { deprecated: true, deprecationWarning: `${group}/${version} is now deprecated and will be removed in a future release.` } : {}),
        ...(definition.columns ? { additionalPrinterColumns: definition.columns } : {}),
        ...(definition.status ? { subresources: { status: {} } } : {}),
        schema: { openAPIV3Schema: definition.schema },
      })),
    },
  }
  return structuredClone(crd) as unknown as JsonObject
}

/** The served versions of a built-in kind. */
export function builtInVersions(definition: KindDefinition): KindVersion[] {
  const { group, kind, plural, singular = kind.toLowerCase(), shortNames = [], categories = [], cluster = false } = definition
  return definition.versions.map((version, index) => ({
    group, version, kind, plural, singular, shortNames, categories,
    listKind: `${kind}List`,
    namespaced: !cluster,
    storage: index === 0,
    hasStatus: definition.status ?? false,
    schema: definition.schema,
    printerColumns: definition.columns ?? [AGE],
    selectableFields: definition.selectableFields ?? [],
    builtIn: true,
    verbs: definition.verbs ?? ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    subresources: definition.subresources ?? [],
  }))
}

/** The served versions of a CustomResourceDefinition, the stored one first. */
export function servedVersions(crd: JsonObject): KindVersion[] {
  const spec = objectAt(crd, 'spec')
  const names = objectAt(spec, 'names')
  const kind = textAt(names, 'kind')
  return objects(spec.versions)
    .filter(version => version.served === true)
    .map((version): KindVersion => ({
      group: textAt(spec, 'group'),
      version: textAt(version, 'name'),
      kind,
      listKind: textAt(names, 'listKind') || `${kind}List`,
      plural: textAt(names, 'plural'),
      singular: textAt(names, 'singular') || kind.toLowerCase(),
      shortNames: strings(names.shortNames),
      categories: strings(names.categories),
      namespaced: spec.scope !== 'Cluster',
      storage: version.storage === true,
      hasStatus: isObject(objectAt(version, 'subresources').status),
      schema: objectAt(objectAt(version, 'schema'), 'openAPIV3Schema') as Schema,
      printerColumns: printerColumns(version),
      selectableFields: objects(version.selectableFields).map(field => textAt(field, 'jsonPath').replace(/^\./, '')),
      builtIn: false,
      verbs: ALL_VERBS,
      ...(version.deprecated === true ? { deprecation: textAt(version, 'deprecationWarning') || defaultDeprecation(spec, textAt(version, 'name'), kind) } : {}),
    }))
    .sort((a, b) => Number(b.storage) - Number(a.storage))
}

/** Where a version stands: v2 before v1 before v1beta1 before v1alpha1 (apimachinery util/version, kube-aware order). */
function rank(version: string): number {
  const found = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
  if (!found) return -1
  const stage = found[2] === undefined ? 2 : found[2] === 'beta' ? 1 : 0
  return stage * 1e6 + Number(found[1]) * 1e3 + Number(found[3] ?? 0)
}

function defaultDeprecation(spec: JsonObject, version: string, kind: string): string {
  const group = textAt(spec, 'group')
  const [better] = objects(spec.versions)
    .filter(other => other.served === true && other.deprecated !== true && rank(textAt(other, 'name')) > rank(version))
    .map(other => textAt(other, 'name'))
    .sort((a, b) => rank(b) - rank(a))
  return `${group}/${version} ${kind} is deprecated${better === undefined ? '' : `; use ${group}/${better} ${kind}`}`
}

/** A CustomResourceDefinition with upstream's defaults filled in: singular, list kind, conversion (apiextensions v1 defaults.go). */
export function defaultCrd(crd: JsonObject): JsonObject {
  const spec = objectAt(crd, 'spec')
  const names = objectAt(spec, 'names')
  const kind = textAt(names, 'kind')
  const defaults: JsonObject = kind ? { singular: kind.toLowerCase(), listKind: `${kind}List` } : {}
  return { ...crd, spec: { conversion: { strategy: 'None' }, ...spec, names: { ...defaults, ...names } } }
}

/** The status of a CustomResourceDefinition whose names are accepted and that is served. `now` is an RFC 3339 time. */
export function establishedStatus(crd: JsonObject, now: string): JsonObject {
  const spec = objectAt(crd, 'spec')
  const stored = objects(spec.versions).filter(version => version.storage === true).map(version => textAt(version, 'name'))
  const before = strings(objectAt(crd, 'status').storedVersions)
  return {
    conditions: [
      { lastTransitionTime: now, message: 'no conflicts found', reason: 'NoConflicts', status: 'True', type: 'NamesAccepted' },
      { lastTransitionTime: now, message: 'the initial names have been accepted', reason: 'InitialNamesAccepted', status: 'True', type: 'Established' },
    ],
    acceptedNames: objectAt(spec, 'names'),
    storedVersions: [...new Set([...before, ...stored])],
  }
}

function printerColumns(version: JsonObject): PrinterColumn[] {
  const columns = objects(version.additionalPrinterColumns)
  return columns.length > 0 ? columns as unknown as PrinterColumn[] : [AGE]
}

function objectAt(object: JsonObject, field: string): JsonObject {
  const value = object[field]
  return isObject(value) ? value : {}
}

function textAt(object: JsonObject, field: string): string {
  const value = object[field]
  return typeof value === 'string' ? value : ''
}

function objects(value: JsonValue | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function strings(value: JsonValue | undefined): string[] {
  return Array.isArray(value) ? value.filter(item => typeof item === 'string') : []
}
