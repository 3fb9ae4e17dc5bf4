import { expect } from '@playwright/test'
import type { Locator, Page, Route } from '@playwright/test'
import { Api, PATHS, open, row } from './console.ts'
import type { AnyObject } from './console.ts'
import { BACKUPS, imageOf, isImported, makeVm } from './exporting.ts'
import type { GuestVm } from './exporting.ts'

// The steps of an export, each as the embedded cluster comes to it, found without a word of either language.

/** A page of the story's own; whatever speaks to the cluster does so through it. */
interface Moment {
  readonly name: string
  /** Goes on from the moment before. Ends when what is to be seen is there. */
  readonly reach: (page: Page) => Promise<unknown>
  /** What lies over the page, opened for each picture anew. */
  readonly pose?: (page: Page) => Promise<unknown>
}
interface Story {
  /** `off`: the page alone carries the export out, so that it can be held up where it sends something. */
  readonly keeper: 'own' | 'off'
  readonly moments: readonly Moment[]
}

const LAB = 'lab'
const ATTACHMENTS = '/apis/storage.k8s.io/v1/volumeattachments'
const HELD = 'guardrails.test/held'
const RBAC = '/apis/rbac.authorization.k8s.io/v1'

const api = (page: Page) => new Api(page, 'demo')
const state = (page: Page) => page.getByTestId('export-state')
/** A step of the timeline by its number, from 1, where it is the one whose turn it is. */
const now = (page: Page, step: number): Locator => page.locator(`.task-timeline li:nth-child(${step})[aria-current=step]`)
const remedy = (page: Page, id: string) => state(page).locator(`[data-remedy=${id}]`)
/** Asks for what is only done by a second decision. */
const ask = async (page: Page, id: string) => {
  await remedy(page, id).click()
  await page.getByRole('dialog').waitFor()
}
const confirm = (page: Page) => page.locator('[role=dialog] button').last().click()
/** What another page of the console tells meanwhile. */
const toldOn = (name: string, path: string, testId: string): Moment => ({ name, async reach(page) {
  await open(page, path, 'demo')
  await page.getByTestId(testId).waitFor()
} })
const check = (page: Page, value: string) => page.locator('.el-radio', { has: page.locator(`input[value="${value}"]`) }).click()
const begin = async (page: Page) => {
  await page.locator('form button[type=submit]').click()
  await state(page).waitFor()
}
const form = async (page: Page, claim: string, { cluster = 'demo', namespace = LAB } = {}) => {
  await open(page, `/volumes/${namespace}/${claim}/export`, cluster)
  await page.getByTestId('export-verdict').waitFor()
}
/** The form of a VM's disk, at the moment in which only the click is missing. */
const formOf = async (page: Page, vm: string, options: GuestVm = {}) => {
  await makeVm(await open(page, '/', 'demo'), LAB, vm, options)
  await form(page, `${vm}-root`)
  await page.getByTestId('export-verdict').locator('xpath=self::*[@data-tone="attention"]').waitFor()
}

/** A progress that is neither at its beginning nor at its end. */
const isUnderWay = (progress: Locator) => expect.poll(() => progress.getAttribute('value', { timeout: 1_000 }).then(Number, () => 0), { timeout: 60_000 }).toBeGreaterThan(4)

async function attachmentOf(page: Page, claim: string): Promise<AnyObject | undefined> {
  const volume = (await api(page).get(`${PATHS.claims(LAB)}/${claim}`)).spec?.volumeName
  return (await api(page).list(ATTACHMENTS)).find(({ spec }) => (spec?.source as { persistentVolumeName?: string }).persistentVolumeName === volume)
}
/** Has the detaching of a disk wait, as it does where a node is slow: somebody else still has work to do on the attachment. */
async function holdAttached(page: Page, claim: string): Promise<void> {
  const attachment = await attachmentOf(page, claim)
  await api(page).patch(`${ATTACHMENTS}/${attachment?.metadata.name}`, { metadata: { finalizers: ['external-attacher/driver-longhorn-io', HELD] } })
}
async function letDetach(page: Page, claim: string): Promise<void> {
  const attachment = await attachmentOf(page, claim)
  await api(page).patch(`${ATTACHMENTS}/${attachment?.metadata.name}`, { metadata: { finalizers: attachment?.metadata.finalizers?.filter(one => one !== HELD) } })
}
/** Begins the export that the form is filled in for, and ends when it waits for that disk, which is held. */
async function beginHeld(page: Page, claim: string): Promise<void> {
  await holdAttached(page, claim)
  await begin(page)
  await now(page, 3).waitFor({ timeout: 60_000 })
}
const isCreation = (route: Route) => route.request().method() === 'POST' && !route.request().url().includes('dryRun')

/** One line to the cluster that is so slow that the creation of an image is still on its way. */
let letCreate: (() => void) | undefined
async function holdCreation(page: Page): Promise<void> {
  const held = new Promise<void>(done => { letCreate = done })
  await page.route('**/virtualmachineimages*', async route => {
    if (isCreation(route))
      await held
    await route.continue()
  })
}

const byItself: Story = { keeper: 'off', moments: [
  { name: 'in-use', reach: page => formOf(page, 'web-11', { size: '40Gi' }) },
  { name: 'backup', async reach(page) {
    await page.locator('.el-checkbox').nth(1).click()
    await holdAttached(page, 'web-11-root')
    await holdCreation(page)
    await begin(page)
    await now(page, 2).waitFor()
  } },
  { name: 'detach', async reach(page) {
    await now(page, 4).waitFor({ timeout: 90_000 })
  } },
  { name: 'create', async reach(page) {
    await letDetach(page, 'web-11-root')
    await now(page, 5).waitFor({ timeout: 60_000 })
  } },
  { name: 'import', async reach(page) {
    letCreate?.()
    await isUnderWay(now(page, 6).locator('progress'))
  } },
  { name: 'start', reach: page => now(page, 7).waitFor({ timeout: 120_000 }) },
  { name: 'done', reach: page => page.getByTestId('export-ended').waitFor({ timeout: 120_000 }) },
  { name: 'record', async reach(page) {
    await page.getByTestId('export-ended').getByRole('link').or(page.getByTestId('export-ended').getByRole('button')).first().click()
    await page.getByTestId('export-record').waitFor()
  } },
] }

const powerCut: Story = { keeper: 'own', moments: [
  { name: 'guest', async reach(page) {
    await formOf(page, 'deaf-11', { guest: 'deaf', grace: 600 })
    await check(page, 'mark-crash-consistent')
    await begin(page)
    await now(page, 2).waitFor()
    await remedy(page, 'force').waitFor()
  } },
  { name: 'force', reach: async () => undefined, pose: page => ask(page, 'force') },
  { name: 'unproven', async reach(page) {
    await confirm(page)
    await now(page, 6).waitFor({ timeout: 120_000 })
    await expect.poll(async () => (await api(page).get(`${PATHS.vmis(LAB)}/deaf-11`).catch(() => undefined))?.status?.phase, { timeout: 60_000 }).toBe('Running')
    await page.waitForTimeout(2_000)
  } },
] }

const givenUp: Story = { keeper: 'own', moments: [
  { name: 'abandon', async reach(page) {
    await formOf(page, 'deaf-14', { guest: 'deaf', grace: 600 })
    await begin(page)
    await remedy(page, 'force').waitFor()
  }, pose: page => ask(page, 'abandon') },
  { name: 'abandoned', async reach(page) {
    await confirm(page)
    await remedy(page, 'abandon').waitFor({ state: 'detached' })
  } },
  toldOn('abandoned-vm', '/virtual-machines/lab/deaf-14', 'open-export'),
] }

/** Nobody carries it on: whoever does remembers what was asked for, and writes the note anew. */
const unreadable: Story = { keeper: 'off', moments: [
  { name: 'unreadable-vm', async reach(page) {
    await formOf(page, 'web-16')
    await beginHeld(page, 'web-16-root')
    await open(page, '/virtual-machines/lab/web-16', 'demo')
    await api(page).patch(`${PATHS.claims(LAB)}/web-16-root`, { metadata: { annotations: { 'guardrails.harvesterhci.io/export': '{ "version": 1, "vms": ' } } })
    await page.getByTestId('unreadable-note').waitFor()
  } },
  toldOn('unreadable-volume', '/volumes/lab/web-16-root', 'unreadable-note'),
  toldOn('unreadable', '/volumes/lab/web-16-root/export', 'unreadable-note'),
] }

const cloned: Story = { keeper: 'own', moments: [
  { name: 'cloned', async reach(page) {
    await form(page, 'v2-01-root', { namespace: 'production' })
    await begin(page)
    await expect.poll(async () => isImported(await imageOf(api(page), 'production', 'v2-01-root-export')), { timeout: 120_000 }).toBe(true)
  } },
] }

/** Somebody starts the VM while its disk is read: no guard keeps it from that. */
const torn: Story = { keeper: 'own', moments: [
  { name: 'torn', async reach(page) {
    await formOf(page, 'web-17', { size: '60Gi' })
    await begin(page)
    await isUnderWay(page.locator('.task-timeline progress'))
    await api(page).patch(`${PATHS.vms(LAB)}/web-17`, { spec: { runStrategy: 'Always' } })
    await state(page).locator('xpath=self::*[@data-tone="attention"]').waitFor({ timeout: 60_000 })
  } },
  toldOn('torn-vm', '/virtual-machines/lab/web-17', 'open-export'),
] }

/** A guest that crashes whenever it is started again. */
const stuck: Story = { keeper: 'own', moments: [
  { name: 'stuck', async reach(page) {
    await formOf(page, 'web-18')
    await beginHeld(page, 'web-18-root')
    await api(page).patch(`${PATHS.vms(LAB)}/web-18`, { spec: { template: { metadata: { annotations: { 'guardrails.test/guest': 'crashing' } } } } })
    await letDetach(page, 'web-18-root')
    await remedy(page, 'dismiss').waitFor({ timeout: 120_000 })
  } },
] }

const marked: Story = { keeper: 'own', moments: [
  { name: 'marked', async reach(page) {
    await formOf(page, 'deaf-12', { guest: 'deaf', grace: 4 })
    await check(page, 'mark-crash-consistent')
    await begin(page)
    await page.getByTestId('export-ended').waitFor({ timeout: 120_000 })
  } },
  { name: 'marked-images', async reach(page) {
    await open(page, '/images?ns=lab', 'demo')
    await row(page, 'deaf-12-root-export').waitFor()
  } },
  { name: 'marked-record', async reach(page) {
    await open(page, '/exports?ns=lab', 'demo')
    await row(page, 'deaf-12-root-export').getByRole('button').first().click()
    await page.getByTestId('export-record').waitFor()
  } },
] }

const noImage: Story = { keeper: 'own', moments: [
  { name: 'stopped', async reach(page) {
    await formOf(page, 'deaf-13', { guest: 'deaf', grace: 4 })
    await begin(page)
    await state(page).locator('xpath=self::*[@data-tone="bad"]').waitFor({ timeout: 120_000 })
  } },
  { name: 'stopped-list', reach: async page => {
    await open(page, '/exports?ns=lab', 'demo')
    await page.getByTestId('open-export').filter({ hasText: 'deaf-13' }).waitFor()
  } },
  { name: 'read', async reach(page) {
    await open(page, '/volumes/lab/deaf-13-root/export', 'demo')
    await remedy(page, 'dismiss').click()
    await page.getByTestId('export-verdict').waitFor()
    await open(page, '/exports?ns=lab', 'demo')
    await row(page, 'deaf-13-root-export').getByRole('button').first().click()
    await page.getByTestId('export-record').waitFor()
  } },
] }

const meanwhile: Story = { keeper: 'own', moments: [
  { name: 'virtual-machine', async reach(page) {
    await formOf(page, 'web-12')
    await beginHeld(page, 'web-12-root')
    await open(page, '/virtual-machines/lab/web-12', 'demo')
    await page.getByTestId('open-export').waitFor()
  } },
  toldOn('volume', '/volumes/lab/web-12-root', 'open-export'),
  { name: 'tasks', reach: async () => undefined, async pose(page) {
    await page.locator('.tasks-button').click()
    await page.getByRole('dialog').waitFor()
  } },
  { name: 'intruder', async reach(page) {
    await api(page).patch(`${PATHS.vms(LAB)}/web-12`, { spec: { runStrategy: 'Always' } })
    await letDetach(page, 'web-12-root')
    await open(page, '/volumes/lab/web-12-root/export', 'demo')
    await state(page).locator('xpath=self::*[@data-tone="bad"]').waitFor({ timeout: 120_000 })
  } },
] }

const leftOff: Story = { keeper: 'own', moments: [
  { name: 'left-off', async reach(page) {
    await formOf(page, 'web-13')
    await beginHeld(page, 'web-13-root')
    await api(page).patch(`${PATHS.claims(LAB)}/web-13-root`, { metadata: { annotations: { 'guardrails.harvesterhci.io/export': null } } })
    await letDetach(page, 'web-13-root')
    await open(page, '/exports', 'demo')
    await page.getByRole('main').filter({ hasText: 'web-13' }).waitFor()
  } },
] }

const running: Story = { keeper: 'own', moments: [
  { name: 'running', async reach(page) {
    await formOf(page, 'web-14', { size: '60Gi' })
    await check(page, 'while-running')
    await page.locator('.el-input__inner[spellcheck=false]').fill('web-14-root')
  } },
  { name: 'running-import', async reach(page) {
    await begin(page)
    await isUnderWay(page.locator('.task-timeline progress'))
  } },
] }

const shared: Story = { keeper: 'own', moments: [
  { name: 'shared', reach: page => form(page, 'shared-data') },
  { name: 'shared-detach', async reach(page) {
    await beginHeld(page, 'shared-data')
  } },
  { name: 'shared-import', async reach(page) {
    await letDetach(page, 'shared-data')
    await isUnderWay(page.locator('.task-timeline progress'))
  } },
] }

const byWhom: Story = { keeper: 'own', moments: [
  { name: 'at-rest', reach: page => form(page, 'report-01-root', { namespace: 'production' }) },
  { name: 'unknown', async reach(page) {
    await form(page, 'report-01-root', { cluster: 'demo-editor', namespace: 'production' })
    await expect(page.getByTestId('server-answer')).toBeVisible()
    await page.waitForTimeout(2_000)
  } },
  { name: 'answered', async reach(page) {
    // The guard's own line, as an API server passes it on: the embedded one asks no webhooks.
    await page.route('**/virtualmachineimages?*dryRun=All*', async route => {
      const answer = await route.fetch()
      await route.fulfill({ response: answer, headers: { ...answer.headers(), warning: '299 - "guardrails export production/report-01-root: at-rest"' } })
    })
    await page.getByTestId('export-verdict').locator('xpath=self::*[@data-tone="ok"]').waitFor({ timeout: 60_000 })
  } },
  { name: 'barred', async reach(page) {
    await open(page, '/', 'demo')
    const rules = [{ apiGroups: ['harvesterhci.io'], resources: ['virtualmachineimages'], verbs: ['create', 'patch'] }, { apiGroups: [''], resources: ['persistentvolumeclaims'], verbs: ['patch'] }]
    const role = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: 'only-exports' } }
    await api(page).create(`${RBAC}/clusterroles`, { ...role, kind: 'ClusterRole', rules })
    await api(page).create(`${RBAC}/clusterrolebindings`, { ...role, kind: 'ClusterRoleBinding', roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'only-exports' }, subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'ops-viewers' }] })
    await form(page, 'web-03-root', { cluster: 'demo-viewer', namespace: 'production' })
    await page.waitForTimeout(2_000)
  } },
] }

const backupFails: Story = { keeper: 'own', moments: [
  { name: 'backup-failed', async reach(page) {
    await formOf(page, 'web-15')
    await api(page).patch(`${PATHS.vms(LAB)}/web-15`, { metadata: { annotations: { 'guardrails.test/backup': 'failing' } } })
    await page.locator('.el-checkbox').nth(1).click()
    await begin(page)
    await expect.poll(async () => (await api(page).list(BACKUPS(LAB))).some(({ status }) => status?.error), { timeout: 60_000 }).toBe(true)
    await state(page).locator('xpath=self::*[@data-tone="bad"]').waitFor({ timeout: 60_000 })
  } },
] }

/** The pictures are called `export-step-<moment>`. */
export const EXPORT_STORIES: readonly Story[] = [byWhom, byItself, unreadable, powerCut, givenUp, cloned, torn, stuck, marked, noImage, meanwhile, leftOff, running, shared, backupFails]
