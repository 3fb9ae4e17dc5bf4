import type { PersistentVolumeClaim, Pod, StorageClass } from '#kube/core.ts'
import type { Condition } from '#kube/object.ts'
import type { VirtualMachine, VirtualMachineInstance } from '#vms/vm.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { ClaimUsers, UsersWorld } from './claimUsers.ts'
import { EXPORT_ANNOTATION, LONGEST_DESCRIPTION } from './exportIntentText.ts'
import type { ExportTarget, ExportTargetJudgement } from './exportTarget.ts'
import type { VolumeWord, VolumeWorld } from './volume.ts'
import { describe, expect, it } from 'vitest'
import { indexClaimUsers, usersIn, usersOfClaim, vmsOnClaim } from './claimUsers.ts'
import { isCopiedIntent, readIntent, writeIntent } from './exportIntent.ts'
import { judgeExportTarget } from './exportTarget.ts'
import { volumeFacts } from './volume.ts'

const meta = (name: string, extra: object = {}) => ({ name, namespace: 'production', uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', ...extra })
const claimOf = (status: PersistentVolumeClaim['status'] = { phase: 'Bound' }, extra: object = {}): PersistentVolumeClaim => ({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: meta('root', extra), spec: { volumeName: 'pv-1', storageClassName: 'harvester-longhorn', resources: { requests: { storage: '10Gi' } } }, status })
const classOf = (name: string, parameters: Record<string, string> = {}, provisioner = 'driver.longhorn.io'): StorageClass => ({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: meta(name), provisioner, parameters })
const V1 = classOf('harvester-longhorn')
const V2 = classOf('longhorn-v2', { dataEngine: 'v2' })
const CLONED_V2: StorageClass = { ...V2, metadata: { ...V2.metadata, annotations: { 'cdi.harvesterhci.io/storageProfileCloneStrategy': 'csi-clone' } } }
const LVM = classOf('lvm', {}, 'lvm.driver.harvesterhci.io')
const volumes = [{ name: 'root', persistentVolumeClaim: { claimName: 'root' } }]
const vm: VirtualMachine = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', metadata: meta('web-01'), spec: { runStrategy: 'Always', template: { spec: { volumes } } } }
const vmi: VirtualMachineInstance = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance', metadata: meta('web-01'), spec: { volumes }, status: { phase: 'Running' } }
const halted: VirtualMachine = { ...vm, spec: { ...vm.spec, runStrategy: 'Halted' } }
const NOBODY = { vms: [], vmis: [], pods: [] }

describe('a volume in the list', () => {
  const resizing: Condition[] = [{ type: 'Resizing', status: 'True' }]
  const longhorn = (robustness: string) => ({ apiVersion: 'longhorn.io/v1beta2', kind: 'Volume', metadata: meta('pv-1'), spec: {}, status: { robustness } })
  it.each<[VolumeWord, string, PersistentVolumeClaim, Partial<VolumeWorld>]>([
    ['unknown', 'its Longhorn volume may not be read', claimOf(), { longhorn: 'blind' }],
    ['unknown', 'its Longhorn volume may not be read, though a guest is on it', claimOf(), { longhorn: 'blind', users: { ...NOBODY, vmis: [vmi] } }],
    ['unknown', 'neither its class nor its Longhorn volume can be read', claimOf(), { longhorn: 'blind', storageClass: undefined }],
    ['ready', 'it is not Longhorn\'s', claimOf(), { longhorn: 'blind', storageClass: LVM }],
    ['unknown', 'the instances cannot be read', claimOf(), { holders: 'blind', users: { ...NOBODY, vms: [vm] } }],
    ['in-use', 'a guest is seen, though not all holders are', claimOf(), { holders: 'blind', users: { ...NOBODY, vmis: [vmi] } }],
    ['faulted', 'that is seen, though the holders are not', claimOf(), { holders: 'blind', longhorn: longhorn('faulted') }],
    ['pending', 'the claim itself says so', claimOf({ phase: 'Pending' }), { holders: 'blind', longhorn: 'blind' }],
  ])('is %s when %s', (word, _, claim, change) => {
    expect(volumeFacts(claim, { users: NOBODY, holders: 'seen', storageClass: V1, longhorn: undefined, ...change }).word).toBe(word)
  })

  it.each([
    ['ready', claimOf(), NOBODY, undefined],
    ['in-use', claimOf(), { ...NOBODY, vms: [vm], vmis: [vmi] }, undefined],
    ['ready', claimOf(), { ...NOBODY, vms: [vm] }, undefined],
    ['pending', claimOf({ phase: 'Pending' }), NOBODY, undefined],
    ['pending', claimOf({}), NOBODY, undefined],
    ['lost', claimOf({ phase: 'Lost' }), NOBODY, undefined],
    ['deleting', claimOf({ phase: 'Bound' }, { deletionTimestamp: 'x' }), NOBODY, undefined],
    ['resizing', claimOf({ phase: 'Bound', conditions: resizing }), NOBODY, undefined],
    ['degraded', claimOf(), { ...NOBODY, vmis: [vmi] }, longhorn('degraded')],
    ['faulted', claimOf(), NOBODY, longhorn('faulted')],
  ] as const)('is %s', (word, claim, users, longhornVolume) => {
    expect(volumeFacts(claim, { users, holders: 'seen', storageClass: V1, longhorn: longhornVolume }).word).toBe(word)
  })

  const seen = (storageClass: StorageClass): VolumeWorld => ({ users: NOBODY, holders: 'seen', storageClass, longhorn: undefined })
  it('says its size, class, engine and image', () => {
    const claim = claimOf({ phase: 'Bound', capacity: { storage: '12Gi' } }, { annotations: { 'harvesterhci.io/imageId': 'production/image-1' } })
    expect(volumeFacts(claim, seen(V2))).toEqual({ word: 'ready', size: 12 * 2 ** 30, storageClass: 'harvester-longhorn', dataEngine: 'v2', image: 'production/image-1', golden: false })
    expect(volumeFacts(claimOf(), seen(LVM))).toMatchObject({ size: 10 * 2 ** 30 })
    expect(volumeFacts(claimOf(), seen(LVM))).not.toHaveProperty('dataEngine')
  })
})

describe('the users of a claim', () => {
  const other = { ...vm, metadata: meta('web-01', { namespace: 'lab' }) }
  const bare: VirtualMachine = { ...vm, spec: { ...vm.spec, template: { spec: {} } } }
  const pod: Pod = { apiVersion: 'v1', kind: 'Pod', metadata: meta('importer'), spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'root' } }] } }
  it.each<[string, PersistentVolumeClaim, UsersWorld, ClaimUsers]>([
    ['a VM and its instance, of the same namespace', claimOf(), { vms: [vm, other], vmis: [vmi], pods: [] }, { vms: [vm], vmis: [vmi], pods: [] }],
    ['a VM whose instance alone has it: it was plugged in', claimOf(), { vms: [bare, other], vmis: [vmi], pods: [] }, { vms: [bare], vmis: [vmi], pods: [] }],
    ['a VM whose instance runs without it: it is being plugged in', claimOf(), { vms: [vm, other], vmis: [{ ...vmi, spec: {} }], pods: [] }, { vms: [vm], vmis: [{ ...vmi, spec: {} }], pods: [] }],
    ['the VM whose state it keeps', claimOf(undefined, { labels: { 'persistent-state-for': 'web-01' } }), { vms: [bare, other], vmis: [{ ...vmi, spec: {} }], pods: [] }, { vms: [bare], vmis: [{ ...vmi, spec: {} }], pods: [] }],
    ['the VM whose state it has kept since before KubeVirt put a label on it', claimOf(undefined, { name: 'persistent-state-for-web-01' }), { vms: [bare, other], vmis: [], pods: [] }, { vms: [bare], vmis: [], pods: [] }],
    ['a pod', claimOf(), { vms: [], vmis: [], pods: [pod] }, { vms: [], vmis: [], pods: [pod] }],
    ['nobody', claimOf(undefined, { name: 'else' }), { vms: [vm], vmis: [vmi], pods: [pod] }, NOBODY],
  ])('are %s: for one claim as for all', (_, claim, world, users) => {
    expect(usersOfClaim(claim, world)).toEqual(users)
    expect(usersIn(indexClaimUsers(world), claim)).toEqual(users)
  })
})

it.each([
  ['runs where its instance is seen', { vms: [vm], vmis: [vmi] }, 'seen', 'running'],
  ['is off where it is wanted off and has none', { vms: [halted], vmis: [] }, 'seen', 'off'],
  ['is about to start where it is wanted on and has none', { vms: [vm], vmis: [] }, 'seen', 'starting'],
  ['is paused where its guest is', { vms: [vm], vmis: [{ ...vmi, status: { phase: 'Running' as const, conditions: [{ type: 'Paused', status: 'True' as const }] } }] }, 'seen', 'paused'],
  ['starts where its guest does not run yet', { vms: [vm], vmis: [{ ...vmi, status: { phase: 'Scheduling' as const } }] }, 'seen', 'starting'],
  ['is stopping where its guest has ended and its instance is still there', { vms: [halted], vmis: [{ ...vmi, status: { phase: 'Succeeded' as const } }] }, 'seen', 'stopping'],
  ['is off where the ended instance is all that is seen', { vms: [], vmis: [{ ...vmi, status: { phase: 'Succeeded' as const } }] }, 'seen', 'off'],
  ['is not called off where instances cannot be seen', { vms: [vm], vmis: [] }, 'blind', 'unknown'],
  ['runs where its instance is the one that is seen', { vms: [], vmis: [vmi] }, 'blind', 'running'],
] as const)('a VM on a volume %s', (_, users, instances, power) => {
  expect(vmsOnClaim({ ...NOBODY, ...users }, { vms: 'seen', instances })).toEqual([{ name: 'web-01', namespace: 'production', power }])
})

describe('the target of an export', () => {
  const image: VirtualMachineImage = { apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: meta('image-1'), spec: { displayName: 'taken', sourceType: 'download' } }
  const TARGET: ExportTarget = { claim: claimOf(), sourceClass: V1, targetClass: V1, namespace: 'production', displayName: 'web-01', description: '', images: [image] }
  it.each<[string, Partial<ExportTarget>, ExportTargetJudgement]>([
    ['v1 to v1 in another namespace is fine', { namespace: 'lab' }, { backend: 'backingimage', problems: {} }],
    ['v1 to v2 goes through CDI', { targetClass: V2 }, { backend: 'cdi', problems: {} }],
    ['v1 to v2 in another namespace would read another claim', { targetClass: V2, namespace: 'lab' }, { backend: 'cdi', problems: { namespace: { code: 'namespace-must-match', namespace: 'production' } } }],
    ['v1 to v2 would never come where CDI has Longhorn clone', { targetClass: CLONED_V2 }, { backend: 'cdi', problems: { storageClass: { code: 'cloned-across-engines' } } }],
    ['v2 to v2 is cloned by Longhorn', { sourceClass: V2, targetClass: CLONED_V2 }, { backend: 'cdi', problems: {} }],
    ['LVM to v2 is copied: the drivers differ', { sourceClass: LVM, targetClass: CLONED_V2 }, { backend: 'cdi', problems: {} }],
    ['v2 to v1 is refused', { sourceClass: V2 }, { backend: 'backingimage', problems: { storageClass: { code: 'cdi-to-v1' } } }],
    ['LVM to v1 is refused', { sourceClass: LVM }, { backend: 'backingimage', problems: { storageClass: { code: 'cdi-to-v1' } } }],
    ['v2 to LVM is fine', { sourceClass: V2, targetClass: LVM }, { backend: 'cdi', problems: {} }],
    ['a source class that is gone cannot be told to be v1', { sourceClass: undefined }, { backend: 'backingimage', problems: { storageClass: { code: 'source-class-gone' } } }],
    ['no class', { targetClass: undefined }, { problems: { storageClass: { code: 'required' } } }],
    ['the class of an image', { targetClass: classOf('lh-1', { backingImage: 'vmi-1' }) }, { backend: 'backingimage', problems: { storageClass: { code: 'image-class' } } }],
    ['a class of Harvester\'s own', { targetClass: classOf('longhorn-static') }, { backend: 'backingimage', problems: { storageClass: { code: 'reserved-class' } } }],
    ['a name that is taken', { displayName: 'taken' }, { backend: 'backingimage', problems: { name: { code: 'taken', image: 'production/image-1' } } }],
    ['a name that is no label', { displayName: 'a b' }, { backend: 'backingimage', problems: { name: { code: 'not-a-label-value' } } }],
    ['a description of a thousand characters is fine', { description: 'é'.repeat(LONGEST_DESCRIPTION) }, { backend: 'backingimage', problems: {} }],
    ['a description that takes the room of other annotations', { description: 'é'.repeat(LONGEST_DESCRIPTION + 1) }, { backend: 'backingimage', problems: { description: { code: 'description-too-long', longest: LONGEST_DESCRIPTION } } }],
    ['a claim without a volume', { claim: claimOf({ phase: 'Pending' }) }, { backend: 'backingimage', problems: { claim: { code: 'claim-not-bound' } } }],
    ['a claim that grows', { claim: claimOf({ phase: 'Bound', conditions: [{ type: 'Resizing', status: 'True' }] }) }, { backend: 'backingimage', problems: { claim: { code: 'claim-resizing' } } }],
    ['a volume whose copies have all failed', { longhornVolume: { apiVersion: 'longhorn.io/v1beta2', kind: 'Volume', metadata: meta('pv-1'), spec: {}, status: { robustness: 'faulted' } } }, { backend: 'backingimage', problems: { claim: { code: 'faulted' } } }],
    ['an encrypted volume', { sourceClass: classOf('secret', { encrypted: 'true' }) }, { backend: 'backingimage', problems: { claim: { code: 'encrypted' } } }],
  ])('%s', (_, change, judgement) => {
    expect(judgeExportTarget({ ...TARGET, ...change })).toEqual(judgement)
  })
})

describe('the intent on a claim', () => {
  const intent = { id: 'abcd1', claim: { namespace: 'production', name: 'root' }, image: { namespace: 'production', displayName: 'web' }, storageClass: 'harvester-longhorn', vms: [{ name: 'web-01', runStrategy: 'Manual' as const, wasRunning: true, node: 'node-1' }], restart: true, requester: 'ann', startedAt: '2026-03-01T12:00:00.000Z' }
  const on = (text: string) => claimOf(undefined, { annotations: { [EXPORT_ANNOTATION]: text } })
  it('is read as it was written', () => {
    expect(readIntent(on(writeIntent(intent)))).toEqual(intent)
    expect(readIntent(on(writeIntent({ ...intent, abandonedBy: 'bob' })))).toEqual({ ...intent, abandonedBy: 'bob' })
    expect(readIntent(claimOf())).toBeUndefined()
    const chosen = { identity: { uid: 'u-1', groups: ['ops'], extra: { scopes: ['a', 'b'] } }, ifCutOff: 'mark-crash-consistent' as const, backupFirst: true, deadline: '2026-03-01T14:00:00Z', runningAcknowledged: { by: 'ann', at: '2026-03-01T12:00:00Z' } }
    const noted = { refusal: 'no', calledOff: [{ code: 'deadline-passed' as const, deadline: '2026-03-01T14:00:00Z' }], forcedBy: 'bob', isBackedUp: true, isSettled: true, madeAt: '2026-03-01T13:00:00Z', endings: { 'web-01': { word: 'cut-off' as const, generation: 7 }, 'web-02': { word: 'not-observed' as const } } }
    expect(readIntent(on(writeIntent({ ...intent, ...chosen, ...noted })))).toEqual({ ...intent, ...chosen, ...noted })
  })

  it('is of no other claim: one that was restored from a backup carries the note of the claim that was backed up', () => {
    const note = { [EXPORT_ANNOTATION]: writeIntent({ ...intent, claimUid: 'u-first' }) }
    const [own, restored] = ['u-first', 'u-second'].map(uid => claimOf(undefined, { annotations: note, uid })) as [PersistentVolumeClaim, PersistentVolumeClaim]
    expect([readIntent(restored), isCopiedIntent(restored)]).toEqual(['unreadable', true])
    expect([readIntent(own), isCopiedIntent(own)]).toEqual([{ ...intent, claimUid: 'u-first' }, false])
    expect(isCopiedIntent(on('{'))).toBe(false)
  })

  it('is read without what is no choice and no note of ours', () => {
    const odd = { identity: 'root', ifCutOff: 'export anyway', backupFirst: 'yes', deadline: 'soon', runningAcknowledged: true, calledOff: [7, { code: 'toString' }, { code: 'vm-gone', vm: {} }], forcedBy: {}, isBackedUp: 'true', madeAt: 'x', endings: { 'web-01': 'shut-down', 'web-02': { word: 'fine' } } }
    expect(readIntent(on(JSON.stringify({ ...intent, ...odd })))).toEqual({ ...intent, endings: {}, calledOff: [] })
  })

  it.each(['', 'null', '7', '{', '[]', '{}', '{"id":"../../x"}', JSON.stringify({ ...intent, vms: 'all' }), JSON.stringify({ ...intent, vms: [{ name: 7 }] }), JSON.stringify({ ...intent, vms: [{ name: 'a', runStrategy: 'Sometimes' }] }), JSON.stringify({ ...intent, id: 'A'.repeat(300) }), JSON.stringify({ ...intent, image: 'x' })])('is called unreadable when it is %s', text => {
    expect(readIntent(on(text))).toBe('unreadable')
  })
})
