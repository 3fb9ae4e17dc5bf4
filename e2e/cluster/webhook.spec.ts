import { spawnSync } from 'node:child_process'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { OwnConsole } from '../embedded.ts'
import { Kubectl } from './kubectl.ts'

// The admission webhook as an operator installs it: the console's own server, its own manifest, the real API server.

const { KUBE_BINARY = '', REAL_KUBECONFIG = '' } = process.env
const PORT = 8755
const NAMESPACE = 'default'
const MAIN = resolve(import.meta.dirname, '../../dist/server/main.js')
const MUTABLE = 'https://cloud-images.ubuntu.com/noble/current/noble-server-cloudimg-amd64.img'
const PINNED = 'https://cloud-images.ubuntu.com/noble/20240423/noble-server-cloudimg-amd64.img'
const V2 = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'webhook-v2' }, provisioner: 'driver.longhorn.io', parameters: { dataEngine: 'v2' } }

const kubectl = new Kubectl(KUBE_BINARY, REAL_KUBECONFIG)
const asHarvester = new Kubectl(KUBE_BINARY, join(dirname(REAL_KUBECONFIG), 'kubeconfig.harvester'))

interface Image { readonly name: string, readonly url?: string, readonly annotations?: Readonly<Record<string, string>>, readonly spec?: object }
function manifest({ name, url = PINNED, annotations, spec }: Image): string {
  return JSON.stringify({ apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: { name: `webhook-${name}`, namespace: NAMESPACE, annotations }, spec: { displayName: name, sourceType: 'download', url, ...spec } })
}
const apply = (image: Image, by = kubectl, ...flags: string[]) => by.run(['apply', '-f', '-', ...flags], { input: manifest(image) })
const created = (name: string) => `virtualmachineimage.harvesterhci.io/webhook-${name} created`

/** Tries without writing until the API server has heard of the webhook and the webhook of the cluster. */
async function untilPrinted(image: Image, words: string | RegExp): Promise<void> {
  const deadline = Date.now() + 30_000
  for (;;) {
    const printed = await apply(image, kubectl, '--dry-run=server')
    if (typeof words === 'string' ? printed.includes(words) : words.test(printed))
      return
    if (Date.now() > deadline)
      throw new Error(`not said after 30 s: ${words}\n${printed}`)
    await sleep(200)
  }
}

let webhookPort = 0
let server: OwnConsole | undefined

/** The server with its webhook, on the port that it had before, and the API server told of it. */
async function serveWebhook(...flags: string[]): Promise<void> {
  await server?.remove()
  server = new OwnConsole(PORT, ['--kubeconfig', REAL_KUBECONFIG, '--webhook-port', String(webhookPort), ...flags])
  await server.start()
  while (!/^ {2}stop /m.test(server.output))
    await sleep(20)
  webhookPort = Number(/^ {2}webhook {2}https:\/\/127\.0\.0\.1:(\d+)\//m.exec(server.output)?.[1])
}

beforeAll(async () => {
  await kubectl.run(['apply', '-f', '-'], { input: JSON.stringify(V2) })
  await serveWebhook()
  const { stdout, stderr, status } = spawnSync(process.execPath, [MAIN, 'webhook-manifest', `https://127.0.0.1:${webhookPort}`, '--webhook-requester'], { encoding: 'utf8' })
  expect([status, stderr]).toEqual([0, ''])
  const installed = await kubectl.run(['apply', '-f', '-'], { input: stdout })
  for (const name of ['validatingwebhookconfiguration.admissionregistration.k8s.io/images', 'validatingwebhookconfiguration.admissionregistration.k8s.io/exports', 'mutatingwebhookconfiguration.admissionregistration.k8s.io/requester'])
    expect(installed).toContain(`${name}.guardrails.harvesterhci.io created`)
  await untilPrinted({ name: 'ready', spec: { targetStorageClassName: 'webhook-v2' } }, 'webhook-v2')
}, 120_000)

afterAll(async () => {
  await kubectl.run(['delete', 'validatingwebhookconfiguration,mutatingwebhookconfiguration', '-l', 'app.kubernetes.io/part-of=harvester-guardrails'])
  const images = await kubectl.run(['get', 'virtualmachineimages', '-n', NAMESPACE, '-o', 'name'])
  const ours = images.split('\n').filter(name => name.includes('/webhook-'))
  await kubectl.run(['delete', '-n', NAMESPACE, '--wait=false', 'storageclass/webhook-v2', ...ours])
  await server?.remove()
}, 60_000)

describe('kubectl apply, where the webhook warns', () => {
  it('of a mutable URL prints why, and creates the image', async () => {
    const printed = await apply({ name: 'mutable', url: MUTABLE })
    expect(printed).toMatch(/^Warning: spec\.url: what this URL serves changes: "current" in it points to whichever build is newest\. .*Pin it/m)
    expect(printed).toContain(created('mutable'))
    expect(printed).not.toContain('exit code')
  })

  it('of a pinned URL prints no warning', async () => {
    expect(await apply({ name: 'pinned' })).toBe(`${created('pinned')}\n`)
  })

  it('of an acknowledged mutable URL says who knows of it', async () => {
    const printed = await apply({ name: 'known', url: MUTABLE, annotations: { 'guardrails.harvesterhci.io/mutable-url-acknowledged': '{"who":"ann","when":"2026-03-01T12:00:00Z"}' } })
    expect(printed).toMatch(/^Warning: spec\.url: what this URL serves can change; "ann" acknowledged that/m)
    expect(printed).toContain(created('known'))
  })

  it('of a SHA-256, a class that cannot hold it and a name that is taken prints a warning each', async () => {
    await apply({ name: 'first', spec: { displayName: 'taken' } })
    const image = { name: 'second', annotations: { 'harvesterhci.io/storageClassName': 'webhook-v2' }, spec: { displayName: 'taken', checksum: 'a'.repeat(64) } }
    await untilPrinted(image, 'is taken')
    const printed = await apply(image)
    expect(printed.match(/^Warning: .*$/gm)).toEqual([
      'Warning: spec.backend: storage class "webhook-v2" (Longhorn data engine v2) cannot hold a BackingImage: the image would be kept on Longhorn v1. Say backend: cdi.',
      'Warning: spec.checksum: this checksum is SHA-256; Longhorn takes only SHA-512 (128 hexadecimal digits) and refuses the image.',
      `Warning: spec.displayName: "taken" is taken: image "${NAMESPACE}/webhook-first" has this display name.`,
    ])
    expect(printed).toContain(created('second'))
  })

  it('says nothing when an image is changed', async () => {
    await apply({ name: 'mutable', url: MUTABLE })
    expect(await kubectl.run(['annotate', 'virtualmachineimage', 'webhook-mutable', '-n', NAMESPACE, 'a=b'])).toBe('virtualmachineimage.harvesterhci.io/webhook-mutable annotated\n')
  })
})

describe('kubectl apply, where the operator wants mutable URLs refused', () => {
  beforeAll(async () => {
    await serveWebhook('--refuse', 'mutable-url')
    await untilPrinted({ name: 'ready', url: MUTABLE }, 'exit code 1')
  }, 120_000)

  it('is refused in plain words, and creates nothing', async () => {
    const printed = await apply({ name: 'refused', url: MUTABLE })
    expect(printed).toContain('exit code 1')
    expect(printed).toMatch(/spec\.url: .*"current" in it points to whichever build is newest\. .*mutable-url-acknowledged/)
    expect(await kubectl.run(['get', 'virtualmachineimage', 'webhook-refused', '-n', NAMESPACE])).toContain('NotFound')
  })

  it('is refused as a dry run too', async () => {
    expect(await apply({ name: 'refused', url: MUTABLE }, kubectl, '--dry-run=server')).toContain('exit code 1')
  })

  it('of a pinned URL, and of what is not named, is not refused', async () => {
    expect(await apply({ name: 'sound' })).toBe(`${created('sound')}\n`)
    const printed = await apply({ name: 'sha256', spec: { checksum: 'a'.repeat(64) } })
    expect(printed).toMatch(/^Warning: spec\.checksum: /m)
    expect(printed).toContain(created('sha256'))
  })

  it('is only warned of when it is Harvester that creates', async () => {
    const printed = await apply({ name: 'harvester', url: MUTABLE }, asHarvester)
    expect(printed).toMatch(/^Warning: spec\.url: /m)
    expect(printed).toContain(created('harvester'))
  })
})

const HARVESTER = 'system:serviceaccount:harvester-system:harvester'
const DISK = 'webhook-disk'
const VOLUMES = [{ name: 'root', persistentVolumeClaim: { claimName: DISK } }]
const EXPORT = 'guardrails.harvesterhci.io/export'
const object = (apiVersion: string, kind: string, name: string, rest: object) => JSON.stringify({ apiVersion, kind, metadata: { name, namespace: NAMESPACE }, ...rest })
const instance = (volumes: object[] = VOLUMES) => object('kubevirt.io/v1', 'VirtualMachineInstance', 'webhook-web', { spec: { domain: { devices: {} }, volumes } })
const exported = (spec: object = {}) => manifest({ name: 'exported', spec: { url: undefined, sourceType: 'export-from-volume', backend: 'backingimage', pvcName: DISK, pvcNamespace: NAMESPACE, ...spec } })
const create = (input: string, ...flags: string[]) => kubectl.run(['create', '-f', '-', ...flags], { input })
const intentOf = (more: object = {}) => JSON.stringify({ id: 'abcd1234', image: { namespace: NAMESPACE, displayName: 'web' }, storageClass: 'harvester-longhorn', vms: [], restart: true, requester: 'somebody', startedAt: '2026-03-01T12:00:00.000Z', ...more })
const annotate = (value: string, by = kubectl) => by.run(['annotate', 'pvc', DISK, '-n', NAMESPACE, '--overwrite', value])

describe('an export, where the webhook guards disks', () => {
  /** Tries without writing until the guard knows the cluster, and has let go of the turn that a start took a moment ago, which it holds for 35 s. */
  async function untilAtRest(): Promise<void> {
    await vi.waitFor(async () => expect(await create(exported(), '--dry-run=server')).toMatch(new RegExp(`^Warning: guardrails export ${NAMESPACE}/${DISK}: at-rest$`, 'm')), { timeout: 90_000, interval: 500 })
  }

  beforeAll(async () => {
    await serveWebhook()
    await create(object('v1', 'PersistentVolumeClaim', DISK, { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'webhook-v2', volumeName: 'webhook-pv' } }))
    await create(object('kubevirt.io/v1', 'VirtualMachine', 'webhook-web', { spec: { runStrategy: 'Halted', template: { spec: { domain: { devices: {} }, volumes: VOLUMES } } } }))
    await untilAtRest()
  }, 120_000)

  afterAll(async () => {
    await kubectl.run(['delete', '-n', NAMESPACE, '--wait=false', 'vm/webhook-web', 'vmi/webhook-web', `pvc/${DISK}`, '--ignore-not-found'])
  }, 60_000)

  it('of a running VM is refused to kubectl create, in words that tell what to do', async () => {
    expect(await create(instance())).toContain('created')
    await kubectl.run(['patch', 'vmi', 'webhook-web', '-n', NAMESPACE, '--type=merge', '-p', '{"status":{"phase":"Running"}}'])
    const printed = await create(exported())
    expect(printed).toContain('exit code 1')
    expect(printed).toContain(`volume ${NAMESPACE}/${DISK} is in use: VM ${NAMESPACE}/webhook-web is on it (Running)`)
    expect(printed).toContain(`Shut down ${NAMESPACE}/webhook-web (runStrategy: Halted)`)
    expect(await kubectl.run(['get', 'virtualmachineimage', 'webhook-exported', '-n', NAMESPACE])).toContain('NotFound')
  })

  it('as a dry run brings the server\'s word to the browser, refused or not', async () => {
    expect(await create(exported(), '--dry-run=server')).toMatch(new RegExp(`^Warning: guardrails export ${NAMESPACE}/${DISK}: in-use$`, 'm'))
    await kubectl.run(['delete', 'vmi', 'webhook-web', '-n', NAMESPACE])
    await untilAtRest()
  }, 120_000)

  it('through CDI into another namespace is refused', async () => {
    expect(await create(exported({ backend: 'cdi', pvcNamespace: 'kube-public' }))).toContain('create the image in the volume\'s namespace')
  })

  it('has its requester written by the API server\'s word, whatever is said and whoever adds to it', async () => {
    await annotate(`${EXPORT}=${intentOf({ identity: { uid: 'root' } })}`, asHarvester)
    const intent = async () => JSON.parse(await kubectl.run(['get', 'pvc', DISK, '-n', NAMESPACE, '-o', `jsonpath={.metadata.annotations.${EXPORT.replaceAll('.', '\\.')}}`])) as object
    const identity = { groups: expect.arrayContaining(['system:masters']) as string[] }
    expect(await intent()).toMatchObject({ requester: HARVESTER, identity })
    await annotate(`${EXPORT}=${intentOf({ cutOff: ['web'] })}`)
    expect(await intent()).toMatchObject({ requester: HARVESTER, identity, cutOff: ['web'] })
    expect(await annotate(`${EXPORT}=${intentOf({ storageClass: 'mine' })}`)).toContain(`this export was asked for by "${HARVESTER}", and its storageClass stays as it was`)
  })

  it('has its disk to itself: a start on it, and plugging it in, is refused and says why', async () => {
    expect(await create(instance())).toContain(`volume ${NAMESPACE}/${DISK} is being exported to image "web" (${NAMESPACE}/export-abcd1234) since 2026-03-01 12:00 UTC, asked for by "${HARVESTER}"`)
    expect(await create(instance([]))).toContain('created')
    const plug = JSON.stringify([{ op: 'replace', path: '/spec/volumes', value: VOLUMES }])
    const status = JSON.stringify([{ op: 'add', path: '/status', value: { phase: 'Running' } }])
    expect(await kubectl.run(['patch', 'vmi', 'webhook-web', '-n', NAMESPACE, '--type=json', '-p', plug])).toContain('is being exported')
    expect(await kubectl.run(['patch', 'vmi', 'webhook-web', '-n', NAMESPACE, '--type=json', '-p', status])).toContain('patched')
    await kubectl.run(['delete', 'vmi', 'webhook-web', '-n', NAMESPACE])
  })

  it('lets the VM start that it starts itself at its end', async () => {
    await kubectl.run(['annotate', 'vm', 'webhook-web', '-n', NAMESPACE, `${EXPORT}=${NAMESPACE}/${DISK} started`])
    expect(await create(instance())).toContain('created')
    await kubectl.run(['delete', 'vmi', 'webhook-web', '-n', NAMESPACE])
    await kubectl.run(['annotate', 'vm', 'webhook-web', '-n', NAMESPACE, `${EXPORT}-`])
  })

  it('and a start that are asked for in the same moment are never both let through', async () => {
    const races = Array.from({ length: 24 }, (_, index) => `webhook-race-${index}`)
    const volumesOf = (claimName: string) => [{ name: 'root', persistentVolumeClaim: { claimName } }]
    const claims = races.map(name => object('v1', 'PersistentVolumeClaim', name, { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'webhook-v2' } }))
    await create(claims.join('\n'))
    for (const name of races)
      await Promise.all([create(manifest({ name: name.slice('webhook-'.length), spec: { url: undefined, sourceType: 'export-from-volume', backend: 'backingimage', pvcName: name, pvcNamespace: NAMESPACE } })), create(object('kubevirt.io/v1', 'VirtualMachineInstance', name, { spec: { domain: { devices: {} }, volumes: volumesOf(name) } }))])
    const names = async (kind: string) => (await kubectl.run(['get', kind, '-n', NAMESPACE, '-o', 'name'])).split('\n').map(line => line.split('/')[1] ?? '').filter(name => name.startsWith('webhook-race-'))
    const [images, instances] = await Promise.all([names('virtualmachineimages'), names('virtualmachineinstances')])
    expect(images.filter(name => instances.includes(name))).toEqual([])
    expect([...images, ...instances].length).toBeGreaterThan(races.length / 2)
    await kubectl.run(['delete', 'vmi', '-n', NAMESPACE, ...instances])
    await kubectl.run(['delete', 'pvc', '-n', NAMESPACE, '--wait=false', ...races])
  }, 120_000)

  it('is lifted at once by taking the intent off, which needs nobody\'s word', async () => {
    await server?.stop()
    expect(await annotate(`${EXPORT}=${intentOf({ id: 'efgh5678' })}`)).toContain('failed calling webhook "requester.guardrails.harvesterhci.io"')
    expect(await annotate('other=note')).toContain('annotated')
    expect(await annotate(`${EXPORT}-`)).toContain('annotated')
    await server?.start()
    await serveWebhook('--refuse', 'mutable-url')
  }, 120_000)
})

describe('kubectl apply, where the webhook is down', () => {
  it('creates what would have been refused, without a warning', async () => {
    await server?.stop()
    expect(await apply({ name: 'down', url: MUTABLE })).toBe(`${created('down')}\n`)
  })
})
