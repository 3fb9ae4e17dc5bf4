// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import type { KubeClient } from '#kube/client.ts'
import type { ScriptedConsole } from '#sdk/scriptedConsole.ts'
import { openConsole } from '#sdk/scriptedConsole.ts'
import type { RunStrategy, VirtualMachine, VirtualMachineInstance } from './vm.ts'
import { usePower } from './usePower.ts'
import { vmRow } from './vmRow.ts'

type Rights = Partial<Pick<KubeClient, 'review' | 'served'>>

const meta = (extra: object = {}) => ({ name: 'web', namespace: 'lab', uid: 'u', resourceVersion: '1', creationTimestamp: 'x', ...extra })
const vm = (runStrategy: RunStrategy, annotations = {}): VirtualMachine => ({ apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', metadata: meta({ annotations }), spec: { runStrategy, template: { spec: {} } }, status: { runStrategy } })
const guest: VirtualMachineInstance = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance', metadata: meta(), spec: {}, status: { phase: 'Running' } }
const running = vmRow(vm('RerunOnFailure'), guest, 'seen', 0)
const halted = vmRow(vm('Halted'), undefined, 'seen', 0)
const haltedManual = vmRow(vm('Halted', { 'harvesterhci.io/vmRunStrategy': 'Manual' }), undefined, 'seen', 0)
const served: Rights['served'] = async () => new Set(['virtualmachines/start', 'virtualmachines/restart'])

let opened: ScriptedConsole<ReturnType<typeof usePower>>
afterEach(() => opened.app.unmount())

describe('an act is barred', () => {
  it.each<[string, Rights, typeof running, 'start' | 'stop' | 'restart', string | undefined]>([
    ['restart where the cluster has no subresources', {}, running, 'restart', 'sdk.barred.absent'],
    ['start of a Manual VM there, before any patch', {}, haltedManual, 'start', 'sdk.barred.absent'],
    ['not: start of another VM there, which needs none', {}, halted, 'start', undefined],
    ['not: shutdown there', {}, running, 'stop', undefined],
    ['not: restart where they are served', { served }, running, 'restart', undefined],
    ['restart for who may not', { served, review: async ({ subresource }) => ({ allowed: !subresource }) }, running, 'restart', 'sdk.barred.denied'],
    ['shutdown for who may only look', { served, review: async () => ({ allowed: false }) }, running, 'stop', 'sdk.barred.denied'],
    ['restart while nobody answers', { served: () => Promise.reject(new Error('away')) }, running, 'restart', 'sdk.barred.unknown'],
    ['restart by the state first', {}, halted, 'restart', 'vms.refused.not-running'],
  ])('%s', async (_, rights, row, act, reason) => {
    opened = await openConsole(() => usePower(), {}, rights)
    const disabled = () => opened.made.actionsOf(row).find(({ id }) => id === act)?.disabled
    disabled()
    await new Promise(resolve => setTimeout(resolve))
    expect(disabled()).toBe(reason)
  })

  it('and the likely one by the state stays first', async () => {
    opened = await openConsole(() => usePower(), {}, { review: async () => ({ allowed: false }) })
    expect(opened.made.actionsOf(halted).map(({ id }) => id)).toEqual(['start', 'stop', 'restart'])
    expect(opened.made.actionsOf(running).map(({ id }) => id)).toEqual(['stop', 'restart', 'start'])
  })
})
