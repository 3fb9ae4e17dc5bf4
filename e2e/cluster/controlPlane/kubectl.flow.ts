import { expect, test } from '@playwright/test'
import { PATHS, open, row } from '../../console.ts'
import { binaryPath } from '../binary.ts'
import { Kubectl } from '../kubectl.ts'
import { claim } from '../stories/manifests.ts'
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
  const kubectl = new Kubectl(binaryPath('kube'), REAL_KUBECONFIG)
  await makeRunning(api, NAME)
  const list = await context.newPage()
  await open(list, `/virtual-machines?ns=${NAMESPACE}`)
  const listed = row(list, NAME)
  const ask = (what: string) => kubectl.run(['replace', '--raw', `${INSTANCE}/${what}`, '-f', '-'], { input: '{}' })
  try {
    await expect(page.getByText('The guest is running.')).toBeVisible()
    await expect(listed).toContainText('Running')

    expect(await ask('pause')).not.toContain('exit code')
    await expect(page.getByText('The guest is paused; its memory is kept.')).toBeVisible()
    await expect(listed).toContainText('Paused')
    expect(await ask('pause')).toContain('exit code')
    expect(await ask('unpause')).not.toContain('exit code')
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
  }
})

test('a disk that kubectl plugs into a running VM is in use on its page as soon as it is, and free again once it is unplugged', async ({ page }) => {
  test.setTimeout(300_000)
  const [vm, more] = ['plugger', 'plugger-more']
  const api = await open(page, '/volumes')
  const kubectl = new Kubectl(binaryPath('kube'), REAL_KUBECONFIG)
  const patch = (...operations: readonly object[]) => kubectl.run(['patch', 'virtualmachine', vm, '-n', NAMESPACE, '--type', 'json', '-p', JSON.stringify(operations)])
  await api.create(PATHS.claims(NAMESPACE), claim(NAMESPACE, more))
  await makeRunning(api, vm)
  try {
    await open(page, `/volumes/${NAMESPACE}/${more}`)
    const holders = page.getByRole('region', { name: 'On the disk' })
    await expect(holders).toContainText('No VM and no pod uses this volume.', LONG)

    expect(await patch(
      { op: 'add', path: '/spec/template/spec/domain/devices/disks/-', value: { name: 'more', disk: { bus: 'scsi' } } },
      { op: 'add', path: '/spec/template/spec/volumes/-', value: { name: 'more', persistentVolumeClaim: { claimName: more, hotpluggable: true } } },
    )).toContain('patched')
    await expect(holders.getByRole('link', { name: vm, exact: true })).toBeVisible(LONG)
    await expect(holders).toContainText('pod that plugs disks in', LONG)
    await page.getByRole('link', { name: 'Export Image…' }).click()
    await expect(page.getByTestId('export-verdict')).toContainText('The disk is in use.', LONG)
    await page.goBack()

    expect(await patch({ op: 'remove', path: '/spec/template/spec/domain/devices/disks/1' }, { op: 'remove', path: '/spec/template/spec/volumes/1' })).toContain('patched')
    await expect(holders).toContainText('No VM and no pod uses this volume.', LONG)
  }
  finally {
    await takeAway(api, vm)
    await api.remove(`${PATHS.claims(NAMESPACE)}/${more}`)
  }
})
