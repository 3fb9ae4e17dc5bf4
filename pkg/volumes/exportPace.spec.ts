import { describe, expect, it } from 'vitest'
import type { VirtualMachineImage } from '#images/image.ts'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'
import { judgeExportPace } from './exportPace.ts'
import { VERIFIED_ANNOTATION } from './exportedImage.ts'
import { CLAIM, exportImage, meta } from './scriptedWorld.ts'

const GIB = 1024 ** 3
const DISK = { ...CLAIM, status: { phase: 'Bound' as const, capacity: { storage: '40Gi' } } }

interface Past { readonly of?: string, readonly begun?: string, readonly backedUp?: string, readonly made?: string, readonly verified?: string, readonly gib?: number, readonly backend?: 'cdi' }

function past({ of = 'other', begun = '12:00:00', backedUp, made = '12:02:00', verified = '12:06:00', gib = 20, backend }: Past): VirtualMachineImage {
  const at = (time: string) => `2026-02-01T${time}Z`
  const image = exportImage(`export-of-${of}`, 'True')
  const note = { startedAt: at(begun), ...(backedUp && { backedUpAt: at(backedUp) }) }
  const annotations = { [EXPORT_ANNOTATION]: JSON.stringify(note), ...(verified && { [VERIFIED_ANNOTATION]: at(verified) }) }
  return { ...image, metadata: { ...meta(image.metadata.name), creationTimestamp: at(made), annotations }, spec: { ...image.spec, pvcName: of, ...(backend && { backend }) }, status: { ...image.status, virtualSize: gib * GIB } }
}

const MINUTE = 60_000
describe('how long an export takes', () => {
  it.each<[string, readonly VirtualMachineImage[], ReturnType<typeof judgeExportPace>]>([
    ['is not known where none is on record', [], { word: 'not-known' }],
    ['is not known by an image that nobody verified', [past({ verified: '' })], { word: 'not-known' }],
    ['is not known by an image that somebody made without the console', [exportImage('by-hand', 'True')], { word: 'not-known' }],
    ['is not known by times that make no sense', [past({ begun: '13:00:00' })], { word: 'not-known' }],
    ['is not known by what CDI has taken', [past({ backend: 'cdi' })], { word: 'not-known' }],
    ['is told by the size: twice the disk, twice the reading', [past({})], { word: 'by-size', ms: 2 * MINUTE + 8 * MINUTE, of: 1 }],
    ['takes the middle of several', [past({ verified: '12:03:00' }), past({}), past({ verified: '12:42:00' })], { word: 'by-size', ms: 2 * MINUTE + 8 * MINUTE, of: 3 }],
    ['counts from the end of the backup, for until then nothing is off', [past({ begun: '08:00:00', backedUp: '12:01:00' })], { word: 'by-size', ms: MINUTE + 8 * MINUTE, of: 1 }],
    ['is what the same volume took last, whatever others did', [past({}), past({ of: 'web-01-root', begun: '10:00:00', made: '10:01:00', verified: '10:02:00' }), past({ of: 'web-01-root', begun: '11:00:00', made: '11:01:00', verified: '11:04:00' })], { word: 'same-volume', ms: 4 * MINUTE, at: '2026-02-01T11:01:00Z' }],
  ])('%s', (_, images, pace) => {
    expect(judgeExportPace(DISK, images, 'backingimage')).toEqual(pace)
  })

  it('is not known of a disk whose size nobody says', () => {
    expect(judgeExportPace(CLAIM, [past({})], 'backingimage')).toEqual({ word: 'not-known' })
  })
})
