import type { KubeObject } from '#kube/object.ts'
import { objectKey } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'

/** A way to find objects by what they say, compared by identity: made once, beside the kind that it reads. */
export interface Index<T extends KubeObject = KubeObject> {
  readonly kind: Resource<T>
  keys(object: T): readonly (string | undefined)[]
}

type Shelf = Map<string, KubeObject>

const REMEMBERED = 5_000

/** What the cluster has said, by kind and key: read by the steps, written by the runner alone. */
export class World {
  private readonly shelves = new Map<Resource, Shelf>()
  private readonly indexes = new Map<Index, Map<string, Set<KubeObject>>>()
  private readonly owners = new Map<Resource, Index>()
  /** Uids of what went last: an answer to a write may come after the news that the object is gone. */
  private readonly buried = new Set<string>()

  /** Whether the cluster serves the kind and it is followed. */
  has(kind: Resource): boolean {
    return this.shelves.has(kind)
  }

  get<T extends KubeObject>(kind: Resource<T>, key: string | undefined): T | undefined {
    return key === undefined ? undefined : this.shelves.get(kind)?.get(key) as T | undefined
  }

  all<T extends KubeObject>(kind: Resource<T>): readonly T[] {
    return [...this.shelves.get(kind)?.values() ?? []] as unknown as readonly T[]
  }

  find<T extends KubeObject>(index: Index<T>, key: string | undefined): readonly T[] {
    if (key === undefined)
      return []
    return [...this.shelfOf(index).get(key) ?? []] as unknown as readonly T[]
  }

  /** The objects of a kind that the object with this uid owns. */
  owned<T extends KubeObject>(kind: Resource<T>, uid: string): readonly T[] {
    const known = this.owners.get(kind)
    const index = known ?? { kind, keys: (object: KubeObject) => object.metadata.ownerReferences?.map(owner => owner.uid) ?? [] }
    if (!known)
      this.owners.set(kind, index)
    return this.find(index as Index<T>, uid)
  }

  /** Serves a kind, empty; a kind that is known already stays as it is. */
  open(kind: Resource): void {
    if (!this.shelves.has(kind))
      this.shelves.set(kind, new Map())
  }

  /** Takes an object in; false when what is known is as new. Versions of one object grow (Kubernetes compares them so itself since 1.35). */
  put(kind: Resource, object: KubeObject): boolean {
    this.open(kind)
    if (this.buried.has(object.metadata.uid))
      return false
    const shelf = this.shelves.get(kind) as Shelf
    const old = shelf.get(objectKey(object))
    if (old && old.metadata.uid === object.metadata.uid && Number(object.metadata.resourceVersion) <= Number(old.metadata.resourceVersion))
      return false
    shelf.set(objectKey(object), object)
    this.reindex(kind, old, object)
    return true
  }

  /** Forgets an object; the one known, or undefined where none with that uid is. */
  drop(kind: Resource, object: KubeObject): KubeObject | undefined {
    const shelf = this.shelves.get(kind)
    const old = shelf?.get(objectKey(object))
    if (!shelf || !old || old.metadata.uid !== object.metadata.uid)
      return undefined
    shelf.delete(objectKey(object))
    this.bury(old.metadata.uid)
    this.reindex(kind, old, undefined)
    return old
  }

  private bury(uid: string): void {
    this.buried.add(uid)
    const [oldest] = this.buried
    if (this.buried.size > REMEMBERED && oldest !== undefined)
      this.buried.delete(oldest)
  }

  private shelfOf(index: Index): Map<string, Set<KubeObject>> {
    const made = this.indexes.get(index)
    if (made)
      return made
    const fresh = new Map<string, Set<KubeObject>>()
    this.indexes.set(index, fresh)
    for (const object of this.shelves.get(index.kind)?.values() ?? []) add(fresh, index, object)
    return fresh
  }

  private reindex(kind: Resource, old: KubeObject | undefined, next: KubeObject | undefined): void {
    for (const [index, shelf] of this.indexes) {
      if (index.kind !== kind)
        continue
      if (old)
        remove(shelf, index, old)
      if (next)
        add(shelf, index, next)
    }
  }
}

function add(shelf: Map<string, Set<KubeObject>>, index: Index, object: KubeObject): void {
  for (const key of index.keys(object)) {
    if (key === undefined)
      continue
    const found = shelf.get(key)
    if (found)
      found.add(object)
    else
      shelf.set(key, new Set([object]))
  }
}

function remove(shelf: Map<string, Set<KubeObject>>, index: Index, object: KubeObject): void {
  for (const key of index.keys(object)) {
    const found = key === undefined ? undefined : shelf.get(key)
    found?.delete(object)
    if (found?.size === 0 && key !== undefined)
      shelf.delete(key)
  }
}
