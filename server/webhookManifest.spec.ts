import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadYaml } from '@kubernetes/client-node'
import { describe, expect, it } from 'vitest'
import { makeAuthority, makeFolder } from './testCluster.ts'
import { webhookAuthority } from './webhookCertificate.ts'
import { printWebhookManifest, readPlace, webhookManifest } from './webhookManifest.ts'

const now = new Date('2026-03-01T12:00:00Z')
interface Configuration { readonly webhooks: readonly { readonly clientConfig: { readonly caBundle: string } }[] }
const bundleIn = (yaml: string) => Buffer.from(loadYaml<Configuration>(yaml).webhooks[0]?.clientConfig.caBundle ?? '', 'base64').toString()

describe('the webhook\'s configuration', () => {
  it('has no side effects, waits five seconds and stops nobody when the webhook is down', () => {
    expect(webhookManifest({ url: 'https://127.0.0.1:9443/admission/images' }, 'PEM')).toEqual({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'images.guardrails.harvesterhci.io' },
      webhooks: [{
        name: 'images.guardrails.harvesterhci.io',
        clientConfig: { url: 'https://127.0.0.1:9443/admission/images', caBundle: 'UEVN' },
        rules: [{ apiGroups: ['harvesterhci.io'], apiVersions: ['v1beta1'], operations: ['CREATE'], resources: ['virtualmachineimages'], scope: 'Namespaced' }],
        admissionReviewVersions: ['v1'], matchPolicy: 'Equivalent', sideEffects: 'None', timeoutSeconds: 5, failurePolicy: 'Ignore',
      }],
    })
  })

  it.each([
    ['https://10.0.0.1:9443', { url: 'https://10.0.0.1:9443/admission/images' }],
    ['https://guardrails.example/behind/a/proxy', { url: 'https://guardrails.example/behind/a/proxy' }],
    ['lab/guardrails', { service: { namespace: 'lab', name: 'guardrails', port: 443, path: '/admission/images' } }],
    ['lab/guardrails:9443', { service: { namespace: 'lab', name: 'guardrails', port: 9443, path: '/admission/images' } }],
  ])('finds the webhook at %s', (text, place) => {
    expect(readPlace(text)).toEqual(place)
  })

  it.each(['http://10.0.0.1', 'https://user@host', 'https://host?x=1', 'https://', 'lab', 'lab/', 'Lab/x', 'a/b/c', 'lab/x:0', 'lab/x:70000'])('says in one line that an API server cannot find %s', text => {
    expect(() => readPlace(text)).toThrow(expect.objectContaining({ name: 'UsageError', message: expect.stringMatching(/^[^\n]+$/) as string }))
  })

  it('trusts the webhook\'s own authority, the same each time', async () => {
    const folder = makeFolder()
    const first = await printWebhookManifest({ place: 'https://127.0.0.1:9443' }, folder, now)
    expect(bundleIn(first)).toBe((await webhookAuthority(folder, now)).cert)
    expect(await printWebhookManifest({ place: 'https://127.0.0.1:9443' }, folder, now)).toBe(first)
  })

  it('trusts the authority that a file names, and never shows a key that lies beside it', async () => {
    const { cert, key } = await makeAuthority()
    const file = join(makeFolder(), 'ca.pem')
    writeFileSync(file, `${key}\n${cert}`)
    const bundle = bundleIn(await printWebhookManifest({ place: 'lab/guardrails', ca: file }, makeFolder(), now))
    expect(bundle.trim()).toBe(cert.trim())
  })

  it.each([['no-such-file', 'cannot be read'], [import.meta.filename, 'holds no certificate']])('says what is wrong with the authority %s', async (ca, words) => {
    await expect(printWebhookManifest({ place: 'lab/guardrails', ca }, makeFolder(), now)).rejects.toThrow(words)
  })
})
