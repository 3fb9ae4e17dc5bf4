import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { NAMESPACES } from '#kube/core.ts'
import { afterEach, expect, it } from 'vitest'
import { clientOf } from './clusterClient.ts'
import { loadKubeconfig } from './kubeconfig.ts'
import type { Cluster } from './kubeconfig.ts'
import { kubeconfigOf, makeFolder, startServer } from './testCluster.ts'
import type { TestServer } from './testCluster.ts'

let server: TestServer
let cluster: Cluster | undefined
afterEach(async () => {
  await cluster?.access.close()
  await server.stop()
})

it('the server\'s own client comes with its context\'s credentials, below the cluster\'s path, and with fresh ones after a 401', async () => {
  const token = join(makeFolder(), 'token')
  writeFileSync(token, 'old')
  server = await startServer(({ headers }, response) => {
    // The token is changed while the old one is under way.
    writeFileSync(token, 'new')
    response.writeHead(headers.authorization === 'Bearer new' ? 200 : 401, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ kind: 'NamespaceList', apiVersion: 'v1', metadata: { resourceVersion: '1' }, items: [] }))
  })
  cluster = loadKubeconfig(kubeconfigOf({ cluster: { server: `${server.url}/k8s/clusters/local` }, user: { 'tokenFile': token, 'as': 'ann', 'as-groups': ['one', 'two'] } }), 'kubeconfig', undefined).clusters[0]
  if (!cluster)
    throw new Error('no cluster')
  expect((await clientOf(cluster).list(NAMESPACES)).items).toEqual([])
  expect(server.seen.map(({ url, headers }) => [url?.split('?')[0], headers.authorization])).toEqual([
    ['/k8s/clusters/local/api/v1/namespaces', 'Bearer old'],
    ['/k8s/clusters/local/api/v1/namespaces', 'Bearer new'],
  ])
  const raw = server.seen[0]?.rawHeaders ?? []
  expect(raw.filter((_, index) => /^impersonate-group$/i.test(raw[index - 1] ?? ''))).toEqual(['one', 'two'])
})

it('a watch is given up, and a cluster goes away, without anybody being hurt', async () => {
  server = await startServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write(`${JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '2' } } })}\n`)
  })
  cluster = loadKubeconfig(kubeconfigOf({ cluster: { server: server.url } }), 'kubeconfig', undefined).clusters[0]
  if (!cluster)
    throw new Error('no cluster')
  const client = clientOf(cluster)
  const abort = new AbortController()
  const given = client.watch(NAMESPACES, { resourceVersion: '1', signal: abort.signal })[Symbol.asyncIterator]()
  await given.next()
  abort.abort()
  await expect(given.next()).rejects.toMatchObject({ reason: 'Aborted' })
  const cut = client.watch(NAMESPACES, { resourceVersion: '1' })[Symbol.asyncIterator]()
  expect((await cut.next()).value).toMatchObject({ type: 'BOOKMARK' })
  await server.stop()
  await new Promise(done => setTimeout(done, 50))
  await expect(cut.next()).rejects.toMatchObject({ reason: 'LineCut' })
})
