import { fetch } from 'undici'
import type { RequestInit } from 'undici'
import { createKubeClient } from '#kube/client.ts'
import type { KubeClient } from '#kube/client.ts'
import type { Cluster } from './kubeconfig.ts'

/** The server's own client of a cluster, with the credentials of its context; a 401 is tried once more with fresh ones. */
export function clientOf({ access }: Cluster): KubeClient {
  async function send(url: string, init: RequestInit): Promise<Response> {
    const { headers, dispatcher } = await access.open()
    const given = Object.fromEntries(new Headers(init.headers as HeadersInit))
    const own = Object.entries(headers).flatMap(([name, value]) => [value].flat().map((each): [string, string] => [name, each]))
    return await fetch(url, { ...init, dispatcher, headers: [...Object.entries(given), ...own] }) as unknown as Response
  }
  return createKubeClient({
    baseUrl: access.url.href,
    watchBy: 'stream',
    async fetch(url, init) {
      const answer = await send(url, init as RequestInit)
      return answer.status === 401 && access.renew() ? send(url, init as RequestInit) : answer
    },
  })
}
