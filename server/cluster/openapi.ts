import { createHash } from 'node:crypto'
import type { Answer } from './discovery.ts'
import { groupsOf } from './discovery.ts'
import type { KindVersion } from './kind.ts'
import { groupDocument } from './openapiDocument.ts'
import type { KindRegistry } from './registry.ts'

interface Document { readonly body: string, readonly hash: string }

const PROTOBUF = 'application/com.github.proto-openapi.spec'
const kept = new WeakMap<KindRegistry, { readonly generation: number, readonly documents: Map<string, Document> }>()

/** Answers `/openapi/v3`, `/openapi/v3/…` and `/openapi/v2`; undefined for any other path. Protobuf is not spoken: 406. */
export function openApiAnswer(registry: KindRegistry, path: string, accept: string, query: URLSearchParams): Answer | undefined {
  if (path === '/openapi/v3') return sendJson(JSON.stringify({ paths: Object.fromEntries([...documentsOf(registry)].map(([name, { hash }]) => [name, { serverRelativeURL: `/openapi/v3/${name}?hash=${hash}` }])) }))
  if (path === '/openapi/v2') return speaksJson(accept) ? sendJson(JSON.stringify(wholeDocument(registry))) : notAcceptable()
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

/** Swagger 2.0 of everything: the same schemas under their older place. */
function wholeDocument(registry: KindRegistry): object {
  const { paths, components } = groupDocument(registry.all() as KindVersion[]) as { paths: object, components: { schemas: object } }
  const text = JSON.stringify({ swagger: '2.0', info: { title: 'Kubernetes', version: 'v1.34.2' }, paths, definitions: components.schemas })
  return JSON.parse(text.replaceAll('#/components/schemas/', '#/definitions/')) as object
}

function speaksJson(accept: string): boolean {
  return accept === '' || accept.split(',').some(range => !range.trim().startsWith(PROTOBUF))
}

function sendJson(body: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status: 200, headers: { 'Content-Type': 'application/json', ...headers }, body }
}

function notAcceptable(): Answer {
  return { status: 406, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: 'only application/json is spoken here\n' }
}
