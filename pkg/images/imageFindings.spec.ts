import type { StorageClass } from '#kube/core.ts'
import type { Manifest } from '#kube/object.ts'
import type { VirtualMachineImage } from './image.ts'
import type { ImageFindingCode, ImageWorld } from './imageFindings.ts'
import { describe, expect, it } from 'vitest'
import { findInImage, imageFactsOf } from './imageFindings.ts'

const meta = (name: string, namespace?: string) => ({ name, ...(namespace && { namespace }), uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' })
const classOf = (name: string, parameters: Record<string, string> = {}, provisioner = 'driver.longhorn.io', annotations = {}): StorageClass =>
  ({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { ...meta(name), annotations }, provisioner, parameters })
const DEFAULT = { 'storageclass.kubernetes.io/is-default-class': 'true' }
const V1 = classOf('harvester-longhorn', {}, undefined, DEFAULT)
const V2 = classOf('longhorn-v2', { dataEngine: 'v2' })
const LVM = classOf('lvm', {}, 'lvm.driver.harvesterhci.io')
const taken = { metadata: { namespace: 'production', name: 'image-1' }, spec: { displayName: 'noble' } }
const WORLD: ImageWorld = { images: [taken], classes: [V1, V2, LVM, classOf('lh-1', { backingImage: 'vmi-1' })], now: Date.parse('2026-03-01T12:00:00Z') }

const PINNED = 'https://cloud-images.ubuntu.com/noble/20240423/noble-server-cloudimg-amd64.img'
const ENDED = 'https://files.example.com/x.iso?Expires=1740000000&Signature=x'
const MUTABLE = 'https://cloud-images.ubuntu.com/noble/current/noble-server-cloudimg-amd64.img'

interface Change { readonly spec?: Partial<VirtualMachineImage['spec']>, readonly annotations?: Record<string, string>, readonly namespace?: string }
function manifestOf({ spec, annotations, namespace = 'production' }: Change): Manifest<VirtualMachineImage> {
  return { apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: { name: 'image-2', namespace, annotations }, spec: { displayName: 'jammy', sourceType: 'download', url: PINNED, ...spec } }
}
function find(change: Change, world = WORLD) {
  return findInImage(imageFactsOf(manifestOf(change), world.classes), world)
}

const ANNOTATED = (name: string) => ({ 'harvesterhci.io/storageClassName': name })
const ACKNOWLEDGED = { 'guardrails.harvesterhci.io/mutable-url-acknowledged': '{"who":"ann","when":"2026-03-01T12:00:00Z"}' }

describe('the judgement of an image before it is made', () => {
  it.each<[string, Change, ImageFindingCode[]]>([
    ['nothing in a pinned URL', {}, []],
    ['a mutable URL', { spec: { url: MUTABLE } }, ['mutable-url']],
    ['a mutable URL though its checksum is right, since it is downloaded again one day', { spec: { url: MUTABLE, checksum: 'a'.repeat(128) } }, ['mutable-url']],
    ['a mutable URL that somebody acknowledged', { spec: { url: MUTABLE }, annotations: ACKNOWLEDGED }, ['acknowledged-mutable-url']],
    ['a mutable URL whose acknowledgement cannot be read', { spec: { url: MUTABLE }, annotations: { 'guardrails.harvesterhci.io/mutable-url-acknowledged': 'yes' } }, ['mutable-url']],
    ...['{"who":"","when":"2026-03-01T12:00:00Z"}', '{"who":" ","when":"2026-03-01T12:00:00Z"}', '{"who":"ann","when":""}', '{"who":"ann","when":"never"}', '{"who":"ann","when":"2026-03-01"}', '{"who":"ann","when":"2026-02-30T12:00:00Z"}', '{"who":"ann","when":"2026-03-01T12:00:00"}', '{"who":"ann","when":"2026-03-01T25:00:00Z"}', '{"who":1,"when":"2026-03-01T12:00:00Z"}', '{"when":"2026-03-01T12:00:00Z"}'].map((text): [string, Change, ImageFindingCode[]] => [
      `a mutable URL that ${text} does not acknowledge`, { spec: { url: MUTABLE }, annotations: { 'guardrails.harvesterhci.io/mutable-url-acknowledged': text } }, ['mutable-url'],
    ]),
    ['a mutable URL that somebody acknowledged by a clock of another zone', { spec: { url: MUTABLE }, annotations: { 'guardrails.harvesterhci.io/mutable-url-acknowledged': '{"who":"ann","when":"2026-03-01T12:00:00.123+08:00"}' } }, ['acknowledged-mutable-url']],
    ['nothing in an acknowledgement without need', { annotations: ACKNOWLEDGED }, []],
    ['a URL from which nothing can come', { spec: { url: 'ftp://host/a.img' } }, ['unusable-url']],
    ['that Longhorn refuses loopback', { spec: { url: 'http://127.0.0.1/x-20240101.img' } }, ['refused-url']],
    ['a format that no backend takes, by its ending', { spec: { url: 'https://files.example.com/x-20240101.vmdk' } }, ['refused-url']],
    ['nothing in a name without an ending', { spec: { url: 'https://files.example.com/x-20240101' } }, []],
    ['a refusal and a mutable URL', { spec: { url: 'http://localhost/latest/x.img' } }, ['refused-url', 'mutable-url']],
    ['a signed link that has ended', { spec: { url: ENDED } }, ['ended-url']],
    ['nothing in a signed link that ends later', { spec: { url: 'https://files.example.com/x.iso?Expires=1900000000&Signature=x' } }, []],
    ['that a download has no URL', { spec: { url: '' } }, ['unusable-url']],
    ['nothing in the URL of a backup', { spec: { sourceType: 'restore', url: 's3://bucket@region/?backingImage=vmi-1' } }, []],
    ['nothing in an upload', { spec: { sourceType: 'upload', url: undefined } }, []],
    ['a SHA-256', { spec: { checksum: 'a'.repeat(64) } }, ['not-sha512']],
    ['a checksum that is none', { spec: { checksum: 'none' } }, ['not-sha512']],
    ['nothing in a SHA-512', { spec: { checksum: 'a'.repeat(128) } }, []],
    ['a SHA-512 in capitals, which Longhorn refuses', { spec: { checksum: 'A'.repeat(128) } }, ['not-sha512']],
    ['a SHA-512 with a space or a line end around it, which Longhorn refuses', { spec: { checksum: ` ${'a'.repeat(128)}\n` } }, ['not-sha512']],
    ['a checksum of nothing but blanks, which Longhorn refuses', { spec: { checksum: ' ' } }, ['not-sha512']],
    ['nothing in blanks that CDI is not told of', { spec: { backend: 'cdi', targetStorageClassName: 'lvm', checksum: ' ' } }, []],
    ['a SHA-256 beside an upload', { spec: { sourceType: 'upload', url: '', checksum: 'a'.repeat(64) } }, ['not-sha512']],
    ['a checksum that CDI is not told of', { spec: { backend: 'cdi', targetStorageClassName: 'lvm', checksum: 'a'.repeat(128) } }, ['ignored-checksum']],
    ['backingimage on Longhorn v2', { spec: { backend: 'backingimage', targetStorageClassName: 'longhorn-v2' } }, ['wrong-backend']],
    ['backingimage on another provisioner', { spec: { backend: 'backingimage', targetStorageClassName: 'lvm' } }, ['wrong-backend']],
    ['that no backend means backingimage', { spec: { targetStorageClassName: 'lvm' } }, ['wrong-backend']],
    ['the class that an annotation names', { annotations: ANNOTATED('longhorn-v2') }, ['wrong-backend']],
    ['nothing in CDI on Longhorn v2', { spec: { backend: 'cdi' }, annotations: ANNOTATED('longhorn-v2') }, []],
    ['nothing in CDI on Longhorn v1, which is possible', { spec: { backend: 'cdi', targetStorageClassName: 'harvester-longhorn' } }, []],
    ['a class that the cluster does not have', { spec: { targetStorageClassName: 'gone' } }, ['no-such-class']],
    ['a class that belongs to an image', { spec: { targetStorageClassName: 'lh-1' } }, ['image-class']],
    ['a display name that is taken', { spec: { displayName: 'noble' } }, ['duplicate-name']],
    ['nothing in a display name that is taken elsewhere', { spec: { displayName: 'noble' }, namespace: 'lab' }, []],
    ['several things at once', { spec: { displayName: 'noble', url: MUTABLE, checksum: 'a'.repeat(64), targetStorageClassName: 'longhorn-v2' } }, ['mutable-url', 'wrong-backend', 'not-sha512', 'duplicate-name']],
  ])('finds %s', (_, change, codes) => {
    expect(find(change).map(({ code }) => code)).toEqual(codes)
  })

  it('takes the cluster\'s default class where none is named, as Harvester does', () => {
    const classes = [V1, LVM].map((kind, index) => ({ ...kind, metadata: { ...kind.metadata, annotations: index === 1 ? DEFAULT : {} } }))
    expect(find({}, { ...WORLD, classes })).toEqual([{ code: 'wrong-backend', storageClass: 'lvm', provisioner: 'lvm.driver.harvesterhci.io' }])
    expect(find({}, { ...WORLD, classes: [] })).toEqual([])
  })

  it('says nothing by what cannot be seen, and the rest all the same', () => {
    const blind = { images: undefined, classes: undefined }
    expect(find({ spec: { url: ENDED } }, blind)).toEqual([])
    expect(find({ spec: { displayName: 'noble', url: MUTABLE, targetStorageClassName: 'longhorn-v2' } }, blind).map(({ code }) => code)).toEqual(['mutable-url'])
    expect(find({ spec: { displayName: 'noble', targetStorageClassName: 'longhorn-v2' } }, { ...blind, classes: WORLD.classes }).map(({ code }) => code)).toEqual(['wrong-backend'])
  })

  it('says what its sentences need', () => {
    expect(find({ spec: { displayName: 'noble', url: MUTABLE, targetStorageClassName: 'longhorn-v2' } })).toEqual([
      { code: 'mutable-url', backend: 'backingimage', reason: { code: 'alias', word: 'current', kind: 'pointer', where: 'directory', segment: 'current' }, pinnedForm: expect.stringContaining('https://cloud-images.ubuntu.com/') as string },
      { code: 'wrong-backend', storageClass: 'longhorn-v2', provisioner: 'driver.longhorn.io', dataEngine: 'v2' },
      { code: 'duplicate-name', displayName: 'noble', image: 'production/image-1' },
    ])
    expect(find({ spec: { url: MUTABLE }, annotations: ACKNOWLEDGED })).toEqual([{ code: 'acknowledged-mutable-url', by: { who: 'ann', when: '2026-03-01T12:00:00Z' } }])
  })
})
