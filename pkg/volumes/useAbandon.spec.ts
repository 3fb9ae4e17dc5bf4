// @vitest-environment happy-dom
import { afterEach, expect, it, vi } from 'vitest'
import type { KubeClient } from '#kube/client.ts'
import { useConfirm } from '#sdk/confirm.ts'
import { openConsole } from '#sdk/scriptedConsole.ts'
import type { ScriptedConsole } from '#sdk/scriptedConsole.ts'
import type { ExportIntent } from './exportIntent.ts'
import { writeIntent } from './exportIntent.ts'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'
import { CLAIM, exportImage, meta, vm } from './scriptedWorld.ts'
import { useExportActs } from './useExportActs.ts'
import { useExportWorld } from './useExportWorld.ts'

let page: ScriptedConsole<unknown> | undefined
afterEach(() => page?.app.unmount())

const INTENT: ExportIntent = {
  id: 'abcd1234', claim: { namespace: 'production', name: 'web-01-root' }, image: { namespace: 'production', displayName: 'web' }, storageClass: 'harvester-longhorn',
  vms: [{ name: 'web-01', runStrategy: 'Halted', wasRunning: false }], restart: true, requester: 'ann', startedAt: '2026-03-01T12:00:00.000Z', madeAt: '2026-03-01T12:01:00.000Z',
}

/** The page of an export of a disk at rest, whose VM was off before, and whose image is read or has been. */
async function open(imported: 'Unknown' | 'True') {
  const patched: unknown[] = []
  const patch = (async (_: unknown, __: unknown, { body }: { readonly body: unknown }) => { patched.push(body); return { object: {}, warnings: [] } }) as unknown as KubeClient['patch']
  const image = { ...exportImage('web', imported), metadata: { ...meta('export-abcd1234'), annotations: { [EXPORT_ANNOTATION]: writeIntent(INTENT) } } }
  const objects = { persistentvolumeclaims: [{ ...CLAIM, metadata: { ...CLAIM.metadata, annotations: { [EXPORT_ANNOTATION]: writeIntent(INTENT) } } }], virtualmachineimages: [image], virtualmachines: [vm('Halted')] }
  const opened = await openConsole(() => ({ acts: useExportActs(() => INTENT, useExportWorld(() => 'production')), questions: useConfirm() }), objects, { patch })
  page = opened
  return { ...opened.made, patched, offered: () => opened.made.acts.remedies.value.map(({ id }) => id) }
}

it('is offered while the image is read, also where no VM is off for it, and not once it is read', async () => {
  expect((await open('Unknown')).offered()).toContain('abandon')
  page?.app.unmount()
  expect((await open('True')).offered()).not.toContain('abandon')
})

it('says before what becomes of the image, and writes nothing until that is meant', async () => {
  const { acts, questions, patched } = await open('Unknown')
  for (const yes of [false, true]) {
    acts.act('abandon')
    await vi.waitFor(() => expect(questions.asked).toMatchObject({ steps: ['volumes.export.abandonTorn', 'volumes.export.abandonGuard'], danger: true }))
    questions.asked?.answer(yes)
    await vi.waitFor(() => expect(acts.pending.value).toBe(undefined))
    expect(JSON.stringify(patched).includes('abandonedBy')).toBe(yes)
  }
})
