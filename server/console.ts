import { existsSync } from 'node:fs'
import { join } from 'node:path'
import serveFiles from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { version } from '../package.json'
import { PAGE_HEADERS, WORKER_POLICY } from './headers.ts'
import { uploadOffer } from './harvester.ts'
import type { Cluster } from './kubeconfig.ts'
import { reach } from './reach.ts'
import { statusOf } from './status.ts'

export interface ConsoleOptions {
  /** The built console: index.html and assets/. */
  readonly root: string
  readonly clusters: () => readonly Cluster[]
  /** Whether these are clusters of a kubeconfig, and not the demonstration. */
  readonly real: boolean
}

/** As the bundler names what `new Worker(new URL('./x.worker.ts', import.meta.url))` asks for. */
const WORKER_SCRIPT = /\.worker-[\w-]+\.js$/

function wantsPage({ method, headers, url }: FastifyRequest): boolean {
  return ['GET', 'HEAD'].includes(method) && (headers.accept ?? '').includes('text/html') && !/^\/(k8s|console|guard|assets)(\/|$)/.test(url)
}

/** Adds the console's files (hashed ones kept for ever, the page itself never) and what the page asks of the server. */
export function addConsole(app: FastifyInstance, { root, clusters, real }: ConsoleOptions): void {
  app.get('/console/clusters', async () => {
    const entries = clusters().map(cluster => {
      const { id, title, default: isDefault, server } = cluster
      return { id, title, demo: !real, default: isDefault, server, upload: uploadOffer(cluster) }
    })
    return { clusters: entries, version, real }
  })

  app.get<{ Params: { id: string } }>('/console/clusters/:id', async ({ params }, reply) => {
    const cluster = clusters().find(({ id }) => id === params.id)
    if (cluster)
      return { id: cluster.id, ...await reach(cluster) }
    return reply.code(404).send(statusOf(404, `the console has no cluster ${params.id}`))
  })

  const page = join(root, 'index.html')
  if (existsSync(page))
    app.register(serveFiles, {
      root,
      cacheControl: false,
      // The bundler's manifest lies beside the page and is no part of it.
      dotfiles: 'ignore',
      setHeaders(reply, path) {
        if (WORKER_SCRIPT.test(path))
          reply.header('content-security-policy', WORKER_POLICY)
        reply.header('cache-control', path.startsWith(join(root, 'assets')) ? 'public, max-age=31536000, immutable' : path === page ? 'no-store' : 'no-cache')
      },
    })

  app.setNotFoundHandler((request: FastifyRequest, reply: FastifyReply) => {
    if (!wantsPage(request))
      return reply.code(404).send(statusOf(404, `there is nothing at ${request.method} ${request.url.split('?')[0] ?? ''}`))
    if (!existsSync(page))
      return reply.code(503).type('text/plain; charset=utf-8').send('The console is not built: run npm run build\n')
    return reply.headers(PAGE_HEADERS).sendFile('index.html')
  })
}
