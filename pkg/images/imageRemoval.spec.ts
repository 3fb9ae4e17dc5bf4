import type { VirtualMachineImage } from './image.ts'
import type { ImageStateWord } from './imageState.ts'
import type { ImageUsers } from './imageUsers.ts'
import { describe, expect, it } from 'vitest'
import { judgeRemoval, judgeRetry, recreationOf, rehearsalOf } from './imageRemoval.ts'

const meta = { name: 'image-1', namespace: 'lab', uid: 'u', resourceVersion: '9', creationTimestamp: 'x', finalizers: ['f'], generateName: 'image-', labels: { 'harvesterhci.io/imageDisplayName': 'noble', 'harvesterhci.io/os-type': 'ubuntu' }, annotations: { 'guardrails.harvesterhci.io/mutable-url-acknowledged': '{}', 'guardrails.harvesterhci.io/upstream-check': '{}' } }
const image = (sourceType: VirtualMachineImage['spec']['sourceType'] = 'download'): VirtualMachineImage => ({ apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: meta, spec: { displayName: 'noble', sourceType, retry: 2, url: 'https://x/noble.img' }, status: { storageClassName: 'lh-1', failed: 3 } })
const NOBODY: ImageUsers = { volumes: [], awaiting: [], templates: [], owners: [], backups: [], unseen: [] }
const UNSEEN = { code: 'not-seen', resource: 'persistentvolumeclaims', state: 'forbidden' } as const
const object = { apiVersion: '', kind: '', metadata: { ...meta, name: 'x' } }
const volume = (bond: ImageUsers['volumes'][number]['bond']): ImageUsers => ({ ...NOBODY, volumes: [{ claim: { ...object, spec: { storageClassName: 'lh-1' } }, users: { vms: [], vmis: [], pods: [] }, bond }] })
const vms: ImageUsers = { ...NOBODY, awaiting: [{ ...object, spec: { template: { spec: {} } } }] }
const templates: ImageUsers = { ...NOBODY, templates: [{ ...object, spec: {} }] }

describe('deleting an image', () => {
  it('is refused in Harvester’s words', () => {
    expect(judgeRemoval(image(), volume('layered'), { verdict: 'pinned' })).toEqual({ word: 'refused', words: 'Cannot delete image lab/noble: being used by volume lab/x' })
  })

  it.each([['pinned', 'none'], ['mutable', 'url'], ['unknown', 'url']] as const)('of which the source is %s costs %s', (verdict, cost) => {
    expect(judgeRemoval(image(), { ...NOBODY, unseen: [UNSEEN] }, { verdict })).toEqual({ word: 'possible', cost, unseen: [UNSEEN] })
  })

  it('without a URL costs its only file', () => {
    expect(judgeRemoval(image('upload'), NOBODY, undefined)).toMatchObject({ cost: 'file' })
  })

  it('from a build that its publisher deletes after a while does not promise that it comes again', () => {
    expect(judgeRemoval(image(), NOBODY, { verdict: 'pinned', mayDisappear: 'pruned' })).toMatchObject({ cost: 'url' })
  })

  it.each(['changed', 'gone'] as const)('costs all, where somebody saw that its URL is %s', word => {
    const looked = { ...image(), metadata: { ...meta, annotations: { 'guardrails.harvesterhci.io/upstream-check': JSON.stringify({ word, at: '2026-11-20T08:00:00Z', reasons: [] }) } } }
    expect(judgeRemoval(looked, NOBODY, { verdict: 'pinned' })).toMatchObject({ cost: word })
  })
})

describe('making an image again', () => {
  it.each<[string, ImageStateWord, ImageUsers, ReturnType<typeof judgeRetry>]>([
    ['is safe where it failed and nobody uses it', 'failed', NOBODY, undefined],
    ['is safe between retries', 'retrying', NOBODY, undefined],
    ['is safe where its copies are lost', 'lost', NOBODY, undefined],
    ['is safe where its BackingImage is gone', 'missing', NOBODY, undefined],
    ['is not for one that works', 'ready', NOBODY, { code: 'not-needed' }],
    ['is not for one of which too little is seen', 'imported', NOBODY, { code: 'not-needed' }],
    ['is not for one whose copies may be whole on a node that is away', 'unknown', NOBODY, { code: 'unclear' }],
    ['is not for one under way', 'importing', NOBODY, { code: 'not-needed' }],
    ['is not for one that goes', 'deleting', NOBODY, { code: 'deleting' }],
    ['is not while a volume is layered on it', 'lost', volume('layered'), { code: 'used', by: 'volumes', n: 1 }],
    ['is not while it is copied into a volume', 'failed', volume('copying'), { code: 'used', by: 'volumes', n: 1 }],
    ['is safe where volumes were copied from it', 'failed', volume('copied'), undefined],
    ['is not while a VM is to get a volume of it', 'failed', vms, { code: 'used', by: 'vms', n: 1 }],
    ['is not while a template names it', 'failed', templates, { code: 'used', by: 'templates', n: 1 }],
    ['is not while a backup holds a volume of it', 'failed', { ...NOBODY, backups: [{ ...object, spec: {} }] }, { code: 'used', by: 'backups', n: 1 }],
    ['is not where somebody unseen may use it', 'failed', { ...NOBODY, unseen: [UNSEEN] }, UNSEEN],
  ])('%s', (_, word, users, bar) => {
    expect(judgeRetry(image(), { word }, users)).toEqual(bar)
  })

  it('takes the file again, or the volume', () => {
    expect(judgeRetry(image('upload'), { word: 'failed' }, NOBODY)).toEqual({ code: 'needs-file' })
    expect(judgeRetry(image('export-from-volume'), { word: 'failed' }, NOBODY)).toEqual({ code: 'needs-export' })
  })

  it('keeps spec, labels and the acknowledgement, and nothing that belonged to the old bytes', () => {
    expect(recreationOf(image())).toEqual({
      apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage',
      metadata: { name: 'image-1', namespace: 'lab', labels: meta.labels, annotations: { 'guardrails.harvesterhci.io/mutable-url-acknowledged': '{}' } },
      spec: { displayName: 'noble', sourceType: 'download', retry: 2, url: 'https://x/noble.img' },
    })
  })

  it('is rehearsed under names that are free', () => {
    const { metadata, spec } = rehearsalOf(recreationOf(image()))
    expect(metadata).toEqual({ generateName: 'image-1-', namespace: 'lab', labels: { 'harvesterhci.io/os-type': 'ubuntu' }, annotations: { 'guardrails.harvesterhci.io/mutable-url-acknowledged': '{}' } })
    expect(spec).toEqual({ ...image().spec, displayName: 'noble.again' })
    const long = { ...recreationOf(image()), spec: { ...image().spec, displayName: 'x'.repeat(63) } }
    expect(rehearsalOf(long).spec.displayName.length).toBeLessThanOrEqual(63)
  })
})
