import type { KubeObject } from './object.ts'

/** A kind as a value: where it is served and what its objects are. Made once by `defineResource`, compared by identity. */
export interface Resource<T extends KubeObject = KubeObject> {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
  /** Carries the type of the objects; never set. */
  readonly object?: T
}

/** Declares a kind, e.g. `defineResource<Image>('harvesterhci.io/v1beta1', 'VirtualMachineImage', 'virtualmachineimages')`. */
export function defineResource<T extends KubeObject>(apiVersion: string, kind: string, plural: string, scope: 'namespaced' | 'cluster' = 'namespaced'): Resource<T> {
  const [version = '', group = ''] = apiVersion.split('/').reverse()
  return Object.freeze({ group, version, plural, kind, namespaced: scope === 'namespaced' })
}

/** `group/version`, or `v1` for the core group, as in an object's `apiVersion`. */
export function apiVersionOf(resource: Resource): string {
  return resource.group ? `${resource.group}/${resource.version}` : resource.version
}

/** The name that RBAC and error texts use: `virtualmachines.kubevirt.io`, or `pods`. */
export function qualifiedName(resource: Resource): string {
  return resource.group ? `${resource.plural}.${resource.group}` : resource.plural
}

/** Path of the group and version below the API root. */
export function groupPath({ group, version }: Resource): string {
  return group ? `/apis/${group}/${version}` : `/api/${version}`
}

/** Path of a collection below the API root; without a namespace, of all namespaces. */
export function collectionPath(resource: Resource, namespace?: string): string {
  const scope = resource.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : ''
  return `${groupPath(resource)}${scope}/${resource.plural}`
}

/** Path of one object, or of its subresource. */
export function objectPath(resource: Resource, at: { readonly namespace?: string, readonly name: string }, subresource?: string): string {
  const path = `${collectionPath(resource, at.namespace)}/${encodeURIComponent(at.name)}`
  return subresource ? `${path}/${subresource}` : path
}
