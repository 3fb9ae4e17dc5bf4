import { describe, expect, it } from 'vitest'
import type { StorageClass } from '#kube/core.ts'
import type { ExportForm, RunningOffer } from './exportForm.ts'
import type { ExportedVm } from './exportIntent.ts'
import { choicesOf, emptyExportForm, isAcknowledged, offerRunning } from './exportForm.ts'
import type { ExportSafety, ExportSafetyWord } from './exportSafety.ts'
import { CLAIM, exportImage, meta } from './scriptedWorld.ts'

const NOW = Date.parse('2026-03-01T12:00:00Z')
const FORM = emptyExportForm(CLAIM)
const classOf = (name: string, provisioner: string, parameters: Record<string, string> = {}): StorageClass => ({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: meta(name, undefined), provisioner, parameters })
const V1 = classOf('harvester-longhorn', 'driver.longhorn.io')
const V2 = classOf('longhorn-v2', 'driver.longhorn.io', { dataEngine: 'v2' })
const LVM = classOf('lvm', 'lvm.driver.harvesterhci.io')
const GUEST = { code: 'guest', vmi: 'production/web-01', phase: 'Running', paused: false, ending: false } as const
const POD = { code: 'pod', pod: 'production/virt-launcher', role: 'launcher', phase: 'Running', vm: 'production/web-01' } as const
const BLIND = { code: 'not-seen', resource: 'nodes', state: 'forbidden' } as const
const SNAPSHOT = { code: 'snapshot-in-progress', snapshot: 'production/nightly' } as const
const safety = (word: ExportSafetyWord, ...reasons: ExportSafety['reasons']): ExportSafety => ({ word, reasons })

describe('the export\'s form', () => {
  it('begins with the safe choices', () => {
    expect(FORM).toMatchObject({ way: 'at-rest', restart: true, ifCutOff: 'no-image', typed: '' })
    expect(FORM.deadlineMinutes).toBeGreaterThan(0)
  })

  it('suggests a name that Harvester takes, however long the volume\'s is', () => {
    expect(emptyExportForm({ ...CLAIM, metadata: meta('x'.repeat(80)) }).displayName).toHaveLength(63)
  })

  it('suggests a name that no image of the namespace has, and asks nothing of other namespaces', () => {
    const named = (displayName: string, namespace = 'production') => ({ ...exportImage(displayName, 'True'), metadata: meta(displayName, namespace) })
    const suggested = (...images: ReturnType<typeof named>[]) => emptyExportForm(CLAIM, images).displayName
    expect(suggested(named('web-01-root-export', 'lab'))).toBe('web-01-root-export')
    expect(suggested(named('web-01-root-export'), named('web-01-root-export-2'))).toBe('web-01-root-export-3')
    const long = 'x'.repeat(63)
    expect(emptyExportForm({ ...CLAIM, metadata: meta('x'.repeat(80)) }, [named(long)]).displayName).toBe(`${'x'.repeat(61)}-2`)
  })

  it.each<[RunningOffer, string, ExportSafety, StorageClass | undefined, StorageClass | undefined]>([
    ['not-needed', 'of a disk at rest', safety('at-rest'), V1, V1],
    ['not-needed', 'of a disk that comes to rest by itself', safety('detaching', { code: 'attached', attachment: 'csi-1', node: 'node-1', ending: true }), V1, V1],
    ['offered', 'of a running v1 disk to v1', safety('in-use', GUEST, POD), V1, V1],
    ['offered', 'where not all is seen, and a guest is', safety('in-use', GUEST, BLIND), V1, V1],
    ['offered', 'where nothing is seen on it, and the server says that it is in use', safety('in-use'), V1, V1],
    ['offered', 'where a VM is about to start on it', safety('will-start', { code: 'vm-wanted-on', vm: 'production/web-01', strategy: 'Always' }), V1, V1],
    ['offered', 'where instances are not seen, and KubeVirt says that the VM has one', safety('unknown', BLIND, { code: 'instance-unseen', vm: 'production/web-01' }), V1, V1],
    ['unseen', 'where the VM is off and attachments are closed to who looks', safety('unknown', BLIND), V1, V1],
    ['unseen', 'where that is closed, and the disk is attached', safety('unknown', BLIND, { code: 'attached', attachment: 'csi-1', node: 'node-1', ending: false }), V1, V1],
    ['unseen', 'where the picture is old', safety('unknown', { code: 'not-seen', resource: 'pods', state: 'stale' }), V1, V1],
    ['unseen', 'while the cluster has not answered yet', safety('unknown', { code: 'not-seen', resource: 'pods', state: 'loading' }), V1, V2],
    ['unseen', 'where a node is lost on which the guest may run on', safety('unknown', { code: 'node-unreachable', node: 'node-1', fenced: false }), V1, V1],
    ['not-v1', 'from v1 through CDI', safety('in-use', GUEST), V1, V2],
    ['not-v1', 'of v2', safety('in-use', GUEST), V2, V2],
    ['not-v1', 'of LVM', safety('in-use', GUEST), LVM, LVM],
    ['not-v1', 'where the volume\'s class is gone', safety('in-use', GUEST), undefined, V1],
    ['not-v1', 'without a class', safety('in-use', GUEST), V1, undefined],
    ['other-work', 'while something else is at work on the disk', safety('in-use', GUEST, SNAPSHOT), V1, V1],
  ])('an image while running is %s %s', (offer, _, judged, source, target) => {
    expect(offerRunning(judged, source, target)).toBe(offer)
  })

  it.each([['web-01-root', true], [' web-01-root ', true], ['', false], ['web-01', false], ['yes', false]])('takes %j for an acknowledgement: %s', (typed, taken) => {
    expect(isAcknowledged({ typed }, CLAIM)).toBe(taken)
  })

  const RUNNING = { name: 'web-01', runStrategy: 'Always', wasRunning: true } as const
  const ENDING = { name: 'web-01', runStrategy: 'Halted', wasRunning: true, isEnding: true } as const
  const OFF = { name: 'web-01', runStrategy: 'Halted', wasRunning: false } as const

  it.each<[string, Partial<ExportForm>, ExportedVm, object]>([
    ['nothing but the time limit by default', {}, RUNNING, { deadline: '2026-03-01T13:00:00.000Z' }],
    ['nothing at all without one', { deadlineMinutes: 0 }, RUNNING, {}],
    ['the marked image and the backup where something is shut down', { ifCutOff: 'mark-crash-consistent', backupFirst: true, deadlineMinutes: 0 }, RUNNING, { ifCutOff: 'mark-crash-consistent', backupFirst: true }],
    ['none of them, nor the time limit, where nothing is', { ifCutOff: 'mark-crash-consistent', backupFirst: true }, OFF, {}],
    ['what becomes of a guest whose power is cut, where one is ending already, and nothing that needs a shutdown', { ifCutOff: 'mark-crash-consistent', backupFirst: true }, ENDING, { ifCutOff: 'mark-crash-consistent' }],
    ['who said that it may be torn, and nothing that needs a shutdown', { way: 'while-running', backupFirst: true }, RUNNING, { runningAcknowledged: { by: 'ann', at: '2026-03-01T12:00:00.000Z' } }],
  ])('chooses %s', (_, form, vm, choices) => {
    expect(choicesOf({ ...FORM, ...form }, [vm], 'ann', NOW)).toEqual(choices)
  })
})
