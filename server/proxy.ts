import type { IncomingMessage, ServerResponse } from 'node:http'
import { PassThrough } from 'node:stream'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { AccessSource } from './access.ts'
import { isStream, judgeApiPath } from './apiPath.ts'
import { forward } from './forward.ts'
import { requestHeaders, responseHeaders } from './headers.ts'
import type { Cluster } from './kubeconfig.ts'
import { describeFailure, statusOf } from './status.ts'
import type { Status } from './status.ts'
import { judgeUploadPath } from './uploadPath.ts'

/** Where a request to `/k8s/clusters/<id>/…` is to go. */
export interface Target {
  readonly cluster: Cluster
  readonly path: string
  readonly query: string
  /** Where the path is to be asked for: the Kubernetes API, or Harvester's own. */
  readonly access: AccessSource
  /** The upload of an image, which may take hours, and whose end the cluster may answer late. */
  readonly upload: boolean
}

const clusterNamed = (clusters: readonly Cluster[], name: string) => clusters.find(({ id }) => id === name) ?? statusOf(404, `the console has no cluster ${name}`)

/** The target of a raw URL, or the Status that refuses it. */
export function findTarget(url: string, clusters: readonly Cluster[]): Target | Status {
  const judged = judgeApiPath(url)
  if (!judged.pass)
    return statusOf(judged.code, judged.message)
  const cluster = clusterNamed(clusters, judged.cluster)
  return 'kind' in cluster ? cluster : { cluster, path: judged.path, query: judged.query, access: cluster.access, upload: false }
}

/** The target of an upload, or the Status that refuses it; undefined for what is no upload. */
function findUpload(method: string, url: string, clusters: readonly Cluster[]): Target | Status | undefined {
  const judged = judgeUploadPath(method, url)
  if (!judged?.pass)
    return judged && statusOf(judged.code, judged.message)
  const cluster = clusterNamed(clusters, judged.cluster)
  if ('kind' in cluster)
    return cluster
  return cluster.harvester
    ? { cluster, path: judged.path, query: judged.query, access: cluster.harvester, upload: true }
    : statusOf(404, `no upload to cluster ${cluster.title}: its server ${cluster.server} does not end in /k8s/clusters/<name>, so where its Harvester answers is not known; start the console with --harvester-url URL`)
}

/** Answers with a Status of the proxy's own. */
export function sendStatus(raw: ServerResponse, status: Status): void {
  const body = Buffer.from(JSON.stringify(status))
  raw.writeHead(status.code, responseHeaders({ 'content-type': 'application/json', 'content-length': String(body.length), 'cache-control': 'no-store' }))
  raw.end(raw.req.method === 'HEAD' ? undefined : body)
}

function hasBody({ method = '', headers }: IncomingMessage): boolean {
  return !['GET', 'HEAD', 'OPTIONS'].includes(method) && (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0)
}

/**
 * The body as a stream of its own: a cluster that answers before it has read all of it (413) ends that stream, and not
 * the browser's connection, on which the answer has yet to travel. What still comes is thrown away (app.ts: not for long).
 */
function bodyOf(incoming: IncomingMessage): PassThrough | undefined {
  return hasBody(incoming) ? incoming.pipe(new PassThrough()).on('close', () => incoming.resume()) : undefined
}

const NOTHING = Buffer.alloc(0)

function pass(incoming: IncomingMessage, raw: ServerResponse, { cluster, path, query, access, upload }: Target, streams: Set<ServerResponse>, log: FastifyBaseLogger): void {
  const { method = 'GET' } = incoming
  const stream = upload || (method === 'GET' && isStream(query))
  const body = bodyOf(incoming)
  const headers = requestHeaders(incoming.headers, stream)
  if (!body && method !== 'POST')
    delete headers['content-length']
  let fed = false
  const flow = forward(access, { method, path: path + query, headers, body, stream }, {
    start(status, answer) {
      // Without the cluster's reason phrase, which may hold what no head may (HTTP/2 has none either).
      raw.writeHead(status, responseHeaders(answer))
      // The headers leave with the first piece of the body, or alone when none is there yet; not by flushHeaders(), which
      // would write them as UTF-8 a second time.
      setImmediate(() => {
        if (!fed && !raw.destroyed && !raw.writableEnded)
          raw.write(NOTHING)
      })
    },
    data(chunk) {
      fed = true
      return raw.write(chunk)
    },
    end: () => raw.end(),
    fail(error) {
      const status = describeFailure(error, upload ? { ...cluster, server: access.url.href } : cluster)
      log.warn({ cluster: cluster.id, method, path, begun: raw.headersSent }, status.message)
      // An answer that broke off must not look finished: the browser's connection breaks too.
      if (raw.headersSent)
        raw.destroy()
      else
        sendStatus(raw, status)
    },
  })
  if (stream)
    streams.add(raw)
  raw.on('drain', () => flow.resume())
  raw.on('close', () => {
    streams.delete(raw)
    if (!raw.writableFinished)
      flow.abort()
  })
}

/**
 * Adds the proxy: `/k8s/clusters/<id>/…` (Rancher's convention) goes to that cluster, streaming both ways.
 * Answers the watches, followed logs and uploads that are open, for whoever must end them.
 */
export function addProxy(app: FastifyInstance, clusters: () => readonly Cluster[]): ReadonlySet<ServerResponse> {
  const streams = new Set<ServerResponse>()
  app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _body, parsed) => parsed(null))
    scope.route({
      method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
      url: '/k8s/*',
      handler(request, reply) {
        reply.hijack()
        // Pages go by the clock of the API server: this machine's is not said in its place.
        reply.raw.sendDate = false
        const { method = '', url = '' } = request.raw
        const target = findUpload(method, url, clusters()) ?? findTarget(url, clusters())
        if ('kind' in target)
          sendStatus(reply.raw, target)
        else
          pass(request.raw, reply.raw, target, streams, request.log)
      },
    })
    done()
  })
  return streams
}
