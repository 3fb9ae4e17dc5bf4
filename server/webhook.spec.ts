import { chmodSync, readFileSync, statSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { Agent } from 'node:https'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { WebhookOptions } from './cli.ts'
import type { Tls } from './listen.ts'
import { kubeconfigOf, makeAuthority, makeCertificate, makeFolder, startServer } from './testCluster.ts'
import { post, startTestWebhook } from './testReviews.ts'
import type { Answer } from './testReviews.ts'
import { webhookAuthority } from './webhookCertificate.ts'

const MUTABLE = 'https://cloud-images.ubuntu.com/noble/current/noble-server-cloudimg-amd64.img'
const PATHS = { images: '/apis/harvesterhci.io/v1beta1/virtualmachineimages', classes: '/apis/storage.k8s.io/v1/storageclasses' }

const ending: (() => Promise<unknown>)[] = []
afterEach(async () => { await Promise.all(ending.splice(0).reverse().map(end => end())) })

const image = (name: string, displayName: string) => ({ apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: { name, namespace: 'lab', uid: name, resourceVersion: '5', creationTimestamp: '2026-01-01T00:00:00Z' }, spec: { displayName, sourceType: 'download' } })
const v2 = { metadata: { name: 'longhorn-v2', uid: 'c', resourceVersion: '4', creationTimestamp: '2026-01-01T00:00:00Z' }, provisioner: 'driver.longhorn.io', parameters: { dataEngine: 'v2' } }

/** Plays the API server of a cluster that has one image and one class; lists of what `forbidden` names are refused. */
async function startCluster(forbidden: readonly string[] = []) {
  const watches: ServerResponse[] = []
  const server = await startServer((asked, response) => {
    const url = new URL(asked.url ?? '/', 'http://localhost')
    const json = (code: number, body: object) => response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    if (forbidden.includes(url.pathname))
      return json(403, { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Forbidden', code: 403, message: 'no' })
    if (url.searchParams.has('watch')) {
      if (url.pathname === PATHS.images)
        watches.push(response)
      return response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    }
    return json(200, { kind: 'List', apiVersion: 'v1', metadata: { resourceVersion: '5' }, items: url.pathname === PATHS.images ? [image('image-1', 'noble')] : [v2] })
  })
  ending.push(() => server.stop())
  return { server, watches, kubeconfig: kubeconfigOf({ cluster: { server: server.url }, user: { token: 'secret' } }) }
}

async function start(kubeconfig: string, options: Partial<WebhookOptions> & { readonly tls?: Tls } = {}, folder?: string) {
  const webhook = await startTestWebhook(kubeconfig, options, folder)
  ending.push(webhook.stop)
  return webhook
}

function review(spec: object, { uid = 'u-1', dryRun = false } = {}): string {
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview',
    request: {
      uid, operation: 'CREATE', dryRun, namespace: 'lab', name: 'jammy', userInfo: { username: 'ann' }, resource: { group: 'harvesterhci.io', version: 'v1beta1', resource: 'virtualmachineimages' },
      object: { ...image('jammy', 'jammy'), spec: { displayName: 'jammy', sourceType: 'upload', ...spec } },
    },
  })
}

/** Asks again until the cluster has been read. */
async function until(ask: () => Promise<Answer>, holds: (warnings: readonly string[]) => boolean): Promise<readonly string[]> {
  for (;;) {
    const warnings = (await ask()).body.response?.warnings ?? []
    if (holds(warnings))
      return warnings
    await new Promise(done => setTimeout(done, 10))
  }
}

describe('the admission webhook', () => {
  it('warns of a mutable URL over HTTPS, lets it through and keeps the uid', async () => {
    const webhook = await start((await startCluster()).kubeconfig)
    const { code, body } = await post(webhook, review({ sourceType: 'download', url: MUTABLE }, { uid: 'a-b-c' }))
    expect(code).toBe(200)
    expect(body).toEqual({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid: 'a-b-c', allowed: true, warnings: [expect.stringContaining('"current"') as string] } })
  })

  it('judges by what the cluster has, as it changes, and reads nothing per request', async () => {
    const { server, watches, kubeconfig } = await startCluster()
    const webhook = await start(kubeconfig)
    const taken = () => post(webhook, review({ displayName: 'noble', targetStorageClassName: 'longhorn-v2' }))
    const warnings = await until(taken, found => found.length === 2)
    expect(warnings).toEqual([expect.stringContaining('data engine v2'), expect.stringContaining('image "lab/image-1"')])
    await until(taken, () => watches.length > 0)
    watches[0]?.write(`${JSON.stringify({ type: 'MODIFIED', object: { ...image('image-1', 'noble-old'), metadata: { ...image('image-1', '').metadata, resourceVersion: '6' } } })}\n`)
    await until(taken, found => found.length === 1)
    const before = server.seen.length
    for (let count = 0; count < 20; count++)
      await taken()
    expect(server.seen).toHaveLength(before)
    expect(server.seen.every(({ method, headers }) => method === 'GET' && headers.authorization === 'Bearer secret')).toBe(true)
  })

  it('refuses what it is told to refuse, a dry run too', async () => {
    const webhook = await start((await startCluster()).kubeconfig, { refuse: ['mutable-url'] })
    for (const dryRun of [false, true]) {
      const { code, body } = await post(webhook, review({ sourceType: 'download', url: MUTABLE }, { dryRun }))
      expect(code).toBe(200)
      expect(body.response).toMatchObject({ allowed: false, status: { code: 422, message: expect.stringContaining('spec.url') as string } })
      expect(body.response).not.toHaveProperty('warnings')
    }
  })

  it('judges what it can where it may not read classes, and stops nobody', async () => {
    const webhook = await start((await startCluster([PATHS.classes])).kubeconfig, { refuse: ['wrong-backend', 'no-such-class'] })
    const warnings = await until(() => post(webhook, review({ displayName: 'noble', targetStorageClassName: 'longhorn-v2' })), found => found.length > 0)
    expect(warnings).toEqual([expect.stringContaining('is taken')])
  })

  it('judges what it can where no cluster answers', async () => {
    const webhook = await start(kubeconfigOf({ cluster: { server: 'https://127.0.0.1:9' }, user: { token: 't' } }), { refuse: ['duplicate-name'] })
    expect((await post(webhook, review({ displayName: 'noble', checksum: 'a'.repeat(64) }))).body.response).toMatchObject({ allowed: true, warnings: [expect.stringContaining('SHA-256')] })
  })

  it('forgets what it knew of a cluster while the line is down', async () => {
    const { server, kubeconfig } = await startCluster()
    const webhook = await start(kubeconfig)
    const taken = () => post(webhook, review({ displayName: 'noble' }))
    await until(taken, found => found.length === 1)
    await server.stop()
    expect(await until(taken, found => found.length === 0)).toEqual([])
  })

  it.each([
    ['text that is no JSON', '{', 400],
    ['nothing', '', 400],
    ['JSON that is no review', '{"kind":"Pod"}', 400],
    ['a review of another version', '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1"}', 400],
    ['more than an API server sends', `"${'x'.repeat(5_000_000)}"`, 413],
  ])('answers %s with a Status that says so', async (_, text, code) => {
    const answer = await post(await start((await startCluster()).kubeconfig), text)
    expect(answer).toMatchObject({ code, body: { kind: 'Status', message: expect.stringMatching(/\w/) as string } })
  })

  it('judges an image though a poisoned key stands in it', async () => {
    const webhook = await start((await startCluster()).kubeconfig, { refuse: ['not-sha512'] })
    const poisoned = review({ checksum: 'a'.repeat(64) }).replace('"spec":{', '"__proto__":{"x":1},"constructor":{"prototype":{}},"spec":{')
    expect((await post(webhook, poisoned)).body.response?.allowed).toBe(false)
  })

  it('has an authority of its own that outlives it, in a file that only its owner reads', async () => {
    const { kubeconfig } = await startCluster()
    const folder = makeFolder()
    const first = await start(kubeconfig, {}, folder)
    const again = await start(kubeconfig, {}, folder)
    expect((await post({ url: again.url, agent: first.agent }, review({}))).code).toBe(200)
    const file = join(folder, 'webhook-authority.pem')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const kept = readFileSync(file, 'utf8')
    chmodSync(file, 0o644)
    await webhookAuthority(folder, new Date())
    expect(readFileSync(file, 'utf8')).not.toBe(kept)
  })

  it('serves the certificate that it is given', async () => {
    const { kubeconfig } = await startCluster()
    const ca = await makeAuthority()
    const { cert, key } = await makeCertificate(ca)
    const { url } = await start(kubeconfig, { tls: { cert: Buffer.from(cert), key: Buffer.from(key) } })
    const agent = new Agent({ ca: ca.cert })
    ending.push(async () => agent.destroy())
    expect((await post({ url, agent }, review({}))).code).toBe(200)
  })

  it('says in one line that its port is taken', async () => {
    const { server, kubeconfig } = await startCluster()
    await expect(start(kubeconfig, { port: server.port })).rejects.toThrow(`port ${server.port} on 127.0.0.1 is in use: choose another with --webhook-port`)
  })
})
