// @vitest-environment happy-dom
import { expect, it } from 'vitest'
import { openConsole } from '#sdk/scriptedConsole.ts'
import type { StepReason } from './exportStep.ts'
import { useExportWords } from './useExportWords.ts'

it.each<[StepReason, string, string]>([
  [{ code: 'stopping-vm', vm: 'lab/db-02' }, 'volumes.because.stopping-vm', 'volumes.because.stopping-vm-waiting'],
  [{ code: 'starting-vm', vm: 'lab/db-02' }, 'volumes.because.starting-vm', 'volumes.because.starting-vm-waiting'],
  [{ code: 'attached', attachment: 'csi-1', node: 'db-02', ending: true }, 'volumes.because.attached-ending', 'volumes.because.attached-ending'],
  [{ code: 'attached', attachment: 'csi-1', node: 'db-02', ending: false }, 'volumes.because.attached', 'volumes.because.attached'],
  [{ code: 'waiting-for-guest', vm: 'lab/db-02', graceSeconds: 120, leftSeconds: 3 }, 'volumes.because.waiting-for-guest-left', 'volumes.because.waiting-for-guest-left'],
])('what nobody may be doing is said to wait, and what the cluster does is not: %o', async (reason, here, elsewhere) => {
  const { made: { reasonOf, waitingOf }, app } = await openConsole(() => useExportWords(), {})
  expect([reasonOf(reason).text, waitingOf(reason).text]).toEqual([here, elsewhere])
  expect(waitingOf(reason).objects).toMatchObject([{ name: 'db-02' }])
  app.unmount()
})

it('reasons in one line name their objects, and are told apart', async () => {
  const { made: { reasonOf, inOneLine }, app } = await openConsole(() => useExportWords(), {})
  const guests = (['lab/db-01', 'lab/db-02'] as const).map(vm => reasonOf({ code: 'stopping-vm', vm }))
  expect(inOneLine(guests)).toBe('volumes.because.stopping-vm db-01 · volumes.because.stopping-vm db-02')
  app.unmount()
})
