import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadYaml } from '@kubernetes/client-node'
import { describe, expect, it } from 'vitest'
import { makeAuthority, makeFolder } from './testCluster.ts'
import { webhookAuthority } from './webhookCertificate.ts'
import { printWebhookManifest, readPlace, webhookManifests } from './webhookManifest.ts'
import type { ManifestOptions } from './webhookManifest.ts'

const now = new Date('2026-03-01T12:00:00Z')
interface Configuration { readonly kind: string, readonly metadata: { readonly name: string, readonly labels: object }, readonly webhooks: readonly { readonly name: string, readonly clientConfig: { readonly caBundle: string }, readonly failurePolicy: string, readonly timeoutSeconds: number, readonly namespaceSelector?: object, readonly matchConditions?: readonly object[] }[] }
const readAll = (yaml: string) => yaml.split('\n---\n').map(text => loadYaml<Configuration>(text))
const bundleIn = (yaml: string) => Buffer.from(readAll(yaml)[0]?.webhooks[0]?.clientConfig.caBundle ?? '', 'base64').toString()
const ALL = { guard: true, requester: true }
const PLAIN = { guard: false, requester: false }
const webhooksOf = (options: ManifestOptions) => (webhookManifests({ url: 'https://10.0.0.1:9443' }, 'PEM', options) as Configuration[]).flatMap(({ kind, webhooks }) => webhooks.map(webhook => ({ kind, ...webhook })))

describe('the webhook\'s configuration', () => {
  it('has no side effects, waits five seconds and stops nobody when the webhook is down', () => {
    expect(webhookManifests({ url: 'https://127.0.0.1:9443' }, 'PEM', PLAIN)).toEqual([{
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'images.guardrails.harvesterhci.io', labels: { 'app.kubernetes.io/part-of': 'harvester-guardrails' } },
      webhooks: [{
        name: 'images.guardrails.harvesterhci.io',
        clientConfig: { url: 'https://127.0.0.1:9443/admission/images', caBundle: 'UEVN' },
        rules: [{ apiGroups: ['harvesterhci.io'], apiVersions: ['v1beta1'], operations: ['CREATE'], resources: ['virtualmachineimages'], scope: 'Namespaced' }],
        admissionReviewVersions: ['v1'], matchPolicy: 'Equivalent', sideEffects: 'None', timeoutSeconds: 5, failurePolicy: 'Ignore',
      }],
    }])
  })

  it('guards exports and starts outside of the system\'s namespaces, for three seconds at most, and is passed over when it is down', () => {
    const guarding = webhooksOf({ guard: true, requester: false }).slice(1)
    expect(guarding.map(({ name }) => name)).toEqual(['exports.guardrails.harvesterhci.io', 'starts.guardrails.harvesterhci.io'])
    for (const webhook of guarding) {
      expect(webhook).toMatchObject({ kind: 'ValidatingWebhookConfiguration', timeoutSeconds: 3, failurePolicy: 'Ignore', sideEffects: 'None', admissionReviewVersions: ['v1'] })
      expect(webhook.namespaceSelector).toEqual({ matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: expect.arrayContaining(['kube-system', 'harvester-system', 'longhorn-system']) as string[] }] })
      expect(webhook.matchConditions).not.toHaveLength(0)
    }
  })

  it('guards the namespaces that are named, and no others', () => {
    for (const { namespaceSelector } of webhooksOf({ guard: true, namespaces: ['team-a', 'team-b'], requester: false }).slice(1))
      expect(namespaceSelector).toEqual({ matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['team-a', 'team-b'] }] })
  })

  it('has the requester written by a webhook that nobody passes, where that is asked for', () => {
    expect(webhooksOf({ guard: true, requester: false }).some(({ kind }) => kind === 'MutatingWebhookConfiguration')).toBe(false)
    expect(webhooksOf(ALL).at(-1)).toMatchObject({ kind: 'MutatingWebhookConfiguration', name: 'requester.guardrails.harvesterhci.io', failurePolicy: 'Fail', rules: [{ resources: ['persistentvolumeclaims', 'persistentvolumeclaims/status'] }] })
  })

  it.each([
    ['https://10.0.0.1:9443', 'https://10.0.0.1:9443'],
    ['https://guardrails.example/behind/a/proxy/', 'https://guardrails.example/behind/a/proxy'],
  ])('finds the webhooks at %s', (text, base) => {
    const place = readPlace(text)
    expect(place).toEqual({ url: base })
    expect(webhookManifests(place, 'PEM', ALL)).toMatchObject([{ webhooks: [{ clientConfig: { url: `${base}/admission/images` } }] }, { webhooks: [{ clientConfig: { url: `${base}/admission/exports` } }, { clientConfig: { url: `${base}/admission/starts` } }] }, { webhooks: [{ clientConfig: { url: `${base}/admission/requester` } }] }])
  })

  it.each([['lab/guardrails', 443], ['lab/guardrails:9443', 9443]])('finds the webhooks behind the service %s', (text, port) => {
    const place = readPlace(text)
    expect(place).toEqual({ service: { namespace: 'lab', name: 'guardrails', port } })
    expect(webhookManifests(place, 'PEM', PLAIN)).toMatchObject([{ webhooks: [{ clientConfig: { service: { namespace: 'lab', name: 'guardrails', port, path: '/admission/images' } } }] }])
  })

  it.each(['http://10.0.0.1', 'https://user@host', 'https://host?x=1', 'https://', 'lab', 'lab/', 'Lab/x', 'a/b/c', 'lab/x:0', 'lab/x:70000'])('says in one line that an API server cannot find %s', text => {
    expect(() => readPlace(text)).toThrow(expect.objectContaining({ name: 'UsageError', message: expect.stringMatching(/^[^\n]+$/) as string }))
  })

  it('trusts the webhook\'s own authority, the same each time', async () => {
    const folder = makeFolder()
    const first = await printWebhookManifest({ place: 'https://127.0.0.1:9443', ...ALL }, folder, now)
    expect(bundleIn(first)).toBe((await webhookAuthority(folder, now)).cert)
    expect(readAll(first).map(({ kind }) => kind)).toEqual(['ValidatingWebhookConfiguration', 'ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration'])
    expect(await printWebhookManifest({ place: 'https://127.0.0.1:9443', ...ALL }, folder, now)).toBe(first)
  })

  it('trusts the authority that a file names, and never shows a key that lies beside it', async () => {
    const { cert, key } = await makeAuthority()
    const file = join(makeFolder(), 'ca.pem')
    writeFileSync(file, `${key}\n${cert}`)
    const bundle = bundleIn(await printWebhookManifest({ place: 'lab/guardrails', ca: file, ...PLAIN }, makeFolder(), now))
    expect(bundle.trim()).toBe(cert.trim())
  })

  it.each([['no-such-file', 'cannot be read'], [import.meta.filename, 'holds no certificate']])('says what is wrong with the authority %s', async (ca, words) => {
    await expect(printWebhookManifest({ place: 'lab/guardrails', ca, ...PLAIN }, makeFolder(), now)).rejects.toThrow(words)
  })
})
