import { expect, test } from '@playwright/test'
import type { Page } from '@playwright/test'
import { Api, csvOf } from '../console.ts'
import { OwnConsole } from '../embedded.ts'
import { Line } from '../line.ts'

// The embedded cluster alone can be stopped, cut and made to forget: on a real one these are the contract suite's.
test.skip(Boolean(process.env.GUARDRAILS_KUBECONFIG), 'needs a console that the test may stop')

// Hundreds of objects, a server that goes and comes: more than a page's worth of work.
test.describe.configure({ timeout: 300_000 })

const IMAGES = '/apis/harvesterhci.io/v1beta1/virtualmachineimages'

function flood(index: number) {
  return {
    apiVersion: 'harvesterhci.io/v1beta1',
    kind: 'VirtualMachineImage',
    metadata: { name: `flood-${index}`, namespace: 'lab' },
    // Nothing comes of it, at once and for good: CDI clones no image.
    spec: { displayName: `flood-${index}`, sourceType: 'clone', backend: 'cdi', targetStorageClassName: 'harvester-longhorn', retry: 0 },
  }
}

/** The display names that the page's table holds equal those that the API lists. */
async function expectTruth(page: Page, api: Api) {
  await expect(async () => {
    const listed = (await api.list(IMAGES)).map(image => String(image.spec?.displayName)).sort()
    const [head = [], ...rows] = await csvOf(page)
    const column = head.indexOf('Name')
    expect(rows.map(cells => cells[column] ?? '').sort()).toEqual(listed)
  }).toPass({ timeout: 60_000 })
}

test('a console whose server was away for 20 s says so, and recovers without a reload', async ({ page }) => {
  const own = new OwnConsole(8795, ['--data', 'data'])
  await own.start()
  try {
    await page.goto(`${own.url}/c/demo/images`)
    await expect(page.getByRole('heading', { level: 1, name: 'Images' })).toBeVisible()
    const api = new Api(page, 'demo')
    await expectTruth(page, api)
    await page.evaluate(() => { document.body.dataset.opened = 'once' })

    await own.stop()
    await expect(page.getByTestId('connection')).toContainText('Stale', { timeout: 30_000 })
    await page.waitForTimeout(20_000)
    await own.start()

    await expect(page.getByTestId('connection')).toContainText('Live', { timeout: 60_000 })
    await api.create(IMAGES.replace('/virtualmachineimages', '/namespaces/lab/virtualmachineimages'), flood(0))
    await expectTruth(page, api)
    expect(await page.evaluate(() => document.body.dataset.opened)).toBe('once')
  }
  finally {
    await own.remove()
  }
})

test('a page cut off while 500 objects change and the history is forgotten shows exactly what the API lists', async ({ playwright }, { project }) => {
  const own = new OwnConsole(8796)
  const line = new Line(8796)
  // The browser believes that localhost:8796 is at the line's end; sockets that are open are cut too, which going offline does not do.
  const { launchOptions } = project.use
  const browser = await playwright.chromium.launch({ ...launchOptions, args: [...launchOptions?.args ?? [], '--host-resolver-rules=MAP localhost:8796 127.0.0.1:8798'] })
  const page = await browser.newPage()
  await line.join(8798)
  const LAB = '/apis/harvesterhci.io/v1beta1/namespaces/lab/virtualmachineimages'
  await own.start()
  try {
    await page.goto('http://localhost:8796/c/demo/images')
    await expect(page.getByRole('heading', { level: 1, name: 'Images' })).toBeVisible()
    const api = new Api(page, 'demo')
    for (let index = 0; index < 250; index++)
      expect((await own.direct('POST', LAB, flood(index))).status).toBe(201)
    await expectTruth(page, api)
    await page.evaluate(() => { document.body.dataset.opened = 'once' })

    await line.cut()
    await expect(page.getByTestId('connection')).toContainText('Stale', { timeout: 60_000 })
    for (let index = 0; index < 250; index++) {
      expect((await own.direct('DELETE', `${LAB}/flood-${index}`)).status).toBe(200)
      expect((await own.direct('POST', LAB, flood(index + 1000))).status).toBe(201)
    }
    expect((await own.direct('POST', '/debug/compact')).status).toBe(200)
    await line.join(8798)

    await expect(page.getByTestId('connection')).toContainText('Live', { timeout: 60_000 })
    await expectTruth(page, api)
    expect(await page.evaluate(() => document.body.dataset.opened)).toBe('once')
  }
  finally {
    await browser.close()
    await line.cut()
    await own.remove()
  }
})

test('a VM stopped in one browser is seen stopping and stopped in another, without a poll', async ({ browser }) => {
  const own = new OwnConsole(8797)
  await own.start()
  try {
    const [first, second] = await Promise.all([browser.newPage(), browser.newPage()])
    const lists: string[] = []
    second.on('request', request => request.url().includes('virtualmachines') && !request.url().includes('watch=') && lists.push(request.url()))
    for (const page of [first, second]) {
      await page.goto(`${own.url}/c/demo/virtual-machines?ns=production`)
      await expect(page.getByRole('row').filter({ hasText: 'web-01' })).toContainText('Running')
    }
    const before = lists.length

    await first.getByRole('row').filter({ hasText: 'web-01' }).getByRole('button', { name: 'Shut down' }).click()
    await first.getByRole('dialog').getByRole('button', { name: 'Shut down' }).click()
    for (const word of ['Stopping', 'Off'])
      await expect(second.getByRole('row').filter({ hasText: 'web-01' })).toContainText(word, { timeout: 60_000 })
    expect(lists.length).toBe(before)
  }
  finally {
    await own.remove()
  }
})
