import type { VirtualMachineInstance, VmiPhase } from '#vms/vm.ts'
import type { ExportIntent, GuestEnding } from './exportIntent.ts'
import { expect, it } from 'vitest'
import { readIntent } from './exportIntent.ts'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'
import { noteEndings } from './exportGuests.ts'
import { planExport } from './exportPlan.ts'
import { CLAIM, vm, vmi } from './scriptedWorld.ts'

const NOW = Date.parse('2026-03-01T12:00:00Z')
const { intent } = planExport({ claim: CLAIM, users: { vms: [vm('Always')], vmis: [vmi('Running', { nodeName: 'node-1' })], pods: [] }, id: 'abcde', image: { namespace: 'production', displayName: 'disk' }, storageClass: 'harvester-longhorn', restart: true, requester: 'ann', now: NOW })
const [entry] = intent.vms

const ended = (phase: VmiPhase, spec: VirtualMachineInstance['spec'] = {}, status: object = {}): VirtualMachineInstance => ({ ...vmi(phase, { nodeName: 'node-1', ...status }), spec })
const ACPI = (enabled: boolean): VirtualMachineInstance['spec'] => ({ terminationGracePeriodSeconds: 120, domain: { features: { acpi: { enabled } } } })

/** The intent as it is noted once that is seen of the guest; undefined where nothing is. */
function noteOf(seen: VirtualMachineInstance | undefined): ExportIntent | undefined {
  const write = entry && noteEndings(CLAIM, intent, [{ entry, vm: vm('Halted'), vmi: seen }], NOW)?.write
  const put = write?.act === 'patch' && write.patch.type === 'json' ? write.patch.body.find(({ op }) => op === 'replace') : undefined
  const read = put && 'value' in put ? readIntent({ ...CLAIM, metadata: { ...CLAIM.metadata, annotations: { [EXPORT_ANNOTATION]: String(put.value) } } }) : undefined
  return read === 'unreadable' ? undefined : read
}

// What virt-handler makes of a domain that has ended (kubevirt pkg/virt-handler/vm.go calculateVmPhaseForStatusReason).
it.each<[string, VirtualMachineInstance | undefined, GuestEnding | undefined]>([
  ['is running', ended('Running'), undefined],
  ['ended by itself', ended('Succeeded', { terminationGracePeriodSeconds: 120 }), 'shut-down'],
  ['ended by itself, with KubeVirt\'s own grace', ended('Succeeded'), 'shut-down'],
  ['ended by itself, with ACPI told to be there', ended('Succeeded', ACPI(true)), 'shut-down'],
  ['was cut off when its grace was over', ended('Failed', { terminationGracePeriodSeconds: 120 }), 'cut-off'],
  ['had no time: its power was cut, which is called a success', ended('Succeeded', { terminationGracePeriodSeconds: 0 }), 'cut-off'],
  ['has no ACPI: its power was cut, which is called a success', ended('Succeeded', ACPI(false)), 'cut-off'],
  ['may run on, on a node that does not answer', ended('Failed', {}, { reason: 'NodeUnresponsive' }), undefined],
  ['is gone', undefined, 'not-observed'],
])('notes of a guest that %s', (_, seen, word) => {
  const after = noteOf(seen)
  expect(after?.endings?.['web-01']?.word).toBe(word)
})

it.each<[string, VirtualMachineInstance | undefined, string | undefined]>([
  ['has been migrated since', ended('Running', {}, { nodeName: 'node-2' }), 'node-2'],
  ['has been migrated since, and has ended', ended('Succeeded', {}, { nodeName: 'node-2' }), 'node-2'],
  ['has not moved, of which nothing is to be noted', ended('Running', {}, { nodeName: 'node-1' }), undefined],
  ['is gone', undefined, undefined],
])('notes where a guest was last that %s', (_, seen, node) => {
  expect(noteOf(seen)?.nodes?.['web-01']).toBe(node)
})
