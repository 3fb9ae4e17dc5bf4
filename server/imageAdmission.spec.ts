import fc from 'fast-check'
import type { StorageClass } from '#kube/core.ts'
import type { ImageFindingCode, ImageWorld } from '#images/imageFindings.ts'
import { IMAGE_FINDING_CODES } from '#images/imageFindings.ts'
import { describe, expect, it } from 'vitest'
import { answerReview, readReview } from './admissionReview.ts'
import type { AdmissionRequest } from './admissionReview.ts'
import { admitImage } from './imageAdmission.ts'
import type { Admission, AdmissionPolicy } from './imageAdmission.ts'

const HARVESTER = 'system:serviceaccount:harvester-system:harvester'
const MUTABLE = 'https://cloud-images.ubuntu.com/noble/current/noble-server-cloudimg-amd64.img'
const PINNED = 'https://cloud-images.ubuntu.com/noble/20240423/noble-server-cloudimg-amd64.img'

function classOf(name: string, provisioner: string, parameters: Record<string, string> = {}): StorageClass {
  return { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }, provisioner, parameters }
}
const WORLD: ImageWorld = {
  images: [{ metadata: { namespace: 'lab', name: 'image-1' }, spec: { displayName: 'noble' } }],
  classes: [classOf('longhorn-v2', 'driver.longhorn.io', { dataEngine: 'v2' }), classOf('lvm', 'lvm.driver.harvesterhci.io'), classOf('lh-1', 'driver.longhorn.io', { backingImage: 'vmi-1' })],
  now: Date.parse('2026-03-01T12:00:00Z'),
}

interface Asked { readonly spec?: object, readonly annotations?: object, readonly request?: Partial<AdmissionRequest> }
function reviewOf({ spec, annotations, request }: Asked): object {
  return {
    apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview',
    request: {
      uid: 'u-1', operation: 'CREATE', resource: { group: 'harvesterhci.io', version: 'v1beta1', resource: 'virtualmachineimages' }, namespace: 'lab', name: 'jammy',
      userInfo: { username: 'ann', groups: ['system:authenticated'] }, dryRun: false,
      object: { apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: { name: 'jammy', namespace: 'lab', annotations }, spec: { displayName: 'jammy', sourceType: 'download', url: PINNED, ...spec } },
      ...request,
    },
  }
}
function admit(asked: Asked, { refuse = [], refuseHarvester = false, warnOnly = [] }: { refuse?: readonly ImageFindingCode[], refuseHarvester?: boolean, warnOnly?: readonly string[] } = {}, world = WORLD): Admission {
  const request = readReview(reviewOf(asked))
  if ('problem' in request)
    throw new Error(request.problem)
  const policy: AdmissionPolicy = { refuse: new Set(refuse), refuseHarvester, warnOnly: new Set(warnOnly) }
  return admitImage(request, world, policy)
}

describe('the admission of an image', () => {
  it.each<[string, Asked, string[]]>([
    ['nothing of a pinned URL', {}, []],
    ['why the URL is mutable, what that means and how a pinned one looks', { spec: { url: MUTABLE } },
      ['spec.url: what this URL serves changes: "current" in it points to whichever build is newest. Once Longhorn must download it again, the VMs on it are lost. Pin it, e.g. https://cloud-images.ubuntu.com/releases/<codename>/release-<YYYYMMDD>/<file>']],
    ['what the mutable URL of a CDI image means', { spec: { url: 'https://aka.ms/x.iso', backend: 'cdi' } },
      ['spec.url: what this URL serves changes: a short link can be pointed elsewhere. The same URL makes another image elsewhere. Pin it to one build.']],
    ['that Longhorn refuses a SHA-512 in capitals', { spec: { checksum: 'A'.repeat(128) } }, ['spec.checksum: this SHA-512 has capitals or blanks; Longhorn takes only 128 lower-case hexadecimal digits and refuses the image.']],
    ['more softly what somebody has acknowledged', { spec: { url: MUTABLE }, annotations: { 'guardrails.harvesterhci.io/mutable-url-acknowledged': '{"who":"ann","when":"2026-03-01T12:00:00Z"}' } },
      ['spec.url: what this URL serves can change; "ann" acknowledged that on "2026-03-01T12:00:00Z".']],
    ['that a URL cannot be downloaded', { spec: { url: 'ftp://host/a.img' } }, ['spec.url: no image can come from this URL: only http and https can be downloaded, not "ftp".']],
    ['that a URL is a checksum', { spec: { url: 'https://host/SHA256SUMS' } }, ['spec.url: no image can come from this URL: "sha256sums" is a checksum, not an image.']],
    ['that Longhorn refuses loopback', { spec: { url: 'http://127.0.0.1/x-20240101.img' } }, ['spec.url: Longhorn refuses a URL on loopback: it points to the machine that downloads it.']],
    ['that no backend takes a format', { spec: { url: 'https://host/x-20240101.vmdk' } }, ['spec.url: neither backend takes a file that ends in ".vmdk": serve it as qcow2, raw or iso.']],
    ['that a signed URL has ended', { spec: { url: 'https://host/x.iso?Expires=1740000000&Signature=x' } }, ['spec.url: this signed URL ended on 2025-02-19T21:20:00.000Z: nothing can be downloaded from it any more.']],
    ['that a checksum is a SHA-256', { spec: { checksum: 'a'.repeat(64) } }, ['spec.checksum: this checksum is SHA-256; Longhorn takes only SHA-512 (128 hexadecimal digits) and refuses the image.']],
    ['that a checksum is an MD5', { spec: { checksum: 'a'.repeat(32) } }, ['spec.checksum: this checksum is MD5; Longhorn takes only SHA-512 (128 hexadecimal digits) and refuses the image.']],
    ['that a checksum is none', { spec: { checksum: 'x' } }, ['spec.checksum: this is no checksum; Longhorn takes only SHA-512 (128 hexadecimal digits) and refuses the image.']],
    ['that CDI looks at no checksum', { spec: { backend: 'cdi', checksum: 'a'.repeat(128) } }, ['spec.checksum: with backend cdi nobody looks at the checksum: the file is imported unchecked.']],
    ['that a class is Longhorn v2', { spec: { targetStorageClassName: 'longhorn-v2' } }, ['spec.backend: storage class "longhorn-v2" (Longhorn data engine v2) cannot hold a BackingImage: the image would be kept on Longhorn v1. Say backend: cdi.']],
    ['that a class named by annotation is of another provisioner', { annotations: { 'harvesterhci.io/storageClassName': 'lvm' } }, ['spec.backend: storage class "lvm" (provisioner "lvm.driver.harvesterhci.io") cannot hold a BackingImage: the image would be kept on Longhorn v1. Say backend: cdi.']],
    ['that a class is an image\'s', { spec: { targetStorageClassName: 'lh-1' } }, ['spec.targetStorageClassName: storage class "lh-1" belongs to an image and holds only its volumes.']],
    ['that a class is not there', { spec: { targetStorageClassName: 'gone' } }, ['spec.targetStorageClassName: the cluster has no storage class "gone".']],
    ['that a display name is taken', { spec: { displayName: 'noble' } }, ['spec.displayName: "noble" is taken: image "lab/image-1" has this display name.']],
  ])('warns %s', (_, asked, warnings) => {
    expect(admit(asked)).toMatchObject({ warnings })
    expect(admit(asked).refusal).toBeUndefined()
  })

  it('refuses what the policy names, in words beside the field, and warns of the rest', () => {
    const { warnings, refusal } = admit({ spec: { url: MUTABLE, checksum: 'a'.repeat(64) } }, { refuse: ['not-sha512', 'duplicate-name'] })
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(/^spec\.url: /)
    const text = 'this checksum is SHA-256; Longhorn takes only SHA-512 (128 hexadecimal digits) and refuses the image.'
    expect(refusal).toEqual({
      status: 'Failure', code: 422, reason: 'Invalid', message: `this cluster refuses such images: spec.checksum: ${text}`,
      details: { group: 'harvesterhci.io', kind: 'VirtualMachineImage', name: 'jammy', causes: [{ reason: 'FieldValueInvalid', field: 'spec.checksum', message: text }] },
    })
  })

  it('tells who is refused for a mutable URL how to have it knowingly, unless that is refused too', () => {
    const acknowledged = { spec: { url: MUTABLE }, annotations: { 'guardrails.harvesterhci.io/mutable-url-acknowledged': '{"who":"ann","when":"2026-03-01T12:00:00Z"}' } }
    const way = 'guardrails.harvesterhci.io/mutable-url-acknowledged'
    expect(admit({ spec: { url: MUTABLE } }, { refuse: ['mutable-url'] }).refusal?.message).toContain(way)
    expect(admit(acknowledged, { refuse: ['mutable-url'] })).toMatchObject({ findings: ['acknowledged-mutable-url'], warnings: [expect.stringContaining('"ann"')] })
    expect(admit({ ...acknowledged, annotations: { [way]: '{"who":"","when":""}' } }, { refuse: ['mutable-url'] }).refusal?.code).toBe(422)
    expect(admit(acknowledged, { refuse: ['mutable-url'] }).refusal).toBeUndefined()
    const both: readonly ImageFindingCode[] = ['mutable-url', 'acknowledged-mutable-url']
    expect(admit({ spec: { url: MUTABLE } }, { refuse: both }).refusal?.message).not.toContain(way)
    expect(admit(acknowledged, { refuse: both }).refusal?.code).toBe(422)
  })

  it('warns Harvester\'s own account and refuses it nothing, unless a setting says so', () => {
    const asked = { spec: { url: MUTABLE }, request: { userInfo: { username: HARVESTER } } } as Asked
    expect(admit(asked, { refuse: IMAGE_FINDING_CODES }).refusal).toBeUndefined()
    expect(admit(asked, { refuse: IMAGE_FINDING_CODES }).warnings).toHaveLength(1)
    expect(admit(asked, { refuse: IMAGE_FINDING_CODES, refuseHarvester: true }).refusal?.code).toBe(422)
    const other = { ...asked, request: { userInfo: { username: 'system:serviceaccount:lab:harvester' } } } as Asked
    expect(admit(other, { refuse: IMAGE_FINDING_CODES }).refusal?.code).toBe(422)
  })

  it('refuses nothing to an account that is only to be warned', () => {
    const asked = { spec: { url: MUTABLE } }
    expect(admit(asked, { refuse: IMAGE_FINDING_CODES, warnOnly: ['bob'] }).refusal?.code).toBe(422)
    expect(admit(asked, { refuse: IMAGE_FINDING_CODES, warnOnly: ['bob', 'ann'] })).toMatchObject({ warnings: [expect.stringContaining('spec.url') as string] })
    expect(admit(asked, { refuse: IMAGE_FINDING_CODES, warnOnly: ['ann'] }).refusal).toBeUndefined()
  })

  it.each<[string, Asked]>([
    ['an update', { spec: { url: MUTABLE }, request: { operation: 'UPDATE' } }],
    ['another kind', { spec: { url: MUTABLE }, request: { resource: { group: 'kubevirt.io', version: 'v1', resource: 'virtualmachines' } } } as unknown as Asked],
    ['a subresource', { spec: { url: MUTABLE }, request: { subResource: 'status' } } as Asked],
    ['an object without a spec', { request: { object: {} } }],
    ['no object', { request: { object: null } }],
    ['a backend that nobody knows', { spec: { url: MUTABLE, backend: 'tape' } }],
  ])('lets %s through without a word', (_, asked) => {
    expect(admit(asked, { refuse: IMAGE_FINDING_CODES })).toEqual({ findings: [], warnings: [] })
  })

  it('judges what it can where the cluster cannot be read', () => {
    const blind = { images: undefined, classes: undefined }
    expect(admit({ spec: { displayName: 'noble', targetStorageClassName: 'lvm', url: MUTABLE } }, { refuse: ['wrong-backend', 'duplicate-name'] }, blind)).toMatchObject({ findings: ['mutable-url'] })
  })

  it('says one line of at most 256 characters whatever is written in the manifest, and never fails', () => {
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.constantFrom('x'.repeat(5000), 'a\u202Eb\nc\u0000\uD800', MUTABLE, 'noble', 'lvm'))
    const spec = fc.record({ displayName: text, url: fc.oneof(text, text.map(word => `https://h.example/latest-${word}/current-${word}.img`)), checksum: text, targetStorageClassName: text, sourceType: fc.constantFrom('download', 'upload', 'x'), backend: fc.constantFrom('cdi', 'backingimage', undefined, 3) }, { requiredKeys: [] })
    const annotations = fc.record({ 'harvesterhci.io/storageClassName': fc.oneof(text, fc.integer()), 'guardrails.harvesterhci.io/mutable-url-acknowledged': fc.record({ who: text, when: text }).map(said => JSON.stringify(said)) }, { requiredKeys: [] })
    fc.assert(fc.property(spec, annotations, (given, annotated) => {
      for (const warning of admit({ spec: given, annotations: annotated }, {}, { ...WORLD, images: [{ metadata: { namespace: 'lab', name: 'n'.repeat(253) }, spec: { displayName: given.displayName ?? '' } }] }).warnings) {
        expect([...warning].length).toBeLessThanOrEqual(256)
        expect(warning).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u)
      }
    }), { numRuns: 300 })
    fc.assert(fc.property(fc.jsonValue(), value => {
      expect(() => admit({ request: { object: value } })).not.toThrow()
    }))
  }, 30_000)
})

describe('an AdmissionReview', () => {
  it.each<[string, unknown]>([
    ['the body is not an AdmissionReview', []],
    ['the body is not an AdmissionReview', 'text'],
    ['the body is not an AdmissionReview', { kind: 'Pod', apiVersion: 'v1' }],
    ['only admission.k8s.io/v1 is spoken here, not admission.k8s.io/v1beta1', { ...reviewOf({}), apiVersion: 'admission.k8s.io/v1beta1' }],
    ['only admission.k8s.io/v1 is spoken here, not an AdmissionReview without apiVersion', { kind: 'AdmissionReview' }],
    ['the AdmissionReview has no request.uid', { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' }],
    ['the AdmissionReview has no request.uid', reviewOf({ request: { uid: '' } })],
    ['the AdmissionReview does not say request.operation and request.resource', reviewOf({ request: { resource: undefined } })],
  ])('says %s', (problem, body) => {
    expect(readReview(body)).toEqual({ problem })
  })

  it('is answered with its uid', () => {
    expect(answerReview('u-1', { warnings: [] })).toEqual({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid: 'u-1', allowed: true } })
    expect(answerReview('u-1', admit({ spec: { url: MUTABLE } }, { refuse: ['mutable-url'] }))).toMatchObject({ response: { uid: 'u-1', allowed: false, status: { code: 422 } } })
  })
})
