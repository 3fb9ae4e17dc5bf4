import { describe, expect, it } from 'vitest'
import type { VirtualMachine, VirtualMachineInstance, VmiPhase } from '#vms/vm.ts'
import { actOnGuest } from './guestActs.ts'
import type { GuestAct } from './guestActs.ts'
import { refusalOfAct } from './guestRequests.ts'

// As KubeVirt 1.8.0's virt-api answered.

const metadata = { name: 'web', namespace: 'lab', uid: 'vmi', resourceVersion: '1', creationTimestamp: '' }
const vmiOf = (phase: VmiPhase, conditions: readonly string[] = [], spec = {}): VirtualMachineInstance =>
  ({ apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance', metadata, spec, status: { phase, conditions: conditions.map(type => ({ type, status: 'True' as const })) } })
const vm = (snapshotInProgress?: string): VirtualMachine =>
  ({ apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', metadata, spec: { template: { spec: {} } }, status: snapshotInProgress ? { snapshotInProgress } : {} })

const NO_ACPI = { domain: { features: { acpi: { enabled: false } } } }
const ROWS: [GuestAct, string, VirtualMachineInstance, string | undefined][] = [
  ['pause', 'that runs', vmiOf('Running'), undefined],
  ['pause', 'that starts', vmiOf('Scheduling'), '409 Operation cannot be fulfilled on virtualmachineinstance.kubevirt.io "web": VM is not running'],
  ['pause', 'that is paused', vmiOf('Running', ['Paused']), '409 Operation cannot be fulfilled on virtualmachineinstance.kubevirt.io "web": VMI is already paused'],
  ['pause', 'that is probed', vmiOf('Running', [], { livenessProbe: {} }), '403 virtualmachineinstance.kubevirt.io "web" is forbidden: Pausing VMIs with LivenessProbe is currently not supported'],
  ['unpause', 'that is paused', vmiOf('Running', ['Paused']), undefined],
  ['unpause', 'that runs', vmiOf('Running'), '409 Operation cannot be fulfilled on virtualmachineinstance.kubevirt.io "web": VMI is not paused'],
  ['unpause', 'that starts', vmiOf('Scheduled'), '409 Operation cannot be fulfilled on virtualmachineinstance.kubevirt.io "web": VMI is not running'],
  ['softreboot', 'that runs', vmiOf('Running'), undefined],
  ['softreboot', 'that starts', vmiOf('Scheduling'), '409 Operation cannot be fulfilled on virtualmachineinstance.kubevirt.io "web": VM is not running'],
  ['softreboot', 'that is paused', vmiOf('Running', ['Paused']), '409 Operation cannot be fulfilled on virtualmachineinstance.kubevirt.io "web": VMI is paused'],
  ['softreboot', 'with neither agent nor ACPI', vmiOf('Running', [], NO_ACPI), '409 Operation cannot be fulfilled on virtualmachineinstance.kubevirt.io "web": VMI neither have the agent connected nor the ACPI feature enabled'],
  ['softreboot', 'with an agent alone', vmiOf('Running', ['AgentConnected'], NO_ACPI), undefined],
]

describe('what virt-api asks of virt-handler', () => {
  it.each(ROWS)('%s of a guest %s', (act, _what, vmi, answer) => {
    const refusal = refusalOfAct(act, vmi, undefined)
    expect(refusal && `${refusal.status} ${refusal.message}`).toBe(answer)
  })

  it('is not to unpause a guest whose VM is being snapshotted', () => {
    expect(refusalOfAct('unpause', vmiOf('Running', ['Paused']), vm('snap'))).toMatchObject({ status: 409, message: 'Operation cannot be fulfilled on virtualmachine.kubevirt.io "web": VM snapshot is in progress' })
    expect(refusalOfAct('unpause', vmiOf('Running', ['Paused']), vm())).toBeUndefined()
  })

  it('is seen in the guest\'s conditions', () => {
    const conditions = (vmi: VirtualMachineInstance, act: GuestAct) => actOnGuest(vmi, act, 'now').map(write => write.do === 'patch' ? write.body : write)
    expect(conditions(vmiOf('Running'), 'pause')).toMatchObject([{ status: { conditions: [{ type: 'Paused', status: 'True', reason: 'PausedByUser', message: 'VMI was paused by user' }] } }])
    expect(conditions(vmiOf('Running', ['Paused', 'Ready']), 'unpause')).toMatchObject([{ status: { conditions: [{ type: 'Ready' }] } }])
    expect(conditions(vmiOf('Running', ['AgentConnected']), 'softreboot')).toMatchObject([{ status: { conditions: [] } }])
    expect(conditions(vmiOf('Running'), 'softreboot')).toEqual([])
  })
})
