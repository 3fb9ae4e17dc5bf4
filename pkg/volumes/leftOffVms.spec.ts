import { describe, expect, it } from 'vitest'
import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { Seen } from '#kube/seen.ts'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'
import { leftOffVms, planStartLeftOff, unclearVms, vmsMarkedFor } from './leftOffVms.ts'
import { CLAIM, DELETED, live, vm, vmi } from './scriptedWorld.ts'

const MARK = 'production/web-01-root'
const marked = (mark = MARK, strategy: 'Halted' | 'Always' = 'Halted', extra: object = {}) => vm(strategy, {}, { ...extra, annotations: { [EXPORT_ANNOTATION]: mark } })
type World = Parameters<typeof leftOffVms>[0]
const NOTE = { id: 'abcd1234', image: { namespace: 'production', displayName: 'web' }, storageClass: 'harvester-longhorn', vms: [] }
const noted = (text: string): PersistentVolumeClaim => ({ ...CLAIM, metadata: { ...CLAIM.metadata, annotations: { [EXPORT_ANNOTATION]: text } } })

describe('a VM that was shut down for an export', () => {
  it.each<[string, boolean, ReturnType<typeof marked>, Seen<PersistentVolumeClaim>]>([
    ['its note was taken off by hand', true, marked(), live(CLAIM)],
    ['its volume is gone', true, marked(), live()],
    ['the note there was written for another volume', true, marked(), live(noted(JSON.stringify({ ...NOTE, claimUid: 'backed-up' })))],
    ['its export is under way', false, marked(), live(noted(JSON.stringify(NOTE)))],
    ['its export waits to be read: that one offers the start', false, marked(), live(noted(JSON.stringify({ ...NOTE, isSettled: true })))],
    ['what stands there cannot be read: that has to be taken off first', false, marked(), live(noted('{'))],
    ['it was started again', false, marked(MARK, 'Always'), live(CLAIM)],
    ['it was started, and somebody has shut it down since', false, marked(`${MARK} started`), live(CLAIM)],
    ['it is being deleted', false, marked(MARK, 'Halted', DELETED), live(CLAIM)],
    ['no export has shut it down', false, vm('Halted'), live(CLAIM)],
    ['the volumes are not seen', false, marked(), { objects: [], state: 'forbidden' }],
    ['the volumes of its namespace are not seen', false, marked(), { objects: [], state: 'live', partial: ['lab'] }],
  ])('where %s is left off: %s', (_, isLeft, machine, claims) => {
    expect(leftOffVms({ vms: live(machine), vmis: live(), claims })).toEqual(isLeft ? [machine] : [])
  })

  it('is not left off while its old guest is still there, or may be', () => {
    expect(leftOffVms({ vms: live(marked()), vmis: live(vmi('Running')), claims: live(CLAIM) })).toEqual([])
    expect(leftOffVms({ vms: live(marked()), vmis: { objects: [], state: 'forbidden' }, claims: live(CLAIM) })).toEqual([])
  })

  it.each<[string, Partial<World>, string[]]>([
    ['may not list volumes', { claims: { objects: [], state: 'forbidden' } }, ['persistentvolumeclaims forbidden']],
    ['may not list those of its namespace', { claims: { objects: [], state: 'live', partial: ['lab'] } }, ['persistentvolumeclaims forbidden']],
    ['sees the volumes, and no instances', { vmis: { objects: [], state: 'forbidden' } }, ['virtualmachineinstances.kubevirt.io forbidden']],
    ['sees neither', { claims: { objects: [], state: 'forbidden' }, vmis: { objects: [], state: 'forbidden' } }, ['persistentvolumeclaims forbidden', 'virtualmachineinstances.kubevirt.io forbidden']],
    ['has volumes before him that are not up to date', { claims: { objects: [CLAIM], state: 'stale' } }, ['persistentvolumeclaims stale']],
  ])('is told by its own mark to one who %s, with what he does not see', (_, blind, spots) => {
    const world: World = { vms: live(marked(), marked(`${MARK} started`), vm('Halted', {}, {}, 'web-02')), vmis: live(), claims: live(CLAIM), ...blind }
    expect(leftOffVms(world)).toEqual([])
    expect(unclearVms(world).map(({ vm, unseen }) => [vm.metadata.name, ...unseen.map(({ resource, state }) => `${resource} ${state}`)])).toEqual([['web-01', ...spots]])
  })

  it('is not told so where everything is seen, is only being read yet, or where its export is seen and told', () => {
    const world: World = { vms: live(marked()), vmis: live(), claims: live(CLAIM) }
    expect(unclearVms(world)).toEqual([])
    expect(unclearVms({ ...world, claims: { objects: [], state: 'loading' }, vmis: { objects: [], state: 'forbidden' } })).toEqual([])
    expect(unclearVms({ ...world, claims: live(noted(JSON.stringify(NOTE))), vmis: { objects: [], state: 'forbidden' } })).toEqual([])
    expect(unclearVms({ ...world, vms: live(marked(MARK, 'Always'), marked(MARK, 'Halted', DELETED)), claims: { objects: [], state: 'forbidden' } })).toEqual([])
  })

  it('is named where its note is about to be taken off', () => {
    expect(vmsMarkedFor([marked(), marked('production/other'), marked(MARK, 'Always'), marked(`${MARK} started`)], CLAIM)).toEqual(['web-01'])
  })

  it('is started with the strategy that it had, and without the mark, if nobody has changed it', () => {
    const off = marked()
    const remembered = { ...off, metadata: { ...off.metadata, annotations: { ...off.metadata.annotations, 'harvesterhci.io/vmRunStrategy': 'Manual' } } }
    const [first, second] = planStartLeftOff(remembered)
    expect(first).toMatchObject({ act: 'patch', patch: { type: 'json', body: [
      { op: 'test', path: '/metadata/resourceVersion', value: '1' },
      { op: 'test', path: '/spec/runStrategy', value: 'Halted' }, { op: 'replace', path: '/spec/runStrategy', value: 'Manual' },
      { op: 'test', path: '/metadata/annotations/guardrails.harvesterhci.io~1export', value: MARK }, { op: 'remove', path: '/metadata/annotations/guardrails.harvesterhci.io~1export' },
    ] } })
    expect(second).toMatchObject({ act: 'call', subresource: 'start' })
  })
})
