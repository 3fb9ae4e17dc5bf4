import { readFileSync } from 'node:fs'
import { expect } from '@playwright/test'
import type { APIResponse, Locator, Page } from '@playwright/test'

interface Meta { readonly name: string, readonly namespace?: string, readonly uid?: string, readonly resourceVersion?: string, readonly annotations?: Record<string, string>, readonly deletionTimestamp?: string, readonly finalizers?: readonly string[] }
/** An object as the public API answers it; tests look at what they name. */
export interface AnyObject { readonly apiVersion?: string, readonly kind?: string, readonly metadata: Meta, readonly spec?: Record<string, unknown>, readonly status?: Record<string, unknown> }

export const CLUSTER = process.env.GUARDRAILS_CLUSTER ?? 'demo'

/** The collections that the tests meet, below the API's root. */
export const PATHS = {
  images: (namespace: string) => `/apis/harvesterhci.io/v1beta1/namespaces/${namespace}/virtualmachineimages`,
  vms: (namespace: string) => `/apis/kubevirt.io/v1/namespaces/${namespace}/virtualmachines`,
  vmis: (namespace: string) => `/apis/kubevirt.io/v1/namespaces/${namespace}/virtualmachineinstances`,
  claims: (namespace: string) => `/api/v1/namespaces/${namespace}/persistentvolumeclaims`,
  dataVolumes: (namespace: string) => `/apis/cdi.kubevirt.io/v1beta1/namespaces/${namespace}/datavolumes`,
  backingImages: '/apis/longhorn.io/v1beta2/namespaces/longhorn-system/backingimages',
  longhornNodes: '/apis/longhorn.io/v1beta2/namespaces/longhorn-system/nodes',
} as const

/** The public API as a script on the same page would use it: through the proxy, with this origin. */
export class Api {
  private readonly page: Page
  private readonly cluster: string

  constructor(page: Page, cluster = CLUSTER) {
    this.page = page
    this.cluster = cluster
  }

  async send(method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<APIResponse> {
    const origin = new URL(this.page.url()).origin
    return this.page.request.fetch(`${origin}/k8s/clusters/${this.cluster}${path}`, {
      method,
      headers: { origin: origin, ...(body === undefined ? {} : { 'content-type': contentType }) },
      data: body === undefined ? undefined : JSON.stringify(body),
    })
  }

  async get<T = AnyObject>(path: string): Promise<T> {
    const answer = await this.send('GET', path)
    expect(answer.ok(), `GET ${path}: ${answer.status()}`).toBe(true)
    return await answer.json() as T
  }

  async list(path: string): Promise<AnyObject[]> {
    return (await this.get<{ items: AnyObject[] }>(path)).items
  }

  async create(path: string, object: unknown): Promise<AnyObject> {
    const answer = await this.send('POST', path, object)
    expect(answer.status(), `POST ${path}: ${await answer.text()}`).toBe(201)
    return await answer.json() as AnyObject
  }

  async patch(path: string, body: unknown): Promise<AnyObject> {
    const answer = await this.send('PATCH', path, body, 'application/merge-patch+json')
    expect(answer.ok(), `PATCH ${path}: ${answer.status()} ${await answer.text()}`).toBe(true)
    return await answer.json() as AnyObject
  }

  async remove(path: string): Promise<void> {
    const answer = await this.send('DELETE', path)
    expect([200, 202, 404]).toContain(answer.status())
  }
}

/** Opens a page of the console and waits until its heading stands. */
export async function open(page: Page, path: string, cluster = CLUSTER): Promise<Api> {
  await page.goto(`/c/${cluster}${path}`)
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
  return new Api(page, cluster)
}

/** The row of a table that names the object. */
export function row(page: Page, name: string): Locator {
  return page.getByRole('row').filter({ has: page.getByText(name, { exact: true }) })
}

/** All rows of the page's table, read from the CSV that it offers; the header first. */
export async function csvOf(page: Page): Promise<string[][]> {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'CSV' }).click()])
  const text = readFileSync(await download.path(), 'utf8').replace(/^\uFEFF/, '')
  return text.trimEnd().split(/\r?\n/).map(line => [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(match => (match[1] ?? '').replaceAll(/^"|"$/g, '').replaceAll('""', '"')))
}
