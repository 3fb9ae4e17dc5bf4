import { expect, test } from '@playwright/test'
import { Api as Terminal } from '../../api.ts'
import { open, row } from '../../console.ts'
import { contextsOf, readAccess } from '../../kubeconfig.ts'
import { binaryPath } from '../binary.ts'
import { Kubectl } from '../kubectl.ts'
import { LONG, makeRunning, readVmi, takeAway } from './consoleActs.ts'
import { NAMESPACE } from './operator.ts'

// What is done beside the console, for which it has no button: seen in it as it happens, without a reload.

const { REAL_KUBECONFIG = '' } = process.env
const NAME = 'roamer'
const INSTANCE = `/apis/subresources.kubevirt.io/v1/namespaces/${NAMESPACE}/virtualmachineinstances/${NAME}`
const MIGRATION = `
apiVersion: kubevirt.io/v1
kind: VirtualMachineInstanceMigration
metadata: {name: ${NAME}-moves, namespace: ${NAMESPACE}}
spec: {vmiName: ${NAME}}
`

test('a VM that is paused, resumed and moved by kubectl is seen so on its page and in the list', async ({ page, context }) => {
  test.setTimeout(300_000)
  const api = await open(page, `/virtual-machines/${NAMESPACE}/${NAME}`)
  const terminal = new Terminal(readAccess(REAL_KUBECONFIG, contextsOf(REAL_KUBECONFIG)[0] ?? ''))
  const kubectl = new Kubectl(binaryPath('kube'), REAL_KUBECONFIG)
  await makeRunning(api, NAME)
  const list = await context.newPage()
  await open(list, `/virtual-machines?ns=${NAMESPACE}`)
  const listed = row(list, NAME)
  const ask = async (what: string) => (await terminal.put(`${INSTANCE}/${what}`, {}, { accept: '*/*' })).status
  try {
    await expect(page.getByText('The guest is running.')).toBeVisible()
    await expect(listed).toContainText('Running')

    expect(await ask('pause')).toBe(200)
    await expect(page.getByText('The guest is paused; its memory is kept.')).toBeVisible()
    await expect(listed).toContainText('Paused')
    expect(await ask('pause')).toBe(409)
    expect(await ask('unpause')).toBe(200)
    await expect(page.getByText('The guest is running.')).toBeVisible()
    await expect(listed).toContainText('Running')

    const node = async () => String((await readVmi(api, NAME))?.status?.nodeName)
    const from = await node()
    await expect(listed).toContainText(from)
    expect(await kubectl.run(['create', '-f', '-'], { input: MIGRATION })).toContain('created')
    await expect(page.getByText('It is moving to another node while it runs.')).toBeVisible(LONG)
    await expect(listed).toContainText('Migrating')
    await expect(page.getByText('The guest is running.')).toBeVisible(LONG)
    const to = await node()
    expect(to).not.toBe(from)
    await expect(page.getByRole('definition').filter({ hasText: to })).toBeVisible()
    await expect(listed).toContainText(to)
    await expect(listed).toContainText('Running')
  }
  finally {
    await takeAway(api, NAME)
    await terminal.close()
  }
})
