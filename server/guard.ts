import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { recognizeChecksum } from '../pkg/images/checksum.ts'
import type { ExpectedChecksum, GuardRefusal, ImagePlace, ProbeReport } from '../pkg/images/probe.ts'
import type { Mirror } from './addressRules.ts'
import type { Cluster } from './kubeconfig.ts'
import { createOutbound } from './outbound.ts'
import type { OutboundOptions } from './outbound.ts'
import { createPermissions } from './permission.ts'
import { probe } from './probe.ts'
import { createReads, READ_LIMITS } from './reads.ts'
import type { ReadLimits } from './reads.ts'
import type { Sessions } from './session.ts'
import { statusOf } from './status.ts'
import type { Status } from './status.ts'
import { readTarget } from './targetRules.ts'

/** What the configuration and the environment say of the world outside. */
export interface GuardOptions extends Pick<OutboundOptions, 'proxyFor' | 'resolve' | 'connectTimeout'> {
  readonly mirrors: readonly Mirror[]
  readonly limits?: Partial<ReadLimits>
}

interface GuardSurroundings extends GuardOptions {
  readonly clusters: () => readonly Cluster[]
  readonly sessions: Sessions | undefined
}

const PROBE_PATIENCE = 40_000
const PROBES_PER_SESSION = 4
const PROBES_IN_ALL = 12
const LONGEST_BODY = 16 * 1024
/** RFC 1123 label, as Kubernetes names namespaces. An empty one would ask about all of them. */
const NAMESPACE = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** A refusal as the page reads it: the first cause's reason is the code, `name` the host or object it is about. */
class Refusal extends Error {
  readonly status: Status
  constructor(code: number, reason: GuardRefusal, message: string, { name = '', field }: { name?: string, field?: string } = {}) {
    super(message)
    this.status = statusOf(code, message, { kind: 'guard', name, causes: [{ reason, message, ...field !== undefined && { field } }] })
  }
}

function fieldsOf(body: unknown): Readonly<Record<string, unknown>> {
  return typeof body === 'object' && body !== null ? body as Record<string, unknown> : {}
}

function textOf(fields: Readonly<Record<string, unknown>>, field: string): string {
  const value = fields[field]
  if (typeof value !== 'string' || value === '')
    throw new Refusal(400, 'bad-request', `${field} is missing`, { field })
  return value
}

function placeOf(fields: Readonly<Record<string, unknown>>): ImagePlace {
  const namespace = textOf(fields, 'namespace')
  if (!NAMESPACE.test(namespace))
    throw new Refusal(400, 'bad-request', 'namespace is not the name of a namespace', { field: 'namespace' })
  return { cluster: textOf(fields, 'cluster'), namespace }
}

function expectedOf({ expected }: Readonly<Record<string, unknown>>): ExpectedChecksum | undefined {
  if (expected === undefined)
    return undefined
  const fields = fieldsOf(expected)
  const digest = textOf(fields, 'digest').trim().toLowerCase()
  const algorithm = recognizeChecksum(digest)
  const named = textOf(fields, 'algorithm')
  if (algorithm === 'none' || algorithm === 'unrecognised' || (named !== algorithm && !(named === 'blake2b' && algorithm === 'sha512')))
    throw new Refusal(400, 'bad-request', 'expected is not a checksum of the algorithm that it names', { field: 'expected' })
  return { algorithm: named === 'blake2b' ? 'blake2b' : algorithm, digest }
}

function urlOf(fields: Readonly<Record<string, unknown>>, judge: (url: URL) => GuardRefusal | undefined): URL {
  const url = readTarget(textOf(fields, 'url'))
  if (typeof url === 'string')
    throw new Refusal(403, url, 'url is not one that is asked for', { field: 'url' })
  url.hash = ''
  const refusal = judge(url)
  if (refusal)
    throw new Refusal(403, refusal, `${url.host} is not asked`, { name: url.host, field: 'url' })
  return url
}

/** Counts what goes on at once, in all and by session. */
function createGate(perSession: number, inAll: number) {
  const running = new Map<string, number>()
  let all = 0
  return async <T>(session: string, work: () => Promise<T>): Promise<T> => {
    const mine = running.get(session) ?? 0
    if (all >= inAll || mine >= perSession)
      throw new Refusal(429, 'too-many', 'too many URLs are being asked for at this moment')
    all++
    running.set(session, mine + 1)
    try {
      return await work()
    }
    finally {
      all--
      const left = (running.get(session) ?? 1) - 1
      if (left)
        running.set(session, left)
      else
        running.delete(session)
    }
  }
}

/** Ends when the browser goes, or the patience does. */
function signalOf({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController()
  raw.on('close', () => gone.abort())
  return AbortSignal.any([gone.signal, AbortSignal.timeout(PROBE_PATIENCE)])
}

/**
 * Adds what the page asks of the world outside: `POST /guard/probe` and the long reads. Each only for somebody who may create
 * images in the namespace that it is asked for, by the cluster's own word. Answers what is to be closed at the end.
 */
export function addGuard(app: FastifyInstance, { clusters, sessions, limits, ...outside }: GuardSurroundings): { close(): Promise<void> } {
  const outbound = createOutbound(outside)
  const reads = createReads({ outbound, limits: { ...READ_LIMITS, ...limits }, log: app.log })
  const mayCreateImages = createPermissions()
  const probing = createGate(PROBES_PER_SESSION, PROBES_IN_ALL)
  const sessionOf = ({ headers }: FastifyRequest) => sessions?.nameOf(headers.cookie) ?? 'everybody'

  async function admit({ cluster: id, namespace }: ImagePlace): Promise<void> {
    const cluster = clusters().find(known => known.id === id)
    if (!cluster)
      throw new Refusal(404, 'no-cluster', `the console has no cluster ${id}`, { name: id, field: 'cluster' })
    const permission = await mayCreateImages(cluster, namespace)
    if (permission.state === 'unanswered')
      throw Object.assign(new Error(permission.status.message), { status: permission.status })
    if (permission.state === 'denied')
      throw new Refusal(403, 'may-not-create-images', `you may not create virtualmachineimages.harvesterhci.io in namespace ${namespace}${permission.reason && `: ${permission.reason}`}`, { name: namespace, field: 'namespace' })
  }

  async function findRead(id: string) {
    const job = reads.find(id)
    if (!job)
      throw new Refusal(404, 'no-such-read', 'there is no such read; results are kept for some hours', { name: id })
    await admit(job)
    return job
  }

  app.register((scope, _options, done) => {
    scope.setErrorHandler((error: Error & { status?: Status, statusCode?: number }, request, reply) => {
      const code = error.statusCode ?? 500
      if (!error.status && code >= 500)
        request.log.error({ err: error }, 'failed')
      const status = error.status ?? statusOf(code, code >= 500 ? 'the server failed at this; its log says how' : error.message)
      return reply.code(status.code).send(status)
    })

    scope.post('/guard/probe', { bodyLimit: LONGEST_BODY }, async (request, reply): Promise<ProbeReport> => {
      const fields = fieldsOf(request.body)
      await admit(placeOf(fields))
      const url = urlOf(fields, outbound.judge)
      const report = await probing(sessionOf(request), () => probe(outbound, url, signalOf(reply)))
      if (report.state === 'refused')
        throw new Refusal(403, report.refusal, `${report.host} is not asked`, { name: report.host, field: 'url' })
      return report
    })

    scope.post('/guard/reads', { bodyLimit: LONGEST_BODY }, async (request, reply) => {
      const fields = fieldsOf(request.body)
      const place = placeOf(fields)
      await admit(place)
      const expected = expectedOf(fields)
      const job = reads.begin({ ...place, url: urlOf(fields, outbound.judge).href, ...expected && { expected } }, sessionOf(request))
      if (!job)
        throw new Refusal(429, 'too-many', 'too many reads go on or wait: wait for one, or cancel it')
      return reply.code(202).send(job)
    })

    scope.get<{ Querystring: Record<string, unknown> }>('/guard/reads', async ({ query }) => {
      const place = placeOf(query)
      await admit(place)
      return { reads: reads.list(place) }
    })
    scope.get<{ Params: { id: string } }>('/guard/reads/:id', async ({ params }) => findRead(params.id))
    scope.delete<{ Params: { id: string } }>('/guard/reads/:id', async ({ params }) => {
      await findRead(params.id)
      return reads.end(params.id)
    })
    done()
  })

  return {
    async close() {
      reads.close()
      await outbound.close()
    },
  }
}
