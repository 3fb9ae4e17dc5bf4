import { expect, test } from '@playwright/test'
import type { Page } from '@playwright/test'
import { Api as Terminal } from '../../api.ts'
import { open, row } from '../../console.ts'
import { contextsOf, readAccess } from '../../kubeconfig.ts'
import { killProgram } from '../processes.ts'
import { KUBEVIRT, LONG, act, makeRunning, readVm, readVmi, takeAway } from './consoleActs.ts'
import { NAMESPACE } from './operator.ts'
import { revive } from './revival.ts'

// The control plane dies in the middle of what an operator does: the console says so, recovers by itself, and all ends as it should.

const { REAL_KUBECONFIG = '', REAL_FOLDER = '' } = process.env
const NAME = 'survivor'
const PAGE = `/virtual-machines/${NAMESPACE}/${NAME}`

test.skip(!KUBEVIRT, 'with upstream\'s part kubevirt only: it is KubeVirt\'s own controller that dies')

/** What the console says while KubeVirt's controller is not heard of. */
const silence = (page: Page) => page.getByTestId('silent-controller')

let terminal: Terminal

test.describe.configure({ mode: 'serial', timeout: 300_000 })
test.beforeAll(() => { terminal = new Terminal(readAccess(REAL_KUBECONFIG, contextsOf(REAL_KUBECONFIG)[0] ?? '')) })
// Others come after it.
test.afterEach(() => revive(REAL_FOLDER, terminal))
test.afterAll(() => terminal.close())

test('without virt-controller a VM is seen stopping, and starting, for as long as it takes, and the console says who does not hear it', async ({ page, context }) => {
  const api = await open(page, PAGE)
  const list = await context.newPage()
  await open(list, `/virtual-machines?ns=${NAMESPACE}`)
  await makeRunning(api, NAME)
  await expect(page.getByText('The guest is running.')).toBeVisible()
  await page.evaluate(() => { document.body.dataset.opened = 'once' })

  await killProgram(REAL_FOLDER, 'virt-controller')
  await act(page, 'Shut down')
  await expect(page.getByText('A stop was asked for.')).toBeVisible()
  for (const one of [page, list]) {
    await expect(silence(one)).toContainText('KubeVirt’s controller has not been heard of for', LONG)
    await expect(silence(one)).toContainText('kubectl get pods -n harvester-system -l kubevirt.io=virt-controller')
  }
  await expect(page.getByText('A stop was asked for.')).toBeVisible()
  await revive(REAL_FOLDER, terminal)
  for (const one of [page, list])
    await expect(silence(one)).toHaveCount(0)
  await expect(page.getByText('It was shut down and stays off.')).toBeVisible(LONG)

  await killProgram(REAL_FOLDER, 'virt-controller')
  await expect(silence(page)).toBeVisible(LONG)
  await page.getByRole('button', { name: 'Start', exact: true }).click()
  await expect(page.getByRole('dialog')).toContainText('this is carried out only when it is back')
  await page.getByRole('dialog').getByRole('button', { name: 'Start', exact: true }).click()
  await expect(page.getByText('Its run strategy was just set to start it.')).toBeVisible()
  await revive(REAL_FOLDER, terminal)
  await expect(silence(page)).toHaveCount(0)
  await expect(page.getByText('The guest is running.')).toBeVisible(LONG)
  expect(await page.evaluate(() => document.body.dataset.opened)).toBe('once')
})

test('without an API server the console says that it is cut off, takes no act as done, and comes back by itself', async ({ page, context }) => {
  const api = await open(page, PAGE)
  const list = await context.newPage()
  await open(list, `/virtual-machines?ns=${NAMESPACE}`)
  await expect(row(list, NAME).locator('[data-tone=ok]')).toBeVisible()
  await expect(page.getByText('The guest is running.')).toBeVisible()
  await page.evaluate(() => { document.body.dataset.opened = 'once' })

  await killProgram(REAL_FOLDER, 'kube-apiserver')
  await expect(page.getByTestId('connection')).toContainText('Stale')
  await expect(list.getByTestId('connection')).toContainText('Stale')
  await expect(page.getByRole('main')).toContainText('The line to the cluster is cut')
  await expect(silence(page)).toHaveCount(0)
  await expect(row(list, NAME)).toBeVisible()
  await expect(row(list, NAME).locator('[data-tone=ok]')).toHaveCount(0)
  await act(page, 'Shut down')
  await expect(page.getByText(`${NAME}: the cluster has not said that it was done.`)).toBeVisible()

  await revive(REAL_FOLDER, terminal)
  for (const one of [page, list])
    await expect(one.getByTestId('connection')).toContainText('Live', LONG)
  await expect(page.getByRole('main')).not.toContainText('The line to the cluster is cut')
  await expect(page.getByText('The guest is running.')).toBeVisible()
  await expect(row(list, NAME).locator('[data-tone=ok]')).toBeVisible()
  expect((await readVm(api, NAME)).spec?.runStrategy).toBe('RerunOnFailure')
  expect(await page.evaluate(() => document.body.dataset.opened)).toBe('once')
})

test('an API server and its store that die while a VM shuts down hold up nothing for good', async ({ page }) => {
  const api = await open(page, PAGE)
  await act(page, 'Shut down')
  await expect(page.getByText('A stop was asked for.').or(page.getByText('The guest is shutting down.'))).toBeVisible()
  await killProgram(REAL_FOLDER, 'kube-apiserver')
  await killProgram(REAL_FOLDER, 'etcd')
  await expect(page.getByTestId('connection')).toContainText('Stale')
  await page.waitForTimeout(10_000)
  await revive(REAL_FOLDER, terminal)
  await expect(page.getByTestId('connection')).toContainText('Live', LONG)
  await expect(page.getByText('It was shut down and stays off.')).toBeVisible(LONG)
  await expect.poll(() => readVmi(api, NAME)).toBeUndefined()
  expect((await readVm(api, NAME)).metadata.annotations?.['harvesterhci.io/vmRunStrategy']).toBe('RerunOnFailure')
  await act(page, 'Start')
  await expect(page.getByText('The guest is running.')).toBeVisible(LONG)
  await takeAway(api, NAME)
})
