import type { StorageClass } from '#kube/core.ts'
import type { VirtualMachineImage } from './image.ts'
import type { ImageForm, ImageFormProblems } from './imageForm.ts'
import { describe, expect, it } from 'vitest'
import { recognizeChecksum } from './checksum.ts'
import { MISMATCH_ACKNOWLEDGED_ANNOTATION, acknowledgementOf } from './image.ts'
import { OS_TYPE_PATH, checkImageForm, planExportImage, planImage, refusalsOf } from './imageForm.ts'

const meta = (name: string, namespace?: string) => ({ name, ...(namespace && { namespace }), uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' })
const classOf = (name: string, parameters: Record<string, string> = {}, provisioner = 'driver.longhorn.io'): StorageClass => ({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: meta(name), provisioner, parameters })
const V1 = classOf('harvester-longhorn', { numberOfReplicas: '3' })
const V2 = classOf('longhorn-v2', { dataEngine: 'v2' })
const taken: VirtualMachineImage = { apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: meta('image-1', 'production'), spec: { displayName: 'noble', sourceType: 'download' } }

const FORM: ImageForm = { name: 'jammy', namespace: 'production', storageClass: 'harvester-longhorn', source: 'url', url: 'https://cloud-images.ubuntu.com/noble/20240423/noble-server-cloudimg-amd64.img', checksum: '', description: '' }

describe('the check of the image form', () => {
  it.each<[string, Partial<ImageForm>, StorageClass | undefined, ImageFormProblems]>([
    ['nothing', {}, V1, {}],
    ['a mutable URL, which asks for an acknowledgement instead', { url: 'https://cloud-images.ubuntu.com/noble/current/noble.img' }, V1, {}],
    ['no name', { name: '' }, V1, { name: { code: 'required' } }],
    ['a name with spaces', { name: 'my image' }, V1, { name: { code: 'not-a-label-value' } }],
    ['a name that ends in a dash', { name: 'jammy-' }, V1, { name: { code: 'not-a-label-value' } }],
    ['a name of 64 letters', { name: 'a'.repeat(64) }, V1, { name: { code: 'too-long' } }],
    ['a name that is taken in the namespace', { name: 'noble' }, V1, { name: { code: 'taken', image: 'production/image-1' } }],
    ['nothing where the name is taken elsewhere', { name: 'noble', namespace: 'lab' }, V1, {}],
    ['no namespace', { namespace: '' }, V1, { namespace: { code: 'required' } }],
    ['no class', { storageClass: '' }, undefined, { storageClass: { code: 'required' } }],
    ['a class that is gone', { storageClass: 'x' }, undefined, { storageClass: { code: 'not-found' } }],
    ['a class that belongs to another image', {}, classOf('lh-1', { backingImage: 'vmi-1' }), { storageClass: { code: 'image-class' } }],
    ['no URL', { url: ' ' }, V1, { url: { code: 'required' } }],
    ['an unusable URL', { url: 'ftp://host/a.img' }, V1, { url: { code: 'unusable-url', reason: { code: 'scheme', scheme: 'ftp' } } }],
    ['a SHA-256', { checksum: 'a'.repeat(64) }, V1, { checksum: { code: 'not-sha512', kind: 'sha256' } }],
    ['nothing for a SHA-512 in capitals', { checksum: ` ${'A'.repeat(128)} ` }, V1, {}],
    ['that CDI ignores the checksum', { checksum: 'a'.repeat(128) }, V2, { checksum: { code: 'ignored-by-cdi' } }],
    ['nothing of URL and checksum for a file, which is judged by its bytes', { source: 'file', url: 'ftp://host/a.img', checksum: 'a'.repeat(64), retry: 11 }, V1, {}],
    ['that a file needs a name too', { source: 'file', url: '', name: '' }, V1, { name: { code: 'required' } }],
    ['eleven tries', { retry: 11 }, V1, { retry: { code: 'out-of-range' } }],
  ])('finds %s', (_, change, storageClass, problems) => {
    expect(checkImageForm({ ...FORM, ...change }, [taken], storageClass)).toEqual(problems)
  })

  it.each<[string, Partial<ImageForm>, ImageFormProblems]>([
    ['an operating system that is no label', { osType: 'Rocky Linux' }, { osType: { code: 'not-a-label-value' } }],
    ['none at all as fine', { osType: '' }, {}],
    ['a description that the image has no room for, by bytes', { description: 'é'.repeat(100_001) }, { description: { code: 'no-room' } }],
    ['the longest as fine', { description: 'é'.repeat(100_000) }, {}],
  ])('finds %s', (_, change, problems) => {
    expect(checkImageForm({ ...FORM, ...change }, [], V1)).toEqual(problems)
  })
})

describe('a refusal of the cluster', () => {
  it.each<[string, Parameters<typeof refusalsOf>[0], Record<string, string>]>([
    ['beside the fields that it names', { status: 422, message: 'denied', causes: [{ field: 'spec.url', message: 'url is required' }, { field: '', message: 'of no field' }] }, { 'spec.url': 'url is required' }],
    ['of who may create nothing here beside the namespace', { status: 403, message: 'User "ann" cannot create resource "virtualmachineimages" in the namespace "lab"', causes: [] }, { 'metadata.namespace': 'User "ann" cannot create resource "virtualmachineimages" in the namespace "lab"' }],
    ['of a name that is taken beside the name', { status: 409, message: 'A resource with the same name exists', causes: [] }, { 'spec.displayName': 'A resource with the same name exists' }],
    ['of another kind beside no field', { status: 403, message: 'exceeded quota', causes: [] }, {}],
  ])('stands %s', (_, error, refusals) => {
    expect(refusalsOf(error)).toEqual(refusals)
  })

  it('for a namespace that is gone stands beside the namespace', () => {
    const message = 'namespaces "ghost" not found'
    expect(refusalsOf({ status: 404, message, causes: [] })).toEqual({ 'metadata.namespace': message })
    expect(refusalsOf({ status: 404, message: 'virtualmachineimages.harvesterhci.io "ghost" not found', causes: [] })).toEqual({})
  })

  it('of a label stands beside the field that the label is of, by the value that was sent', () => {
    const words = (value: string) => `Invalid value: "${value}": a valid label must be an empty string or consist of alphanumeric characters`
    const of = (value: string) => refusalsOf({ status: 422, message: 'denied', causes: [{ field: 'metadata.labels', message: words(value) }] }, { labels: { 'harvesterhci.io/os-type': 'Rocky Linux' } })
    expect(of('Rocky Linux')).toEqual({ [OS_TYPE_PATH]: words('Rocky Linux') })
    expect(of('no such name')).toEqual({ 'spec.displayName': words('no such name') })
  })
})

describe('the image as Harvester makes it', () => {
  it('names the class twice and leaves the name to the server', () => {
    expect(planImage({ ...FORM, checksum: 'A'.repeat(128), description: 'for web', osType: 'ubuntu' }, V1)).toEqual({
      apiVersion: 'harvesterhci.io/v1beta1',
      kind: 'VirtualMachineImage',
      metadata: {
        generateName: 'image-',
        namespace: 'production',
        labels: { 'harvesterhci.io/os-type': 'ubuntu', 'harvesterhci.io/image-type': 'raw_qcow2' },
        annotations: { 'harvesterhci.io/storageClassName': 'harvester-longhorn', 'field.cattle.io/description': 'for web' },
      },
      spec: { backend: 'backingimage', displayName: 'jammy', sourceType: 'download', url: FORM.url, checksum: 'a'.repeat(128), targetStorageClassName: 'harvester-longhorn' },
    })
  })

  it('goes through CDI on every class that is not Longhorn v1, without a checksum that would be ignored', () => {
    for (const storageClass of [V2, classOf('lvm', {}, 'lvm.driver.harvesterhci.io')])
      expect(planImage({ ...FORM, checksum: 'a'.repeat(128) }, storageClass).spec).toMatchObject({ backend: 'cdi', targetStorageClassName: storageClass.metadata.name })
    expect(planImage({ ...FORM, checksum: 'a'.repeat(128) }, V2).spec).not.toHaveProperty('checksum')
  })

  it('knows an installer by its ending', () => {
    expect(planImage({ ...FORM, url: 'https://host/a.ISO?x=1' }, V1).metadata.labels).toMatchObject({ 'harvesterhci.io/image-type': 'iso' })
  })

  it('suggests the labels, takes those that were written, and tries as often as asked', () => {
    expect(planImage({ ...FORM, retry: 0 }, V1)).toMatchObject({ metadata: { labels: { 'harvesterhci.io/os-type': 'ubuntu', 'harvesterhci.io/image-type': 'raw_qcow2' } }, spec: { retry: 0 } })
    expect(planImage({ ...FORM, osType: '', imageType: 'iso' }, V1).metadata.labels).toEqual({ 'harvesterhci.io/os-type': '', 'harvesterhci.io/image-type': 'iso' })
  })

  it('records who acknowledged a mutable URL, and reads it back', () => {
    const acknowledgement = { who: 'ann', when: '2026-03-01T12:00:00.000Z' }
    const image = { ...taken, metadata: { ...taken.metadata, ...planImage(FORM, V1, { mutable: acknowledgement }).metadata } } as VirtualMachineImage
    expect(acknowledgementOf(image)).toEqual(acknowledgement)
    expect(acknowledgementOf(taken)).toBeUndefined()
    const mismatched = { metadata: planImage(FORM, V1, { mismatch: acknowledgement }).metadata }
    expect(acknowledgementOf(mismatched)).toBeUndefined()
    expect(acknowledgementOf(mismatched, MISMATCH_ACKNOWLEDGED_ANNOTATION)).toEqual(acknowledgement)
    expect(acknowledgementOf({ ...taken, metadata: { ...taken.metadata, annotations: { 'guardrails.harvesterhci.io/mutable-url-acknowledged': '{' } } })).toBeUndefined()
  })

  it('exports a volume under a name that is the same for everybody', () => {
    expect(planExportImage({ name: 'export-abcd', namespace: 'production', displayName: 'web-01', claim: { namespace: 'production', name: 'web-01-root' }, annotations: { a: 'b' } }, V2)).toEqual({
      apiVersion: 'harvesterhci.io/v1beta1',
      kind: 'VirtualMachineImage',
      metadata: { name: 'export-abcd', namespace: 'production', annotations: { 'harvesterhci.io/storageClassName': 'longhorn-v2', 'a': 'b' } },
      spec: { backend: 'cdi', displayName: 'web-01', sourceType: 'export-from-volume', pvcName: 'web-01-root', pvcNamespace: 'production', targetStorageClassName: 'longhorn-v2' },
    })
  })
})

it.each([['', 'none'], [' ', 'none'], ['a'.repeat(32), 'md5'], ['A'.repeat(40), 'sha1'], ['0'.repeat(64), 'sha256'], ['0'.repeat(96), 'sha384'], ['0'.repeat(128), 'sha512'], ['g'.repeat(64), 'unrecognised'], ['a'.repeat(65), 'unrecognised'], ['sha256:abc', 'unrecognised']])('a checksum %j is %s', (text, kind) => {
  expect(recognizeChecksum(text)).toBe(kind)
})
