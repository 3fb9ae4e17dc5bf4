import { describe, expect, it } from 'vitest'
import type { VirtualMachineImage } from '#images/image.ts'
import { OVERTAKEN_ANNOTATION, RUNNING_ACKNOWLEDGED_ANNOTATION, VERIFIED_ANNOTATION, acknowledgedBy, imageOfExport, mayBeReadByPod, offBeforeOf, wholenessOf } from './exportedImage.ts'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'
import type { Wholeness } from './exportedImage.ts'
import { exportImage } from './scriptedWorld.ts'

function imageWith(annotations: Readonly<Record<string, string>>, backend?: VirtualMachineImage['spec']['backend']): VirtualMachineImage {
  const image = exportImage('export-abcde', 'True')
  return { ...image, metadata: { ...image.metadata, annotations }, spec: { ...image.spec, ...(backend && { backend }) } }
}
const VERIFIED = { [VERIFIED_ANNOTATION]: '2026-03-01T12:05:00Z' }
const ACKNOWLEDGED = { [RUNNING_ACKNOWLEDGED_ANNOTATION]: '{"who":"eve","when":"2026-03-01T12:00:00Z"}' }
const noted = (note: object) => ({ [EXPORT_ANNOTATION]: JSON.stringify(note) })

const INTENT = { id: 'abcde', claim: { namespace: 'production', name: 'web-01-root' }, claimUid: 'the-claim', image: { namespace: 'production', displayName: 'web-copy' } }

describe('the image of an export', () => {
  const own = imageWith({})
  it.each<[boolean, string, VirtualMachineImage]>([
    [true, 'it was read from the volume', own],
    [true, 'its note is of that volume', imageWith(noted({ claimUid: 'the-claim' }))],
    [false, 'its note is of a volume that had the name before', imageWith(noted({ claimUid: 'another' }))],
    [false, 'it was read from another volume', { ...own, spec: { ...own.spec, pvcName: 'db-01-root' } }],
    [false, 'it was read from a volume of that name elsewhere', { ...own, spec: { ...own.spec, pvcNamespace: 'lab' } }],
    [false, 'it is in another namespace', { ...own, metadata: { ...own.metadata, namespace: 'lab' } }],
    [false, 'it has another name', { ...own, metadata: { ...own.metadata, name: 'export-other' } }],
  ])('is %s of one where %s', (isIts, _, image) => {
    expect(imageOfExport(INTENT, [{ ...own, metadata: { ...own.metadata, name: 'by-hand' } }, image])).toBe(isIts ? image : undefined)
  })
})

describe('an exported image', () => {
  it.each<[Wholeness, string, Readonly<Record<string, string>>]>([
    ['unverified', 'nobody has looked', {}],
    ['whole', 'it was verified', VERIFIED],
    ['unverified', 'it is said to be verified at no time', { [VERIFIED_ANNOTATION]: 'true' }],
    ['unverified', 'it is said to be verified on a day that there is not', { [VERIFIED_ANNOTATION]: '2026-02-30T12:00:00Z' }],
    ['acknowledged', 'its note says that the disk was in use', { ...VERIFIED, ...noted({ runningAcknowledged: { by: 'ann', at: '2026-03-01T12:00:00Z' } }) }],
    ['acknowledged', 'it says so itself, and has no note', { ...VERIFIED, ...ACKNOWLEDGED }],
    ['acknowledged', 'it says so itself, and its note does not', { ...VERIFIED, ...ACKNOWLEDGED, ...noted({ id: 'abcde' }) }],
    ['whole', 'what it says of that names nobody', { ...VERIFIED, [RUNNING_ACKNOWLEDGED_ANNOTATION]: 'yes' }],
    ['overtaken', 'it was overtaken, whatever else', { ...VERIFIED, ...ACKNOWLEDGED, [OVERTAKEN_ANNOTATION]: '{}' }],
  ])('is %s where %s', (word, _, annotations) => {
    expect(wholenessOf(imageWith(annotations))).toBe(word)
  })

  it('names who took the disk in use upon himself, by its note or by itself', () => {
    expect(acknowledgedBy(imageWith(ACKNOWLEDGED))).toBe('eve')
    expect(acknowledgedBy(imageWith({ ...ACKNOWLEDGED, ...noted({ runningAcknowledged: { by: 'ann' } }) }))).toBe('ann')
  })

  it('has nothing acknowledged of CDI, which reads no disk in use', () => {
    expect(wholenessOf(imageWith({ ...VERIFIED, ...ACKNOWLEDGED }, 'cdi'))).toBe('whole')
  })
})

it('names the VMs that were off before its export, unless how they ended was seen', () => {
  const vms = [{ name: 'web-01', runStrategy: 'Always', wasRunning: true }, { name: 'db-01', runStrategy: 'Halted', wasRunning: false }, { name: 'db-02', runStrategy: 'Halted', wasRunning: false }]
  const image = imageWith(noted({ ...INTENT, storageClass: 'x', restart: true, requester: 'ann', startedAt: '', vms, endings: { 'db-02': { word: 'cut-off' } } }))
  expect(offBeforeOf({ ...image, spec: { ...image.spec, pvcNamespace: 'production', pvcName: 'web-01-root' } })).toEqual(['db-01'])
  expect(offBeforeOf(imageWith({}))).toEqual([])
})

it.each<[boolean, string, VirtualMachineImage]>([
  [true, 'where CDI read it and nobody has verified it', imageWith({}, 'cdi')],
  [false, 'where somebody has verified it', imageWith(VERIFIED, 'cdi')],
  [false, 'where Longhorn read it itself', imageWith({}, 'backingimage')],
])('may have been read by a pod of CDI\'s (%s) %s', (may, _, image) => {
  expect(mayBeReadByPod(image)).toBe(may)
})
