import type { KubeClient } from '#kube/client.ts'
import { toApiError } from '#kube/apiError.ts'
import type { KubeObject, Manifest, ObjectMeta } from '#kube/object.ts'
import { objectKey } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import { apiVersionOf } from '#kube/resource.ts'
import type { Address } from '../controllers/step.ts'
import { addressOf, statusPart } from '../controllers/step.ts'

/** A manifest without what its kind says of itself. */
export interface SeedManifest { readonly metadata: Partial<ObjectMeta>, readonly [field: string]: unknown }

/** An object of the demonstration, as data; its status is written after it, and may name its own uid. */
export type SeedObject
  = { readonly kind: Resource, readonly object: SeedManifest, readonly status?: object | ((object: KubeObject) => object) }
    /** The status alone, of an object of an earlier layer. */
    | { readonly kind: Resource, readonly at: Address, readonly status: object }

/** What has been made so far: later layers name earlier objects by uid. */
export class Made {
  private readonly objects = new Map<string, KubeObject>()

  put(kind: Resource, object: KubeObject): void {
    this.objects.set(`${kind.plural}.${kind.group} ${objectKey(object)}`, object)
  }

  /** Throws where it was not made before: a mistake in the seed. */
  get<T extends KubeObject>(kind: Resource<T>, key: string): T {
    const object = this.objects.get(`${kind.plural}.${kind.group} ${key}`)
    if (!object)
      throw new Error(`the seed names ${kind.plural} ${key} before it is made`)
    return object as T
  }

  uid(kind: Resource, key: string): string {
    return this.get(kind, key).metadata.uid
  }
}

/** Objects that need nothing of each other. */
export type Layer = (made: Made) => readonly SeedObject[]

/** Who puts the objects there. */
export interface SeedWriter {
  /** The object as it then is; one that is there already is left and answered. */
  readonly create: (kind: Resource, manifest: Manifest) => KubeObject | Promise<KubeObject>
  readonly patchStatus: (kind: Resource, at: Address, status: object, part: 'object' | 'status') => KubeObject | Promise<KubeObject>
}

/** Writes through a client: for a cluster that is elsewhere. */
export function remoteWriter(client: Pick<KubeClient, 'create' | 'patch' | 'get'>): SeedWriter {
  return {
    create: async (kind, manifest) => {
      const { name = '', namespace } = manifest.metadata
      return client.create(kind, manifest).then(({ object }) => object, (thrown: unknown) => {
        if (toApiError(thrown).reason !== 'AlreadyExists')
          throw thrown
        return client.get(kind, namespace ? { name, namespace } : { name })
      })
    },
    patchStatus: async (kind, at, status, part) => (await client.patch(kind, at, { type: 'merge', body: { status } }, part === 'status' ? { subresource: 'status' } : {})).object,
  }
}

const AT_ONCE = 16

/** Applies the layers in their order; what is there already gets its status again. Throws the first refusal. */
export async function applySeed(writer: SeedWriter, layers: readonly Layer[]): Promise<Made> {
  const made = new Made()
  for (const layer of layers) {
    const waiting = [...layer(made)]
    const worker = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) made.put(next.kind, await apply(writer, next))
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
  }
  return made
}

async function apply(writer: SeedWriter, seed: SeedObject): Promise<KubeObject> {
  const { kind } = seed
  if ('at' in seed)
    return writer.patchStatus(kind, seed.at, seed.status, statusPart(kind))
  const object = await writer.create(kind, { apiVersion: apiVersionOf(kind), kind: kind.kind, ...seed.object } as unknown as Manifest)
  const status = typeof seed.status === 'function' ? seed.status(object) : seed.status
  return status === undefined ? object : writer.patchStatus(kind, addressOf(object), status, statusPart(kind))
}
