import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Api } from '../../api.ts'
import type { Answer, Fields, KubeObject } from '../../api.ts'
import { contextsOf, readAccess } from '../../kubeconfig.ts'
import type { Fixture, Group, Request, Row, Told } from './row.ts'
import { NS, SHELVES } from './shelves.ts'
import type { Standing } from './standing.ts'
import { changesOf, lookAt } from './standing.ts'
import { wholeOf } from './whole.ts'
import { Words, normalise } from './words.ts'

// One group of rows on one cluster: its fixtures are made, its rows asked, its namespace taken away.

export type Answers = Readonly<Record<string, Told>>

const PATIENCE = 90_000
/** Upstream's validators read caches that may be this far behind. */
const SETTLING = 2_000

/** Longer than it takes until a VM's controller has done what it was asked for. */
const FOLLOWING = 1_500
/** Longer than it takes until another guest runs in the place of one that was cut off. */
const SETTLED = 10_000

type Person = NonNullable<Row['who']>

/** Asks a whole group on the cluster of a kubeconfig. Throws where a fixture cannot be made. */
export async function askGroup(kubeconfig: string, { name, standing, rows }: Group): Promise<Answers> {
  const contexts = contextsOf(kubeconfig)
  const as = (context: string | undefined) => new Api(readAccess(kubeconfig, context ?? ''))
  const people: Record<Person, Api> = { admin: as(contexts[0]), editor: as(contexts.find(one => one.endsWith('-editor'))), viewer: as(contexts.find(one => one.endsWith('-viewer'))) }
  const words = new Words()
  words.learn(NS, `answers-${randomBytes(3).toString('hex')}`)
  try {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: words.said(NS) } };
    (await people.admin.post('/api/v1/namespaces', namespace)).expect(201)
    for (const fixture of standing)
      await stand(people.admin, fixture, words).catch((thrown: unknown) => { throw new Error(`${name}: ${fixture.shelf} ${fixture.name}: ${String(thrown)}`) })
    await sleep(SETTLING)
    const told: Record<string, Told> = {}
    for (const row of rows) {
      const before = await lookAt(people.admin, row.asks, words)
      const answer = tell(await send(people[row.who ?? 'admin'], row.asks, words), row, words)
      told[row.says] = answer.text === undefined ? answer : { ...answer, changed: await changesSince(before, () => lookAt(people.admin, row.asks, words)) }
    }
    return told
  }
  finally {
    await clear(people.admin, standing, words)
    await Promise.all(Object.values(people).map(api => api.close()))
  }
}

async function stand(api: Api, { shelf, name, object, status, then, until, words: named }: Fixture, words: Words): Promise<void> {
  if (object)
    await eventually(`made: ${name}`, async () => (await send(api, { verb: 'create', shelf, body: { metadata: { name }, ...object }, kept: true }, words)).expect(201), 15_000)
  if (status)
    (await send(api, { verb: 'merge', shelf, name, subresource: 'status', body: { status }, kept: true }, words)).expect(200)
  const seen = await eventually(name, async () => {
    const { object: found } = (await send(api, { verb: 'get', shelf, name }, words)).expect(200)
    return !until || until(found) ? found : Promise.reject(new Error(JSON.stringify(found)))
  }, PATIENCE)
  for (const [word, valueOf] of Object.entries(named ?? {}))
    words.learn(word, String(valueOf(seen)))
  const followed = then && await send(api, { ...then, kept: true }, words)
  if (followed && followed.status > 202)
    throw new Error(`${then.verb} ${then.subresource ?? ''}: ${followed.text}`)
}

async function eventually<T>(what: string, attempt: () => Promise<T>, patience: number): Promise<T> {
  const deadline = Date.now() + patience
  for (;;) {
    try {
      return await attempt()
    }
    catch (thrown) {
      if (Date.now() > deadline)
        throw new Error(`not so within ${patience / 1000} s: ${what}: ${String(thrown)}`, { cause: thrown })
      await sleep(200)
    }
  }
}

/** What is another way once it would be seen; where anything is, once all that follows from it has come. */
async function changesSince(before: Standing, look: () => Promise<Standing>): Promise<string[]> {
  await sleep(FOLLOWING)
  if (changesOf(before, await look()).length === 0)
    return []
  await sleep(SETTLED)
  return changesOf(before, await look())
}

function send(api: Api, { verb, shelf, name, subresource, body, query, kept, accept = '*/*' }: Request, words: Words): Promise<Answer> {
  const { path, apiVersion, kind } = SHELVES[shelf]
  const parameters = [query, !kept && verb !== 'get' && !subresource ? 'dryRun=All' : ''].filter(Boolean).join('&')
  const at = words.said([path, name, subresource].filter(Boolean).join('/')) + (parameters ? `?${parameters}` : '')
  const sent = body && (JSON.parse(words.said(JSON.stringify(verb === 'create' ? { apiVersion, kind, ...body } : body))) as unknown)
  const type = { merge: 'merge-patch+json', json: 'json-patch+json', strategic: 'strategic-merge-patch+json' }[verb as string]
  const method = ({ get: 'GET', create: 'POST', put: 'PUT', delete: 'DELETE' } as const)[verb as 'get'] ?? 'PATCH'
  return api.send(method, at, sent, { accept, ...(type ? { 'content-type': `application/${type}` } : {}) })
}

function tell(answer: Answer, row: Row, words: Words): Told {
  const { status: code, warnings } = answer
  const common = { code, ...(warnings.length ? { warnings: warnings.map(warning => normalise(words.heard(warning))) } : {}) }
  const said = words.heard(answer.text)
  if (code < 400) {
    const object = said ? (JSON.parse(said) as KubeObject) : undefined
    if (!object)
      return { ...common, text: '' }
    const sent = words.heard(JSON.stringify(row.asks.body ?? {}))
    const shown = (value: unknown) => tidy(value, text => normalise(text, sent))
    const { only, shows = [] } = row
    const paths = only ?? shows
    return {
      ...common,
      ...(only ? {} : { object: shown(wholeOf(object)) as Fields }),
      ...(paths.length ? { shows: Object.fromEntries(paths.map(path => [path, shown(at(object, path))])) } : {}),
    }
  }
  if (!String(answer.headers['content-type']).includes('json'))
    return { ...common, message: normalise(said) }
  const { reason, message, details } = JSON.parse(said) as Answer['failure']
  const causes = details?.causes?.map(({ reason, message, field }) => ({ ...(reason ? { reason } : {}), ...(message ? { message: normalise(message) } : {}), ...(field ? { field } : {}) }))
  return { ...common, ...(reason ? { reason } : {}), message: normalise(message), ...(causes?.length ? { causes } : {}) }
}

/** The value at a path such as `metadata.labels."harvesterhci.io/os"`. */
function at(object: unknown, path: string): unknown {
  const steps = [...path.matchAll(/"([^"]+)"|([^."]+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
  return steps.reduce<unknown>((value, step) => value && typeof value === 'object' ? (value as Record<string, unknown>)[step] : undefined, object)
}

/** The same value, its fields in the order of the alphabet, its texts and names as they are told. */
function tidy(value: unknown, told: (text: string) => string): unknown {
  if (typeof value === 'string')
    return told(value)
  if (Array.isArray(value))
    return value.map(inner => tidy(inner, told))
  if (value === null || typeof value !== 'object')
    return value ?? null
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => one < other ? -1 : 1).map(([name, inner]) => [told(name), tidy(inner, told)]))
}

/** Takes away what was made, the last first. What a webhook holds back is let go by the end of what it is held for. */
async function clear(admin: Api, standing: readonly Fixture[], words: Words): Promise<void> {
  for (const { shelf, name } of [...standing].reverse().filter(({ object }) => object))
    await send(admin, { verb: 'delete', shelf, name, kept: true }, words)
  await admin.delete(`/api/v1/namespaces/${words.said(NS)}`)
}
