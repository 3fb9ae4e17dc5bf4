import { BACKING_IMAGE_MANAGERS, LONGHORN_REPLICAS, LONGHORN_VOLUMES } from '#health/longhorn.ts'
import type { KubeObject } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import { LONGHORN_ENGINES } from './kinds.ts'
import type { Actor, Controller } from './step.ts'
import { NOTHING, dropFinalizer, write } from './step.ts'

const FINALIZER = 'longhorn.io'

/** Longhorn's webhook gives each of its objects a finalizer (longhorn-manager webhook/common); whoever plays its controller lets the object go. */
function releaser<T extends KubeObject>(actor: Actor, kind: Resource<T>): Controller<T> {
  return {
    name: `release-${kind.plural}`,
    actor,
    kind,
    step: object => object.metadata.deletionTimestamp ? write(dropFinalizer(kind, object, FINALIZER)) : NOTHING,
  }
}

export const releasers = [
  releaser('longhorn-engine', LONGHORN_VOLUMES), releaser('longhorn-engine', LONGHORN_ENGINES), releaser('longhorn-engine', LONGHORN_REPLICAS),
  releaser('longhorn', BACKING_IMAGE_MANAGERS),
]
