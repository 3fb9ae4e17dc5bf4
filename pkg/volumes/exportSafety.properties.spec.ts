import type { KubeObject } from '#kube/object.ts'
import type { LonghornVolume } from '#health/longhorn.ts'
import type { ExportSafetyWord } from './exportSafety.ts'
import type { ExportWorld } from './exportWorld.ts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { judgeExportSafety } from './exportSafety.ts'
import { attachment, backup, dataVolume, DELETED, exportImage, live, longhornVolume, meta, node, OUT_OF_SERVICE, pod, REST, restore, snapshot, vm, vmExport, vmi } from './scriptedWorld.ts'

// Sampled in every run; `npm run test:properties` runs each a hundred thousand times.
const numRuns = Number(process.env.PROPERTY_RUNS ?? 400)
const timeout = 30_000 + numRuns * 5

const NAMES = ['vms', 'vmis', 'pods', 'attachments', 'nodes', 'images', 'dataVolumes', 'snapshots', 'backups', 'restores', 'vmExports', 'longhornVolumes'] as const
type Lists = Readonly<Record<typeof NAMES[number], readonly KubeObject[]>>
const OFF = { conditions: [{ type: 'Ready', status: 'False' as const, reason: 'VMINotExists', lastTransitionTime: '2026-02-27T00:00:00Z' }] }
const crowd = fc.record({
  vms: fc.subarray([vm('Halted', OFF), vm('Always', {}, {}, 'web-02'), vm('RerunOnFailure', {}, {}, 'web-03'), vm('Manual', { created: true }, {}, 'web-04'), vm('Halted', { snapshotInProgress: 's' }, {}, 'web-05'), vm('Halted', {}, DELETED, 'web-06')]),
  vmis: fc.subarray([vmi('Running'), vmi('Succeeded', {}, {}, 'web-02'), vmi('Failed', { nodeName: 'node-2' }, {}, 'web-03'), vmi('Running', {}, DELETED, 'web-04'), vmi('Failed', { reason: 'NodeUnresponsive' }, {}, 'web-05'), { ...vmi('Running', {}, {}, 'web-06'), spec: {} }]),
  pods: fc.subarray([pod('Running'), pod('Succeeded', {}, 'a'), pod('Pending', { labels: {} }, 'b')]),
  attachments: fc.subarray([attachment(), attachment('node-2'), attachment('node-1', 'pv-2')]),
  nodes: fc.subarray([node('node-1'), node('node-2', 'False'), node('node-3', 'Unknown', OUT_OF_SERVICE, '2026-03-01T00:00:00Z')]),
  images: fc.subarray([exportImage('running', 'Unknown'), exportImage('done', 'True')]),
  dataVolumes: fc.subarray([dataVolume(meta('copy'), 'CloneInProgress'), dataVolume(meta('web-01-root'), 'Succeeded')]),
  snapshots: fc.subarray([snapshot({ readyToUse: false }), snapshot({ readyToUse: true })]),
  backups: fc.subarray([backup(), backup({ readyToUse: true })]),
  restores: fc.subarray([restore(), restore({ complete: true })]),
  vmExports: fc.subarray([vmExport('PersistentVolumeClaim', 'web-01-root', 'Ready'), vmExport('PersistentVolumeClaim', 'web-01-root', 'Terminated')]),
  longhornVolumes: fc.constantFrom<LonghornVolume[][]>([], ...[{ state: 'detached' }, { state: 'attached', currentNodeID: 'node-2' }, { state: 'detached', restoreRequired: true }, { state: 'detached', cloneStatus: { state: 'initiated' } }].map(status => [longhornVolume(status)])),
})
const NOTHING: Lists = { vms: [], vmis: [], pods: [], attachments: [], nodes: [], images: [], dataVolumes: [], snapshots: [], backups: [], restores: [], vmExports: [], longhornVolumes: [] }
/** Half of them with little in it: a crowd is hardly ever at rest. */
const lists = fc.tuple(crowd, fc.oneof(fc.subarray([...NAMES]), fc.subarray([...NAMES], { maxLength: 2 }))).map(([all, some]): Lists => ({ ...NOTHING, ...Object.fromEntries(some.map(name => [name, all[name]])) }))

function worldOf(objects: Partial<Lists>): ExportWorld {
  return { ...REST, ...Object.fromEntries(Object.entries(objects).map(([name, list]) => [name, live(...list)])) }
}

const BLOCKS: Readonly<Record<ExportSafetyWord, number>> = { 'at-rest': 0, 'detaching': 1, 'unknown': 2, 'will-start': 3, 'in-use': 4 }
/** A backup or a restore is on the disk of its VM. */
const HOLDERS: readonly Partial<Lists>[] = [
  { vms: [vm('Always', {}, {}, 'web-09')] }, { vmis: [vmi('Running', {}, {}, 'web-09')] }, { pods: [pod('Running', {}, 'web-09')] }, { attachments: [attachment('node-9')] }, { snapshots: [snapshot()] },
  { images: [exportImage('another', 'Unknown')] }, { dataVolumes: [dataVolume(meta('another'), 'CloneScheduled')] }, { vms: [vm('Halted')], backups: [backup()] }, { vms: [vm('Halted')], restores: [restore()] },
  { vmExports: [vmExport('PersistentVolumeClaim', 'web-01-root')] },
]

describe('for any cluster', () => {
  it('a world is judged to be each of the five words now and then', () => {
    const words = new Set(fc.sample(lists, { numRuns: 500, seed: 6 }).map(objects => judgeExportSafety(worldOf(objects)).word))
    expect([...words].sort()).toEqual(Object.keys(BLOCKS).sort())
  })

  it('one holder more never makes a disk safer', { timeout }, () => {
    fc.assert(fc.property(lists, fc.constantFrom(...HOLDERS), (objects, more) => {
      const before = judgeExportSafety(worldOf(objects))
      const after = judgeExportSafety(worldOf(Object.fromEntries(NAMES.map(name => [name, [...objects[name], ...more[name] ?? []]]))))
      return BLOCKS[after.word] >= BLOCKS[before.word] && after.word !== 'at-rest'
    }), { numRuns })
  })

  it('what is known of less is never at rest, whether it was known before or never', { timeout }, () => {
    fc.assert(fc.property(lists, fc.constantFrom(...NAMES), fc.constantFrom('loading', 'stale', 'forbidden'), fc.boolean(), (objects, blind, state, kept) => {
      const world = { ...worldOf(objects), [blind]: { objects: kept ? objects[blind] : [], state } }
      return judgeExportSafety(world).word !== 'at-rest'
    }), { numRuns })
  })

  it('a namespace that is not among those that were read is never at rest', { timeout }, () => {
    fc.assert(fc.property(lists, fc.constantFrom(...NAMES), (objects, blind) => judgeExportSafety({ ...worldOf(objects), [blind]: { objects: [], state: 'live', partial: ['lab'] } }).word !== 'at-rest'), { numRuns })
  })

  it('the order in which objects come does not matter', { timeout }, () => {
    const told = (objects: Partial<Lists>) => {
      const { word, reasons } = judgeExportSafety(worldOf(objects))
      return { word, reasons: reasons.map(reason => JSON.stringify(reason)).sort() }
    }
    fc.assert(fc.property(lists, objects => {
      const turned = Object.fromEntries(Object.entries(objects).map(([name, list]) => [name, [...list].reverse()]))
      expect(told(turned)).toEqual(told(objects))
    }), { numRuns })
  })

  it('at rest is what nothing speaks against, and nothing else', { timeout }, () => {
    fc.assert(fc.property(lists, objects => {
      const { word, reasons } = judgeExportSafety(worldOf(objects))
      return (word === 'at-rest') === (reasons.length === 0)
    }), { numRuns })
  })

  it('what is printed does not decide', { timeout }, () => {
    fc.assert(fc.property(lists, fc.constantFrom('Stopped', 'Running', 'Paused', 'WaitingForVolumeBinding', 'CrashLoopBackOff', ''), (objects, printableStatus) => {
      const vms = objects.vms.map(one => ({ ...one, status: { ...(one as { status?: object }).status, printableStatus } }))
      expect(judgeExportSafety(worldOf({ ...objects, vms }))).toEqual(judgeExportSafety(worldOf(objects)))
    }), { numRuns })
  })
})
