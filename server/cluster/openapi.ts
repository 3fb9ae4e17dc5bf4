import { createHash } from 'node:crypto'
import type { Answer } from './discovery.ts'
import { groupsOf } from './discovery.ts'
import type { Json } from './openapiDocument.ts'
import { groupDocument, INFO } from './openapiDocument.ts'
import { encodeDefinitions, toDefinitions } from './openapiV2.ts'
import type { KindRegistry } from './registry.ts'

interface Document { readonly body: string, readonly hash: string }

const PROTOBUF_V2 = 'application/com.github.proto-openapi.spec.v2'
const PROTOBUF_V3 = 'application/com.github.proto-openapi.spec.v3'
const kept = new WeakMap<KindRegistry, { readonly generation: number, readonly documents: Map<string, Document> }>()

/** Answers `/openapi/v3` and `/openapi/v3/…` in JSON, `/openapi/v2` in JSON or protobuf; undefined for any other path. */
export function openApiAnswer(registry: KindRegistry, path: string, accept: string, query: URLSearchParams): Answer | Answer<Uint8Array> | undefined {
  if (path === '/openapi/v3') return sendJson(JSON.stringify({ paths: Object.fromEntries([...documentsOf(registry)].map(([name, { hash }]) => [name, { serverRelativeURL: `/openapi/v3/${name}?hash=${hash}` }])) }))
  if (path === '/openapi/v2') return wholeAnswer(registry, accept)
  const name = path.startsWith('/openapi/v3/') ? path.slice('/openapi/v3/'.length) : undefined
  const document = name === undefined ? undefined : documentsOf(registry).get(name)
  return document && name ? documentAnswer(name, document, accept, query.get('hash')) : undefined
}

function documentAnswer(name: string, { body, hash }: Document, accept: string, asked: string | null): Answer {
  if (!speaksJson(accept)) return notAcceptable()
  if (asked !== null && asked !== hash) return { status: 301, headers: { Location: `/openapi/v3/${name}?hash=${hash}` }, body: '' }
  const caching: Readonly<Record<string, string>> = asked === null ? {} : { 'Cache-Control': 'public, immutable' }
  return sendJson(body, { ETag: `"${hash}"`, Vary: 'Accept', ...caching })
}

/** One document per group and version, made again only when the kinds have changed. */
function documentsOf(registry: KindRegistry): Map<string, Document> {
  const known = kept.get(registry)
  if (known?.generation === registry.generation) return known.documents
  const documents = new Map(groupsOf(registry).flatMap(({ name, versions }) => versions.map((version): [string, Document] => {
    const kinds = registry.all().filter(kind => kind.group === name && kind.version === version)
    const body = JSON.stringify(groupDocument(kinds))
    return [name ? `apis/${name}/${version}` : `api/${version}`, { body, hash: createHash('sha512').update(body).digest('hex').toUpperCase() }]
  })))
  kept.set(registry, { generation: registry.generation, documents })
  return documents
}

/** The schemas of everything, in version 2.0. */
function wholeAnswer(registry: KindRegistry, accept: string): Answer | Answer<Uint8Array> {
  const { components } = groupDocument(registry.all()) as { components: { schemas: Json } }
  const definitions = toDefinitions(components.schemas)
  if (!accept.includes(PROTOBUF_V2)) return sendJson(JSON.stringify({ swagger: '2.0', info: INFO, paths: {}, definitions }))
  return { status: 200, headers: { 'Content-Type': `${PROTOBUF_V2}.v1.0+protobuf` }, body: encodeDefinitions(INFO.title, INFO.version, definitions) }
}

function speaksJson(accept: string): boolean {
  return accept === '' || accept.split(',').some(range => !range.trim().startsWith(PROTOBUF_V3))
}

function sendJson(body: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status: 200, headers: { 'Content-Type': 'application/json', ...headers }, body }
}

function notAcceptable(): Answer {
  return { status: 406, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: 'only application/json is spoken here\n' }
}
