import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { resolve } from 'node:path'
import { loadYaml } from '@kubernetes/client-node'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { KubeObject } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import { IMAGES } from '#images/image.ts'
import { ENDED_ANNOTATION, FOUND_ANNOTATIONS, OVERTAKEN_ANNOTATION, RUNNING_ACKNOWLEDGED_ANNOTATION } from '#volumes/exportedImage.ts'
import { readExportAnswer, readRefusedAnswer } from '#volumes/exportAnswer.ts'
import { exportReference, writeIntent } from '#volumes/exportIntent.ts'
import { EXPORT_ANNOTATION } from '#volumes/exportIntentText.ts'
import type { ExportIntent } from '#volumes/exportIntent.ts'
import { judgeWriteFailure } from '#volumes/exportRefusal.ts'
import type { WebhookOptions } from './cli.ts'
import { kubeconfigOf, makeFolder, startServer } from './testCluster.ts'
import { post, startTestWebhook } from './testReviews.ts'

// The guard between an API server that asks and a cluster that answers, both over real sockets.

/** One authority for all. */
const FOLDER = makeFolder()
const HARVESTER = 'system:serviceaccount:harvester-system:harvester'
const CONTROLLER = 'system:serviceaccount:harvester-system:kubevirt-controller'
const VOLUMES = [{ name: 'root', persistentVolumeClaim: { claimName: 'web-disk' } }]

const meta = (name: string, namespace: string | undefined = 'default', extra: object = {}) => ({ name, ...(namespace && { namespace }), uid: name, resourceVersion: '1', creationTimestamp: '2026-03-01T12:00:00Z', ...extra })
const claim = (annotations: object = {}, name = 'web-disk') => ({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: meta(name, 'default', { annotations }), spec: { volumeName: 'pv-1' }, status: { phase: 'Bound' } })
const vm = (runStrategy: string, annotations: object = {}) => ({ apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', metadata: meta('web-01', 'default', { annotations }), spec: { runStrategy, template: { spec: { volumes: VOLUMES } } }, status: { runStrategy } })
const vmi = (volumes: object[] = VOLUMES, status: object = { phase: 'Running' }) => ({ apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance', metadata: meta('web-01'), spec: { domain: {}, volumes }, status })
const pod = { apiVersion: 'v1', kind: 'Pod', metadata: meta('virt-launcher-web-01-x', 'default', { labels: { 'kubevirt.io': 'virt-launcher', 'vm.kubevirt.io/name': 'web-01' } }), spec: { nodeName: 'node-1', volumes: VOLUMES }, status: { phase: 'Running' } }
const attachment = { apiVersion: 'storage.k8s.io/v1', kind: 'VolumeAttachment', metadata: meta('csi-1', ''), spec: { attacher: 'driver.longhorn.io', nodeName: 'node-1', source: { persistentVolumeName: 'pv-1' } } }
const node = { apiVersion: 'v1', kind: 'Node', metadata: meta('node-1', ''), spec: {}, status: { conditions: [{ type: 'Ready', status: 'True' }] } }
const image = (spec: object = {}, extra: object = {}, imported = 'Unknown') => ({
  apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: meta('by-hand', 'default', extra),
  spec: { displayName: 'web', sourceType: 'export-from-volume', backend: 'backingimage', pvcName: 'web-disk', pvcNamespace: 'default', ...spec },
  status: { conditions: [{ type: 'Initialized', status: 'True' }, { type: 'Imported', status: imported }] },
})
const INTENT: ExportIntent = {
  id: 'abcd1234', claim: { namespace: 'default', name: 'web-disk' }, image: { namespace: 'default', displayName: 'web' }, storageClass: 'harvester-longhorn',
  vms: [{ name: 'web-01', runStrategy: 'Always', wasRunning: true }], restart: true, requester: 'ann', startedAt: '2026-03-01T12:00:00.000Z',
}
const underExport = (more: Partial<ExportIntent> = {}) => claim({ [EXPORT_ANNOTATION]: writeIntent({ ...INTENT, ...more }) })

type Objects = Readonly<Record<string, readonly object[]>>
const RUNNING: Objects = { persistentvolumeclaims: [claim()], virtualmachines: [vm('RerunOnFailure')], virtualmachineinstances: [vmi()], pods: [pod], volumeattachments: [attachment], nodes: [node] }
const OFF: Objects = { persistentvolumeclaims: [claim()], virtualmachines: [vm('Halted')], nodes: [node] }

/** Plays an API server: lists, objects and access reviews. What `forbidden` names is refused, what `slow` names never answers. */
async function startCluster(start: Objects, { forbidden = [], slow = [], strangers = [] }: { forbidden?: readonly string[], slow?: readonly string[], strangers?: readonly string[] } = {}) {
  let objects = start
  const server = await startServer((asked, response: ServerResponse) => {
    const { pathname, searchParams } = new URL(asked.url ?? '/', 'http://localhost')
    const [, namespace, plural = '', name] = /^\/api(?:s\/[^/]+)?\/[^/]+(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+))?$/.exec(pathname) ?? []
    const json = (code: number, body: object) => response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    const fail = (code: number, reason: string) => json(code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code, message: `${plural}: ${reason}` })
    if (slow.includes(plural))
      return
    if (forbidden.includes(plural))
      return fail(403, 'Forbidden')
    if (plural === 'subjectaccessreviews') {
      let text = ''
      asked.on('data', piece => { text += String(piece) })
      asked.on('end', () => json(201, { kind: 'SubjectAccessReview', metadata: {}, status: { allowed: !strangers.some(user => text.includes(`"user":"${user}"`)) } }))
      return
    }
    if (searchParams.has('watch')) {
      response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
      return
    }
    const items = (objects[plural] ?? []) as readonly KubeObject[]
    const here = items.filter(({ metadata }) => !namespace || metadata.namespace === namespace)
    const found = here.find(({ metadata }) => metadata.name === name)
    return name === undefined ? json(200, { kind: 'List', apiVersion: 'v1', metadata: { resourceVersion: '5' }, items: here }) : found ? json(200, found) : fail(404, 'NotFound')
  })
  onTestFinished(() => server.stop())
  return { server, kubeconfig: kubeconfigOf({ cluster: { server: server.url }, user: { token: 't' } }), becomes(next: Objects) { objects = next } }
}

async function guardOf(kubeconfig: string, options: Partial<WebhookOptions> = {}) {
  const webhook = await startTestWebhook(kubeconfig, options, FOLDER)
  onTestFinished(() => webhook.stop())
  const base = new URL(webhook.url).origin
  return { ...webhook, base, at: (path: string) => ({ url: base + path, agent: webhook.agent }) }
}
type Guard = Awaited<ReturnType<typeof guardOf>>

interface Review { readonly operation?: string, readonly resource?: string, readonly group?: string, readonly object: object, readonly oldObject?: object, readonly user?: string, readonly dryRun?: boolean, readonly namespace?: string }
async function ask(guard: Guard, path: string, { operation = 'CREATE', resource = 'virtualmachineimages', group = 'harvesterhci.io', object, oldObject, user = 'ann', dryRun = false, namespace = 'default' }: Review) {
  const request = { uid: 'u', operation, dryRun, namespace, resource: { group, version: 'v1', resource }, userInfo: { username: user, uid: 'u-7', groups: ['operators'] }, object, oldObject }
  const { body } = await post(guard.at(path), JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request }))
  const { allowed, warnings = [], status, patch } = body.response ?? { allowed: undefined }
  return { allowed, warnings, message: status?.message ?? '', code: status?.code, patch: patch === undefined ? undefined : JSON.parse(Buffer.from(patch, 'base64').toString()) as { op: string, path: string, value: string }[] }
}
const exportOf = (guard: Guard, object: object = image(), more: Partial<Review> = {}) => ask(guard, '/admission/exports', { object, ...more })
const startOf = (guard: Guard, more: Partial<Review> = {}) => ask(guard, '/admission/starts', { resource: 'virtualmachineinstances', group: 'kubevirt.io', user: CONTROLLER, object: vmi(VOLUMES, {}), ...more })

describe('an image of a volume', () => {
  it('is refused while a VM runs on it, in words that tell what to do', async () => {
    const guard = await guardOf((await startCluster(RUNNING)).kubeconfig)
    const { allowed, code, message } = await exportOf(guard)
    expect([allowed, code]).toEqual([false, 422])
    expect(message).toContain('volume default/web-disk is in use: VM default/web-01 is on it (Running); pod default/virt-launcher-web-01-x holds it (Running); it is attached to node node-1.')
    expect(message).toContain('Shut down default/web-01 (runStrategy: Halted), wait until the pod is gone and the volume detached, and export then')
    expect(message).toContain(RUNNING_ACKNOWLEDGED_ANNOTATION)
    expect(readRefusedAnswer(message)).toEqual({ claim: 'default/web-disk', word: 'in-use' })
  })

  it('is let through without a word when the VM is off and everything is detached', async () => {
    expect(await exportOf(await guardOf((await startCluster(OFF)).kubeconfig))).toMatchObject({ allowed: true, warnings: [] })
  })

  it('is judged by what the cluster says at that moment, in the claim\'s namespace alone', async () => {
    const cluster = await startCluster(RUNNING)
    const guard = await guardOf(cluster.kubeconfig)
    expect((await exportOf(guard)).allowed).toBe(false)
    cluster.becomes({ ...OFF, volumeattachments: [attachment] })
    expect((await exportOf(guard)).message).toMatch(/is still being detached: it is attached to node node-1\. That takes some seconds/)
    cluster.becomes(OFF)
    const before = cluster.server.seen.length
    expect((await exportOf(guard)).allowed).toBe(true)
    const asked = cluster.server.seen.slice(before).map(({ url = '' }) => url.split('?')[0] ?? '')
    expect(asked.filter(path => !path.includes('/namespaces/')).map(path => path.split('/').at(-1)).sort()).toEqual(['nodes', 'virtualmachineimages', 'volumeattachments'])
    expect(asked.every(path => !path.includes('/namespaces/') || path.includes('/namespaces/default/') || path.includes('/longhorn-system/'))).toBe(true)
  })

  it('tells the word to a dry run, refused or not', async () => {
    const cluster = await startCluster(OFF)
    const guard = await guardOf(cluster.kubeconfig)
    expect(readExportAnswer((await exportOf(guard, image(), { dryRun: true })).warnings)).toEqual({ claim: 'default/web-disk', word: 'at-rest' })
    cluster.becomes({ ...OFF, virtualmachines: [vm('Always')] })
    const refused = await exportOf(guard, image(), { dryRun: true })
    expect(refused.allowed).toBe(false)
    expect(readExportAnswer(refused.warnings)).toEqual({ claim: 'default/web-disk', word: 'will-start' })
  })

  it.each([
    ['volumeattachments', 'volumeattachments.storage.k8s.io'],
    ['nodes', 'nodes'],
    ['virtualmachineexports', 'virtualmachineexports.export.kubevirt.io'],
    ['volumes', 'volumes.longhorn.io'],
    ['persistentvolumeclaims', 'persistentvolumeclaims'],
  ])('is refused where the guard may not read %s, with the right that is missing', async (plural, name) => {
    const guard = await guardOf((await startCluster(OFF, { forbidden: [plural] })).kubeconfig)
    const { allowed, message } = await exportOf(guard)
    expect(allowed).toBe(false)
    expect(message).toContain(`needs get and list of ${name}.`)
    expect(readRefusedAnswer(message)?.word).toBe('unknown')
  })

  it('is refused while KubeVirt\'s own export has the disk', async () => {
    const vmExport = { apiVersion: 'export.kubevirt.io/v1beta1', kind: 'VirtualMachineExport', metadata: meta('download'), spec: { source: { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: 'web-01' } }, status: { phase: 'Pending' } }
    const { allowed, message } = await exportOf(await guardOf((await startCluster({ ...OFF, virtualmachineexports: [vmExport] })).kubeconfig))
    expect(allowed).toBe(false)
    expect(message).toContain('VirtualMachineExport default/download has it, or takes it as soon as it is free')
  })

  it('needs nothing of Longhorn for another driver\'s volume', async () => {
    const foreign = claim({ 'volume.kubernetes.io/storage-provisioner': 'rbd.csi.ceph.com' })
    const cluster = await startCluster({ ...OFF, persistentvolumeclaims: [foreign] }, { forbidden: ['volumes'] })
    expect(await exportOf(await guardOf(cluster.kubeconfig))).toMatchObject({ allowed: true, warnings: [] })
  })

  it('is refused while Longhorn fills the volume, which nothing else in the cluster tells', async () => {
    const filling = { apiVersion: 'longhorn.io/v1beta2', kind: 'Volume', metadata: meta('pv-1', 'longhorn-system'), spec: {}, status: { state: 'detached', restoreRequired: true } }
    const { allowed, message } = await exportOf(await guardOf((await startCluster({ ...OFF, volumes: [filling] })).kubeconfig))
    expect(allowed).toBe(false)
    expect(readRefusedAnswer(message)?.word).toBe('in-use')
  })

  it.each([['volumeattachments', 'volumeattachments.storage.k8s.io'], ['volumes', 'volumes.longhorn.io']])('is refused in time where the cluster does not answer in time for %s', async (plural, name) => {
    const guard = await guardOf((await startCluster(OFF, { slow: [plural] })).kubeconfig)
    const before = performance.now()
    const { allowed, message } = await exportOf(guard)
    expect(performance.now() - before).toBeLessThan(2_900)
    expect(allowed).toBe(false)
    expect(message).toContain(`may be in use: ${name} cannot be read (stale)`)
  })

  it('is refused of CDI in another namespace than the volume\'s, at rest or not', async () => {
    const guard = await guardOf((await startCluster(OFF)).kubeconfig)
    expect(await exportOf(guard, image({ backend: 'cdi' }), { namespace: 'lab' })).toMatchObject({ allowed: false, message: expect.stringContaining('create the image in the volume\'s namespace') as string })
    expect((await exportOf(guard, image({ backend: 'cdi' }))).allowed).toBe(true)
  })

  it('says nothing of a volume in another namespace to whoever may not see it', async () => {
    const guard = await guardOf((await startCluster(RUNNING, { strangers: ['eve'] })).kubeconfig)
    const eve = await exportOf(guard, image(), { namespace: 'lab', user: 'eve' })
    expect(eve).toMatchObject({ allowed: false, warnings: [] })
    expect(eve.message).not.toContain('web-01')
    expect((await exportOf(guard, image(), { namespace: 'lab', user: 'ann' })).message).toContain('web-01')
  })

  it('of a disk in use is made of Longhorn v1 for whoever says that he knows, with a warning', async () => {
    const guard = await guardOf((await startCluster(RUNNING)).kubeconfig)
    const known = { annotations: { [RUNNING_ACKNOWLEDGED_ANNOTATION]: '{"who":"ann","when":"2026-03-01T12:00:00Z"}' } }
    expect(await exportOf(guard, image({}, known))).toMatchObject({ allowed: true, warnings: [expect.stringMatching(/"ann" acknowledged .* only as whole as after a power cut/) as string] })
    expect((await exportOf(guard, image({ backend: 'cdi' }, known))).allowed).toBe(false)
    expect((await exportOf(guard, image({}, { annotations: { [RUNNING_ACKNOWLEDGED_ANNOTATION]: 'yes' } }))).allowed).toBe(false)
  })

  it.each(FOUND_ANNOTATIONS)('is refused that brings %s, which is found out only once it was made, at rest or not', async annotation => {
    const forged = image({}, { annotations: { [annotation]: '2026-03-01T12:05:00Z' } })
    const cluster = await startCluster(OFF)
    const guard = await guardOf(cluster.kubeconfig)
    const { allowed, code, message } = await exportOf(guard, forged)
    expect([allowed, code]).toEqual([false, 422])
    expect(message).toBe(`annotation ${annotation} says what is found out of an image after it was made, and nobody has looked at one that is only being made: create it without. The console notes it on the exports that it carries out.`)
    expect(cluster.server.seen.filter(({ url = '' }) => url.includes('/persistentvolumeclaims'))).toEqual([])
    // It has taken no turn: the disk is free.
    expect((await startOf(guard)).allowed).toBe(true)
    expect((await exportOf(guard, image({ ...forged.spec, sourceType: 'download' }, forged.metadata))).allowed).toBe(true)
  })

  describe('by which it will be found out who had the disk while it was read', () => {
    const volume = (names: readonly string[], lastPodRefAt: string) => ({ apiVersion: 'longhorn.io/v1beta2', kind: 'Volume', metadata: meta('pv-1', 'longhorn-system'), spec: {}, status: { state: 'detached', kubernetesStatus: { namespace: 'default', pvcName: 'web-disk', lastPodRefAt, workloadsStatus: names.map(podName => ({ podName })) } } })
    const SEEN: Objects = { ...OFF, volumes: [volume(['virt-launcher-web-01-x'], '2026-03-01T11:00:00Z')] }
    const LAST_PODS = 'pv-1 2026-03-01T11:00:00Z virt-launcher-web-01-x'
    const noting = (lastPods: unknown, more: object = {}) => image({}, { annotations: { [EXPORT_ANNOTATION]: JSON.stringify({ lastPods }), ...more } })

    it('tells the last pods to a dry run of one who may see the disk, at rest alone', async () => {
      const cluster = await startCluster(SEEN, { strangers: ['eve'] })
      const guard = await guardOf(cluster.kubeconfig)
      const tried = async () => readExportAnswer((await exportOf(guard, image(), { dryRun: true })).warnings)
      expect(await tried()).toEqual({ claim: 'default/web-disk', word: 'at-rest', memory: { word: 'noted', lastPods: LAST_PODS } })
      expect((await exportOf(guard, image(), { dryRun: true, namespace: 'lab', user: 'eve' })).warnings).toEqual([])
      cluster.becomes({ ...SEEN, volumes: [volume(['virt-launcher-web-01-x'], '')] })
      expect((await tried())?.memory).toEqual({ word: 'behind', volume: 'pv-1' })
      cluster.becomes({ ...SEEN, virtualmachines: [vm('Always')] })
      expect(await tried()).toEqual({ claim: 'default/web-disk', word: 'will-start' })
      cluster.becomes(OFF)
      expect(await tried()).toEqual({ claim: 'default/web-disk', word: 'at-rest' })
    })

    it('is let through with what Longhorn says of the last pods, or with nothing', async () => {
      const guard = await guardOf((await startCluster(SEEN)).kubeconfig)
      expect(await exportOf(guard, noting(LAST_PODS))).toMatchObject({ allowed: true, warnings: [] })
      expect(await exportOf(guard, noting(undefined))).toMatchObject({ allowed: true, warnings: [] })
    })

    it.each<[string, Objects, unknown]>([
      ['what is only to come, so that a pod that comes meanwhile would not be found out', SEEN, 'pv-1 2026-03-01T12:00:00Z guestfs'],
      ['what was before', SEEN, 'pv-1 2026-03-01T10:00:00Z virt-launcher-web-01-x'],
      ['that there never was one', SEEN, 'pv-1 never'],
      ['no text', SEEN, 7],
      ['something of a volume that Longhorn does not have', OFF, 'pv-1 never'],
      ['something where Longhorn still lists a pod', { ...OFF, volumes: [volume(['virt-launcher-web-01-x'], '')] }, LAST_PODS],
    ])('is refused, and tried again by the console, with anything else: %s', async (_, objects, lastPods) => {
      const guard = await guardOf((await startCluster(objects)).kubeconfig)
      const { allowed, code, message } = await exportOf(guard, noting(lastPods))
      expect([allowed, code]).toEqual([false, 422])
      expect(message).toContain('create it without lastPods')
      const failure = { status: 422, reason: 'Invalid', message: `admission webhook "x" denied the request: ${message}` }
      expect(judgeWriteFailure(failure, { act: 'create', resource: IMAGES as Resource, manifest: { apiVersion: 'v1', kind: 'VirtualMachineImage', metadata: { name: 'by-hand' } } })).toBe('later')
      // It has taken no turn.
      expect((await startOf(guard)).allowed).toBe(true)
    })

    it('is only warned of to an account that is to be warned, and let through to whoever says that the disk is in use', async () => {
      const guard = await guardOf((await startCluster(SEEN)).kubeconfig, { warnOnly: [HARVESTER] })
      expect(await exportOf(guard, noting('pv-1 never'), { user: HARVESTER })).toMatchObject({ allowed: true, warnings: [expect.stringContaining('create it without lastPods') as string] })
      expect((await exportOf(guard, noting('pv-1 never', { [RUNNING_ACKNOWLEDGED_ANNOTATION]: '{"who":"ann","when":"2026-03-01T12:00:00Z"}' }))).allowed).toBe(true)
    })
  })

  it('is not called verified by its author together with a word for a disk in use', async () => {
    const guard = await guardOf((await startCluster(RUNNING)).kubeconfig)
    const annotations = { [RUNNING_ACKNOWLEDGED_ANNOTATION]: '{"who":"eve","when":"2026-03-01T12:00:00Z"}', [FOUND_ANNOTATIONS[1]]: '2026-03-01T12:05:00Z' }
    expect((await exportOf(guard, image({}, { annotations }))).allowed).toBe(false)
  })

  it('that brings such a word is only warned of to an account that is to be warned, and judged all the same', async () => {
    const cluster = await startCluster(RUNNING)
    const guard = await guardOf(cluster.kubeconfig, { warnOnly: [HARVESTER] })
    const forged = image({}, { annotations: { [FOUND_ANNOTATIONS[1]]: '2026-03-01T12:05:00Z' } })
    expect(await exportOf(guard, forged, { user: HARVESTER })).toMatchObject({ allowed: true, warnings: [expect.stringContaining(`annotation ${FOUND_ANNOTATIONS[1]}`) as string, expect.stringContaining('volume default/web-disk is in use') as string] })
    cluster.becomes(OFF)
    expect((await exportOf(guard, forged, { user: HARVESTER })).allowed).toBe(true)
    expect((await startOf(guard)).message).toContain('which was asked for a moment ago')
  })

  it('is refused to Harvester\'s own account like to anybody else, and to no account that is only to be warned', async () => {
    const { kubeconfig } = await startCluster(RUNNING)
    expect((await exportOf(await guardOf(kubeconfig), image(), { user: HARVESTER })).allowed).toBe(false)
    const lenient = await guardOf(kubeconfig, { warnOnly: [HARVESTER] })
    expect(await exportOf(lenient, image(), { user: HARVESTER })).toMatchObject({ allowed: true, warnings: [expect.stringContaining('volume default/web-disk is in use') as string] })
    expect((await exportOf(lenient)).allowed).toBe(false)
  })

  it('is the console\'s own where its intent names it, and refused beside it where it does not', async () => {
    const cluster = await startCluster({ ...OFF, persistentvolumeclaims: [underExport()], virtualmachines: [vm('Halted', { [EXPORT_ANNOTATION]: exportReference(INTENT) })] })
    const guard = await guardOf(cluster.kubeconfig)
    expect((await exportOf(guard, image({}, { name: 'export-abcd1234' }))).allowed).toBe(true)
    expect((await exportOf(guard)).message).toContain('image default/export-abcd1234 is being exported from it')
  })

  it('remembers where the console\'s own export last saw the disk', async () => {
    const lost = { ...node, status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } }
    const guard = await guardOf((await startCluster({ ...OFF, persistentvolumeclaims: [underExport({ vms: [{ name: 'web-01', runStrategy: 'Always', wasRunning: true, node: 'node-1' }] })], nodes: [lost] })).kubeconfig)
    expect(readRefusedAnswer((await exportOf(guard, image({}, { name: 'export-abcd1234' }))).message)?.word).toBe('unknown')
  })

  it.each<[string, object]>([
    ['a download', image({ sourceType: 'download' })],
    ['an export that names no volume', image({ pvcName: undefined })],
    ['no image', {}],
  ])('is nothing to %s', async (_, object) => {
    expect(await exportOf(await guardOf((await startCluster(RUNNING)).kubeconfig), object)).toMatchObject({ allowed: true, warnings: [] })
  })

  it('of a volume that is not there is left to Harvester to refuse', async () => {
    expect(await exportOf(await guardOf((await startCluster({})).kubeconfig))).toMatchObject({ allowed: true, warnings: ['spec.pvcName: there is no volume default/web-disk.'] })
  })
})

describe('a start', () => {
  it('is refused while its disk is under export, in words for the VM\'s condition', async () => {
    const guard = await guardOf((await startCluster({ ...OFF, persistentvolumeclaims: [underExport()] })).kubeconfig)
    const { allowed, code, message } = await startOf(guard)
    expect([allowed, code]).toEqual([false, 403])
    expect(message).toBe('volume default/web-disk is being exported to image "web" (default/export-abcd1234) since 2026-03-01 12:00 UTC, asked for by "ann", and its image is not begun. The VM may have it when that is over; to have it now, choose "Abandon the export" in the console.')
  })

  it('is refused while somebody\'s image is read from its disk, and says how far that is', async () => {
    const reading = { ...image(), status: { ...image().status, progress: 40 } }
    const guard = await guardOf((await startCluster({ ...OFF, virtualmachineimages: [reading] })).kubeconfig)
    expect((await startOf(guard)).message).toMatch(/\(default\/by-hand\) since 2026-03-01 12:00 UTC, 40 % read, some \d+ min left\..* delete image default\/by-hand\.$/)
  })

  it.each<[string, Objects]>([
    ['nothing is exported', OFF],
    ['the export itself has asked for it', { ...OFF, persistentvolumeclaims: [underExport()], virtualmachines: [vm('Always', { [EXPORT_ANNOTATION]: exportReference(INTENT, 'started') })] }],
    ['the export was given up', { ...OFF, persistentvolumeclaims: [underExport({ abandonedBy: 'bob' })] }],
    ['its image is there', { ...OFF, virtualmachineimages: [image({}, {}, 'True')] }],
    ['another disk is exported', { ...OFF, persistentvolumeclaims: [claim(), claim({ [EXPORT_ANNOTATION]: writeIntent(INTENT) }, 'other')] }],
  ])('is let through when %s', async (_, objects) => {
    expect(await startOf(await guardOf((await startCluster(objects)).kubeconfig))).toMatchObject({ allowed: true, warnings: [] })
  })

  const torn = (by: readonly string[], more: object = {}) => image({}, { name: 'export-abcd1234', annotations: { [OVERTAKEN_ANNOTATION]: JSON.stringify({ when: '2026-03-01T12:06:00Z', by }), ...more } })
  it.each<[string, boolean, object, object]>([
    ['refused as long as the image of an export is read', false, underExport({ madeAt: '2026-03-01T12:05:00Z' }), image({}, { name: 'export-abcd1234' })],
    ['refused also where the image is torn already', false, underExport({ madeAt: '2026-03-01T12:05:00Z' }), torn(['default/web-01'])],
    ['let through at once where a torn image\'s export was given up', true, underExport({ abandonedBy: 'bob' }), torn(['default/web-01'])],
    ['let through where the export has run into its time limit', true, underExport({ madeAt: '2026-03-01T12:05:00Z' }), torn([])],
    ['let through where the export has ended and its torn image is still read', true, claim(), torn(['default/web-01'], { [ENDED_ANNOTATION]: '2026-03-01T12:09:00Z' })],
  ])('is %s', async (_, allowed, under, reading) => {
    const guard = await guardOf((await startCluster({ ...OFF, virtualmachines: [vm('Always', { [EXPORT_ANNOTATION]: exportReference(INTENT) })], persistentvolumeclaims: [under], virtualmachineimages: [reading] })).kubeconfig)
    expect(await startOf(guard)).toMatchObject({ allowed, warnings: [] })
  })

  it.each(['persistentvolumeclaims', 'virtualmachineimages', 'virtualmachines'])('is let through with a warning where the guard may not read %s: a VM that does not start is worse', async plural => {
    const guard = await guardOf((await startCluster({ ...OFF, persistentvolumeclaims: [underExport()] }, { forbidden: [plural] })).kubeconfig)
    expect(await startOf(guard)).toMatchObject({ allowed: true, warnings: [expect.stringContaining(`cannot read ${plural}`) as string] })
  })

  it('is refused while Longhorn still copies its disk for somebody\'s image that Harvester calls imported, and not once that is over', async () => {
    const target = { ...claim({ 'cdi.kubevirt.io/cloneType': 'csi-clone' }, 'by-hand'), spec: { volumeName: 'pv-2' } }
    const volume = (state: string) => ({ apiVersion: 'longhorn.io/v1beta2', kind: 'Volume', metadata: meta('pv-2', 'longhorn-system'), spec: { dataSource: 'vol://pv-1' }, status: { cloneStatus: { state } } })
    const copying = (...volumes: object[]): Objects => ({ ...OFF, persistentvolumeclaims: [claim(), target], volumes, virtualmachineimages: [image({ backend: 'cdi' }, {}, 'True')] })
    const cluster = await startCluster(copying(volume('initiated')))
    const guard = await guardOf(cluster.kubeconfig)
    expect(await startOf(guard)).toMatchObject({ allowed: false, message: expect.stringContaining('default/by-hand') as string })
    expect(await exportOf(guard, image({ displayName: 'another' }, { name: 'another' }))).toMatchObject({ allowed: false })
    for (const volumes of [[volume('completed')], [volume('copy-completed-awaiting-healthy')], []]) {
      cluster.becomes(copying(...volumes))
      expect(await startOf(guard)).toMatchObject({ allowed: true })
    }
  })

  it('is not refused for an image that an account which is only warned was let make of a disk in use: the VM must be able to come back', async () => {
    const cluster = await startCluster(RUNNING)
    const guard = await guardOf(cluster.kubeconfig, { warnOnly: [HARVESTER] })
    expect((await exportOf(guard, image(), { user: HARVESTER })).allowed).toBe(true)
    cluster.becomes({ ...OFF, virtualmachines: [vm('Always')] })
    expect(await startOf(guard)).toMatchObject({ allowed: true })
    cluster.becomes({ ...OFF, virtualmachines: [vm('Always')], virtualmachineimages: [image()] })
    expect(await startOf(guard)).toMatchObject({ allowed: true })
    cluster.becomes({ ...OFF, virtualmachines: [vm('Always')], virtualmachineimages: [image({ displayName: 'another' })] })
    expect(await startOf(guard)).toMatchObject({ allowed: false })
  })

  it('is refused for an image of that name that is made of the disk at rest later', async () => {
    const cluster = await startCluster(RUNNING)
    const guard = await guardOf(cluster.kubeconfig, { warnOnly: [HARVESTER] })
    expect((await exportOf(guard, image(), { user: HARVESTER })).allowed).toBe(true)
    cluster.becomes(OFF)
    expect((await exportOf(guard)).allowed).toBe(true)
    cluster.becomes({ ...OFF, virtualmachineimages: [image()] })
    expect(await startOf(guard)).toMatchObject({ allowed: false })
  })

  it('is refused for one that such an account was let make of a disk at rest', async () => {
    const cluster = await startCluster(OFF)
    const guard = await guardOf(cluster.kubeconfig, { warnOnly: [HARVESTER] })
    expect((await exportOf(guard, image(), { user: HARVESTER })).allowed).toBe(true)
    expect(await startOf(guard)).toMatchObject({ allowed: false })
    cluster.becomes({ ...OFF, virtualmachineimages: [image()] })
    expect(await startOf(guard)).toMatchObject({ allowed: false })
  })

  it('is not refused for an image that was asked for of a running disk, knowingly', async () => {
    const guard = await guardOf((await startCluster(RUNNING)).kubeconfig)
    const known = { annotations: { [RUNNING_ACKNOWLEDGED_ANNOTATION]: JSON.stringify({ who: 'ann', when: '2026-03-01T12:00:00Z' }) } }
    expect((await exportOf(guard, image({}, known))).allowed).toBe(true)
    expect(await startOf(guard)).toMatchObject({ allowed: true })
  })

  it('is only warned of to an account that is to be warned', async () => {
    const guard = await guardOf((await startCluster({ ...OFF, persistentvolumeclaims: [underExport()] })).kubeconfig, { warnOnly: [CONTROLLER] })
    expect(await startOf(guard)).toMatchObject({ allowed: true, warnings: [expect.stringContaining('is being exported') as string] })
  })

  describe('of a VM whose TPM KubeVirt keeps on a claim that the VM does not name', () => {
    const state = { ...claim({ [EXPORT_ANNOTATION]: writeIntent({ ...INTENT, claim: { namespace: 'default', name: 'persistent-state-for-web-01-x7k2p' } }) }, 'persistent-state-for-web-01-x7k2p') }
    const labelled = { ...state, metadata: { ...state.metadata, labels: { 'persistent-state-for': 'web-01' } } }
    const withTpm = { ...vmi([], {}), spec: { domain: { devices: { tpm: { persistent: true } } }, volumes: [] } }

    it('is refused while that claim is exported, and not while that of another VM is', async () => {
      const cluster = await startCluster({ ...OFF, persistentvolumeclaims: [claim(), labelled] })
      const guard = await guardOf(cluster.kubeconfig)
      expect(await startOf(guard, { object: withTpm })).toMatchObject({ allowed: false, message: expect.stringContaining('volume default/persistent-state-for-web-01-x7k2p is being exported') as string })
      const rerun = { ...vm('RerunOnFailure'), spec: { runStrategy: 'RerunOnFailure', template: { spec: { domain: { firmware: { bootloader: { efi: { persistent: true } } } } } } } }
      expect((await startOf(guard, { resource: 'virtualmachines', operation: 'UPDATE', object: rerun, oldObject: vm('Halted') })).allowed).toBe(false)
      cluster.becomes({ ...OFF, persistentvolumeclaims: [claim(), { ...labelled, metadata: { ...labelled.metadata, labels: { 'persistent-state-for': 'db-01' } } }] })
      expect(await startOf(guard, { object: withTpm })).toMatchObject({ allowed: true, warnings: [] })
    })

    it('has that claim from then on, so that an export in the same moment is refused', async () => {
      const resting = { ...labelled, metadata: { ...labelled.metadata, annotations: {} } }
      const guard = await guardOf((await startCluster({ ...OFF, persistentvolumeclaims: [resting] })).kubeconfig)
      expect((await startOf(guard, { object: withTpm })).allowed).toBe(true)
      expect((await exportOf(guard, image({ pvcName: resting.metadata.name }))).message).toContain('VM default/web-01 was started on it a moment ago')
    })

    it('is let through with a warning where the claims cannot be read', async () => {
      const guard = await guardOf((await startCluster(OFF, { forbidden: ['persistentvolumeclaims'] })).kubeconfig)
      expect(await startOf(guard, { object: withTpm })).toMatchObject({ allowed: true, warnings: [expect.stringContaining('cannot read persistentvolumeclaims') as string] })
    })
  })

  it('by plugging the disk into an instance that runs is refused, and what the instance has already is not', async () => {
    const guard = await guardOf((await startCluster({ ...OFF, persistentvolumeclaims: [underExport()] })).kubeconfig)
    const plug = { operation: 'UPDATE', object: vmi(), oldObject: vmi([]) }
    expect((await startOf(guard, plug)).allowed).toBe(false)
    expect((await startOf(guard, { ...plug, oldObject: vmi() })).allowed).toBe(true)
  })

  it('by giving the disk to a VM that runs is refused; to one that is off it is not', async () => {
    const guard = await guardOf((await startCluster({ ...OFF, persistentvolumeclaims: [underExport()] })).kubeconfig)
    const on = { ...vm('Always'), status: { created: true } }
    const bare = { ...on, spec: { ...on.spec, template: { spec: { volumes: [] } } } }
    const plug = { resource: 'virtualmachines', operation: 'UPDATE', user: 'bob', object: on, oldObject: bare }
    expect((await startOf(guard, plug)).allowed).toBe(false)
    expect((await startOf(guard, { ...plug, object: { ...on, status: { created: false } } })).allowed).toBe(true)
    expect((await startOf(guard, { ...plug, oldObject: on })).allowed).toBe(true)
  })
})

describe('a VM that is to be rerun on failure from now on', () => {
  // KubeVirt tries the instance once for it, and forgets the wish when that is refused.
  const rerun = (annotations: object = {}) => ({ resource: 'virtualmachines', operation: 'UPDATE', user: 'bob', object: vm('RerunOnFailure', annotations), oldObject: vm('Halted') })

  it('is refused while its disk is under export, for its start would be lost', async () => {
    const guard = await guardOf((await startCluster({ ...OFF, persistentvolumeclaims: [underExport()] })).kubeconfig)
    expect(await startOf(guard, rerun())).toMatchObject({ allowed: false, code: 403, message: expect.stringContaining('is being exported to image "web"') as string })
  })

  it('is let through by the export itself, and with any other strategy, at which KubeVirt keeps trying', async () => {
    const guard = await guardOf((await startCluster({ ...OFF, persistentvolumeclaims: [underExport()] })).kubeconfig)
    expect((await startOf(guard, rerun({ [EXPORT_ANNOTATION]: exportReference(INTENT, 'started') }))).allowed).toBe(true)
    expect((await startOf(guard, { ...rerun(), object: vm('Always') })).allowed).toBe(true)
    expect((await startOf(guard, { ...rerun(), oldObject: vm('RerunOnFailure') })).allowed).toBe(true)
  })

  it('has the disk from then on, so that an export in the same moment is refused', async () => {
    const guard = await guardOf((await startCluster(OFF)).kubeconfig)
    expect((await startOf(guard, rerun())).allowed).toBe(true)
    expect((await exportOf(guard)).message).toContain('VM default/web-01 was started on it a moment ago')
  })
})

describe('an export and a start in the same moment', () => {
  it('are never both let through, whichever comes first', async () => {
    const names = Array.from({ length: 40 }, (_, index) => `web-disk-${index}`)
    const guard = await guardOf((await startCluster({ persistentvolumeclaims: names.map(name => claim({}, name)), nodes: [node] })).kubeconfig)
    const admitted = await Promise.all(names.map(async (name, index) => {
      const asks = [() => exportOf(guard, image({ pvcName: name })), () => startOf(guard, { object: vmi([{ name: 'root', persistentVolumeClaim: { claimName: name } }], {}) })]
      const answers = await Promise.all((index % 2 ? asks : asks.reverse()).map(each => each()))
      return answers.filter(({ allowed }) => allowed).length
    }))
    expect(admitted.filter(count => count > 1)).toEqual([])
    expect(admitted).toContain(1)
  // Eighty reviews at once, each with a dozen reads: on a busy machine that takes seconds.
  }, 60_000)

  it('are not both let through where the start could not be judged', async () => {
    const slow = ['virtualmachines']
    const guard = await guardOf((await startCluster(OFF, { slow })).kubeconfig)
    expect(await startOf(guard)).toMatchObject({ allowed: true, warnings: [expect.stringContaining('cannot read virtualmachines.kubevirt.io') as string] })
    slow.pop()
    expect((await exportOf(guard)).message).toContain('VM default/web-01 was started on it a moment ago')
  })

  it('are not both let through where the disk is plugged into an instance that runs, and is not seen on it yet', async () => {
    const cluster = await startCluster({ ...OFF, virtualmachines: [], virtualmachineinstances: [vmi([])] })
    const guard = await guardOf(cluster.kubeconfig)
    expect((await startOf(guard, { operation: 'UPDATE', object: vmi(), oldObject: vmi([]) })).allowed).toBe(true)
    expect((await exportOf(guard)).message).toContain('VM default/web-01 was started on it a moment ago')
    cluster.becomes({ ...OFF, virtualmachineinstances: [vmi()] })
    expect((await exportOf(guard)).message).toContain('VM default/web-01 is on it (Running)')
  })

  it('are told which of them has the disk', async () => {
    const guard = await guardOf((await startCluster(OFF)).kubeconfig)
    expect((await exportOf(guard)).allowed).toBe(true)
    expect((await startOf(guard)).message).toBe('volume default/web-disk is being exported to image default/by-hand, which was asked for a moment ago. The VM may have it when that is over.')
    const other = await guardOf((await startCluster(OFF)).kubeconfig)
    expect((await startOf(other)).allowed).toBe(true)
    const { message } = await exportOf(other)
    expect(message).toContain('is in use: VM default/web-01 was started on it a moment ago')
    expect(readRefusedAnswer(message)?.word).toBe('in-use')
    expect(readExportAnswer((await exportOf(other, image(), { dryRun: true })).warnings)?.word).toBe('in-use')
  })

  it('leave no trace of what was refused, or only tried', async () => {
    const cluster = await startCluster(RUNNING)
    const guard = await guardOf(cluster.kubeconfig)
    expect((await exportOf(guard)).allowed).toBe(false)
    cluster.becomes(OFF)
    expect((await exportOf(guard, image(), { dryRun: true })).allowed).toBe(true)
    expect((await startOf(guard)).allowed).toBe(true)
  })

  it('do not keep a VM off to whose export the cluster has refused the image', async () => {
    const cluster = await startCluster({ ...OFF, persistentvolumeclaims: [underExport()] })
    const guard = await guardOf(cluster.kubeconfig)
    expect((await exportOf(guard, image({}, { name: 'export-abcd1234' }))).allowed).toBe(true)
    const started = { resource: 'virtualmachines', operation: 'UPDATE', oldObject: vm('Halted'), object: vm('RerunOnFailure', { [EXPORT_ANNOTATION]: exportReference(INTENT, 'started') }) }
    expect((await startOf(guard, started)).allowed).toBe(false)
    cluster.becomes({ ...OFF, persistentvolumeclaims: [underExport({ refusal: 'a quota is used up' })] })
    expect((await startOf(guard, started)).allowed).toBe(true)
  })

  it('do not keep a VM off whose image is there meanwhile', async () => {
    const cluster = await startCluster(OFF)
    const guard = await guardOf(cluster.kubeconfig)
    expect((await exportOf(guard)).allowed).toBe(true)
    cluster.becomes({ ...OFF, virtualmachineimages: [image({}, {}, 'True')] })
    expect((await startOf(guard)).allowed).toBe(true)
  })
})

describe('the requester of an export', () => {
  const write = (guard: Guard, object: object, oldObject?: object, user = 'ann') => ask(guard, '/admission/requester', { resource: 'persistentvolumeclaims', group: '', operation: oldObject ? 'UPDATE' : 'CREATE', object, oldObject, user })

  it('is written into the intent as the API server knows him, and stays', async () => {
    const guard = await guardOf((await startCluster({})).kubeconfig)
    const { allowed, patch } = await write(guard, underExport(), claim())
    expect(allowed).toBe(true)
    expect(patch).toEqual([{ op: 'replace', path: '/metadata/annotations/guardrails.harvesterhci.io~1export', value: expect.any(String) as string }])
    const text = patch?.[0]?.value ?? ''
    expect(JSON.parse(text)).toMatchObject({ id: 'abcd1234', requester: 'ann', identity: { uid: 'u-7', groups: ['operators'] } })
    const written = claim({ [EXPORT_ANNOTATION]: text })
    const again = await write(guard, underExport({ madeAt: '2026-03-01T12:01:00Z' }), written, 'bob')
    expect(JSON.parse(again.patch?.[0]?.value ?? '')).toMatchObject({ madeAt: '2026-03-01T12:01:00Z', requester: 'ann', identity: { uid: 'u-7' } })
    expect(await write(guard, underExport({ storageClass: 'mine' }), written, 'bob')).toMatchObject({ allowed: false, code: 403, message: expect.stringContaining('asked for by "ann", and its storageClass stays') as string })
  })

  it('is nobody of a claim that is only being made, by whose template or backup ever: the note is taken off, and that is said', async () => {
    const guard = await guardOf((await startCluster({})).kubeconfig)
    const { allowed, patch, warnings } = await write(guard, underExport(), undefined, 'system:serviceaccount:harvester-system:harvester')
    expect(allowed).toBe(true)
    expect(patch).toEqual([{ op: 'remove', path: '/metadata/annotations/guardrails.harvesterhci.io~1export' }])
    expect(warnings).toEqual([expect.stringContaining('a volume that is only being made is under no export') as string])
  })

  it('is nobody\'s business where no intent is written', async () => {
    const guard = await guardOf((await startCluster({})).kubeconfig)
    for (const [object, old] of [[claim(), underExport()], [underExport(), underExport()], [claim({ a: 'b' }), claim()]] as const)
      expect(await write(guard, object, old)).toMatchObject({ allowed: true, patch: undefined })
  })
})

describe('the role for the guard', () => {
  interface Rule { readonly apiGroups: readonly string[], readonly resources: readonly string[], readonly verbs: readonly string[] }
  const [text = ''] = readFileSync(resolve(import.meta.dirname, '../docs/roles/export-guard.yaml'), 'utf8').split('\n---\n')
  const { rules } = loadYaml<{ readonly rules: readonly Rule[] }>(text)

  it('lets it do all that it does', async () => {
    const cluster = await startCluster({ ...OFF, persistentvolumeclaims: [underExport()] })
    const guard = await guardOf(cluster.kubeconfig)
    await exportOf(guard, image(), { namespace: 'lab' })
    await startOf(guard)
    const missing = cluster.server.seen.flatMap(({ method, url = '' }) => {
      const { pathname, searchParams } = new URL(url, 'http://localhost')
      const [, group = '', plural = '', name] = /^\/api(?:s\/([^/]+))?\/[^/]+(?:\/namespaces\/[^/]+)?\/([^/]+)(?:\/([^/]+))?$/.exec(pathname) ?? []
      const verb = method === 'POST' ? 'create' : name ? 'get' : searchParams.has('watch') ? 'watch' : 'list'
      return rules.some(rule => rule.apiGroups.includes(group) && rule.resources.includes(plural) && rule.verbs.includes(verb)) ? [] : `${verb} ${plural}.${group}`
    })
    expect(cluster.server.seen.length).toBeGreaterThan(12)
    expect(missing).toEqual([])
  })
})

describe('the guard', () => {
  it('counts what it answers, and says on its port that it stands', async () => {
    const cluster = await startCluster(RUNNING)
    const guard = await guardOf(cluster.kubeconfig)
    expect(guard.report()).toMatchObject({ guard: 'on', reviews: { allowed: 0, refused: 0 } })
    expect(guard.report()).not.toHaveProperty('lastReviewAt')
    await exportOf(guard)
    cluster.becomes(OFF)
    await exportOf(guard)
    await exportOf(guard, image(), { dryRun: true })
    expect(guard.report()).toMatchObject({ reviews: { allowed: 1, warned: 1, refused: 1, failed: 0 } })
    expect(guard.report().lastReviewAt).toBeGreaterThan(Date.now() - 60_000)
  })

  it('lets everything through when it is switched off', async () => {
    const guard = await guardOf((await startCluster({ ...RUNNING, persistentvolumeclaims: [underExport()] })).kubeconfig, { guard: false })
    expect((await exportOf(guard)).allowed).toBe(true)
    expect((await startOf(guard)).allowed).toBe(true)
    expect(guard.report().guard).toBe('off')
  })
})
