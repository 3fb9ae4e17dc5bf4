import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { join } from 'node:path'
import type { SubresourceRoute } from './cluster.ts'

/** Where a virt-api that is really there reaches the virt-handler of every node. Answers how to close it. */
export async function openHandlerDoor({ folder, port }: { /** Holds `pki/virt-handler.crt` and `.key`. */ readonly folder: string, readonly port: number }, routes: readonly SubresourceRoute[]): Promise<() => Promise<void>> {
  const read = (ending: string) => readFileSync(join(folder, 'pki', `virt-handler.${ending}`))
  const server = createServer({ cert: read('crt'), key: read('key') }, (incoming, outgoing) => {
    const [, , namespace = '', resource, name = '', subresource] = new URL(incoming.url ?? '/', 'https://localhost').pathname.split('/').slice(1)
    const route = routes.find(one => one.resource === resource && one.subresource === subresource && one.method === incoming.method)
    incoming.resume()
    const answer = Promise.resolve(route?.answer({ namespace, name, body: {}, query: new URLSearchParams(), user: { name: '', groups: [] } }) ?? { status: 404 })
    answer.then(({ status }) => { outgoing.writeHead(status).end() }, (error: unknown) => { outgoing.writeHead(500).end(String(error)) })
  })
  await new Promise<void>(done => server.listen(port, '127.0.0.1', done))
  return async () => {
    server.closeAllConnections()
    await new Promise(done => server.close(done))
  }
}
