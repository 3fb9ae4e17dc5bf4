import type { Page } from '@playwright/test'
import { IMAGE_FORM_STATES } from './imageForm.ts'

interface ConsolePage {
  readonly name: string
  readonly path: string
  /** What must be seen before it counts as drawn, in any language. */
  readonly shows: RegExp
  /** What an operator does to come to it from there; for pages whose address is the cluster's to give, and for what lies over a page. */
  readonly act?: (page: Page) => Promise<void>
  /** One of many states of a page that is listed: its colours and words are known, its parts are looked at once. */
  readonly isState?: boolean
  /** Only seen where Harvester takes uploads, which no API server does by itself. */
  readonly needsUploads?: boolean | undefined
}

const follow = (name: string) => (page: Page) => page.getByRole('main').getByRole('link', { name, exact: true }).click()
const MUTABLE = 'https://cloud-images.ubuntu.com/noble/current/noble-server-cloudimg-amd64.img'

/** Every page of the console on the embedded cluster, and what opens over them. */
export const PAGES: readonly ConsolePage[] = [
  { name: 'overview', path: '/', shows: /crash-01|import-test|train-01/ },
  { name: 'images', path: '/images', shows: /jammy/i },
  { name: 'image', path: '/images', act: follow('ubuntu-22.04-jammy-current'), shows: /jammy-server-cloudimg/ },
  { name: 'image-create', path: '/images/create', shows: /YAML|URL/ },
  { name: 'image-create-mutable', path: '/images/create', act: page => page.getByRole('textbox').first().fill(MUTABLE), shows: /current/ },
  { name: 'volumes', path: '/volumes', shows: /web-01-root/ },
  { name: 'volume-export', path: '/volumes/production/web-01-root/export', shows: /KubeVirt/ },
  { name: 'volume-export-running', path: '/volumes/production/web-01-root/export', act: page => page.locator('.el-radio').nth(1).click(), shows: /web-01-root[^]*crash|崩溃/, isState: true },
  { name: 'volume-export-shared', path: '/volumes/lab/shared-data/export', shows: /shared-a[^]*shared-b/, isState: true },
  { name: 'volume-export-at-rest', path: '/volumes/production/report-01-root/export', shows: /report-01/, isState: true },
  { name: 'volume-export-cdi', path: '/volumes/production/v2-01-root/export', shows: /v2-01[^]*CDI/, isState: true },
  { name: 'volume', path: '/volumes/production/web-01-root', shows: /virt-launcher/ },
  { name: 'export-choose', path: '/exports/create?vm=production/db-01', shows: /db-01-data/ },
  { name: 'export-record', path: '/exports', act: page => page.getByRole('row').filter({ hasText: 'web-01-before-upgrade' }).getByRole('button').first().click(), shows: /web-01-before-upgrade[^]*web-01-root/ },
  { name: 'export-left-no-image', path: '/exports', act: page => page.getByRole('row').filter({ hasText: 'legacy-before-move' }).getByRole('button').first().click(), shows: /legacy-01-root/ },
  { name: 'virtual-machine-exporting', path: '/virtual-machines/staging/wiki-01', shows: /wiki-01-root/, isState: true },
  { name: 'exports', path: '/exports', shows: /web-01-before-upgrade[^]*legacy-before-move|legacy-before-move[^]*web-01-before-upgrade/ },
  { name: 'volume-export-open', path: '/volumes/staging/wiki-01-root/export', shows: /wiki-01[^]*wiki-before-upgrade/ },
  { name: 'virtual-machines', path: '/virtual-machines', shows: /web-01/ },
  { name: 'virtual-machine', path: '/virtual-machines/production/web-01', shows: /web-01-root/ },
  { name: 'vm-create', path: '/virtual-machines/create', shows: /CPU/ },
  {
    name: 'vm-create-choosing', path: '/virtual-machines/create', shows: /CPU/,
    async act(page) {
      await page.getByRole('combobox', { name: /^(Image|镜像)$/ }).click()
      await page.getByRole('option').filter({ hasText: 'jammy' }).first().waitFor()
    },
  },
  { name: 'backing-images', path: '/backing-images', shows: /node-1[^]*analytics-01/ },
  { name: 'backing-image', path: '/backing-images', act: follow('ubuntu-22.04-jammy-current'), shows: /node-1/ },
  { name: 'missing-page', path: '/nothing/here', shows: /./ },
  {
    name: 'shut-down-dialog', path: '/virtual-machines', shows: /web-01/,
    async act(page) {
      await page.getByRole('row').filter({ hasText: 'web-01' }).first().getByRole('button').first().click()
      await page.getByRole('dialog').waitFor()
    },
  },
  { name: 'quick-find', path: '/virtual-machines', shows: /web-01/, async act(page) {
    await page.getByText('web-01', { exact: true }).first().waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('jammy')
    await page.getByRole('option').first().waitFor()
  } },
  { name: 'key-help', path: '/', shows: /./, async act(page) {
    await page.keyboard.press('?')
    await page.getByRole('dialog').waitFor()
  } },
  { name: 'session-ended', path: '/', shows: /npm start -- link/, async act(page) {
    await page.route('**/console/clusters', route => route.fulfill({ status: 401, json: {} }))
    await page.reload()
  } },
  { name: 'tasks', path: '/', shows: /./, async act(page) {
    await page.locator('.tasks-button').click()
    await page.getByRole('dialog').waitFor()
  } },
  ...IMAGE_FORM_STATES,
]
