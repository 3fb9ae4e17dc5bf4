// For specs: a webhook on a free port, and the API server's side of a review.
import { Agent, request } from 'node:https'
import type { IncomingMessage } from 'node:http'
import type { WebhookOptions } from './cli.ts'
import { loadKubeconfig } from './kubeconfig.ts'
import type { Tls } from './listen.ts'
import { makeFolder } from './testCluster.ts'
import { startWebhook } from './webhook.ts'
import { webhookAuthority } from './webhookCertificate.ts'

/** A webhook in front of a kubeconfig's cluster, which warns, guards and refuses nothing more unless told to. */
export async function startTestWebhook(kubeconfig: string, options: Partial<WebhookOptions> & { readonly tls?: Tls } = {}, folder = makeFolder()) {
  const { clusters } = loadKubeconfig(kubeconfig, 'kubeconfig', undefined)
  const webhook = await startWebhook({ port: 0, host: '127.0.0.1', refuse: [], refuseHarvester: false, guard: true, warnOnly: [], ...options }, { clusters: Promise.resolve(clusters), folder, tls: options.tls, now: Date.now, logLevel: 'fatal' })
  const authority = (await webhookAuthority(folder, new Date())).cert
  const agent = new Agent({ ca: authority, keepAlive: true })
  return {
    url: webhook.url, report: webhook.report, agent, authority,
    async stop() {
      agent.destroy()
      await webhook.stop()
      await Promise.all(clusters.map(({ access }) => access.close()))
    },
  }
}

export interface Answer {
  readonly code: number
  readonly body: {
    readonly kind?: string
    readonly message?: string
    readonly response?: { readonly uid: string, readonly allowed: boolean, readonly warnings?: readonly string[], readonly patch?: string, readonly status?: { readonly code: number, readonly message: string } }
  }
}

/** Sends a review as kube-apiserver does. */
export function post({ url, agent }: { readonly url: string, readonly agent: Agent }, text: string, type = 'application/json'): Promise<Answer> {
  return new Promise((done, fail) => {
    const sent = request(`${url}?timeout=5s`, { method: 'POST', agent, headers: { 'content-type': type } }, (response: IncomingMessage) => {
      let read = ''
      response.on('data', chunk => { read += String(chunk) })
      response.on('end', () => done({ code: response.statusCode ?? 0, body: JSON.parse(read) as Answer['body'] }))
    })
    sent.on('error', fail)
    sent.end(text)
  })
}
