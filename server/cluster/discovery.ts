import { createHash } from 'node:crypto'
import type { KindVersion, Subresource } from './kind.ts'
import { KUBEVIRT_ACTIONS } from './kinds/kubevirt.ts'
import type { KindRegistry } from './registry.ts'

/** A whole answer, ready to send; the body is empty with 304. */
export interface Answer<Body extends string | Uint8Array = string> { readonly status: number, readonly headers: Readonly<Record<string, string>>, readonly body: Body }

const VERSION = { major: '1', minor: '34', emulationMajor: '1', emulationMinor: '34', minCompatibilityMajor: '1', minCompatibilityMinor: '33', gitVersion: 'v1.34.2', gitCommit: '', gitTreeState: 'clean', buildDate: '1970-01-01T00:00:00Z', goVersion: 'none', compiler: 'none', platform: 'linux/amd64' }
const STATUS_VERBS = ['get', 'patch', 'update']

/** Answers `/api`, `/apis`, `/api/v1`, `/apis/{group}`, `/apis/{group}/{version}` and `/version`; undefined for any other path. Source: k8s.io/apiserver pkg/endpoints/discovery. */
export function discoveryAnswer(registry: KindRegistry, path: string, accept: string, ifNoneMatch?: string): Answer | undefined {
  const steps = path.split('/').filter(Boolean)
  const [root = '', group = '', version = ''] = steps
  if (root === 'version' && steps.length === 1) return json({ ...VERSION })
  if (root !== 'api' && root !== 'apis') return undefined
  if (steps.length === 1) return rootAnswer(registry, root, accept, ifNoneMatch)
  if (root === 'api') return steps.length === 2 ? resourceList(registry, '', group) : undefined
  if (steps.length === 2) return groupAnswer(registry, group)
  return steps.length === 3 ? resourceList(registry, group, version) : undefined
}

function rootAnswer(registry: KindRegistry, root: 'api' | 'apis', accept: string, ifNoneMatch: string | undefined): Answer {
  const groups = groupsOf(registry).filter(({ name }) => (name === '') === (root === 'api'))
  const aggregated = wantedAggregation(accept)
  if (aggregated) return tagged({ kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${aggregated}`, metadata: {}, items: groups.map(group => aggregatedGroup(registry, group)) }, aggregated, ifNoneMatch)
  if (root === 'api') return json({ kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] })
  return json({ kind: 'APIGroupList', apiVersion: 'v1', groups: groups.map(legacyGroup) })
}

/** The version of aggregated discovery that a client wants most, or undefined when it wants the older form first. */
function wantedAggregation(accept: string): 'v2' | 'v2beta1' | undefined {
  for (const range of accept.split(',').map(part => part.replaceAll(' ', ''))) {
    if (range.includes('as=APIGroupDiscoveryList') && range.includes('g=apidiscovery.k8s.io')) {
      if (range.includes(';v=v2beta1')) return 'v2beta1'
      if (range.includes(';v=v2')) return 'v2'
    }
    else if (/^(application\/(json|\*)|\*\/\*)(;|$)/.test(range)) return undefined
  }
  return undefined
}

interface Group { readonly name: string, readonly versions: readonly string[] }

/** The groups that are served with their versions, the preferred version first. */
export function groupsOf(registry: KindRegistry): Group[] {
  const versions = new Map<string, Set<string>>()
  for (const { group, version } of registry.all()) versions.set(group, (versions.get(group) ?? new Set()).add(version))
  if (versions.has('kubevirt.io')) versions.set(KUBEVIRT_ACTIONS.group, new Set(KUBEVIRT_ACTIONS.versions))
  const own = new Set(registry.all().filter(kind => kind.builtIn).map(kind => kind.group))
  const names = [...versions.keys()]
  const ordered = [...names.filter(name => own.has(name)), ...names.filter(name => !own.has(name)).sort()]
  return ordered.map(name => ({ name, versions: [...versions.get(name) ?? []].sort(compareVersions) }))
}

/** Stable before beta before alpha, newer before older (k8s.io/apimachinery pkg/version CompareKubeAwareVersionStrings). */
export function compareVersions(a: string, b: string): number {
  return rank(b) - rank(a) || (a < b ? -1 : 1)
}

function rank(version: string): number {
  const [, major, stage, minor] = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version) ?? []
  if (major === undefined) return -1
  return (stage === undefined ? 2 : stage === 'beta' ? 1 : 0) * 1e6 + Number(major) * 1e3 + Number(minor ?? 0)
}

function legacyGroup({ name, versions }: Group): object {
  const entries = versions.map(version => ({ groupVersion: `${name}/${version}`, version }))
  return { name, versions: entries, preferredVersion: entries[0] }
}

function groupAnswer(registry: KindRegistry, name: string): Answer | undefined {
  const group = groupsOf(registry).find(candidate => candidate.name === name)
  return group && name ? json({ kind: 'APIGroup', apiVersion: 'v1', ...legacyGroup(group) }) : undefined
}

function resourceList(registry: KindRegistry, group: string, version: string): Answer | undefined {
  if (group === KUBEVIRT_ACTIONS.group && KUBEVIRT_ACTIONS.versions.some(served => served === version)) {
    const resources = KUBEVIRT_ACTIONS.actions.map(name => ({ name, singularName: '', namespaced: true, kind: '', verbs: ['update'] }))
    return json({ kind: 'APIResourceList', apiVersion: 'v1', groupVersion: `${group}/${version}`, resources })
  }
  const kinds = kindsOf(registry, group, version)
  if (kinds.length === 0) return undefined
  return json({
    kind: 'APIResourceList',
    ...(group ? { apiVersion: 'v1' } : {}),
    groupVersion: group ? `${group}/${version}` : version,
    resources: kinds.flatMap(legacyResources),
  })
}

function kindsOf(registry: KindRegistry, group: string, version: string): KindVersion[] {
  return registry.all().filter(kind => kind.group === group && kind.version === version).sort((a, b) => (a.plural < b.plural ? -1 : 1))
}

function subresourcesOf(kind: KindVersion): readonly Subresource[] {
  return [...kind.subresources ?? [], ...(kind.hasStatus ? [{ name: 'status', kind: kind.kind, verbs: STATUS_VERBS }] : [])]
}

function legacyResources(kind: KindVersion): object[] {
  const { plural: name, singular: singularName, namespaced, shortNames, categories } = kind
  return [
    { name, singularName, namespaced, kind: kind.kind, verbs: kind.verbs, ...whenAny({ shortNames, categories }) },
    ...subresourcesOf(kind).map(({ name: subresource, ...rest }) => ({ name: `${name}/${subresource}`, singularName: '', namespaced, ...rest })),
  ]
}

function aggregatedGroup(registry: KindRegistry, { name, versions }: Group): object {
  return {
    metadata: { name },
    versions: versions.map(version => ({
      version,
      resources: name === KUBEVIRT_ACTIONS.group ? actionResources() : kindsOf(registry, name, version).map(aggregatedResource),
      freshness: 'Current',
    })),
  }
}

function aggregatedResource(kind: KindVersion): object {
  const { plural: resource, singular: singularResource, namespaced, shortNames, categories, verbs } = kind
  // Upstream leaves group and version empty where they go without saying; for custom kinds it says them.
  const { group, version } = kind.builtIn ? { group: '', version: '' } : kind
  const scope = namespaced ? 'Namespaced' : 'Cluster'
  const subresources = subresourcesOf(kind).map(sub => ({ subresource: sub.name, responseKind: { group: sub.group ?? group, version: sub.version ?? version, kind: sub.kind }, verbs: sub.verbs }))
  return { resource, responseKind: { group, version, kind: kind.kind }, scope, singularResource, verbs, ...whenAny({ shortNames, categories, subresources }) }
}

/** A group of actions has no kinds: each resource stands only for its subresources. */
function actionResources(): object[] {
  const resources = [...new Set(KUBEVIRT_ACTIONS.actions.map(action => action.split('/')[0]))]
  return resources.map(resource => ({
    resource,
    responseKind: { group: '', version: '', kind: '' },
    scope: 'Namespaced',
    singularResource: '',
    verbs: [],
    subresources: KUBEVIRT_ACTIONS.actions.filter(action => action.startsWith(`${resource}/`)).map(action => ({ subresource: action.split('/')[1], responseKind: { group: '', version: '', kind: '' }, verbs: ['update'] })),
  }))
}

function whenAny(lists: Readonly<Record<string, readonly unknown[]>>): object {
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0))
}

function json(body: object): Answer {
  return { status: 200, headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache, private' }, body: JSON.stringify(body) }
}

function tagged(document: object, version: string, ifNoneMatch: string | undefined): Answer {
  const body = JSON.stringify(document)
  const etag = `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"`
  const headers = { 'Content-Type': `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`, 'ETag': etag, 'Vary': 'Accept', 'Cache-Control': 'public' }
  return ifNoneMatch === etag ? { status: 304, headers, body: '' } : { status: 200, headers, body }
}
