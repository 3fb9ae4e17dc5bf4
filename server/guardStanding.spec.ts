import { describe, expect, it, onTestFinished } from 'vitest'
import type { GuardReport } from '#volumes/guardState.ts'
import type { GuardStanding } from '#volumes/guardState.ts'
import { kubeconfigOf, startConsole, startServer } from './testCluster.ts'
import { post, startTestWebhook } from './testReviews.ts'
import { webhookManifests } from './webhookManifest.ts'

interface Cluster { readonly validating?: readonly object[] | number, readonly mutating?: readonly object[] | number }

/** A console in front of a cluster that has these configurations, or answers with that code when it is asked for them. */
async function standingOf({ validating = [], mutating = [] }: Cluster, webhookReport?: () => GuardReport): Promise<GuardStanding> {
  const server = await startServer(({ url = '' }, response) => {
    const said = url.includes('/validatingwebhookconfigurations') ? validating : mutating
    const [code, body] = typeof said === 'number' ? [said, { kind: 'Status', code: said, message: 'no' }] : [200, { kind: 'List', metadata: { resourceVersion: '1' }, items: said }]
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  onTestFinished(() => server.stop())
  const { url, app } = await startConsole(kubeconfigOf({ name: 'lab', cluster: { server: server.url } }), { webhookReport })
  onTestFinished(() => app.stop())
  const answer = await fetch(`${url}/guard/exports?cluster=lab`)
  expect(answer.status).toBe(200)
  return await answer.json() as GuardStanding
}

async function startGuard(options: { readonly guard?: boolean } = {}) {
  const webhook = await startTestWebhook(kubeconfigOf({ cluster: { server: 'http://127.0.0.1:9' } }), options)
  onTestFinished(() => webhook.stop())
  const manifests = webhookManifests({ url: new URL(webhook.url).origin }, webhook.authority, { guard: true, requester: true })
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

  it('is not asked of a cluster that the console does not have', async () => {
    const { url, app } = await startConsole(kubeconfigOf({ cluster: { server: 'http://127.0.0.1:9' } }))
    onTestFinished(() => app.stop())
    expect((await fetch(`${url}/guard/exports?cluster=other`)).status).toBe(404)
  })
})
