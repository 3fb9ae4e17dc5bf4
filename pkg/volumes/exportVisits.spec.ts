import type { Seen } from '#kube/seen.ts'
import type { LonghornVolume } from '#health/longhorn.ts'
import type { Visits } from './exportVisits.ts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'
import { lastPodsOn, podMemory, visitsSince, volumeBehind } from './exportVisits.ts'
import { CLAIM, DELETED, exportImage, live, longhornVolume, meta, pod, vmi } from './scriptedWorld.ts'

const HOUR = (hour: number) => `2026-03-01T${hour}:00:00Z`
const READER = 'e3a1c9f0-1b2d-4c3e-8f4a-5b6c7d8e9f00-source-pod'

/** What Longhorn says of the volume: the pods that it lists, and since when there is none. */
function longhorn(names: readonly string[], lastPodRefAt = '', more: object = {}): Seen<LonghornVolume> {
  return live(longhornVolume({ state: 'detached', kubernetesStatus: { namespace: 'production', pvcName: 'web-01-root', lastPodRefAt, workloadsStatus: names.length ? names.map(podName => ({ podName })) : null, ...more } }))
}
const imageWith = (note: object) => {
  const image = exportImage('export-abcde', 'True')
  return { ...image, metadata: { ...image.metadata, annotations: { [EXPORT_ANNOTATION]: JSON.stringify(note) } } }
}
/** The image as it is noted on a volume of which Longhorn said that. */
const madeAt = (volumes: Seen<LonghornVolume>) => imageWith({ lastPods: lastPodsOn(CLAIM, volumes) })

const LAUNCHER_GONE = longhorn(['virt-launcher-web-01-x'], HOUR(11))
const NEVER = longhorn([])

describe('whether a pod has come to the disk since its image was made', () => {
  it.each<[string, Seen<LonghornVolume>, Seen<LonghornVolume>, Visits]>([
    ['none: nothing has changed since the guest\'s pod went', LAUNCHER_GONE, LAUNCHER_GONE, { word: 'none' }],
    ['none: it never had a pod', NEVER, NEVER, { word: 'none' }],
    ['visited: a pod is there', LAUNCHER_GONE, longhorn(['guestfs']), { word: 'visited', pods: ['production/guestfs'] }],
    ['visited: a pod was there and is gone', LAUNCHER_GONE, longhorn(['guestfs'], HOUR(12)), { word: 'visited', pods: ['production/guestfs'] }],
    ['visited: a pod of the same name was there and is gone', longhorn(['guestfs'], HOUR(11)), longhorn(['guestfs'], HOUR(12)), { word: 'visited', pods: ['production/guestfs'] }],
    ['visited: the first pod ever', NEVER, longhorn(['guestfs'], HOUR(12)), { word: 'visited', pods: ['production/guestfs'] }],
    ['visited: beside CDI\'s reader', LAUNCHER_GONE, longhorn(['guestfs', READER], HOUR(12)), { word: 'visited', pods: ['production/guestfs'] }],
    ['unknown: a pod that is not known to have come further than Pending', LAUNCHER_GONE, longhorn([], HOUR(12), { workloadsStatus: [{ podName: 'nightly', podStatus: 'Pending' }] }), { word: 'unknown' }],
    ['visited: beside one that was Pending', LAUNCHER_GONE, longhorn([], HOUR(12), { workloadsStatus: [{ podName: 'nightly', podStatus: 'Pending' }, { podName: 'guestfs', podStatus: 'Running' }] }), { word: 'visited', pods: ['production/guestfs'] }],
    ['unknown: CDI\'s reader alone, and who came with it and went before it is not told', LAUNCHER_GONE, longhorn([READER], HOUR(12)), { word: 'unknown' }],
    ['unknown: a pod that has ended stayed all the while, so that no other leaves a trace', longhorn(['job']), longhorn(['job']), { word: 'unknown' }],
    ['unknown: the guest\'s pod was not noted as gone when the image was made', longhorn(['virt-launcher-web-01-x']), LAUNCHER_GONE, { word: 'unknown' }],
    ['unknown: Longhorn has forgotten its pods', LAUNCHER_GONE, NEVER, { word: 'unknown' }],
    ['unknown: the volume is another claim\'s now', LAUNCHER_GONE, longhorn(['virt-launcher-web-01-x'], HOUR(11), { pvcName: 'web-02-root' }), { word: 'unknown' }],
    ['unknown: the volume is of another kind, and Longhorn has none', LAUNCHER_GONE, live(), { word: 'unknown' }],
    ['unknown: Longhorn has not looked at its pods yet', LAUNCHER_GONE, live(longhornVolume({ state: 'detached' })), { word: 'unknown' }],
    ['unknown: the volume may not be read', LAUNCHER_GONE, { objects: [], state: 'forbidden' }, { word: 'unknown' }],
    ['unknown: what is seen of the volume may be old', LAUNCHER_GONE, { ...LAUNCHER_GONE, state: 'stale' }, { word: 'unknown' }],
    ['unknown: volumes of Longhorn\'s namespace may not be read', LAUNCHER_GONE, { ...LAUNCHER_GONE, partial: ['production'] }, { word: 'unknown' }],
    ['unknown: it could not be seen when the image was made', { objects: [], state: 'forbidden' }, LAUNCHER_GONE, { word: 'unknown' }],
  ])('%s', (_, then, now, visits) => {
    expect(visitsSince(madeAt(then), CLAIM, now)).toEqual(visits)
  })

  it.each<[string, Seen<LonghornVolume>, Visits]>([
    ['unknown: only a pod that came once it was read is there, and who came before is not told', longhorn(['virt-launcher-web-01-y']), { word: 'unknown' }],
    ['visited: another is beside it', longhorn(['guestfs', 'virt-launcher-web-01-y']), { word: 'visited', pods: ['production/guestfs'] }],
    ['none: Longhorn has not noted it yet', LAUNCHER_GONE, { word: 'none' }],
  ])('%s', (_, now, visits) => {
    expect(visitsSince(madeAt(LAUNCHER_GONE), CLAIM, now, pod => pod === 'production/virt-launcher-web-01-y')).toEqual(visits)
  })

  it('unknown: the image says nothing of it', () => {
    expect(visitsSince(exportImage('by-hand', 'True'), CLAIM, LAUNCHER_GONE)).toEqual({ word: 'unknown' })
  })

  const memory = fc.record({ names: fc.subarray(['a', 'b', READER]), goneAt: fc.constantFrom('', HOUR(10), HOUR(11)) }).map(({ names, goneAt }) => longhorn(names, goneAt))
  const blindness = fc.constantFrom<(volumes: Seen<LonghornVolume>) => Seen<LonghornVolume>>(
    () => live(), ({ objects }) => ({ objects, state: 'stale' }), () => ({ objects: [], state: 'forbidden' }), () => ({ objects: [], state: 'absent' }), () => ({ objects: [], state: 'loading' }),
    ({ objects }) => ({ objects, state: 'live', partial: ['production'] }), ({ objects }) => live(...objects.map(volume => ({ ...volume, status: {} }))),
  )

  it('is never denied by one who knows less, then or now', () => {
    fc.assert(fc.property(memory, memory, blindness, (then, now, blind) => {
      expect(visitsSince(madeAt(then), CLAIM, blind(now)).word).toBe('unknown')
      expect(visitsSince(imageWith({ lastPods: lastPodsOn(CLAIM, blind(then)) }), CLAIM, now).word).toBe('unknown')
    }))
  })

  it('is never denied once a pod was alone on a disk on which none was', () => {
    fc.assert(fc.property(memory, fc.constantFrom('guestfs', 'a'), fc.constantFrom('', HOUR(13)), (then, name, goneAt) => {
      expect(visitsSince(madeAt(then), CLAIM, longhorn([name], goneAt)).word).not.toBe('none')
    }))
  })
})

describe('a volume of which Longhorn is behind', () => {
  it.each<[string, Seen<LonghornVolume>, ReturnType<typeof pod>[], string | undefined]>([
    ['it lists a pod that is gone', longhorn(['virt-launcher-web-01-x']), [], 'pv-1'],
    ['it is not, once it has noted that', LAUNCHER_GONE, [], undefined],
    ['it lists the pod of an instance that is being deleted', longhorn(['virt-launcher-web-01-x']), [pod('Succeeded', { labels: { 'kubevirt.io': 'virt-launcher', 'vm.kubevirt.io/name': 'web-01' } })], 'pv-1'],
    ['it lists a pod that is being deleted', longhorn(['job']), [pod('Succeeded', { metadata: { ...meta('job'), ...DELETED }, labels: {} })], 'pv-1'],
    ['it is not where the pod has ended and stays', longhorn(['job']), [pod('Succeeded', { labels: {} }, 'job')], undefined],
    ['nobody sees what it lists', { objects: [], state: 'forbidden' }, [], undefined],
  ])('%s', (_, volumes, pods, behind) => {
    const world = { longhornVolumes: volumes, pods: live(...pods), vmis: live(vmi('Succeeded', {}, DELETED)) }
    expect(volumeBehind(CLAIM, world)).toBe(behind)
    expect(podMemory(CLAIM, world)).toEqual(behind ? { word: 'behind', volume: behind } : volumes === LAUNCHER_GONE ? { word: 'noted', lastPods: lastPodsOn(CLAIM, volumes) } : undefined)
  })
})
