import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { ExportIntent } from './exportIntent.ts'
import { describe, expect, it } from 'vitest'
import { ENDED_ANNOTATION, OVERTAKEN_ANNOTATION, RUNNING_ACKNOWLEDGED_ANNOTATION, VERIFIED_ANNOTATION } from './exportedImage.ts'
import { holdOnClaim } from './exportHold.ts'
import { exportReference, writeIntent } from './exportIntent.ts'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'
import { CLAIM, dataVolume, DELETED, exportImage, meta, vm } from './scriptedWorld.ts'

const NOW = Date.parse('2026-03-01T12:10:00Z')
const INTENT: ExportIntent = {
  id: 'abcd1234', claim: { namespace: 'production', name: 'web-01-root' }, image: { namespace: 'production', displayName: 'web' }, storageClass: 'harvester-longhorn',
  vms: [{ name: 'web-01', runStrategy: 'Always', wasRunning: true }], restart: true, requester: 'ann', startedAt: '2026-03-01T12:00:00.000Z',
}
const under = (more: Partial<ExportIntent> = {}): PersistentVolumeClaim => ({ ...CLAIM, metadata: { ...CLAIM.metadata, annotations: { [EXPORT_ANNOTATION]: writeIntent({ ...INTENT, ...more }) } } })
const image = (name: string, imported: 'True' | 'False' | 'Unknown', extra: object = {}, progress = 0): VirtualMachineImage => {
  const made = exportImage(name, imported)
  return { ...made, metadata: { ...made.metadata, creationTimestamp: '2026-03-01T12:05:00Z', ...extra }, status: { ...made.status, progress } }
}
const annotated = (key: string) => ({ annotations: { [key]: '{"who":"ann","when":"2026-03-01T12:00:00Z"}' } })
const overtakenBy = (...by: string[]) => ({ annotations: { [OVERTAKEN_ANNOTATION]: JSON.stringify({ when: '2026-03-01T12:06:00Z', by }) } })
const OWN = 'export-abcd1234'
const hold = (claim = under(), images: VirtualMachineImage[] = [], starter = vm('Halted')) => holdOnClaim(claim, { images, dataVolumes: [] }, NOW, starter)

describe('a disk under export', () => {
  it('is held from the intent on, and says by whom', () => {
    expect(hold()).toEqual({ claim: 'production/web-01-root', image: `production/${OWN}`, displayName: 'web', by: 'intent', since: '2026-03-01T12:00:00.000Z', requester: 'ann' })
  })

  it('is held while its image is read, and says how far that is and how long it takes', () => {
    expect(hold(under({ madeAt: '2026-03-01T12:05:00Z' }), [image(OWN, 'Unknown', {}, 50)])).toMatchObject({ by: 'intent', progress: 50, minutesLeft: 5 })
    expect(hold(under(), [image(OWN, 'Unknown', {}, 2)])).not.toHaveProperty('minutesLeft')
  })

  it('is held by an image that somebody made without an intent', () => {
    expect(hold(CLAIM, [image('by-hand', 'Unknown', {}, 20)])).toEqual({ claim: 'production/web-01-root', image: 'production/by-hand', displayName: 'by-hand', by: 'image', since: '2026-03-01T12:05:00Z', progress: 20, minutesLeft: 20 })
  })

  it('is held by such an image for which Longhorn still copies the disk, until nobody waits for it any more', () => {
    const copied = (one: VirtualMachineImage) => holdOnClaim(CLAIM, { images: [one], dataVolumes: [], copied: new Set(['production/by-hand']) }, NOW)
    expect(copied(image('by-hand', 'True'))).toMatchObject({ image: 'production/by-hand', by: 'image' })
    expect(copied(image('another', 'True'))).toBeUndefined()
    expect(copied(image('by-hand', 'True', annotated(ENDED_ANNOTATION)))).toBeUndefined()
    expect(copied(image('by-hand', 'True', annotated(RUNNING_ACKNOWLEDGED_ANNOTATION)))).toBeUndefined()
  })

  it('is held for the image to come, though that of a disk which had its name before has the image\'s name', () => {
    const before = image(OWN, 'True', { annotations: { [EXPORT_ANNOTATION]: writeIntent({ ...INTENT, claimUid: 'the-disk-before' }) } })
    expect(hold(under({ claimUid: CLAIM.metadata.uid }), [before])).toMatchObject({ by: 'intent', image: `production/${OWN}` })
  })

  it('is held while its image is read, though something has been on it', () => {
    expect(hold(under({ madeAt: '2026-03-01T12:05:00Z' }), [image(OWN, 'Unknown', overtakenBy('production/web-01'), 20)])).toMatchObject({ by: 'intent', progress: 20 })
    expect(hold(CLAIM, [image('by-hand', 'Unknown', overtakenBy('production/web-01'))])).toMatchObject({ by: 'image' })
  })

  it('is held while its image is read, though it was called off by one who had not seen yet that another had made the image', () => {
    const calledOff = [{ code: 'vm-started' as const, vm: 'production/web-01' }]
    expect(hold(under({ calledOff }), [image(OWN, 'Unknown', {}, 20)])).toMatchObject({ by: 'intent', progress: 20 })
    expect(hold(under({ calledOff }), [])).toBeUndefined()
    expect(hold(under({ calledOff }), [image(OWN, 'True')])).toBeUndefined()
  })

  it('is held by another export though its own is over', () => {
    expect(hold(under({ abandonedBy: 'bob' }), [image(OWN, 'Unknown'), image('by-hand', 'Unknown')])).toMatchObject({ image: 'production/by-hand' })
  })

  it('is held from a VM that this export has shut down, until it asks for its start', () => {
    const with_ = (reference: string) => vm('Always', {}, { annotations: { [EXPORT_ANNOTATION]: reference } })
    expect(hold(under(), [], with_(exportReference(INTENT)))).toBeDefined()
    expect(hold(under(), [], with_(exportReference(INTENT, 'started')))).toBeUndefined()
    expect(hold(under(), [], with_('production/other started'))).toBeDefined()
  })

  it('is held by a clone of CDI\'s', () => {
    const cdi = { ...image(OWN, 'Unknown'), spec: { ...exportImage(OWN, 'Unknown').spec, backend: 'cdi' as const } }
    const at = (phase: string) => holdOnClaim(under(), { images: [cdi], dataVolumes: [dataVolume(meta(OWN), phase)] }, NOW)
    expect(at('CloneInProgress')).toBeDefined()
    expect(at('Failed')).toBeUndefined()
  })

  it.each<[boolean, string, Partial<ExportIntent>, object]>([
    [true, 'nobody has said yet whether Longhorn has copied the disk', {}, {}],
    [false, 'it was verified', {}, { annotations: { [VERIFIED_ANNOTATION]: '2026-03-01T12:06:00Z' } }],
    [false, 'it was called torn', {}, overtakenBy('production/web-01')],
    [false, 'the export has ended, and nobody could say', {}, { annotations: { [ENDED_ANNOTATION]: '2026-03-01T12:09:00Z' } }],
    [false, 'the VMs were let go of', { isSettled: true }, {}],
    [false, 'the export was given up', { abandonedBy: 'bob' }, {}],
  ])('is held (%s) once CDI has done its part of the image: %s', (isHeld, _, more, extra) => {
    const cdi = { ...image(OWN, 'True', extra), spec: { ...exportImage(OWN, 'True').spec, backend: 'cdi' as const } }
    expect(holdOnClaim(under(more), { images: [cdi], dataVolumes: [dataVolume(meta(OWN), 'Succeeded')] }, NOW) !== undefined).toBe(isHeld)
  })

  it.each<[string, PersistentVolumeClaim, VirtualMachineImage[]]>([
    ['nobody exports it', CLAIM, []],
    ['something else stands where the intent would', { ...CLAIM, metadata: { ...CLAIM.metadata, annotations: { [EXPORT_ANNOTATION]: 'x' } } }, []],
    ['it was restored from a backup that was made under export', under({ claimUid: 'of-the-disk-that-was-backed-up' }), []],
    ['the export was given up', under({ abandonedBy: 'bob' }), [image(OWN, 'Unknown')]],
    ['the cluster has refused the image', under({ refusal: 'no' }), []],
    ['the image has been read', under(), [image(OWN, 'True')]],
    ['the image has failed', under(), [image(OWN, 'False')]],
    ['the image is being deleted', under(), [image(OWN, 'Unknown', DELETED)]],
    ['the image is gone', under({ madeAt: '2026-03-01T12:05:00Z' }), []],
    ['the export was given up at its time limit, though the image is still read', under(), [image(OWN, 'Unknown', overtakenBy())]],
    ['the export has ended, though its torn image is still read', CLAIM, [image(OWN, 'Unknown', { annotations: { ...overtakenBy('production/web-01').annotations, [ENDED_ANNOTATION]: '2026-03-01T12:09:00Z' } })]],
    ['the export was given up after its image was torn', under({ abandonedBy: 'bob' }), [image(OWN, 'Unknown', overtakenBy('production/web-01'))]],
    ['the image was wanted from a disk in use', CLAIM, [image('live', 'Unknown', annotated(RUNNING_ACKNOWLEDGED_ANNOTATION))]],
    ['another disk is exported', CLAIM, [{ ...image('x', 'Unknown'), spec: { ...exportImage('x', 'Unknown').spec, pvcNamespace: 'staging' } }]],
  ])('may be taken when %s', (_, claim, images) => {
    expect(hold(claim, images)).toBeUndefined()
  })
})
