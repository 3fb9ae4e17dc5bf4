import { createServer } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'

/** Takes the file that is sent for a claim; answers as CDI's upload server does. */
export type FileTaker = (call: { readonly namespace: string, readonly name: string, readonly headers: IncomingHttpHeaders, readonly body: Readable }) => Promise<{ readonly status: number, readonly body?: string }>

/** The token that Harvester has put beside whatever the sender has shown to it. */
function tokenIn(rawHeaders: readonly string[]): string {
  const shown = rawHeaders.filter((_value, index) => rawHeaders[index - 1]?.toLowerCase() === 'authorization')
  return (shown.at(-1) ?? '').replace(/^Bearer /, '')
}

/**
 * Where a Harvester that is really there reaches CDI's upload proxy. A token names its claim as `NAMESPACE/NAME`, and is believed.
 * Answers how to close it.
 */
export async function openUploadDoor(port: number, taker: () => FileTaker | undefined): Promise<() => Promise<void>> {
  const server = createServer((incoming, outgoing) => {
    const [namespace = '', name = ''] = tokenIn(incoming.rawHeaders).split('/')
    const take = incoming.method === 'POST' && incoming.url === '/v1beta1/upload-form' ? taker() : undefined
    const answer = take ? take({ namespace, name, headers: incoming.headers, body: incoming }) : Promise.resolve({ status: 404 })
    answer.then(({ status, body }: { readonly status: number, readonly body?: string }) => { outgoing.writeHead(status).end(body) }, (error: unknown) => { outgoing.writeHead(500).end(String(error)) })
  })
  await new Promise<void>(done => server.listen(port, '127.0.0.1', done))
  return async () => {
    server.closeAllConnections()
    await new Promise(done => server.close(done))
  }
}
