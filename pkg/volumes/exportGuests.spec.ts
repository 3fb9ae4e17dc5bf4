import type { VirtualMachineInstance, VmiPhase } from '#vms/vm.ts'
import type { GuestEnding } from './exportIntent.ts'
import { expect, it } from 'vitest'
import { readIntent } from './exportIntent.ts'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'
import { noteEndings } from './exportGuests.ts'
import { planExport } from './exportPlan.ts'
import { CLAIM, vm, vmi } from './scriptedWorld.ts'

const NOW = Date.parse('2026-03-01T12:00:00Z')
const { intent } = planExport({ claim: CLAIM, users: { vms: [vm('Always')], vmis: [vmi('Running')], pods: [] }, id: 'abcde', image: { namespace: 'production', displayName: 'disk' }, storageClass: 'harvester-longhorn', restart: true, requester: 'ann', now: NOW })
const [entry] = intent.vms

const ended = (phase: VmiPhase, spec: VirtualMachineInstance['spec'] = {}, status: object = {}): VirtualMachineInstance => ({ ...vmi(phase, status), spec })
const ACPI = (enabled: boolean): VirtualMachineInstance['spec'] => ({ terminationGracePeriodSeconds: 120, domain: { features: { acpi: { enabled } } } })

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
  const known = entry ? [{ entry, vm: vm('Halted'), vmi: seen }] : []
  const noted = noteEndings(CLAIM, intent, known, NOW)
  const text = noted?.write.act === 'patch' && noted.write.patch.type === 'json' ? noted.write.patch.body.find(({ op }) => op === 'replace') : undefined
  const after = text && 'value' in text ? readIntent({ ...CLAIM, metadata: { ...CLAIM.metadata, annotations: { [EXPORT_ANNOTATION]: String(text.value) } } }) : undefined
  expect(after === 'unreadable' ? after : after?.endings?.['web-01']?.word).toBe(word)
})
