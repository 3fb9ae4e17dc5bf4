import { expect, test } from '@playwright/test'
import type { Page } from '@playwright/test'
import type { Api } from '../../console.ts'
import { CLUSTER, open, row } from '../../console.ts'
import { LONG, act, makeRunning, readVm, readVmi, takeAway } from './consoleActs.ts'
import { NAMESPACE } from './operator.ts'

// Two consoles side by side, an administrator's and an editor's, at one VM.

const NAME = 'shared'
const LIST = `/virtual-machines?ns=${NAMESPACE}`

let admin: Page
let editor: Page
let api: Api

test.describe.configure({ mode: 'serial' })
test.beforeAll(async ({ browser }) => {
  [admin, editor] = await Promise.all([browser.newPage(), browser.newPage()])
  api = await open(admin, LIST)
  await open(editor, LIST, `${CLUSTER}-editor`)
  await makeRunning(api, NAME)
  for (const page of [admin, editor])
    await page.evaluate(() => { document.body.dataset.opened = 'once' })
})
test.afterAll(async () => {
  await takeAway(api, NAME)
  await Promise.all([admin.close(), editor.close()])
})

/** Puts away what was told before, opens the question of an act, and answers how to say yes. */
async function ask(page: Page, name: 'Shut down' | 'Start' | 'Restart'): Promise<() => Promise<void>> {
  // One may go by itself in the moment in which it is put away.
  await expect(async () => {
    if (await notices(page).count())
      await notices(page).first().getByRole('button', { name: 'Dismiss' }).click({ timeout: 2_000 })
    await expect(notices(page)).toHaveCount(0, { timeout: 500 })
  }).toPass({ timeout: 30_000 })
  const line = row(page, NAME)
  const button = line.getByRole('button', { name, exact: true })
  if (await button.count())
    await button.click()
  else {
    await line.getByRole('button', { name: /More actions/ }).click()
    await page.getByRole('menuitem', { name, exact: true }).click()
  }
  const yes = page.getByRole('dialog').getByRole('button', { name, exact: true })
  await expect(yes).toBeVisible()
  return () => yes.click()
}

const notices = (page: Page) => page.getByRole('list', { name: 'Notices' }).getByRole('listitem')

/** What a console tells of the act that was just carried out there. */
async function toldIn(page: Page): Promise<string> {
  await expect(notices(page)).toHaveCount(1)
  return await notices(page).textContent() ?? ''
}

/** Off for good, running for good, or neither, by the API's own word. */
async function ending(): Promise<'Off' | 'Running' | 'under way'> {
  const [vm, vmi] = [await readVm(api, NAME), await readVmi(api, NAME)]
  if (vm.status?.stateChangeRequests)
    return 'under way'
  if (vm.spec?.runStrategy === 'Halted')
    return vmi ? 'under way' : 'Off'
  return vmi?.status?.phase === 'Running' && !vmi.metadata.deletionTimestamp && vm.status?.ready === true ? 'Running' : 'under way'
}

const seenBy = (word: string) => Promise.all([admin, editor].map(page => expect(row(page, NAME)).toContainText(word, LONG)))

test('what one does the other sees as it happens, and nobody reloads', async () => {
  await seenBy('Running')
  await act(row(editor, NAME), 'Shut down')
  await seenBy('Stopping')
  await seenBy('Off')
  await act(row(admin, NAME), 'Start')
  await seenBy('Starting')
  await seenBy('Running')
  for (const page of [admin, editor])
    expect(await page.evaluate(() => document.body.dataset.opened)).toBe('once')
})

test('who restarts what another has just shut down is told so in the cluster\'s words', async () => {
  const [stop, restart] = [await ask(admin, 'Shut down'), await ask(editor, 'Restart')]
  await stop()
  await expect(admin.getByText(`${NAME}: shutdown asked for.`)).toBeVisible()
  await restart()
  await expect(editor.getByText(new RegExp(`${NAME}: the cluster refused\\..*does not support manual restart requests`))).toBeVisible()
  await seenBy('Off')
  expect((await readVm(api, NAME)).spec?.runStrategy).toBe('Halted')
  expect(await readVmi(api, NAME)).toBeUndefined()
})

test('of two who start it at once one has his way, the other the cluster\'s words, and it runs once', async () => {
  const starts = [await ask(admin, 'Start'), await ask(editor, 'Start')]
  await Promise.all(starts.map(start => start()))
  const told = await Promise.all([admin, editor].map(toldIn))
  expect(told.filter(text => text.includes(`${NAME}: start asked for.`))).toHaveLength(1)
  expect(told.filter(text => text.includes(`${NAME}: the cluster refused.`))).toHaveLength(1)
  await seenBy('Running')
  const vm = await readVm(api, NAME)
  expect(vm.spec?.runStrategy).toBe('RerunOnFailure')
  expect(vm.status?.stateChangeRequests).toBeUndefined()
})

test('a shutdown and a restart at the same moment leave no state wrong', async () => {
  const acts = [await ask(admin, 'Shut down'), await ask(editor, 'Restart')]
  await Promise.all(acts.map(carryOut => carryOut()))
  for (const page of [admin, editor])
    expect(await toldIn(page)).toMatch(/(asked for\.|the cluster refused\.)/)
  // Both may be granted. What KubeVirt makes of them hangs on which came first: off for good, or on again. Everybody sees the same.
  await expect.poll(ending, LONG).not.toBe('under way')
  const word = await ending()
  await seenBy(word)
  expect(await ending()).toBe(word)
})
