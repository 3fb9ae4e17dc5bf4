import { ApiError, toApiError } from '#kube/apiError.ts'
import type { KubeClient } from '#kube/client.ts'
import { permissionText } from '#kube/write.ts'
import type { Permission } from '#kube/write.ts'
import type { Identity } from '#volumes/exportIntent.ts'
import { ACCESS_REVIEWS, reviewAccess } from './accessReview.ts'

const ASKING = permissionText({ verb: 'create', resource: ACCESS_REVIEWS, where: {} })

/** For whom a write is made, as the API server knew him. */
export interface Subject { readonly requester: string, readonly identity: Identity }

/** What the cluster does not let the requester do. Status 0: as far as the protocol is concerned nothing was refused, and it may be allowed later. */
export const BARRED = 'RequesterBarred'
/** What the cluster does not let the keeper itself do; the message is the right that is missing. */
export const KEEPER_BARRED = 'KeeperBarred'

/** RBAC's own words (k8s.io/apiserver endpoints/handlers/responsewriters); a quota or a webhook that says 403 means the write, not the writer. */
const NOT_ALLOWED = /is forbidden: User ".*" cannot /

/** The failure of a request of the keeper's as `KEEPER_BARRED`, where it is its own rights that do not suffice; any other as it is. */
export function ownRefusal(thrown: unknown, right: string): ApiError {
  const error = toApiError(thrown)
  return error.status === 403 && NOT_ALLOWED.test(error.message) ? new ApiError({ status: 0, reason: KEEPER_BARRED, message: right, cause: error }) : error
}

/**
 * Throws `BARRED` unless the cluster lets the requester do that, by a SubjectAccessReview. `name` is of the object, where it
 * is there already: of one that is to be created the API server does not know it when it decides.
 */
export async function demand(client: Pick<KubeClient, 'create'>, { requester, identity }: Subject, permission: Permission, name?: string): Promise<void> {
  const answer = requester === ''
    ? undefined
    : await reviewAccess(client, { ...identity, name: requester }, permission, { name }).catch((thrown: unknown) => { throw ownRefusal(thrown, ASKING) })
  if (answer?.allowed !== true) {
    const reason = answer?.reason
    throw new ApiError({ status: 0, reason: BARRED, message: `${requester || 'nobody'} may not ${permissionText(permission)}${reason ? `: ${reason}` : ''}` })
  }
}
