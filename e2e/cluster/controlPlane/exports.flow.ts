import { join } from 'node:path'
import { expect, test } from '@playwright/test'
import { Api as Terminal } from '../../api.ts'
import { OwnConsole } from '../../embedded.ts'
import { cutOffAndMarked, cutOffByDefault, exportByAnswer, exportShared, exportWithBrowserClosed, findBarred, findUnanswered } from '../../exportStories.ts'
import { ends, makeDisk, makeVm } from '../../exporting.ts'
import { contextsOf, readAccess } from '../../kubeconfig.ts'
import { binaryPath } from '../binary.ts'
import { Kubectl } from '../kubectl.ts'
import { logIn } from '../login.ts'
import { Guard } from '../races/guard.ts'
import { Accounts } from './accounts.ts'
import { OWN_COPIES } from './consoleActs.ts'

// Exports as an installation of the guides' has them: a guard and a keeper of the cluster's under an account of their own, and
// people with few rights, who open a console of their own beside it.

const { REAL_KUBECONFIG = '', REAL_FOLDER = '', GUARDRAILS_PORT } = process.env
const NAMESPACE = 'export-flows'

test.skip(OWN_COPIES, 'without upstream\'s part longhorn only: its engines are not there, and nothing could read the volume')

const admin = new Kubectl(binaryPath('kube'), REAL_KUBECONFIG)
const accounts = new Accounts(admin, { kubeconfig: REAL_KUBECONFIG, folder: REAL_FOLDER, namespace: NAMESPACE })
const people = join(REAL_FOLDER, 'kubeconfig.people')
const desk = new OwnConsole(Number(GUARDRAILS_PORT) + 1, ['--kubeconfig', people], { XDG_STATE_HOME: join(REAL_FOLDER, 'desk-state') })
let terminal: Terminal
let guard: Guard

/** The API, past every console. */
const atTerminal = {
  get: async <T>(path: string) => (await terminal.get(path)).expect(200).object as T,
  create: async (path: string, object: object) => (await terminal.post(path, { ...object })).expect(201).object,
}
const as = (cluster: 'operator' | 'exporter' | 'confined') => ({ cluster, namespace: NAMESPACE })

test.describe.configure({ mode: 'serial', timeout: 180_000 })
test.use({ baseURL: desk.url, storageState: join(desk.folder, 'session.json') })

test.beforeAll(async () => {
  terminal = new Terminal(readAccess(REAL_KUBECONFIG, contextsOf(REAL_KUBECONFIG)[0] ?? ''))
  await atTerminal.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } })
  guard = await Guard.start(terminal, { kubeconfig: await accounts.employKeeper(), folder: REAL_FOLDER, namespace: NAMESPACE })
  await guard.install('requesters')
  await accounts.invite({
    operator: { everywhere: ['viewer'], here: ['operator'] },
    exporter: { everywhere: ['viewer'], here: ['exporter'] },
    // Neither nodes nor attachments, which belong to no namespace.
    confined: { everywhere: ['lookup'], here: ['viewer', 'operator'] },
  })
  await desk.start()
  await logIn(desk)
  await makeDisk(atTerminal, NAMESPACE, 'shared')
  await Promise.all([
    makeVm(atTerminal, NAMESPACE, 'idle', { strategy: 'Halted' }), makeVm(atTerminal, NAMESPACE, 'web'), makeVm(atTerminal, NAMESPACE, 'busy'),
    makeVm(atTerminal, NAMESPACE, 'deaf-a', { guest: 'deaf', grace: 8 }), makeVm(atTerminal, NAMESPACE, 'deaf-b', { guest: 'deaf', grace: 8 }),
    makeVm(atTerminal, NAMESPACE, 'pair-a', { shared: 'shared' }), makeVm(atTerminal, NAMESPACE, 'pair-b', { shared: 'shared' }),
  ])
})
test.afterAll(async () => {
  await desk.remove()
  await guard.remove()
  await terminal.close()
  await admin.run(['delete', 'namespace', NAMESPACE, '--wait=false'])
  await accounts.dismiss()
})

test('who may not look at attachments has no verdict while no guard is there; one that is installed answers him through the API server, and he exports by that', async ({ page }) => {
  const scene = { page, ...as('confined') }
  await findUnanswered(scene, 'idle-root')
  const isAnswer = (warning = '') => warning.includes(`"guardrails export ${NAMESPACE}/idle-root: at-rest"`)
  const answered = page.waitForResponse(response => response.url().includes('dryRun=All') && isAnswer(response.headers().warning))
  await guard.install('exports')
  await answered
  await exportByAnswer(scene, 'idle-root')
})

test('kubectl create of an export is refused while the VM runs, in words that tell what to do', async () => {
  const image = { apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: { name: 'busy-copy', namespace: NAMESPACE, annotations: { 'harvesterhci.io/storageClassName': 'harvester-longhorn' } }, spec: { displayName: 'busy-copy', sourceType: 'export-from-volume', backend: 'backingimage', targetStorageClassName: 'harvester-longhorn', pvcName: 'busy-root', pvcNamespace: NAMESPACE, retry: 3 } }
  const operator = new Kubectl(binaryPath('kube'), people)
  const printed = await operator.run(['create', '-f', '-'], { input: JSON.stringify(image) })
  expect(printed).toContain('exit code 1')
  expect(printed).toContain(`volume ${NAMESPACE}/busy-root is in use: VM ${NAMESPACE}/busy is on it (Running)`)
  expect(printed).toContain(`Shut down ${NAMESPACE}/busy (runStrategy: Halted)`)
  expect(await operator.run(['get', 'virtualmachineimage', 'busy-copy', '-n', NAMESPACE])).toContain('NotFound')
})

test('who may export and not shut VMs down finds the button barred, with the permission that is missing', async ({ page }) => {
  await findBarred({ page, ...as('exporter') }, 'busy')
})

test('a VM that runs is exported with one click, the browser closed and the console with it: the cluster\'s keeper goes on, and it runs again', async ({ browser }) => {
  await exportWithBrowserClosed(browser, { ...as('operator'), who: `system:serviceaccount:${NAMESPACE}:operator` }, 'web', async () => {
    await desk.stop()
    await ends(atTerminal, NAMESPACE, 'web-root')
    await desk.start()
  })
})

test('a deaf guest\'s power is cut at the end of its grace; by default there is no image, and the VM starts again', async ({ page }) => {
  await cutOffByDefault({ page, ...as('operator') }, 'deaf-a')
})

test('a deaf guest\'s image is made where that was chosen, and says that it is only crash-consistent', async ({ page }) => {
  await cutOffAndMarked({ page, ...as('operator') }, 'deaf-b')
})

test('two VMs on one shared disk are both shut down by one button, and both run again', async ({ page }) => {
  await exportShared({ page, ...as('operator') }, 'shared', ['pair-a', 'pair-b'])
})
