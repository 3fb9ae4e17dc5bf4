import type { KindVersion, Schema } from './kind.ts'
import { API_VERSION, KIND, LIST_META, METADATA_TEXT, OBJECT_META } from './kinds/meta.ts'

// OpenAPI v3 of one group and version, as far as kubectl reads it: `explain` finds a kind by its path and its schema by
// `x-kubernetes-group-version-kind`; `create` and `apply` look for the parameter `fieldValidation`. Strategic merge patches are
// not named: kubectl then computes them from its own Go types, which know more fields than the schemas here.

export type Json = Readonly<Record<string, unknown>>

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const BUILT_IN_PACKAGES: Readonly<Record<string, string>> = { '': 'core', 'apiextensions.k8s.io': 'apiextensions' }

export const INFO = { title: 'Kubernetes', version: 'v1.34.2' }

const ref = (name: string): Json => ({ $ref: `#/components/schemas/${name}` })

/** The document of one group and version; `kinds` are those that it serves. */
export function groupDocument(kinds: readonly KindVersion[]): Json {
  return {
    openapi: '3.0.0',
    info: INFO,
    paths: Object.fromEntries(kinds.flatMap(pathsOf)),
    components: { schemas: { ...Object.fromEntries(kinds.flatMap(schemasOf)), ...metaSchemas() } },
  }
}

/** The name of a kind's schema: the group backwards, or the Go package of a built-in. */
function schemaName(kind: KindVersion): string {
  if (!kind.builtIn) return [...kind.group.split('.').reverse(), kind.version, kind.kind].join('.')
  const base = kind.group === 'apiextensions.k8s.io' ? 'io.k8s.apiextensions-apiserver.pkg.apis' : 'io.k8s.api'
  return `${base}.${BUILT_IN_PACKAGES[kind.group] ?? kind.group.split('.')[0]}.${kind.version}.${kind.kind}`
}

function gvk({ group, version, kind }: KindVersion): Json {
  return { group, kind, version }
}

function schemasOf(kind: KindVersion): [string, Json][] {
  const { group, version } = kind
  const meta = (name: string) => ({ description: METADATA_TEXT, allOf: [ref(`${META}.${name}`)] })
  const name = schemaName(kind)
  const object = {
    ...kind.schema,
    'type': 'object',
    'properties': { apiVersion: API_VERSION, kind: KIND, metadata: meta('ObjectMeta'), ...withoutTypeMeta(kind.schema.properties) },
    'x-kubernetes-group-version-kind': [gvk(kind)],
  }
  const list = {
    'description': `${kind.listKind} is a list of ${kind.kind}`,
    'type': 'object',
    'required': ['items'],
    'properties': { apiVersion: API_VERSION, items: { type: 'array', items: ref(name) }, kind: KIND, metadata: meta('ListMeta') },
    'x-kubernetes-group-version-kind': [{ group, kind: kind.listKind, version }],
  }
  return [[name, object], ...(kind.verbs.includes('list') ? [[name.replace(/[^.]+$/, kind.listKind), list] as [string, Json]] : [])]
}

function withoutTypeMeta(properties: Schema['properties'] = {}): Json {
  const { apiVersion, kind, metadata, ...rest } = properties
  void apiVersion
  void kind
  void metadata
  return rest
}

function metaSchemas(): Json {
  const { ownerReferences, managedFields } = OBJECT_META.properties ?? {}
  const entry = managedFields?.items
  const listOf = (list: Schema | undefined, name: string) => ({ ...list, items: { default: {}, allOf: [ref(`${META}.${name}`)] } })
  return {
    [`${META}.ObjectMeta`]: { ...OBJECT_META, properties: { ...OBJECT_META.properties, ownerReferences: listOf(ownerReferences, 'OwnerReference'), managedFields: listOf(managedFields, 'ManagedFieldsEntry') } },
    [`${META}.OwnerReference`]: ownerReferences?.items,
    [`${META}.ManagedFieldsEntry`]: { ...entry, properties: { ...entry?.properties, fieldsV1: { allOf: [ref(`${META}.FieldsV1`)] } } },
    [`${META}.FieldsV1`]: entry?.properties?.fieldsV1,
    [`${META}.ListMeta`]: LIST_META,
    [`${META}.Status`]: { type: 'object', description: 'What became of a request.' },
    [`${META}.Patch`]: { type: 'object', description: 'A patch.' },
    [`${META}.DeleteOptions`]: { type: 'object', description: 'How to delete.' },
  }
}

const query = (name: string, description: string, type = 'string'): Json => ({ name, in: 'query', description, schema: { type, uniqueItems: true } })
const inPath = (name: string): Json => ({ name, in: 'path', required: true, schema: { type: 'string', uniqueItems: true } })

const DRY_RUN = query('dryRun', 'All: go through everything and store nothing.')
const WRITE = [DRY_RUN, query('fieldManager', 'Who writes.'), query('fieldValidation', 'What to do with unknown fields: Ignore, Warn or Strict.')]
const DELETE = [DRY_RUN, query('gracePeriodSeconds', 'Seconds that it has to end.', 'integer'), query('propagationPolicy', 'What becomes of what it owns: Orphan, Background or Foreground.')]
const LIST = [
  query('labelSelector', 'Labels to choose by.'), query('fieldSelector', 'Fields to choose by.'), query('limit', 'Most items of a page.', 'integer'), query('continue', 'Where the page begins.'),
  query('resourceVersion', 'How new the answer must be.'), query('resourceVersionMatch', 'How to read resourceVersion.'), query('watch', 'Follow changes.', 'boolean'),
  query('allowWatchBookmarks', 'Send bookmarks.', 'boolean'), query('sendInitialEvents', 'Begin a watch with what is there.', 'boolean'), query('timeoutSeconds', 'End after that time.', 'integer'),
]

interface Method { readonly verb: string, readonly action: string, readonly parameters: readonly Json[], readonly body?: 'object' | 'patch' | 'options' }

const ON_COLLECTION: Readonly<Record<string, Method>> = {
  get: { verb: 'list', action: 'list', parameters: LIST },
  post: { verb: 'create', action: 'post', parameters: WRITE, body: 'object' },
  delete: { verb: 'deletecollection', action: 'deletecollection', parameters: [...LIST, ...DELETE], body: 'options' },
}
const ON_OBJECT: Readonly<Record<string, Method>> = {
  get: { verb: 'get', action: 'get', parameters: [] },
  put: { verb: 'update', action: 'put', parameters: WRITE, body: 'object' },
  patch: { verb: 'patch', action: 'patch', parameters: [...WRITE, query('force', 'Unused.', 'boolean')], body: 'patch' },
  delete: { verb: 'delete', action: 'delete', parameters: DELETE, body: 'options' },
}

function pathsOf(kind: KindVersion): [string, Json][] {
  const root = kind.group ? `/apis/${kind.group}/${kind.version}` : `/api/${kind.version}`
  const collection = kind.namespaced ? `${root}/namespaces/{namespace}/${kind.plural}` : `${root}/${kind.plural}`
  const object = `${collection}/{name}`
  const place = kind.namespaced ? [inPath('namespace')] : []
  const paths: [string, Json][] = [
    ...(kind.namespaced ? [[`${root}/${kind.plural}`, operations(kind, pick(ON_COLLECTION, 'get'), [])] as [string, Json]] : []),
    [collection, operations(kind, ON_COLLECTION, place)],
    [object, operations(kind, ON_OBJECT, [inPath('name'), ...place])],
    ...(kind.hasStatus ? [[`${object}/status`, operations(kind, pick(ON_OBJECT, 'get', 'put', 'patch'), [inPath('name'), ...place])] as [string, Json]] : []),
  ]
  return paths.filter(([, methods]) => Object.keys(methods).length > 1)
}

function pick(methods: Readonly<Record<string, Method>>, ...names: string[]): Readonly<Record<string, Method>> {
  return Object.fromEntries(Object.entries(methods).filter(([name]) => names.includes(name)))
}

function operations(kind: KindVersion, methods: Readonly<Record<string, Method>>, parameters: readonly Json[]): Json {
  const served = Object.entries(methods).filter(([, { verb }]) => kind.verbs.includes(verb))
  return { ...Object.fromEntries(served.map(([name, method]) => [name, operation(kind, method)])), parameters }
}

function operation(kind: KindVersion, { action, parameters, body }: Method): Json {
  const name = schemaName(kind)
  const content = body && { object: json(ref(name)), options: json(ref(`${META}.DeleteOptions`)), patch: patchContent() }[body]
  return {
    parameters,
    ...(content ? { requestBody: { content } } : {}),
    'responses': { 200: { description: 'OK', content: json(ref(action === 'list' ? name.replace(/[^.]+$/, kind.listKind) : name)) } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvk(kind),
  }
}

function json(schema: Json): Json {
  return { 'application/json': { schema } }
}

function patchContent(): Json {
  const schema = ref(`${META}.Patch`)
  return { 'application/json-patch+json': { schema }, 'application/merge-patch+json': { schema } }
}
