import type { VirtualMachineImage } from '#images/image.ts'
import type { ImageState, ImageStateWord } from '#images/imageState.ts'
import type { StorageClass } from '#kube/core.ts'
import type { VirtualMachine } from './vm.ts'
import type { VmForm } from './vmPlan.ts'
import type { VmFormProblems } from './vmForm.ts'
import { describe, expect, it } from 'vitest'
import { imageState } from '#images/imageState.ts'
import { OVERTAKEN_ANNOTATION, RUNNING_ACKNOWLEDGED_ANNOTATION, VERIFIED_ANNOTATION } from '#volumes/exportedImage.ts'
import { EXPORT_ANNOTATION } from '#volumes/exportIntentText.ts'
import { bootSign, doubtOfDisk, imageChoices } from './imageChoice.ts'
import type { ImageDoubt } from './imageChoice.ts'
import { checkVmForm } from './vmForm.ts'
import en from './locales/en.ts'
import zhCN from './locales/zh-CN.ts'
import { cloudInitNameOf, ownCloudInit, planVm, rightsOfVm } from './vmPlan.ts'

const meta = (name: string, extra: object = {}) => ({ name, namespace: 'production', uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', ...extra })
function image(name: string, storageClassName: string | undefined, extra: { imported?: boolean, type?: string, backend?: 'cdi' } = {}): VirtualMachineImage {
  const { imported = true, type = 'raw_qcow2', backend } = extra
  return {
    apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: meta(name, { labels: { 'harvesterhci.io/os-type': 'ubuntu', 'harvesterhci.io/image-type': type } }),
    spec: { displayName: name, sourceType: 'download', ...(backend && { backend }) },
    status: { virtualSize: 12 * 2 ** 30, ...(storageClassName && { storageClassName }), conditions: [{ type: 'Initialized', status: 'True' }, { type: 'Imported', status: imported ? 'True' : 'Unknown' }] },
  }
}
const V1 = image('image-v1', 'lh-1234')
const CDI = image('image-v2', 'longhorn-v2', { backend: 'cdi' })
const LOST = image('image-lost', 'lh-7')
const images = [LOST, V1, CDI, image('image-half', 'lh-9', { imported: false }), image('image-iso', 'lh-8', { type: 'iso' }), image('image-odd', undefined)]
const vms: VirtualMachine[] = [{ apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', metadata: meta('taken'), spec: { template: { spec: {} } } }]
const stateOf = (one: VirtualMachineImage): ImageState => one === LOST ? { word: 'lost' } : imageState(one)
const networks = [{ apiVersion: 'k8s.cni.cncf.io/v1', kind: 'NetworkAttachmentDefinition', metadata: meta('vlan-100') }]

const FORM: VmForm = { name: 'web-09', namespace: 'production', description: '', cpu: 2, memoryGib: 4, image: 'production/image-v1', diskGib: 20, network: '', userData: '#cloud-config\nhostname: wéb\n', networkData: '', runStrategy: 'RerunOnFailure' }
const SUFFIXES = { disk: 'abcde', secret: 'fghij' }

describe('a VM from an image', () => {
  it('is the Secret with cloud-init first, then the VM in Harvester\'s own form', () => {
    expect(planVm(FORM, V1, SUFFIXES)).toMatchObject([
      { act: 'create', resource: { plural: 'secrets' }, manifest: { metadata: { name: 'web-09-fghij', namespace: 'production', labels: { 'harvesterhci.io/cloud-init-template': 'harvester' } }, data: { userdata: btoa('#cloud-config\nhostname: w\xC3\xA9b\n'), networkdata: '' } } },
      { act: 'create', resource: { plural: 'virtualmachines' }, manifest: {
        metadata: { name: 'web-09', namespace: 'production', labels: { 'harvesterhci.io/creator': 'harvester', 'harvesterhci.io/os': 'ubuntu' } },
        spec: {
          runStrategy: 'RerunOnFailure',
          template: {
            metadata: { labels: { 'harvesterhci.io/vmName': 'web-09' } },
            spec: {
              evictionStrategy: 'LiveMigrateIfPossible',
              networks: [{ name: 'default', pod: {} }],
              domain: { cpu: { cores: 2, sockets: 1, threads: 1 }, resources: { limits: { cpu: '2', memory: '4Gi' } }, devices: { interfaces: [{ name: 'default', model: 'virtio', masquerade: {} }], disks: [{ name: 'disk-0', bootOrder: 1 }, { name: 'cloudinitdisk' }] } },
              volumes: [{ name: 'disk-0', persistentVolumeClaim: { claimName: 'web-09-disk-0-abcde' } }, { name: 'cloudinitdisk', cloudInitNoCloud: { secretRef: { name: 'web-09-fghij' }, networkDataSecretRef: { name: 'web-09-fghij' } } }],
            },
          },
        },
      } },
    ])
  })

  it.each([[V1, 'lh-1234'], [CDI, 'longhorn-v2']])('takes the class from the image itself: %#', (from, storageClassName) => {
    const vm = planVm(FORM, from, SUFFIXES).at(-1)
    const annotations = vm?.act === 'create' ? vm.manifest.metadata.annotations : undefined
    expect(JSON.parse(annotations?.['harvesterhci.io/volumeClaimTemplates'] ?? '')).toEqual([{
      metadata: { name: 'web-09-disk-0-abcde', annotations: { 'harvesterhci.io/imageId': `production/${from.metadata.name}` } },
      spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '20Gi' } }, volumeMode: 'Block', storageClassName },
    }])
  })

  it('has no Secret and no disk for it without cloud-init', () => {
    const form = { ...FORM, userData: ' \n' }
    const writes = planVm(form, V1, SUFFIXES)
    expect(writes).toHaveLength(1)
    expect(JSON.stringify(writes)).not.toContain('cloudinit')
    expect(cloudInitNameOf(form, SUFFIXES)).toBeUndefined()
    expect(cloudInitNameOf(FORM, SUFFIXES)).toBe('web-09-fghij')
  })

  it('is put on a VM network by a bridge', () => {
    expect(planVm({ ...FORM, network: 'production/vlan-100' }, V1, SUFFIXES).at(-1)).toMatchObject({ manifest: { spec: { template: { spec: { networks: [{ name: 'default', multus: { networkName: 'production/vlan-100' } }], domain: { devices: { interfaces: [{ bridge: {} }] } } } } } } })
  })

  it('owns its Secret once it exists', () => {
    expect(ownCloudInit({ ...vms[0] as VirtualMachine, metadata: meta('web-09', { uid: 'uid-9' }) }, 'web-09-fghij')).toMatchObject({ act: 'patch', resource: { plural: 'secrets' }, at: { namespace: 'production', name: 'web-09-fghij' }, patch: { body: [{ op: 'add', path: '/metadata/ownerReferences', value: [{ apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', name: 'web-09', uid: 'uid-9' }] }] } })
  })
})

describe('the check of the VM form', () => {
  it.each<[string, Partial<VmForm>, VmFormProblems]>([
    ['nothing', {}, {}],
    ['no name', { name: '' }, { name: { code: 'required' } }],
    ['capitals in the name', { name: 'Web' }, { name: { code: 'not-a-dns-label' } }],
    ['a dot in the name', { name: 'web.01' }, { name: { code: 'not-a-dns-label' } }],
    ['a name of 64 letters', { name: 'a'.repeat(64) }, { name: { code: 'too-long' } }],
    ['a name that is taken', { name: 'taken' }, { name: { code: 'taken' } }],
    ['nothing where it is taken elsewhere', { name: 'taken', namespace: 'lab' }, {}],
    ['no namespace', { namespace: '' }, { namespace: { code: 'required' } }],
    ['half a core', { cpu: 0.5 }, { cpu: { code: 'not-whole' } }],
    ['no cores', { cpu: 0 }, { cpu: { code: 'not-a-positive-number' } }],
    ['memory that is no number', { memoryGib: Number.NaN }, { memoryGib: { code: 'not-a-positive-number' } }],
    ['no image', { image: '' }, { image: { code: 'required' } }],
    ['an image that is gone', { image: 'production/x' }, { image: { code: 'not-found' } }],
    ['an image that is not ready', { image: 'production/image-half' }, { image: { code: 'image-not-ready' } }],
    ['an image whose copies are lost', { image: 'production/image-lost' }, { image: { code: 'image-lost' } }],
    ['an image without class', { image: 'production/image-odd' }, { image: { code: 'image-without-class' } }],
    ['an installer', { image: 'production/image-iso' }, { image: { code: 'installer-iso' } }],
    ['a disk smaller than the image', { diskGib: 11 }, { diskGib: { code: 'smaller-than-image', bytes: 12 * 2 ** 30 } }],
    ['a disk below the minimum', { image: 'production/x', diskGib: 5 }, { image: { code: 'not-found' }, diskGib: { code: 'below-minimum', minimumGib: 10 } }],
    ['a network that is gone', { network: 'production/x' }, { network: { code: 'not-found' } }],
    ['nothing about a network that is there', { network: 'production/vlan-100' }, {}],
    ['user data without its header', { userData: 'hostname: x' }, { userData: { code: 'no-cloud-config-header' } }],
    ['a list as user data', { userData: '#cloud-config\n- a\n' }, { userData: { code: 'not-a-mapping' } }],
    ['an empty cloud-config as fine', { userData: '#cloud-config\n' }, {}],
    ['a script as fine', { userData: '#!/bin/sh\necho [\n' }, {}],
    ['more cores than can be counted', { cpu: 2 ** 32 }, { cpu: { code: 'above-maximum', maximum: 2 ** 32 - 1 } }],
    ['as many as can be as fine', { cpu: 2 ** 32 - 1 }, {}],
    ['memory of which nothing is left for the guest', { memoryGib: 100 / 1024 }, { memoryGib: { code: 'no-memory-left' } }],
    ['memory that is no quantity, for being so little', { memoryGib: 1e-7 }, { memoryGib: { code: 'no-memory-left' } }],
    ['a little memory as fine', { memoryGib: 0.25 }, {}],
    ['more memory than bytes can be counted', { memoryGib: 2 ** 33 }, { memoryGib: { code: 'above-maximum', maximum: 2 ** 33 - 1 } }],
    ['a larger disk than that', { diskGib: 1e21 }, { diskGib: { code: 'above-maximum', maximum: 2 ** 33 - 1 } }],
    ['more user data than a Secret has room for, beside the network data', { userData: `#cloud-config\n# ${'é'.repeat(524_200)}\n`, networkData: `a: ${'b'.repeat(200)}` }, { userData: { code: 'no-room', bytes: 1_048_620 } }],
    ['more network data than that, where it is the longer', { networkData: `a: ${'b'.repeat(1_048_576)}` }, { networkData: { code: 'no-room', bytes: 1_048_608 } }],
    ['too much before it is read as YAML', { userData: 'x'.repeat(1_048_577) }, { userData: { code: 'no-room', bytes: 1_048_577 } }],
    ['just as much as there is room for as fine', { userData: `#cloud-config\n# ${'x'.repeat(1_048_576 - 16)}`, networkData: '' }, {}],
  ])('finds %s', (_, change, problems) => {
    expect(checkVmForm({ ...FORM, ...change }, { images, stateOf, vms, networks })).toEqual(problems)
  })

  it('names the line where YAML ends to be YAML', () => {
    expect(checkVmForm({ ...FORM, userData: '#cloud-config\nusers: [\n', networkData: 'a: b: c' }, { images, stateOf, vms, networks })).toMatchObject({ userData: { code: 'not-yaml', line: 3 }, networkData: { code: 'not-yaml', line: 1 } })
  })
})

describe('the image of a VM', () => {
  it('is one that was imported and has a class; one without a usable copy comes last', () => {
    expect(imageChoices(images, stateOf).map(({ key, state }) => [key, state])).toEqual([['production/image-v1', 'imported'], ['production/image-v2', 'imported'], ['production/image-iso', 'imported'], ['production/image-lost', 'lost']])
  })

  const storageClass: StorageClass = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: meta('lh-1234'), provisioner: 'driver.longhorn.io' }
  it.each<[ImageStateWord | undefined, StorageClass | undefined, string]>([
    [undefined, undefined, 'unknown'],
    ['ready', storageClass, 'ok'],
    ['ready', undefined, 'unknown'],
    ['degraded', storageClass, 'attention'],
    ['recovering', storageClass, 'progress'],
    ['lost', storageClass, 'bad'],
    ['missing', storageClass, 'bad'],
    ['imported', storageClass, 'unknown'],
    ['unknown', storageClass, 'unknown'],
  ])('that is %s, with the class %o: a VM of it boots, %s', (word, seen, sign) => {
    expect(bootSign(word && { word }, seen)).toBe(sign)
  })

  const WHO = JSON.stringify({ who: 'ann', when: '2026-03-01T12:00:00Z' })
  const NOTE = (more: object = {}) => JSON.stringify({ id: 'abcde', ...more })
  const verified = { [VERIFIED_ANNOTATION]: '2026-03-01T12:10:00Z' }
  const exported = (annotations: Record<string, string>): VirtualMachineImage => ({ ...V1, metadata: meta('exported', { annotations }), spec: { displayName: 'exported', sourceType: 'export-from-volume', pvcNamespace: 'production', pvcName: 'web-01-root' } })
  const READY: ImageState = { word: 'ready' }
  it.each<[string, VirtualMachineImage, ImageDoubt | undefined, string]>([
    ['was downloaded', V1, undefined, 'ok'],
    ['was exported and verified', exported({ [EXPORT_ANNOTATION]: NOTE(), ...verified }), undefined, 'ok'],
    ['may be torn', exported({ [EXPORT_ANNOTATION]: NOTE(), [OVERTAKEN_ANNOTATION]: '{}' }), 'overtaken', 'bad'],
    ['nobody has verified', exported({ [EXPORT_ANNOTATION]: NOTE() }), 'unverified', 'unknown'],
    ['was exported without the console', exported({}), 'unverified', 'unknown'],
    ['was exported while in use', exported({ [RUNNING_ACKNOWLEDGED_ANNOTATION]: WHO, ...verified }), 'acknowledged', 'attention'],
    ['was exported after a power cut', exported({ [EXPORT_ANNOTATION]: NOTE({ endings: { 'web-01': { word: 'cut-off', at: '2026-03-01T12:00:00Z' } } }), ...verified }), 'crash-consistent', 'attention'],
    ['was exported after a shutdown that nobody saw', exported({ [EXPORT_ANNOTATION]: NOTE({ endings: { 'web-01': { word: 'not-observed', at: '2026-03-01T12:00:00Z' } } }), ...verified }), 'not-observed', 'attention'],
  ])('that %s says so where it is chosen, and how a VM of it boots', (_, one, doubt, sign) => {
    expect(imageChoices([one], () => READY)).toEqual([{ key: `production/${one.metadata.name}`, image: one, state: 'ready', ...(doubt && { doubt }) }])
    expect([doubtOfDisk(one), bootSign(READY, storageClass, doubtOfDisk(one))]).toEqual([doubt, sign])
    for (const words of [en, zhCN])
      expect(doubt === undefined || words.create.doubt[doubt]).toBeTruthy()
  })

  it.each<[ImageStateWord, ImageDoubt, string]>([
    ['lost', 'unverified', 'bad'], ['degraded', 'overtaken', 'bad'], ['degraded', 'unverified', 'attention'], ['recovering', 'unverified', 'unknown'], ['imported', 'not-observed', 'attention'],
  ])('that is %s and %s boots as the worse of the two', (word, doubt, sign) => {
    expect(bootSign({ word }, storageClass, doubt)).toBe(sign)
  })

  it('comes before one that may be torn', () => {
    expect(imageChoices([exported({ [OVERTAKEN_ANNOTATION]: '{}' }), LOST, V1], stateOf).map(({ key }) => key)).toEqual(['production/image-v1', 'production/exported', 'production/image-lost'])
  })
})

it.each([
  ['cloud-init', FORM, ['secrets', 'virtualmachines']],
  ['network data alone', { ...FORM, userData: '', networkData: 'version: 2' }, ['secrets', 'virtualmachines']],
  ['neither', { ...FORM, userData: ' \n' }, ['virtualmachines']],
])('a VM with %s takes the right to create what its plan creates', (_, form, plurals) => {
  expect(rightsOfVm(form)).toMatchObject(plurals.map(plural => ({ verb: 'create', resource: { plural }, where: { namespace: 'production' } })))
  expect(rightsOfVm(form)).toHaveLength(planVm(form, V1, SUFFIXES).length)
})
