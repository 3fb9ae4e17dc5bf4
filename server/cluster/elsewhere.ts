import { createServer } from 'node:https'
import type { Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { createPatch } from 'rfc6902'
import { Agent, request } from 'undici'
import { parse } from 'yaml'
import type { FileTaker } from './cdiDoor.ts'
import { openUploadDoor } from './cdiDoor.ts'
import { makeCertificate } from './certificate.ts'
import type { AdmissionHook, SubresourceAnswer, SubresourceRoute } from './cluster.ts'
import type { JsonObject } from './json.ts'
import { isObject } from './json.ts'
import { CUSTOM_RESOURCE_DEFINITIONS } from './kinds/custom.ts'
import { CONFIG_MAPS } from './controllers/kinds.ts'
import { TOUR, daysAheadIn } from './controllers/mirrorSight.ts'
import { openHandlerDoor } from './handlerDoor.ts'
import type { Life } from './life.ts'
import { bringToLife } from './life.ts'
import { startMirror } from './mirror/server.ts'
import type { User } from './rbac.ts'
import { KindRegistry } from './registry.ts'
import { metaText } from './metadata.ts'
import type { RealPart } from './real.ts'
import { ACCOUNTS } from './runner.ts'
import { demonstration } from './seed/demonstration.ts'
import type { Layer } from './seed/seed.ts'

// The inhabitants of the embedded cluster in a real API server: what is called within the embedded one is reached from
// there over HTTPS, the hooks as an admission webhook, the power subresources as an aggregated API. Uploads are Harvester's
// own API, which no API server passes on: Harvester's own takes them where it and Longhorn are really there, and nobody elsewhere. What
// it sends to CDI, which nowhere is, comes in by a door of its own.

export interface ElsewhereOptions {
  /** Where `kubeconfig.ACCOUNT` lies for each account of ACCOUNTS, for `admin` and for `virt-api`. */
  readonly folder: string
  /** What is really there; Kubernetes alone when absent. */
  readonly real?: readonly RealPart[]
  /** Whether the demonstration is applied; true when absent. Its objects have a past that upstream's own controllers would not have left so. */
  readonly seed?: boolean
  readonly pace?: number
  /** Where a virt-api that is really there looks for virt-handler. */
  readonly handlerPort?: number
  /** Where a Harvester that is really there looks for CDI's upload proxy. */
  readonly cdiPort?: number
  /** Where Harvester's own API takes uploads; told to whoever plays, beside the mirror. */
  readonly harvesterUrl?: string | undefined
  readonly log?: (line: string) => void
}

const GROUP = 'subresources.kubevirt.io'
const HOME = 'harvester-system'
const SERVICE = 'virt-api'
const UNANSWERED = { status: 404, body: '404: Page Not Found' }

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: { readonly 'server': string, readonly 'certificate-authority': string } }[]
  readonly users: readonly { readonly user: { readonly token: string } }[]
}

export interface LifeElsewhere {
  /** Where the mirror of publishers is, with a slash at its end. */
  readonly mirror: string
  readonly stop: () => Promise<void>
}

/** Applies the demonstration to a real API server and lets the controllers drive it. Its kinds must be served already. */
export async function liveElsewhere({ folder, real = ['kubernetes'], seed = true, pace, handlerPort, cdiPort, harvesterUrl, log }: ElsewhereOptions): Promise<LifeElsewhere> {
  const read = (account: string) => parse(readFileSync(join(folder, `kubeconfig.${account}`), 'utf8')) as Kubeconfig
  const accounts = [...new Set(['admin', 'virt-api', ...Object.values(ACCOUNTS)])]
  const users = Object.fromEntries(accounts.map(account => [account, { token: read(account).users[0]?.user.token ?? '' }]))
  const cluster = read('admin').clusters[0]?.cluster
  if (!cluster)
    throw new Error(`${folder}/kubeconfig.admin names no cluster`)
  const caPem = readFileSync(cluster['certificate-authority'], 'utf8')

  const hooks: AdmissionHook[] = []
  const routes: SubresourceRoute[] = []
  const guestActs: SubresourceRoute[] = []
  const door = await openDoor(hooks, routes)
  const closeHandler = handlerPort === undefined ? undefined : await openHandlerDoor({ folder, port: handlerPort }, guestActs)
  let taker: FileTaker | undefined
  const closeUploads = cdiPort === undefined ? undefined : await openUploadDoor(cdiPort, () => taker)
  let life: Life | undefined
  const mirror = await startMirror({ port: 0, now: Date.now, daysAhead: reader => daysAheadIn(life?.runner?.world.get(CONFIG_MAPS, `${TOUR.namespace}/${TOUR.name}`), reader) })
  const tour: Layer = () => [{ kind: CONFIG_MAPS, object: { metadata: { ...TOUR }, data: { mirror: mirror.url, daysAhead: '0', ...(harvesterUrl === undefined ? {} : { harvester: harvesterUrl }) } } }]
  const say = speaker(cluster.server, caPem, users.admin?.token ?? '')
  const told = registrations(door, real)
  const leave = async () => {
    // A webhook and an aggregated API that do not answer hold up every write and the end of every namespace.
    for (const { path, object } of told.filter(({ object }) => object.kind !== 'Namespace'))
      await say('DELETE', `${path}/${metaText(object, 'name')}`)
    await Promise.all([say.close(), close(door.server), closeHandler?.(), closeUploads?.(), mirror.stop()])
  }
  try {
    for (const { path, object } of told)
      await register(say, path, object)
    const living = life = await bringToLife(
      { url: cluster.server, caPem, users, registerHook: hook => { hooks.push(hook) }, registerSubresource: route => { routes.push(route) }, registerGuestAct: route => { guestActs.push(route) }, registerFileTaker: take => { taker = take } },
      { seed: [tour, ...(seed ? demonstration(Date.now()) : [])], real, ...(pace === undefined ? {} : { pace }), ...(log ? { log } : {}) },
    )
    return { mirror: mirror.url, stop: async () => { await living.stop(); await leave() } }
  }
  catch (error) {
    await leave()
    throw error
  }
}

interface Door { readonly server: Server, readonly port: number, readonly caBundle: string }

async function openDoor(hooks: readonly AdmissionHook[], routes: readonly SubresourceRoute[]): Promise<Door> {
  const { certPem, keyPem } = await makeCertificate(new Date())
  const registry = new KindRegistry()
  for (const crd of CUSTOM_RESOURCE_DEFINITIONS)
    registry.addCrd(crd)
  const server = createServer({ cert: certPem, key: keyPem }, (incoming, outgoing) => {
    answer(incoming).then(({ status, body = '' }) => {
      outgoing.writeHead(status, { 'content-type': typeof body === 'string' ? 'text/plain' : 'application/json' }).end(typeof body === 'string' ? body : JSON.stringify(body))
    }, (error: unknown) => { outgoing.writeHead(500).end(String(error)) })
  })
  async function answer(incoming: IncomingMessage): Promise<SubresourceAnswer> {
    const url = new URL(incoming.url ?? '/', 'https://localhost')
    const chunks = await incoming.toArray() as Buffer[]
    const text = Buffer.concat(chunks).toString()
    const body = text ? JSON.parse(text) as JsonObject : {}
    if (url.pathname === '/hooks')
      return { status: 200, body: review(hooks, registry, body) }
    return discover(routes, url.pathname) ?? await callRoute(routes, incoming, url, body) ?? UNANSWERED
  }
  // Longer than Go's client keeps an idle connection (90 s): it would write to one that is just being closed.
  server.keepAliveTimeout = 120_000
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  return { server, port: (server.address() as AddressInfo).port, caBundle: Buffer.from(certPem).toString('base64') }
}

/** Answers an AdmissionReview (admission.k8s.io/v1) by the hooks, in their order. */
function review(hooks: readonly AdmissionHook[], registry: KindRegistry, { request: asked }: JsonObject): JsonObject {
  const { uid, operation, resource, subResource, namespace, name, object, oldObject, dryRun, userInfo } = asked as JsonObject & { resource: Record<'group' | 'version' | 'resource', string> }
  const kind = registry.find(resource.group, resource.version, resource.resource)
  const before = isObject(object) ? object : undefined
  let after = before
  for (const hook of kind ? hooks : []) {
    const told = kind && hook.review({
      operation: operation as 'CREATE' | 'UPDATE' | 'DELETE', kind, subresource: String(subResource ?? ''), namespace: String(namespace ?? ''), name: String(name ?? ''),
      object: after, old: isObject(oldObject) ? oldObject : undefined, user: userOf(userInfo), dryRun: dryRun === true,
    })
    if (told?.refusal) {
      const { code, reason, message, causes } = told.refusal
      return reviewed({ uid, allowed: false, status: { code: code ?? 400, message, ...(reason ? { reason } : {}), ...(causes ? { details: { causes } } : {}) } } as unknown as JsonObject)
    }
    after = told?.object ?? after
  }
  const patch = before && after !== before ? createPatch(before, after) : []
  return reviewed({ uid, allowed: true, ...(patch.length ? { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') } : {}) } as JsonObject)
}

const reviewed = (response: JsonObject): JsonObject => ({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response })

function userOf(info: unknown): User {
  const { username = '', groups = [] } = (info ?? {}) as { username?: string, groups?: string[] }
  return { name: username, groups }
}

/** The aggregated API's own list of what it has, which the API server asks for before it passes anything on. */
function discover(routes: readonly SubresourceRoute[], path: string): SubresourceAnswer | undefined {
  const version = new RegExp(`^/apis/${GROUP}/(\\w+)$`).exec(path)?.[1]
  if (!version)
    return undefined
  const resources = routes.filter(route => route.version === version)
    .map(({ resource, subresource, method }) => ({ name: `${resource}/${subresource}`, singularName: '', namespaced: true, kind: '', verbs: [method === 'PUT' ? 'update' : method.toLowerCase()] }))
  return { status: 200, body: { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: `${GROUP}/${version}`, resources } }
}

async function callRoute(routes: readonly SubresourceRoute[], { method, headers }: IncomingMessage, url: URL, body: JsonObject): Promise<SubresourceAnswer | undefined> {
  const [, group, version, , namespace = '', resource, name = '', subresource] = url.pathname.split('/').slice(1)
  const route = routes.find(one => one.group === group && one.version === version && one.resource === resource && one.subresource === subresource && one.method === method)
  const groups = [headers['x-remote-group'] ?? []].flat()
  return route?.answer({ namespace, name, body, query: url.searchParams, user: { name: String(headers['x-remote-user'] ?? ''), groups } })
}

interface Registration { readonly path: string, readonly object: JsonObject }

/** What a real API server must be told to find the door, for what is not really there. */
function registrations({ port, caBundle }: Door, real: readonly RealPart[]): Registration[] {
  const at = (path: string, apiVersion: string, kind: string, name: string, fields: JsonObject, namespace?: string): Registration =>
    ({ path, object: { apiVersion, kind, metadata: { name, ...(namespace ? { namespace } : {}) }, ...fields } })
  const webhook = {
    name: 'mutator.harvesterhci.io', admissionReviewVersions: ['v1'], sideEffects: 'None', failurePolicy: 'Fail',
    clientConfig: { url: `https://127.0.0.1:${port}/hooks`, caBundle },
    rules: [{ apiGroups: ['kubevirt.io', 'harvesterhci.io'], apiVersions: ['*'], operations: ['CREATE', 'UPDATE'], resources: ['virtualmachines', 'virtualmachineimages'] }],
  }
  const apiService = (version: string) => at('/apis/apiregistration.k8s.io/v1/apiservices', 'apiregistration.k8s.io/v1', 'APIService', `${version}.${GROUP}`, {
    spec: { group: GROUP, version, groupPriorityMinimum: 1000, versionPriority: 15, insecureSkipTLSVerify: true, service: { namespace: HOME, name: SERVICE, port } },
  })
  const hooks = [at('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', 'admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration', 'harvester-mutator', { webhooks: [webhook] })]
  const power = [
    at('/api/v1/namespaces', 'v1', 'Namespace', HOME, {}),
    at(`/api/v1/namespaces/${HOME}/services`, 'v1', 'Service', SERVICE, { spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port }] } }, HOME),
    apiService('v1'),
    apiService('v1alpha3'),
  ]
  return [...(real.includes('harvester') ? [] : hooks), ...(real.includes('kubevirt') ? [] : power)]
}

interface Said { readonly status: number, readonly text: string }
type Speaker = ((method: 'POST' | 'PATCH' | 'DELETE', path: string, object?: JsonObject, type?: string) => Promise<Said>) & { readonly close: () => Promise<void> }

function speaker(server: string, ca: string, token: string): Speaker {
  const dispatcher = new Agent({ connect: { ca } })
  const say = async (method: 'POST' | 'PATCH' | 'DELETE', path: string, object?: JsonObject, type = 'application/json') => {
    const { statusCode, body } = await request(server + path, { method, dispatcher, headers: { 'authorization': `Bearer ${token}`, 'content-type': type }, ...(object ? { body: JSON.stringify(object) } : {}) })
    return { status: statusCode, text: await body.text() }
  }
  return Object.assign(say, { close: () => dispatcher.close() })
}

/** Creates an object, or brings it up to date where it is there already. Throws with the server's words. */
async function register(say: Speaker, path: string, object: JsonObject): Promise<void> {
  const made = await say('POST', path, object)
  const { status, text } = made.status === 409 ? await say('PATCH', `${path}/${metaText(object, 'name')}`, object, 'application/merge-patch+json') : made
  if (status > 201)
    throw new Error(`${path}: ${status} ${text}`)
}

function close(server: Server): Promise<unknown> {
  server.closeAllConnections()
  return new Promise(done => server.close(done))
}
