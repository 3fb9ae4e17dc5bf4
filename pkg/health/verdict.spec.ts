import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { Condition, KubeObject } from '#kube/object.ts'
import type { Seen } from '#kube/seen.ts'
import type { CopyCause, CopyWord } from './copies.ts'
import type { VirtualMachine, VirtualMachineInstance } from '#vms/vm.ts'
import type { BackingImage, BackingImageDataSource, BackingImageManager, CopyStatus, LonghornNode, LonghornVolume } from './longhorn.ts'
import type { DependentsWorld } from './dependents.ts'
import type { HealthReason, HealthRisk, HealthWord, HealthWorld } from './verdict.ts'
import { describe, expect, it } from 'vitest'
import { copiesOf, eligibleDisks } from './copies.ts'
import { dependentsOf, imageOfBackingImage, indexDependents } from './dependents.ts'
import { judgeBackingImage, withUpstream } from './verdict.ts'

const NOW = Date.parse('2026-03-01T12:00:00Z')
const meta = (name: string, extra: object = {}) => ({ name, namespace: 'longhorn-system', uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', ...extra })
const live = <T extends KubeObject>(...objects: T[]): Seen<T> => ({ objects, state: 'live' })
const is = (type: string, good: boolean): Condition => ({ type, status: good ? 'True' : 'False' })
const PINNED = 'https://cloud-images.ubuntu.com/noble/20240423/noble-server-cloudimg-amd64.img'

interface DiskOf { readonly ready?: boolean, readonly schedulable?: boolean, readonly evict?: boolean, readonly tags?: string[], readonly type?: string }
/** A node whose disks are named as their UUID. */
function node(name: string, disks: Readonly<Record<string, DiskOf>>, { ready = true, evict = false, schedulable = true, tags = [] as string[] } = {}): LonghornNode {
  return {
    apiVersion: 'longhorn.io/v1beta2', kind: 'Node', metadata: meta(name),
    spec: { allowScheduling: schedulable, evictionRequested: evict, tags, disks: Object.fromEntries(Object.entries(disks).map(([uuid, disk]) => [`disk-${uuid}`, { allowScheduling: !disk.evict, evictionRequested: disk.evict ?? false, tags: disk.tags ?? [], path: `/data/${uuid}` }])) },
    status: { conditions: [is('Ready', ready), is('Schedulable', ready && schedulable)], diskStatus: Object.fromEntries(Object.entries(disks).map(([uuid, disk]) => [`disk-${uuid}`, { diskUUID: uuid, diskPath: `/data/${uuid}`, diskType: disk.type ?? 'filesystem', conditions: [is('Ready', disk.ready ?? true), is('Schedulable', disk.schedulable ?? true)] }])) },
  }
}
const THREE = [node('n1', { a: {} }), node('n2', { b: {} }), node('n3', { c: {} })]

interface ImageOf { readonly copies: Readonly<Record<string, Partial<CopyStatus> | 'none'>>, readonly spec?: Partial<BackingImage['spec']>, readonly status?: Partial<NonNullable<BackingImage['status']>>, readonly meta?: object, readonly leftovers?: Readonly<Record<string, CopyStatus>> }
const ready = { state: 'ready', progress: 100 }
function image({ copies, spec, status, meta: extra, leftovers }: ImageOf): BackingImage {
  const reported = Object.entries(copies).filter((entry): entry is [string, CopyStatus] => entry[1] !== 'none')
  return {
    apiVersion: 'longhorn.io/v1beta2', kind: 'BackingImage', metadata: meta('vmi-1', extra),
    spec: { sourceType: 'download', sourceParameters: { url: PINNED }, checksum: 'f'.repeat(128), minNumberOfCopies: Object.keys(copies).length || 1, diskFileSpecMap: Object.fromEntries(Object.keys(copies).map(uuid => [uuid, { evictionRequested: false, dataEngine: 'v1' }])), ...spec },
    status: { uuid: 'u', virtualSize: 2 ** 31, checksum: 'e'.repeat(128), diskFileStatusMap: { ...Object.fromEntries(reported), ...leftovers }, ...status },
  }
}
function source(status: BackingImageDataSource['status'], fileTransferred = false): Seen<BackingImageDataSource> {
  return live({ apiVersion: 'longhorn.io/v1beta2', kind: 'BackingImageDataSource', metadata: meta('vmi-1'), spec: { fileTransferred, diskUUID: 'a' }, status })
}
function manager(diskUUID: string, currentState: string): BackingImageManager {
  return { apiVersion: 'longhorn.io/v1beta2', kind: 'BackingImageManager', metadata: meta(`bim-${diskUUID}`), spec: { nodeID: 'n9', diskUUID, diskPath: '/old' }, status: { currentState } }
}
const running = ['a', 'b', 'c', 'd'].map(diskUUID => manager(diskUUID, 'running'))
const world = (...nodes: LonghornNode[]): HealthWorld => ({ nodes: live(...nodes), managers: live(...running), dataSources: live(), replicas: live() })
const unseen = (state: 'loading' | 'stale' | 'forbidden' | 'absent') => ({ objects: [], state })
const RECORDED = `Backing image recorded checksum e doesn't match the file checksum d in disk a`

describe('a copy is', () => {
  it.each<[string, ImageOf, Partial<HealthWorld>, CopyWord, CopyCause?]>([
    ['ready', { copies: { a: ready } }, {}, 'ready'],
    ['being written', { copies: { a: { state: 'in-progress', progress: 40 } } }, {}, 'moving'],
    ['wanted, without a word about it', { copies: { a: 'none' } }, {}, 'absent'],
    ['wanted, with an empty state', { copies: { a: { state: '' } } }, {}, 'absent'],
    ['failed by its checksum', { copies: { a: { state: 'failed', progress: 100, message: RECORDED } } }, {}, 'failed', 'checksum'],
    ['failed by its size', { copies: { a: { state: 'failed', message: 'found mismatching size 6291456 reported by backing image manager' } } }, {}, 'failed', 'size'],
    ['failed at its source', { copies: { a: { state: 'failed-and-cleanup', message: 'expected status code 200 from https://x, got 404 File not found' } } }, {}, 'failed', 'source'],
    ['failed for another reason', { copies: { a: { state: 'failed', message: 'syncing file should be directly reused but failed' } } }, {}, 'failed', 'other'],
    ['failed, also when its host is down', { copies: { a: { state: 'failed', message: RECORDED } } }, { nodes: live(node('n1', { a: {} }, { ready: false })) }, 'failed', 'checksum'],
    ['out of reach: Longhorn says unknown', { copies: { a: { state: 'unknown', progress: 100 } } }, {}, 'unreachable', 'state-unknown'],
    ['being read again', { copies: { a: { state: 'unknown', message: 'ready file is suddenly modified at 1, need to re-check the checksum' } } }, {}, 'unreachable', 'verifying'],
    ['out of reach: its node is down while the disk still says ready', { copies: { a: ready } }, { nodes: live(node('n1', { a: {} }, { ready: false })) }, 'unreachable', 'node-down'],
    ['out of reach: its disk is not ready', { copies: { a: ready } }, { nodes: live(node('n1', { a: { ready: false } })) }, 'unreachable', 'disk-not-ready'],
    ['out of reach: its manager has stopped', { copies: { a: ready } }, { managers: live(manager('a', 'error')) }, 'unreachable', 'manager-down'],
    ['out of reach: no manager knows it', { copies: { a: ready } }, { managers: live(manager('b', 'running')) }, 'unreachable', 'manager-missing'],
    ['out of reach: there is no manager at all', { copies: { a: ready } }, { managers: live() }, 'unreachable', 'manager-missing'],
    ['ready on data engine v2, which has no managers', { copies: { a: ready }, spec: { dataEngine: 'v2' } }, { managers: live() }, 'ready'],
    ['ready: the first file needs no manager yet', { copies: { a: ready } }, { managers: live(manager('b', 'running')), dataSources: source({ currentState: 'ready' }) }, 'ready'],
    ['on a disk that no node has', { copies: { z: ready } }, {}, 'orphan-disk'],
    ['on a disk that two nodes have', { copies: { a: ready } }, { nodes: live(node('n1', { a: {} }), node('n2', { a: {} })) }, 'ambiguous-disk'],
    ['in a state that nobody knows', { copies: { a: { state: 'sparkling' } } }, {}, 'unrecognised'],
    ['not wanted any more', { copies: {}, leftovers: { a: ready } }, {}, 'leftover'],
    ['ready in the form of before 1.7', { copies: {}, spec: { disks: { a: '' }, diskFileSpecMap: null }, leftovers: { a: ready } }, {}, 'ready'],
  ])('%s', (_, given, change, word, cause) => {
    const [copy] = copiesOf(image(given), { ...world(...THREE), ...change })
    expect(copy).toMatchObject({ word, ...(cause && { cause }) })
    expect(copy?.cause).toBe(cause)
  })

  it('joined to its node, disk, path and the volumes that need it', () => {
    const replicas = live({ apiVersion: 'longhorn.io/v1beta2', kind: 'Replica', metadata: meta('r1'), spec: { backingImage: 'vmi-1', diskID: 'a', volumeName: 'pv-1' } })
    expect(copiesOf(image({ copies: { a: ready } }), { ...world(...THREE), replicas })).toEqual([{ diskUuid: 'a', word: 'ready', node: 'n1', disk: 'disk-a', path: '/data/a', state: 'ready', progress: 100, evicting: false, usedBy: ['pv-1'], hostSeen: true }])
  })

  it('placed by its manager where the disk is gone', () => {
    expect(copiesOf(image({ copies: { z: ready } }), { ...world(...THREE), managers: live(manager('z', 'unknown')) })[0]).toMatchObject({ word: 'orphan-disk', node: 'n9', path: '/old', hostSeen: false })
  })

  it('evicting when the copy, the disk or the node is', () => {
    const evicting = (nodes: LonghornNode[], flag = false) => copiesOf(image({ copies: { a: ready }, spec: { diskFileSpecMap: { a: { evictionRequested: flag } } } }), world(...nodes))[0]?.evicting
    expect([evicting(THREE), evicting(THREE, true), evicting([node('n1', { a: { evict: true } })]), evicting([node('n1', { a: {} }, { evict: true })])]).toEqual([false, true, true, true])
  })
})

describe('the verdict is', () => {
  const young = { meta: { creationTimestamp: '2026-03-01T11:59:00Z' } }
  const importing = { status: { virtualSize: 0, checksum: 'x', size: 9 } }
  it.each<[string, ImageOf, Partial<HealthWorld>, HealthWord, HealthReason['code'][]]>([
    ['healthy with all its copies', { copies: { a: ready, b: ready, c: ready } }, {}, 'healthy', []],
    ['healthy with more copies than needed, which a replica start makes', { copies: { a: ready, b: ready }, spec: { minNumberOfCopies: 1 } }, {}, 'healthy', []],
    ['degraded with one copy failed', { copies: { a: ready, b: ready, c: { state: 'failed', message: RECORDED } } }, {}, 'degraded', ['too-few-copies', 'copy']],
    ['degraded with one copy unknown although the minimum is kept', { copies: { a: ready, b: ready, c: { state: 'unknown' } }, spec: { minNumberOfCopies: 2 } }, {}, 'degraded', ['copy']],
    ['degraded with a node down', { copies: { a: ready, b: ready, c: ready } }, { nodes: live(...THREE.slice(0, 2), node('n3', { c: {} }, { ready: false })) }, 'degraded', ['too-few-copies', 'too-few-disks', 'copy']],
    ['degraded with a copy that Longhorn counts as good and that is not there', { copies: { a: ready, c: 'none' } }, {}, 'degraded', ['too-few-copies', 'copy']],
    ['recovering with a copy on its way', { copies: { a: ready, b: { state: 'in-progress', progress: 5 } } }, {}, 'recovering', ['too-few-copies', 'copy']],
    ['recovering with a copy that is not there yet', { copies: { a: ready, b: 'none' }, ...young }, {}, 'recovering', ['too-few-copies', 'copy']],
    ['degraded where the cluster has too few disks, and says so', { copies: { a: ready }, spec: { minNumberOfCopies: 3 } }, { nodes: live(node('n1', { a: {} })) }, 'degraded', ['too-few-copies', 'too-few-disks']],
    ['degraded when the only copies are leaving', { copies: { a: ready } }, { nodes: live(node('n1', { a: { evict: true } }), node('n2', { b: {} })) }, 'degraded', ['only-copies-leaving', 'too-few-copies']],
    ['degraded when a replica has no copy on its disk', { copies: { a: ready, c: { state: 'failed', message: 'x' } }, spec: { minNumberOfCopies: 1 } }, { replicas: live({ apiVersion: 'longhorn.io/v1beta2', kind: 'Replica', metadata: meta('r'), spec: { backingImage: 'vmi-1', diskID: 'c', volumeName: 'pv-1' } }) }, 'degraded', ['copy', 'replica-without-copy']],
    ['unknown when all copies are, although progress says 100', { copies: { a: { state: 'unknown', progress: 100 }, b: { state: 'unknown', progress: 100 } } }, {}, 'unknown', ['no-usable-copy', 'copy', 'copy']],
    ['unknown when the only node is down', { copies: { a: ready } }, { nodes: live(node('n1', { a: {} }, { ready: false })) }, 'unknown', ['no-usable-copy', 'copy']],
    ['unknown when nothing is said of the only copy', { copies: { a: 'none' } }, {}, 'unknown', ['no-usable-copy', 'copy']],
    ['unknown when the nodes may not be read, though every copy says ready', { copies: { a: ready, b: ready } }, { nodes: { objects: [], state: 'forbidden' } }, 'unknown', ['not-seen']],
    ['unknown when the nodes are not up to date', { copies: { a: ready, b: ready } }, { nodes: { objects: THREE, state: 'stale' } }, 'unknown', ['not-seen']],
    ['degraded when a copy failed, even if the nodes may not be read', { copies: { a: ready, b: { state: 'failed', message: RECORDED } } }, { nodes: { objects: [], state: 'forbidden' } }, 'degraded', ['not-seen', 'too-few-copies', 'copy']],
    ['unknown when the managers may not be read, though every copy says ready', { copies: { a: ready, b: ready } }, { managers: unseen('forbidden') }, 'unknown', ['not-seen']],
    ['unknown while the managers are read', { copies: { a: ready, b: ready } }, { managers: unseen('loading') }, 'unknown', ['not-seen']],
    ['unknown when the managers are not up to date', { copies: { a: ready, b: ready } }, { managers: { objects: running, state: 'stale' } }, 'unknown', ['not-seen']],
    ['unknown when no manager holds what is said to be ready', { copies: { a: ready, b: ready } }, { managers: live() }, 'unknown', ['no-usable-copy', 'copy', 'copy']],
    ['healthy on data engine v2, which has no managers', { copies: { a: ready, b: ready }, spec: { dataEngine: 'v2' } }, { managers: unseen('absent') }, 'healthy', []],
    ['degraded when a copy failed, even if the managers may not be read', { copies: { a: ready, b: { state: 'failed', message: RECORDED } } }, { managers: unseen('forbidden') }, 'degraded', ['not-seen', 'too-few-copies', 'copy']],
    ['unknown when the replicas may not be read: one may be without a copy', { copies: { a: ready, b: ready } }, { replicas: unseen('forbidden') }, 'unknown', ['not-seen']],
    ['degraded by what is seen, even if the replicas may not be read', { copies: { a: ready, b: { state: 'failed', message: RECORDED } } }, { replicas: unseen('forbidden') }, 'degraded', ['not-seen', 'too-few-copies', 'copy']],
    ['unknown when nobody can say whether a first file is whole', { copies: { a: ready }, status: { virtualSize: 0 } }, { dataSources: unseen('forbidden') }, 'unknown', ['not-seen']],
    ['healthy without its data source once a manager has read the file', { copies: { a: ready } }, { dataSources: unseen('forbidden') }, 'healthy', []],
    ['importing, and not the whole picture, when its data source may not be read', { copies: { a: { state: 'in-progress', progress: 5 } }, status: { virtualSize: 0 } }, { dataSources: unseen('forbidden') }, 'importing', ['not-seen', 'importing']],
    ['failed, and not the whole picture, when a new download may not be seen', { copies: { a: { state: 'failed', message: 'x' } } }, { dataSources: unseen('forbidden') }, 'failed', ['not-seen', 'no-usable-copy', 'copy', 'downloaded-again']],
    ['failed when all copies failed, and is downloaded again to the spare disk', { copies: { a: { state: 'failed', message: 'x' }, b: { state: 'failed', message: 'x' } } }, {}, 'failed', ['no-usable-copy', 'copy', 'copy', 'downloaded-again']],
    ['failed for good when every disk was tried', { copies: { a: { state: 'failed', message: 'x' } } }, { nodes: live(node('n1', { a: {} })) }, 'failed', ['no-usable-copy', 'copy', 'not-downloaded-again']],
    ['failed for good when it was uploaded', { copies: { a: { state: 'failed', message: 'x' } }, spec: { sourceType: 'upload', sourceParameters: {} } }, {}, 'failed', ['no-usable-copy', 'copy', 'not-downloaded-again']],
    ['failed when the disk that held it was removed', { copies: { z: ready } }, {}, 'failed', ['no-usable-copy', 'copy', 'not-downloaded-again']],
    ['failed for ever when the URL now serves other bytes', { copies: { a: { state: 'failed', message: RECORDED } } }, { dataSources: source({ currentState: 'ready' }) }, 'failed', ['source-changed', 'no-usable-copy', 'copy']],
    ['recovering while it is downloaded again', { copies: { a: { state: 'failed', message: 'x' } } }, { dataSources: source({ currentState: 'in-progress', progress: 12 }) }, 'recovering', ['redownloading', 'no-usable-copy', 'copy']],
    ['recovering when no disk is wanted any more', { copies: {} }, { dataSources: source({ currentState: 'ready' }, true) }, 'recovering', ['redownloading', 'no-usable-copy']],
    ['failed then, for an upload', { copies: {}, spec: { sourceType: 'upload' } }, {}, 'failed', ['no-usable-copy', 'not-downloaded-again']],
    ['importing', { copies: { a: { state: 'in-progress', progress: 22 } }, ...importing }, { dataSources: source({ currentState: 'in-progress', progress: 22 }) }, 'importing', ['importing']],
    ['importing, brand-new', { copies: {}, ...importing }, {}, 'importing', ['importing']],
    ['failed while it was imported', { copies: { a: { state: 'failed', progress: 5, message: `the expected checksum a doesn't match the file actual checksum b` } }, ...importing }, { dataSources: source({ currentState: 'failed' }) }, 'failed', ['import-failed']],
    ['failed in its import, and cleaned up after', { copies: {}, ...importing }, { dataSources: source({ currentState: 'failed-and-cleanup', message: '404' }) }, 'failed', ['import-failed']],
    ['deleting', { copies: { a: ready }, meta: { deletionTimestamp: 'x' } }, {}, 'deleting', ['deleting']],
    ['healthy with a leftover on its way out', { copies: { a: ready }, leftovers: { b: { state: 'failed' } } }, {}, 'healthy', []],
  ])('%s', (_, given, change, verdict, codes) => {
    const judged = judgeBackingImage(image(given), { ...world(...THREE), ...change }, NOW)
    expect({ verdict: judged.verdict, codes: judged.reasons.map(reason => reason.code) }).toEqual({ verdict, codes })
  })

  it('not flickering with the states that Longhorn shows while all copies are bad', () => {
    const flapping = [{ a: 'none' }, { a: { state: 'starting' } }, { a: { state: 'failed', message: 'failed to process sync file' } }] as const
    expect(flapping.map(copies => judgeBackingImage(image({ copies }), world(...THREE), NOW).verdict)).not.toContain('healthy')
  })

  it('counts usable, lasting and wanted copies', () => {
    expect(judgeBackingImage(image({ copies: { a: ready, b: ready, c: { state: 'failed' } } }), world(node('n1', { a: { evict: true } }), ...THREE.slice(1)), NOW)).toMatchObject({ usable: 2, durable: 1, desired: 3 })
  })
})

describe('the risks are', () => {
  const backups = (checksum: string, state = 'Completed') => live({ apiVersion: 'longhorn.io/v1beta2', kind: 'BackupBackingImage', metadata: meta('b1'), status: { backingImage: 'vmi-1', state, checksum } })
  const upload = { sourceType: 'upload', sourceParameters: {}, checksum: '' }
  it.each<[string, ImageOf, Partial<HealthWorld>, HealthRisk['code'][]]>([
    ['none for a pinned, checked image on three nodes', { copies: { a: ready, b: ready, c: ready } }, {}, []],
    ['one copy', { copies: { a: ready } }, {}, ['single-copy']],
    ['one node, while others have room', { copies: { a: ready, d: ready } }, { nodes: live(node('n1', { a: {}, d: {} }), node('n2', { b: {} })) }, ['single-node']],
    ['none of it on a cluster of one node', { copies: { a: ready, d: ready } }, { nodes: live(node('n1', { a: {}, d: {} })) }, []],
    ['the last copy leaves', { copies: { a: ready } }, { nodes: live(node('n1', { a: { evict: true } }), node('n2', { b: {} })) }, ['sole-copy-leaving']],
    ['a mutable URL', { copies: { a: ready, b: ready }, spec: { sourceParameters: { url: 'https://cloud-images.ubuntu.com/noble/current/noble.img' } } }, {}, ['mutable-url']],
    ['no expected checksum', { copies: { a: ready, b: ready }, spec: { checksum: '' } }, {}, ['no-expected-checksum']],
    ['an upload without backup', { copies: { a: ready, b: ready }, spec: upload }, { backups: live() }, ['no-way-back']],
    ['an upload whose backups nobody may see', { copies: { a: ready, b: ready }, spec: upload }, {}, ['no-way-back']],
    ['an upload whose backup is of other bytes', { copies: { a: ready, b: ready }, spec: upload }, { backups: backups('other') }, ['no-way-back']],
    ['an upload whose backup is not done', { copies: { a: ready, b: ready }, spec: upload }, { backups: backups('e'.repeat(128), 'InProgress') }, ['no-way-back']],
    ['none for an upload with a whole backup', { copies: { a: ready, b: ready }, spec: upload }, { backups: backups('e'.repeat(128)) }, []],
    ['data engine v2', { copies: { a: ready, b: ready }, spec: { dataEngine: 'v2' } }, {}, ['v2-unsupported']],
  ])('%s', (_, given, change, codes) => {
    expect(judgeBackingImage(image(given), { ...world(...THREE), ...change }, NOW).risks.map(risk => risk.code)).toEqual(codes)
  })
})

it.each<[string, Parameters<typeof node>, Partial<BackingImage['spec']>, boolean]>([
  ['a good disk', ['n1', { d: {} }], {}, true],
  ['a disk that is evicted', ['n1', { d: { evict: true } }], {}, false],
  ['a disk without room', ['n1', { d: { schedulable: false } }], {}, false],
  ['a block disk', ['n1', { d: { type: 'block' } }], {}, false],
  ['a node that takes nothing', ['n1', { d: {} }, { schedulable: false }], {}, false],
  ['a node that is down', ['n1', { d: {} }, { ready: false }], {}, false],
  ['a disk without the tag', ['n1', { d: { tags: ['hdd'] } }], { diskSelector: ['ssd'] }, false],
  ['a disk with the tag', ['n1', { d: { tags: ['ssd', 'fast'] } }], { diskSelector: ['ssd'] }, true],
  ['a node without the tag', ['n1', { d: {} }], { nodeSelector: ['east'] }, false],
])('Longhorn would put a copy on %s: %#', (_, given, spec, eligible) => {
  expect(eligibleDisks(image({ copies: {}, spec }), [node(...given)])).toEqual(eligible ? ['d'] : [])
})

it('finds what hangs on an image: volumes, the claims bound to them, their VMs', () => {
  const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: meta('root', { namespace: 'production' }), spec: { volumeName: 'pv-1' } }
  const vm = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', metadata: meta('web-01', { namespace: 'production' }), spec: { template: { spec: { volumes: [{ name: 'root', persistentVolumeClaim: { claimName: 'root' } }] } } } }
  const volume = (name: string, backingImage?: string) => ({ apiVersion: 'longhorn.io/v1beta2', kind: 'Volume', metadata: meta(name), spec: { ...(backingImage && { backingImage }) } })
  const seen = { volumes: live<LonghornVolume>(volume('pv-1', 'vmi-1'), volume('pv-2', 'vmi-1'), volume('pv-3')), claims: live<PersistentVolumeClaim>(claim), vms: live<VirtualMachine>(vm), vmis: live<VirtualMachineInstance>() }
  const found = dependentsOf(image({ copies: {} }), indexDependents(seen))
  expect(found.volumes.map(({ volume, claim }) => [volume.metadata.name, claim?.metadata.name])).toEqual([['pv-1', 'root'], ['pv-2', undefined]])
  expect(found.vms).toEqual([vm])
  expect(found.unseen).toEqual([])
  expect(imageOfBackingImage(image({ copies: {}, meta: { annotations: { 'harvesterhci.io/imageId': 'production/image-1' } } }))).toBe('production/image-1')
})

it.each<[string, Partial<DependentsWorld>, string[]]>([
  ['the volumes may not be read', { volumes: unseen('forbidden') }, ['volumes.longhorn.io forbidden']],
  ['the claims are still being read', { claims: unseen('loading') }, ['persistentvolumeclaims loading']],
  ['the VMs of some namespaces only may be read', { vms: { ...live(), partial: ['production'] } }, ['virtualmachines.kubevirt.io forbidden']],
  ['the line is down', { vmis: unseen('stale') }, ['virtualmachineinstances.kubevirt.io stale']],
])('does not take it for nobody when %s', (_, change, named) => {
  const index = indexDependents({ volumes: live(), claims: live(), vms: live(), vmis: live(), ...change })
  expect(dependentsOf(image({ copies: {} }), index).unseen.map(({ resource, state }) => `${resource} ${state}`)).toEqual(named)
})

it('knows from Harvester’s image that its URL was seen to serve something else, or nothing', () => {
  const health = judgeBackingImage(image({ copies: {} }), { nodes: live(), managers: live(), dataSources: live(), replicas: live() }, NOW)
  const at = '2026-02-01T00:00:00Z'
  const looked = (word: string) => withUpstream(health, { apiVersion: '', kind: '', metadata: meta('i', { annotations: { 'guardrails.harvesterhci.io/upstream-check': JSON.stringify({ word, at }) } }), spec: { displayName: 'i', sourceType: 'download' } }).risks.slice(health.risks.length)
  expect(looked('changed')).toEqual([{ code: 'upstream-changed', at }])
  expect(looked('gone')).toEqual([{ code: 'upstream-gone', at }])
  expect(looked('unchanged')).toEqual([])
  expect(withUpstream(health, undefined)).toBe(health)
})
