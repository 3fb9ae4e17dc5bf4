import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { get } from 'node:https'
import { join } from 'node:path'
import type { Api, Fields } from '../api.ts'
import type { Module } from './binary.ts'
import { LOOSE_DEFINITIONS } from './definitions.ts'
import { NODES, afterWebhooks, beforePrograms, furnish } from './furniture.ts'
import { defineKinds, make } from './kinds.ts'
import type { Part } from './parts.ts'
import { freePorts } from './ports.ts'
import { startProgram, waitFor } from './processes.ts'

// KubeVirt's, Harvester's and Longhorn's own programs around a real API server. Nothing here plays the nodes' side: that is
// for whoever calls it (server/cluster/elsewhere.ts). One control plane a machine: Longhorn's webhook has the fixed port 9502.

interface Options {
  /** The folder of the running API server: its kubeconfigs and certificates are read there, logs and pid files written. */
  readonly folder: string
  /** The administrator of that API server. */
  readonly api: Api
  readonly parts: readonly Part[]
  readonly binaries: Readonly<Partial<Record<Module, string>>>
  /** The kinds that upstream's modules behind `harvester` define, as the build left them. */
  readonly definitions: string
  /** Defines what kinds, namespaces and roles are still missing. */
  readonly furnishRest: () => Promise<unknown>
  readonly tied: boolean
  /** Told of what is ready, in a line. */
  readonly say: (line: string) => void
}

/** Where the parts are looked for beside Kubernetes. */
interface Doors {
  /** On which virt-api looks for virt-handler. */
  readonly handlerPort: number
  /** On which Harvester's own API looks for CDI's upload proxy. */
  readonly cdiPort: number
  /** Where Harvester's own API takes uploads; undefined where nobody does. */
  readonly harvesterUrl: string | undefined
}

/** Brings the parts up; answers when all of them work. Throws with the last lines of their logs. */
export async function startControlPlane(options: Options): Promise<Doors> {
  const { api, parts, definitions, furnishRest, say } = options
  const from = Date.now()
  const tell = (line: string) => say(`${String(Math.round((Date.now() - from) / 1000)).padStart(4)} s  ${line}`)
  const [handlerPort = 0, harvesterPort = 0, longhornPort = 0, cdiPort = 0] = await freePorts(4)
  const stage: Stage = { ...options, handlerPort, harvesterPort, longhornPort, cdiPort, has: part => parts.includes(part), start: starter(options), tell }
  await define(stage, readLines(definitions))
  await furnishRest()
  tell('kinds')
  await furnish(api, beforePrograms())
  // Independent of each other: what one waits for, another uses.
  await Promise.all([startNodes(stage), stage.has('kubevirt') && startKubeVirt(stage), stage.has('harvester') && startHarvester(stage)])
  // Longhorn's own data sources take the bytes: where they are played nobody does.
  return { handlerPort, cdiPort, harvesterUrl: stage.has('harvester') && stage.has('longhorn') ? `http://127.0.0.1:${harvesterPort}` : undefined }
}

/** The nodes, once Longhorn's webhook answers for its own, and Longhorn on them. */
async function startNodes(stage: Stage): Promise<void> {
  if (stage.has('longhorn-webhook'))
    await startLonghornWebhook(stage)
  await furnish(stage.api, afterWebhooks(stage.folder, stage.parts))
  if (stage.has('longhorn'))
    await startLonghorn(stage)
}

interface Stage extends Options {
  readonly handlerPort: number
  readonly cdiPort: number
  readonly harvesterPort: number
  /** Where Harvester looks for Longhorn's own API. */
  readonly longhornPort: number
  has(part: Part): boolean
  start(module: Module, name: string, args: readonly string[], env?: Readonly<Record<string, string>>): void
  tell(line: string): void
}

function starter({ folder, binaries, tied }: Options): Stage['start'] {
  return (module, name, args, env = {}) => startProgram({ folder, tied, name, command: binaryOf(binaries, module), args, env })
}

function binaryOf(binaries: Options['binaries'], module: Module): string {
  const binary = binaries[module]
  if (!binary)
    throw new Error(`${module} is not built`)
  return binary
}

function readLines(text: string): Fields[] {
  return text.split('\n').filter(Boolean).map(line => JSON.parse(line) as Fields)
}

/** Upstream's own definitions where a part brings them; a kind that two modules define is KubeVirt's. */
async function define({ has, api, binaries }: Stage, ofHarvester: readonly Fields[]): Promise<void> {
  if (has('kubevirt'))
    await defineKinds(api, readLines(print(binaryOf(binaries, 'kubevirt'), ['crds'])))
  if (has('harvester') || has('longhorn-webhook'))
    await defineKinds(api, ofHarvester)
  await defineKinds(api, LOOSE_DEFINITIONS)
}

function print(binary: string, args: readonly string[]): string {
  return execFileSync(binary, args, { encoding: 'utf8', maxBuffer: 64 * 2 ** 20, stdio: ['ignore', 'pipe', 'inherit'] })
}

const pki = (folder: string, name: string) => join(folder, 'pki', name)
const kubeconfig = (folder: string, user: string) => join(folder, `kubeconfig.${user}`)

async function startKubeVirt({ folder, api, binaries, handlerPort, start, tell }: Stage): Promise<void> {
  await make(api, '/api/v1/namespaces/harvester-system/configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kubevirt-ca' }, data: { 'ca-bundle': readFileSync(pki(folder, 'ca.crt'), 'utf8') } })
  const [apiPort = 0, controllerPort = 0] = await freePorts(2)
  const [cert, key] = [pki(folder, 'virt-api.crt'), pki(folder, 'virt-api.key')]
  const env = (name: string) => ({ NAMESPACE: 'harvester-system', POD_NAMESPACE: 'harvester-system', POD_NAME: name })
  start('kubevirt', 'virt-api', [
    'virt-api', '--kubeconfig', kubeconfig(folder, 'virt-api'), '--listen', '127.0.0.1', '--port', String(apiPort),
    '--tls-cert-file', cert, '--tls-key-file', key, '--handler-cert-file', cert, '--handler-key-file', key, '--console-server-port', String(handlerPort),
  ], env('virt-api'))
  start('kubevirt', 'virt-controller', [
    'virt-controller', '--kubeconfig', kubeconfig(folder, 'virt-controller'), '--listen', '127.0.0.1', '--port', String(controllerPort),
    '--launcher-image', 'virt-launcher', '--exporter-image', 'virt-exportserver', '--prom-cert-file', cert, '--prom-key-file', key,
  ], env('virt-controller'))
  await waitFor('virt-api', folder, () => answers(`https://127.0.0.1:${apiPort}/healthz`))
  const binary = binaryOf(binaries, 'kubevirt')
  for (const object of readLines(print(binary, ['webhooks', `https://127.0.0.1:${apiPort}`, pki(folder, 'ca.crt')])))
    await make(api, `/apis/admissionregistration.k8s.io/v1/${String(object.kind).toLowerCase()}s`, object)
  const services = readLines(print(binary, ['apiservices', String(apiPort)])) as (Fields & { readonly metadata: { readonly name: string } })[]
  for (const object of services)
    await make(api, API_SERVICES, object)
  for (const { metadata: { name } } of services)
    await waitFor(`the API ${name}`, folder, () => isAvailable(api, name))
  await waitFor('virt-controller', folder, async () => (await api.get('/apis/coordination.k8s.io/v1/namespaces/harvester-system/leases/virt-controller')).status === 200)
  tell('virt-api and virt-controller')
}

const API_SERVICES = '/apis/apiregistration.k8s.io/v1/apiservices'

async function isAvailable(api: Api, name: string): Promise<boolean> {
  const { status } = (await api.get(`${API_SERVICES}/${name}`)).expect(200).object
  return (status?.conditions as { type: string, status: string }[] | undefined)?.some(condition => condition.type === 'Available' && condition.status === 'True') ?? false
}

async function startLonghornWebhook({ folder, start, tell }: Stage): Promise<void> {
  start('harvester', 'longhorn-webhook', ['longhorn-webhook', kubeconfig(folder, 'longhorn')], { POD_NAMESPACE: 'longhorn-system', NODE_NAME: NODES[0] })
  await waitFor('longhorn-webhook', folder, isReady(folder, 'longhorn-webhook'))
  tell('longhorn-webhook')
}

async function startHarvester({ folder, harvesterPort, longhornPort, cdiPort, start, tell }: Stage): Promise<void> {
  const [port = 0] = await freePorts(1)
  start('harvester', 'harvester-webhook', ['webhook', kubeconfig(folder, 'harvester'), String(port), pki(folder, 'webhook.crt'), pki(folder, 'webhook.key'), pki(folder, 'ca.crt')])
  start('harvester', 'harvester-controllers', ['controllers', kubeconfig(folder, 'harvester'), String(harvesterPort), String(longhornPort), String(cdiPort)])
  await Promise.all(['harvester-webhook', 'harvester-controllers'].map(name => waitFor(name, folder, isReady(folder, name))))
  tell('harvester-webhook and harvester-controllers')
}

async function startLonghorn({ folder, api, binaries, longhornPort, start, tell }: Stage): Promise<void> {
  const binary = binaryOf(binaries, 'longhorn')
  // A backing image manager asks qemu-img about its files: the program itself answers to that name.
  const bin = join(folder, 'bin')
  mkdirSync(bin, { recursive: true })
  if (!existsSync(join(bin, 'qemu-img')))
    link(binary, join(bin, 'qemu-img'))
  const env = { PATH: `${bin}:${process.env.PATH}`, POD_NAMESPACE: 'longhorn-system' }
  const [port = 0] = await freePorts(1)
  start('longhorn', 'longhorn-kubelet', ['kubelet', kubeconfig(folder, 'kubelet'), String(port)], env)
  start('longhorn', 'longhorn-controllers', ['controllers', kubeconfig(folder, 'longhorn'), NODES.join(), String(longhornPort)], env)
  await waitFor('six schedulable disks', folder, async () => await schedulableDisks(api) === 2 * NODES.length, 120)
  tell('longhorn: six schedulable disks on three nodes')
}

function link(binary: string, path: string): void {
  try {
    symlinkSync(binary, path)
  }
  catch {
    copyFileSync(binary, path)
  }
}

interface DiskStatus { readonly conditions?: readonly { readonly type: string, readonly status: string }[] }

async function schedulableDisks(api: Api): Promise<number> {
  const { items } = (await api.get('/apis/longhorn.io/v1beta2/namespaces/longhorn-system/nodes')).expect(200).list
  const disks = items.flatMap(({ status }) => Object.values((status?.diskStatus ?? {}) as Record<string, DiskStatus>))
  return disks.filter(({ conditions = [] }) => conditions.some(({ type, status }) => type === 'Schedulable' && status === 'True')).length
}

/** Our programs say `ready` in a line of their own. */
function isReady(folder: string, name: string): () => Promise<boolean> {
  return () => Promise.resolve(/^ready$/m.test(readFileSync(join(folder, `${name}.log`), 'utf8')))
}

/** Whether anything at all is said there, whoever says it. */
function answers(url: string): Promise<boolean> {
  return new Promise((answer, fail) => {
    get(url, { rejectUnauthorized: false, agent: false }, response => {
      response.resume()
      answer(true)
    }).on('error', fail)
  })
}
