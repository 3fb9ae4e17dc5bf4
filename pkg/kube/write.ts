import type { Address, JsonPatchOperation, KubeClient, Patch, WriteOptions, Written } from './client.ts'
import type { KubeObject, Manifest } from './object.ts'
import type { Resource } from './resource.ts'
import { qualifiedName } from './resource.ts'

/** A write as data: what a plan consists of, what a dialog can show before, and what `carryOut` sends. */
export type Write
  = { readonly act: 'create', readonly resource: Resource, readonly manifest: Manifest }
    | { readonly act: 'patch', readonly resource: Resource, readonly at: Address, readonly patch: Patch }
    | { readonly act: 'call', readonly resource: Resource, readonly at: Address, readonly subresource: string, readonly body?: object }

export interface Permission {
  readonly verb: string
  readonly resource: Resource
  readonly where: { readonly namespace?: string, readonly subresource?: string }
}

/** Keeps the manifest's own type checked while a plan holds writes of all kinds. */
export function createOf<T extends KubeObject>(resource: Resource<T>, manifest: Manifest<T>): Write {
  return { act: 'create', resource: resource as unknown as Resource, manifest: manifest as unknown as Manifest }
}

/** A JSON patch as a write. */
export function patchOf(resource: Resource, object: { readonly metadata: { readonly namespace?: string, readonly name: string } }, body: readonly JsonPatchOperation[]): Write {
  const { namespace, name } = object.metadata
  return { act: 'patch', resource, at: { ...(namespace && { namespace }), name }, patch: { type: 'json', body } }
}

/** A write as a person reads it before it is sent: a manifest, or what is done to which object. */
export function describeWrite(write: Write): object {
  if (write.act === 'create')
    return write.manifest
  const name = [write.resource.plural, write.at.namespace, write.at.name].filter(Boolean).join('/')
  return write.act === 'patch' ? { patch: name, with: write.patch.body } : { call: `${name}/${write.subresource}`, ...(write.body && { with: write.body }) }
}

/** What the user must be allowed, so that the write is not refused. Asked for a namespace, not for each object. */
export function permissionOf(write: Write): Permission {
  const namespace = write.act === 'create' ? write.manifest.metadata.namespace : write.at.namespace
  const where = { ...(namespace && { namespace }), ...(write.act === 'call' && { subresource: write.subresource }) }
  return { verb: write.act === 'call' ? 'update' : write.act, resource: write.resource, where }
}

/** In the words of RBAC, to be read and copied: `update virtualmachines/start.subresources.kubevirt.io in namespace lab`. */
export function permissionText({ verb, resource, where: { namespace, subresource } }: Permission): string {
  const plural = subresource ? `${resource.plural}/${subresource}` : resource.plural
  return `${verb} ${qualifiedName({ ...resource, plural })}${namespace ? ` in namespace ${namespace}` : ''}`
}

/** What bars a write: the first of its permissions that was answered with one of these words; an earlier word counts before a later one. */
export function barOf<Answer extends string, Bar extends Answer>(needed: readonly Permission[], answerTo: (permission: Permission) => Answer, ...bars: readonly Bar[]): { readonly permission: Permission, readonly state: Bar } | undefined {
  // All are asked at once, before the first is sent.
  const answers = needed.map(permission => ({ permission, answer: answerTo(permission) }))
  return bars.flatMap(state => answers.flatMap(({ permission, answer }) => answer === state ? { permission, state } : []))[0]
}

/** Sends one write. With `dryRun` a call is skipped: aggregated servers ignore the query and would act (kubevirt pkg/virt-api/rest/lifecycle.go). */
export async function carryOut(client: Pick<KubeClient, 'create' | 'patch' | 'call'>, write: Write, options?: WriteOptions): Promise<Partial<Written<KubeObject>>> {
  if (write.act === 'create')
    return client.create(write.resource, write.manifest, options)
  if (write.act === 'patch')
    return client.patch(write.resource, write.at, write.patch, options)
  return options?.dryRun ? {} : client.call(write.resource, write.at, write.subresource, write.body)
}

/** A JSON pointer (RFC 6901): slashes and tildes in the parts are escaped. */
export function jsonPointer(...parts: readonly string[]): string {
  return parts.map(part => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** Fails the patch (422) when the object is no longer the one that was read. */
export function testVersion(object: KubeObject): JsonPatchOperation {
  return { op: 'test', path: '/metadata/resourceVersion', value: object.metadata.resourceVersion }
}

/** A JSON patch that holds for the object as it was read alone, with operations around its own; any other write as it is. It fails (422) on an object that has changed since. */
export function heldToVersion(write: Write, object: KubeObject, { before = [], after = [] }: { readonly before?: readonly JsonPatchOperation[], readonly after?: readonly JsonPatchOperation[] } = {}): Write {
  if (write.act !== 'patch' || write.patch.type !== 'json')
    return write
  return { ...write, patch: { type: 'json', body: [testVersion(object), ...before, ...write.patch.body, ...after] } }
}

/**
 * Operations that set annotations, or remove those given as undefined. JSON patch cannot add into a map that is not
 * there, and cannot test for absence: where the object has no annotations the patch holds for the version read only.
 */
export function annotate(object: KubeObject, annotations: Readonly<Record<string, string | undefined>>): JsonPatchOperation[] {
  const entries = Object.entries(annotations)
  const present = object.metadata.annotations
  if (present) {
    return entries.flatMap<JsonPatchOperation>(([key, value]) => {
      const path = jsonPointer('metadata', 'annotations', key)
      if (value !== undefined)
        return present[key] === value ? [] : [{ op: 'add', path, value }]
      return key in present ? [{ op: 'test', path, value: present[key] }, { op: 'remove', path }] : []
    })
  }
  const added = Object.fromEntries(entries.filter(([, value]) => value !== undefined))
  return Object.keys(added).length ? [testVersion(object), { op: 'add', path: '/metadata/annotations', value: added }] : []
}
