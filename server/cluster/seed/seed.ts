import type { KubeClient } from '#kube/client.ts'
import { toApiError } from '#kube/client.ts'
import type { KubeObject, Manifest } from '#kube/object.ts'
import { objectKey } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import { apiVersionOf } from '#kube/resource.ts'

/** An object of the demonstration, as data. */
export interface SeedObject {
  readonly kind: Resource
  readonly object: Omit<Manifest, 'apiVersion' | 'kind'>
  /** Written after the object, where the kind has a status of its own. */
  readonly status?: object
}

/** What has been made so far: later layers name earlier objects by uid. */
export class Made {
  private readonly objects = new Map<string, KubeObject>()

  put(kind: Resource, object: KubeObject): void {
    this.objects.set(`${kind.plural}.${kind.group} ${objectKey(object)}`, object)
  }

  /** Throws where it was not made before: a mistake in the seed. */
  get(kind: Resource, key: string): KubeObject {
    const object = this.objects.get(`${kind.plural}.${kind.group} ${key}`)
    if (!object)
      throw new Error(`the seed names ${kind.plural} ${key} before it is made`)
    return object
  }

  uid(kind: Resource, key: string): string {
    return this.get(kind, key).metadata.uid
  }
}

/** Objects that need nothing of each other. */
export type Layer = (made: Made) => readonly SeedObject[]

const AT_ONCE = 16

/** Applies the layers in their order through the API; what is there already is left as it is. Throws the first ApiError. */
export async function applySeed(client: KubeClient, layers: readonly Layer[]): Promise<Made> {
  const made = new Made()
  for (const layer of layers) {
    const waiting = [...layer(made)]
    const worker = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) made.put(next.kind, await apply(client, next))
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
  }
  return made
}

async function apply(client: KubeClient, { kind, object, status }: SeedObject): Promise<KubeObject> {
  const manifest = { apiVersion: apiVersionOf(kind), kind: kind.kind, ...object } as unknown as Manifest
  const { name = '', namespace } = manifest.metadata
  const at = namespace ? { name, namespace } : { name }
  const created = await client.create(kind, manifest).catch((thrown: unknown) => {
    if (toApiError(thrown).reason !== 'AlreadyExists')
      throw thrown
    return undefined
  })
  if (!created)
    return client.get(kind, at)
  if (status === undefined)
    return created.object
  return (await client.patch(kind, at, { type: 'merge', body: { status } }, { subresource: 'status' })).object
}
