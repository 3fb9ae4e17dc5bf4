import { ReadableStream } from 'node:stream/web'
import { request } from 'undici'
import type { Dispatcher } from 'undici'
import { createKubeClient } from '#kube/client.ts'
import type { KubeClient } from '#kube/client.ts'
import type { Cluster } from './kubeconfig.ts'

const BODILESS = [204, 205, 304]

function responseOf({ statusCode, headers, body }: Dispatcher.ResponseData): Response {
  const pairs = Object.entries(headers).flatMap(([name, value]) => [value ?? []].flat().map((each): [string, string] => [name, each]))
  // A line that is cut while nobody reads is told to the next who does. Node's own Readable.toWeb throws past everybody when given up.
  body.on('error', () => undefined)
  return new Response(BODILESS.includes(statusCode) ? null : ReadableStream.from(body) as BodyInit, { status: statusCode, headers: pairs })
}

/** The server's own client of a cluster, with the credentials of its context; a 401 is tried once more with fresh ones. */
export function clientOf({ access }: Cluster): KubeClient {
  async function send(url: string, { method = 'GET', headers: given, body, signal }: RequestInit): Promise<Dispatcher.ResponseData> {
    const { headers, dispatcher } = await access.open()
    // Not by fetch, which joins what must stay several headers: one `Impersonate-Group` for each group.
    return request(url, {
      dispatcher, signal, method: method as Dispatcher.HttpMethod,
      headers: { ...Object.fromEntries(new Headers(given)), ...headers },
      body: typeof body === 'string' ? body : undefined,
    })
  }
  return createKubeClient({
    baseUrl: access.url.href,
    watchBy: 'stream',
    async fetch(url, init) {
      const answer = await send(url, init)
      if (answer.statusCode !== 401 || !access.renew())
        return responseOf(answer)
      await answer.body.dump()
      return responseOf(await send(url, init))
    },
  })
}
