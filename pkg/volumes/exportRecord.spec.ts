import { describe, expect, it } from 'vitest'
import type { VirtualMachineImage } from '#images/image.ts'
import type { ImageState } from '#images/imageState.ts'
import { ENDED_ANNOTATION, OVERTAKEN_ANNOTATION, VERIFIED_ANNOTATION, exportImageName } from './exportedImage.ts'
import type { ExportIntent } from './exportIntent.ts'
import { writeIntent } from './exportIntent.ts'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'
import type { ExportWord } from './exportRecord.ts'
import { EXPORT_RANKS, exportRecords } from './exportRecord.ts'
import type { Carrier } from './keeperStatus.ts'
import { exportImage, meta } from './scriptedWorld.ts'

const INTENT: ExportIntent = { id: 'abcde', claim: { namespace: 'production', name: 'web-01-root' }, image: { namespace: 'production', displayName: 'web-copy' }, storageClass: 'x', vms: [{ name: 'web-01', runStrategy: 'Always', wasRunning: true }], restart: true, requester: 'ann', startedAt: '2026-03-01T12:00:00Z' }
const KEY = 'production/web-01-root'

function imageOf(intent: ExportIntent | undefined, annotations: Readonly<Record<string, string>> = {}): VirtualMachineImage {
  const name = intent ? exportImageName(intent) : 'by-hand'
  return { ...exportImage(name, 'True'), metadata: { ...meta(name), creationTimestamp: '2026-03-01T12:03:00Z', annotations: { ...annotations, ...(intent && { [EXPORT_ANNOTATION]: writeIntent(intent) }) } } }
}
const state = (word: ImageState['word'], progress?: number) => (): ImageState => ({ word, ...(progress !== undefined && { progress }) })
const by = (carrier: Carrier) => () => carrier
const one = (given: Partial<Parameters<typeof exportRecords>[0]>) => exportRecords({ open: [], images: [], ended: [], stateOf: state('ready'), carrierOf: by('nobody'), ...given })

describe('an export that is not at its end', () => {
  it.each<[ExportWord, string, Partial<ExportIntent>, Carrier]>([
    ['under-way', 'this page carries it out', {}, 'here'],
    ['under-way', 'the server carries it out', {}, 'server'],
    ['waiting', 'nobody does', {}, 'nobody'],
    ['waiting', 'the server cannot', {}, 'held-up'],
    ['waiting', 'nobody here knows', {}, 'elsewhere'],
    ['giving-up', 'it was called off and its VMs are still to be started', { calledOff: [{ code: 'class-gone', storageClass: 'x' }] }, 'server'],
    ['giving-up', 'it was abandoned and its guest is still ending', { abandonedBy: 'bob' }, 'here'],
    ['waiting', 'it was called off, and nobody starts its VMs', { calledOff: [{ code: 'class-gone', storageClass: 'x' }] }, 'nobody'],
    ['waiting', 'it was abandoned, and nobody starts its VMs', { abandonedBy: 'bob' }, 'elsewhere'],
    ['no-image', 'the cluster refused it, and its VMs run again', { refusal: 'no', isSettled: true }, 'nobody'],
    ['no-image', 'it was called off and had no VM off', { calledOff: [{ code: 'class-gone', storageClass: 'x' }], vms: [{ name: 'web-01', runStrategy: 'Halted', wasRunning: false }] }, 'nobody'],
    ['no-image', 'it was to leave its VM on and was refused', { refusal: 'no', runningAcknowledged: { by: 'ann', at: '2026-03-01T12:00:00Z' } }, 'nobody'],
    ['waiting', 'nobody makes the image of a disk whose VM is off anyhow', { vms: [{ name: 'web-01', runStrategy: 'Halted', wasRunning: false }] }, 'nobody'],
  ])('is called %s where %s', (word, _, notes, carrier) => {
    expect(one({ open: [{ key: KEY, intent: { ...INTENT, ...notes } }], carrierOf: by(carrier) })).toMatchObject([{ word, claim: KEY, title: 'web-copy', vms: ['production/web-01'], requester: 'ann', path: `/volumes/${KEY}/export` }])
  })

  it('is told once, with its image and how far that is', () => {
    const records = one({ open: [{ key: KEY, intent: INTENT }], images: [imageOf(INTENT)], stateOf: state('exporting', 40), carrierOf: by('server') })
    expect(records).toMatchObject([{ word: 'under-way', progress: 40, image: { metadata: { name: 'export-abcde' } } }])
  })

  it.each<[ExportWord, string, Partial<ExportIntent>, Carrier]>([
    ['failed', 'somebody carries on', {}, 'server'],
    ['failed', 'only its note is left', { isSettled: true }, 'nobody'],
    ['waiting', 'nobody carries on, and a VM may be off', {}, 'nobody'],
  ])('is called %s, where its import has failed and %s', (word, _, notes, carrier) => {
    expect(one({ open: [{ key: KEY, intent: { ...INTENT, ...notes } }], images: [imageOf(INTENT)], stateOf: state('failed'), carrierOf: by(carrier) })).toMatchObject([{ word }])
  })

  it.each<[ExportWord, string, Partial<ExportIntent>, Carrier]>([
    ['overtaken', 'somebody carries on', {}, 'server'],
    ['overtaken', 'only its note is left', { isSettled: true }, 'nobody'],
    ['waiting', 'nobody carries on, and a VM may be off', {}, 'nobody'],
  ])('is called %s, where its image may be torn and %s', (word, _, notes, carrier) => {
    expect(one({ open: [{ key: KEY, intent: { ...INTENT, ...notes } }], images: [imageOf(INTENT, { [OVERTAKEN_ANNOTATION]: '{}' })], carrierOf: by(carrier) })).toMatchObject([{ word }])
  })

  it('goes on as long as it is not at its end, though its image is known to be torn', () => {
    const torn = imageOf(INTENT, { [OVERTAKEN_ANNOTATION]: '{}' })
    expect(one({ open: [{ key: KEY, intent: INTENT }], images: [torn], carrierOf: by('server') })).toMatchObject([{ word: 'overtaken', goesOn: true }])
    expect(one({ open: [{ key: KEY, intent: { ...INTENT, isSettled: true } }], images: [torn] })).toMatchObject([{ word: 'overtaken', goesOn: false }])
    expect(one({ open: [{ key: KEY, intent: { ...INTENT, refusal: 'no', isSettled: true } }] })).toMatchObject([{ word: 'no-image', goesOn: false }])
    expect(one({ open: [{ key: KEY, intent: { ...INTENT, vms: [] } }], images: [imageOf(INTENT)], stateOf: state('failed') })).toMatchObject([{ word: 'failed', goesOn: false }])
  })

  it('is shown though nobody can read it', () => {
    expect(one({ open: [{ key: KEY, intent: 'unreadable' }] })).toMatchObject([{ word: 'unreadable', claim: KEY }])
  })
})

describe('an export that is told by its image', () => {
  it.each<[ExportWord, string, VirtualMachineImage, ImageState['word']]>([
    ['whole', 'it was verified', imageOf(INTENT, { [VERIFIED_ANNOTATION]: '2026-03-01T12:05:00Z' }), 'ready'],
    ['whole', 'its copies are fewer now: that is the image\'s trouble', imageOf(INTENT, { [VERIFIED_ANNOTATION]: '2026-03-01T12:05:00Z' }), 'degraded'],
    ['overtaken', 'a VM ran meanwhile, even while it is still read', imageOf(INTENT, { [OVERTAKEN_ANNOTATION]: '{}' }), 'exporting'],
    ['unverified', 'somebody made it without the console', imageOf(undefined), 'ready'],
    ['not-observed', 'nobody saw how its guest ended', imageOf({ ...INTENT, endings: { 'web-01': { word: 'not-observed' } } }, { [VERIFIED_ANNOTATION]: '2026-03-01T12:05:00Z' }), 'ready'],
    ['crash-consistent', 'its guest\'s power was cut', imageOf({ ...INTENT, endings: { 'web-01': { word: 'cut-off' } } }, { [VERIFIED_ANNOTATION]: '2026-03-01T12:05:00Z' }), 'ready'],
    ['importing', 'it is still read', imageOf(INTENT), 'exporting'],
    ['failed', 'its import failed', imageOf(INTENT), 'failed'],
    ['failed', 'nothing is left of it', imageOf(INTENT, { [VERIFIED_ANNOTATION]: '2026-03-01T12:05:00Z' }), 'lost'],
  ])('is %s where %s', (word, _, image, standing) => {
    expect(one({ images: [image], stateOf: state(standing) }).map(record => record.word)).toEqual([word])
  })

  it('keeps who asked for it, when, and how long it took', () => {
    const image = imageOf(INTENT, { [VERIFIED_ANNOTATION]: '2026-03-01T12:05:00Z', [ENDED_ANNOTATION]: '2026-03-01T12:06:00Z' })
    expect(one({ images: [image] })).toMatchObject([{ requester: 'ann', begun: INTENT.startedAt, took: 360_000, vms: ['production/web-01'], path: '/exports/production/export-abcde' }])
  })

  it('is none of an image that was downloaded', () => {
    const image = imageOf(undefined)
    expect(one({ images: [{ ...image, spec: { ...image.spec, sourceType: 'download' } }] })).toEqual([])
  })
})

it('tells an export that left no image, where its image would be, for as long as its volume keeps it', () => {
  const ended = { ...INTENT, abandonedBy: 'bob', isSettled: true, settledAt: '2026-03-01T12:02:00Z' }
  expect(one({ ended: [ended] })).toMatchObject([{ word: 'left-no-image', claim: KEY, title: 'web-copy', requester: 'ann', begun: INTENT.startedAt, took: 120_000, vms: ['production/web-01'], path: '/exports/production/export-abcde' }])
})

it('tells an export once that is said to have left no image, and has one or is under way', () => {
  expect(one({ ended: [INTENT], images: [imageOf(INTENT)] }).map(({ word }) => word)).toEqual(['unverified'])
  expect(one({ ended: [INTENT], open: [{ key: KEY, intent: INTENT }] }).map(({ word }) => word)).toEqual(['waiting'])
  expect(one({ ended: [INTENT], open: [{ key: KEY, intent: { ...INTENT, id: 'fghij' } }] }).map(({ word }) => word)).toEqual(['waiting', 'left-no-image'])
})

it('what needs the operator comes before what is over, and what may be torn before what is good', () => {
  expect(Math.max(EXPORT_RANKS.waiting, EXPORT_RANKS['no-image'])).toBeLessThan(Math.min(EXPORT_RANKS.importing, EXPORT_RANKS.overtaken, EXPORT_RANKS.whole))
  expect(EXPORT_RANKS.overtaken).toBeLessThan(EXPORT_RANKS.whole)
})
