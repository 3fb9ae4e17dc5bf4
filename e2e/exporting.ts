import { expect } from '@playwright/test'
import type { Page } from '@playwright/test'
import type { AnyObject, Api } from './console.ts'
import { PATHS } from './console.ts'

const NOTE = 'guardrails.harvesterhci.io/export'
/** Where the backups of VMs of a namespace are. */
export const BACKUPS = (namespace: string) => `/apis/harvesterhci.io/v1beta1/namespaces/${namespace}/virtualmachinebackups`

export interface GuestVm { readonly guest?: 'deaf', readonly grace?: number, readonly strategy?: string, readonly shared?: string, /** Of its own disk. */ readonly size?: string }

/** A blank disk. */
export async function makeDisk(api: Pick<Api, 'create'>, namespace: string, name: string, size = '1Gi'): Promise<void> {
  await api.create(PATHS.claims(namespace), {
    apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name, namespace },
    spec: { accessModes: ['ReadWriteMany'], volumeMode: 'Block', storageClassName: 'harvester-longhorn', resources: { requests: { storage: size } } },
  })
}

/** A VM that runs, unless it is Halted: on a blank disk of its own, `<name>-root`, or on one that is there and `shared`. */
export async function makeVm(api: Pick<Api, 'create' | 'get'>, namespace: string, name: string, { guest, grace = 120, strategy = 'RerunOnFailure', shared, size }: GuestVm = {}): Promise<void> {
  if (shared === undefined)
    await makeDisk(api, namespace, `${name}-root`, size)
  const spec = {
    terminationGracePeriodSeconds: grace, networks: [{ name: 'default', pod: {} }], volumes: [{ name: 'disk-0', persistentVolumeClaim: { claimName: shared ?? `${name}-root` } }],
    domain: {
      machine: { type: 'q35' }, cpu: { cores: 1 }, resources: { limits: { cpu: '1', memory: '1Gi' } }, features: { acpi: { enabled: true } },
      devices: { disks: [{ name: 'disk-0', bootOrder: 1, disk: { bus: 'virtio' }, ...shared !== undefined && { shareable: true } }], interfaces: [{ name: 'default', model: 'virtio', masquerade: {} }] },
    },
  }
  await api.create(PATHS.vms(namespace), {
    apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', metadata: { name, namespace, annotations: { 'harvesterhci.io/volumeClaimTemplates': '[]' } },
    spec: { runStrategy: strategy, template: { metadata: { annotations: guest ? { 'guardrails.test/guest': guest } : {} }, spec } },
  })
  if (strategy !== 'Halted')
    await runs(api, namespace, name)
}

/** Waits until the guest of a VM runs. */
export async function runs(api: Pick<Api, 'get'>, namespace: string, name: string): Promise<void> {
  await expect.poll(async () => (await api.get(`${PATHS.vmis(namespace)}/${name}`).catch(() => undefined))?.status?.phase, { timeout: 90_000 }).toBe('Running')
}

/** How the VM shall run. */
export async function strategyOf(api: Api, namespace: string, name: string): Promise<unknown> {
  return (await api.get(`${PATHS.vms(namespace)}/${name}`)).spec?.runStrategy
}

/** The image that the console shows by this name, undefined where there is none. */
export async function imageOf(api: Api, namespace: string, displayName: string): Promise<AnyObject | undefined> {
  return (await api.list(PATHS.images(namespace))).find(image => image.spec?.displayName === displayName)
}

/** Whether Harvester calls the image imported. */
export function isImported(image: AnyObject | undefined): boolean {
  const { conditions = [] } = (image?.status ?? {}) as { conditions?: { type: string, status: string }[] }
  return conditions.some(({ type, status }) => type === 'Imported' && status === 'True')
}

/** Waits until the volume carries no export any more: that is the end. */
export async function ends(api: Pick<Api, 'get'>, namespace: string, claim: string, timeout = 110_000): Promise<void> {
  await expect.poll(async () => (await api.get(`${PATHS.claims(namespace)}/${claim}`)).metadata.annotations?.[NOTE], { timeout }).toBeUndefined()
}

/** Which instance of the VM runs; throws where none does. */
export async function uidOf(api: Api, namespace: string, name: string): Promise<string | undefined> {
  return (await api.get(`${PATHS.vmis(namespace)}/${name}`)).metadata.uid
}

/** Gives the image a name. */
export async function nameImage(page: Page, name: string): Promise<void> {
  await page.getByLabel('Image name').fill(name)
}

export const choose = (page: Page, words: string) => page.getByText(words, { exact: true }).click()
export const verdict = (page: Page) => page.getByTestId('export-verdict')
export const state = (page: Page) => page.getByTestId('export-state')
export const steps = (page: Page) => page.getByRole('list', { name: 'Steps' }).getByRole('listitem')

/** The button, and the sign that the cluster has taken the intent. */
export async function begin(page: Page, verb: string): Promise<void> {
  await page.getByRole('button', { name: verb, exact: true }).click()
  await expect(state(page)).toBeVisible()
}
