import { describe, expect, it, onTestFinished } from 'vitest'
import type { GuardReport } from '#volumes/guardState.ts'
import type { GuardStanding } from '#volumes/guardState.ts'
import { kubeconfigOf, startConsole, startServer } from './testCluster.ts'
import { post, startTestWebhook } from './testReviews.ts'
import { webhookManifests } from './webhookManifest.ts'

interface Cluster { readonly validating?: readonly object[] | number, readonly mutating?: readonly object[] | number, /** By the name of a namespace, its labels beside its name, or the code that asking for it is answered with. */ readonly namespaces?: Readonly<Record<string, object | number>> }

/** A console in front of a cluster that has these configurations, or answers with that code when it is asked for them. */
async function standingOf({ validating = [], mutating = [], namespaces = {} }: Cluster, webhookReport?: () => GuardReport, place = ''): Promise<GuardStanding> {
  const server = await startServer(({ url = '' }, response) => {
    const [, namespace] = /\/api\/v1\/namespaces\/([^/?]+)/.exec(url) ?? []
    const said = namespace !== undefined ? namespaces[namespace] ?? 404 : url.includes('/validatingwebhookconfigurations') ? validating : mutating
    const found = namespace !== undefined ? { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: { 'kubernetes.io/metadata.name': namespace, ...(typeof said === 'object' && said) } } } : { kind: 'List', metadata: { resourceVersion: '1' }, items: said }
    const [code, body] = typeof said === 'number' ? [said, { kind: 'Status', code: said, message: 'no' }] : [200, found]
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  onTestFinished(() => server.stop())
  const { url, app } = await startConsole(kubeconfigOf({ name: 'lab', cluster: { server: server.url } }), { webhookReport })
  onTestFinished(() => app.stop())
  const answer = await fetch(`${url}/guard/exports?cluster=lab${place}`)
  expect(answer.status).toBe(200)
  return await answer.json() as GuardStanding
}

async function startGuard(options: { readonly guard?: boolean, readonly namespaces?: readonly string[] } = {}) {
  const webhook = await startTestWebhook(kubeconfigOf({ cluster: { server: 'http://127.0.0.1:9' } }), options)
  onTestFinished(() => webhook.stop())
  const manifests = webhookManifests({ url: new URL(webhook.url).origin }, webhook.authority, { guard: true, requester: true, ...(options.namespaces && { namespaces: options.namespaces }) })
  return { ...webhook, cluster: { validating: manifests.slice(0, 2), mutating: manifests.slice(2) } }
}

describe('the standing of the export guard', () => {
  it('is alive where the cluster asks a webhook that answers, with its version', async () => {
    const { cluster } = await startGuard()
    expect(await standingOf(cluster)).toMatchObject({ word: 'alive', because: ['answered'], requester: 'installed', there: { guard: 'on', version: expect.any(String) as string } })
  })

  it('is silent where nothing answers any more', async () => {
    const { cluster, stop } = await startGuard()
    await stop()
    expect(await standingOf(cluster)).toMatchObject({ word: 'silent', because: ['no-answer'] })
  })

  it('is silent where the API server would not trust what answers', async () => {
    const [first, second] = [await startGuard(), await startGuard()]
    const manifests = webhookManifests({ url: new URL(first.url).origin }, second.authority, { guard: true, requester: false })
    expect(await standingOf({ validating: manifests })).toMatchObject({ word: 'silent' })
  })

  it('is absent where the webhook was told to let everything through', async () => {
    const { cluster } = await startGuard({ guard: false })
    expect(await standingOf(cluster)).toMatchObject({ word: 'absent', because: ['switched-off'] })
  })

  it('is absent where the cluster asks for images alone, or nobody', async () => {
    const [images] = (await startGuard()).cluster.validating
    expect(await standingOf({ validating: images ? [images] : [] })).toMatchObject({ word: 'absent', because: ['no-configuration'], requester: 'absent' })
    expect(await standingOf({ validating: 404, mutating: 404 })).toMatchObject({ word: 'absent', requester: 'absent' })
  })

  it('is unknown where the configuration may not be read, unless a review came a moment ago', async () => {
    const forbidden = { validating: 403, mutating: 403 }
    expect(await standingOf(forbidden)).toMatchObject({ word: 'unknown', because: ['configuration-forbidden'], requester: 'forbidden' })
    const guard = await startGuard()
    expect(await standingOf(forbidden, guard.report)).toMatchObject({ word: 'unknown' })
    const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: { uid: 'u', operation: 'DELETE', resource: { group: '', resource: 'pods' } } }
    await post({ url: guard.url.replace('/images', '/exports'), agent: guard.agent }, JSON.stringify(review))
    expect(await standingOf(forbidden, guard.report)).toMatchObject({ word: 'alive', because: ['reviewed'], here: { reviews: { allowed: 1 } } })
  })

  it('is not known of a service whose name only the cluster knows', async () => {
    const manifests = webhookManifests({ service: { namespace: 'lab', name: 'guardrails', port: 443 } }, 'PEM', { guard: true, requester: false })
    expect(await standingOf({ validating: manifests })).toMatchObject({ word: 'unknown', because: ['not-asked'] })
  })

  it('is elsewhere where the cluster does not ask it in the namespace that one looks at, as its selector and the labels have it', async () => {
    const { cluster, report } = await startGuard({ namespaces: ['team-a', 'team-b'] })
    const known = { ...cluster, namespaces: { 'team-a': {}, 'team-b': {}, 'production': {} } }
    expect(await standingOf(known, report, '&namespace=team-a')).toMatchObject({ word: 'alive', because: ['answered'] })
    expect(await standingOf(known, report, '&namespace=team-a&images=team-b')).toMatchObject({ word: 'alive' })
    expect(await standingOf(known, report, '&namespace=production')).toMatchObject({ word: 'elsewhere', because: ['exports-elsewhere', 'starts-elsewhere'], there: { guard: 'on' } })
    expect(await standingOf(known, report, '&namespace=team-a&images=production')).toMatchObject({ word: 'elsewhere', because: ['exports-elsewhere'] })
    expect(await standingOf(known, report, '&namespace=production&images=team-a')).toMatchObject({ word: 'elsewhere', because: ['starts-elsewhere'] })
  })

  it('is elsewhere in the namespaces of the system, and by a label that somebody else has chosen', async () => {
    const { cluster } = await startGuard()
    expect(await standingOf({ ...cluster, namespaces: { 'kube-system': {} } }, undefined, '&namespace=kube-system')).toMatchObject({ word: 'elsewhere' })
    const [images, guarding] = cluster.validating as [object, { readonly webhooks: readonly object[] }]
    const byLabel = [images, { ...guarding, webhooks: guarding.webhooks.map(webhook => ({ ...webhook, namespaceSelector: { matchLabels: { guarded: 'yes' } } })) }]
    const namespaces = { production: { guarded: 'yes' }, lab: {} }
    expect(await standingOf({ validating: byLabel, namespaces }, undefined, '&namespace=production')).toMatchObject({ word: 'alive' })
    expect(await standingOf({ validating: byLabel, namespaces }, undefined, '&namespace=lab')).toMatchObject({ word: 'elsewhere' })
  })

  it.each([[403, 'namespace-forbidden'], [404, 'namespace-unread'], [500, 'namespace-unread']])('is unknown, and never alive, where the labels of the namespace are answered with %i', async (code, because) => {
    const { cluster, report } = await startGuard()
    expect(await standingOf({ ...cluster, namespaces: { production: code } }, report, '&namespace=production')).toMatchObject({ word: 'unknown', because: [because] })
  })

  it('is unknown in a namespace where the configuration may not be read, though the cluster has asked it somewhere', async () => {
    const guard = await startGuard()
    const report = () => ({ ...guard.report(), lastReviewAt: Date.now() })
    expect(await standingOf({ validating: 403 }, report, '&namespace=production')).toMatchObject({ word: 'unknown', because: ['configuration-forbidden'] })
  })

  it('is absent where the cluster asks it about less than it guards', async () => {
    const { cluster } = await startGuard()
    const [images, guarding] = cluster.validating as [object, { readonly webhooks: readonly { readonly rules: readonly { readonly operations: readonly string[] }[] }[] }]
    const less = { ...guarding, webhooks: guarding.webhooks.map(webhook => ({ ...webhook, rules: webhook.rules.map(rule => ({ ...rule, operations: ['CREATE'] })) })) }
    expect(await standingOf({ validating: [images, less] })).toMatchObject({ word: 'absent', because: ['incomplete-configuration'] })
  })

  it('is not asked about what is no namespace', async () => {
    const { url, app } = await startConsole(kubeconfigOf({ name: 'lab', cluster: { server: 'http://127.0.0.1:9' } }))
    onTestFinished(() => app.stop())
    for (const query of ['&namespace=', '&namespace=a/b', '&namespace=a&images=..', '&namespace=a&namespace=b'])
      expect((await fetch(`${url}/guard/exports?cluster=lab${query}`)).status).toBe(400)
  })

  it('is not asked of a cluster that the console does not have', async () => {
    const { url, app } = await startConsole(kubeconfigOf({ cluster: { server: 'http://127.0.0.1:9' } }))
    onTestFinished(() => app.stop())
    expect((await fetch(`${url}/guard/exports?cluster=other`)).status).toBe(404)
  })
})
