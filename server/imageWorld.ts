import type { KubeClient } from '#kube/client.ts'
import { STORAGE_CLASSES } from '#kube/core.ts'
import { follow } from '#kube/follow.ts'
import type { FollowFailure, FollowOptions } from '#kube/follow.ts'
import { objectKey } from '#kube/object.ts'
import type { KubeObject } from '#kube/object.ts'
import { qualifiedName } from '#kube/resource.ts'
import type { Resource } from '#kube/resource.ts'
import { IMAGES } from '#images/image.ts'
import type { ImageWorld } from '#images/imageFindings.ts'

/** What is told when a collection comes into sight (no failure) or goes out of it. */
type Tell = (collection: string, failure: FollowFailure | undefined) => void

/** Follows a collection and keeps of each object what `keep` says; answers undefined while the line is down or was never up. */
function mirror<T extends KubeObject, K>(client: KubeClient, resource: Resource<T>, keep: (object: T) => K, options: FollowOptions, tell: Tell): () => readonly K[] | undefined {
  const kept = new Map<string, K>()
  let seen: boolean | undefined
  let values: readonly K[] | undefined
  const see = (now: boolean, failure?: FollowFailure): void => {
    if (seen !== now)
      tell(qualifiedName(resource), failure)
    seen = now
  }
  void follow(client, resource, {
    listed(objects) {
      kept.clear()
      values = undefined
      for (const object of objects)
        kept.set(objectKey(object), keep(object))
      see(true)
    },
    changed({ type, object }) {
      values = undefined
      if (type === 'DELETED')
        kept.delete(objectKey(object))
      else
        kept.set(objectKey(object), keep(object))
    },
    live: () => see(true),
    failed: failure => see(false, failure),
  }, options)
  return () => seen ? values ??= [...kept.values()] : undefined
}

/** Keeps what the judgement of images needs of a cluster at hand until the signal is aborted: nothing is read per request. */
export function followImageWorld(client: KubeClient, options: FollowOptions, tell: Tell): () => ImageWorld {
  const images = mirror(client, IMAGES, ({ metadata: { namespace, name }, spec: { displayName } }) => ({ metadata: { namespace, name }, spec: { displayName } }), options, tell)
  const classes = mirror(client, STORAGE_CLASSES, storageClass => storageClass, options, tell)
  return () => ({ images: images(), classes: classes(), now: Date.now() })
}
