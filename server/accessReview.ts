import type { KubeClient } from '#kube/client.ts'
import type { KubeObject, Manifest } from '#kube/object.ts'
import { defineResource } from '#kube/resource.ts'
import type { Permission } from '#kube/write.ts'
import type { Requester } from '#volumes/exportRequester.ts'

/** Asks what somebody else may do; created, never kept. Source: kubernetes api/authorization/v1. */
interface SubjectAccessReview extends KubeObject {
  readonly spec: {
    readonly user: string
    readonly uid?: string
    readonly groups?: readonly string[]
    readonly extra?: Readonly<Record<string, readonly string[]>>
    readonly resourceAttributes: { readonly verb: string, readonly group: string, readonly version: string, readonly resource: string, readonly subresource?: string, readonly namespace?: string, readonly name?: string }
  }
  readonly status?: { readonly allowed?: boolean, readonly reason?: string }
}
export const ACCESS_REVIEWS = defineResource<SubjectAccessReview>('authorization.k8s.io/v1', 'SubjectAccessReview', 'subjectaccessreviews', 'cluster')

/** The question whether that person may do that, to one object where `name` is given. */
export function accessReviewOf({ name: user, uid, groups, extra }: Requester, { verb, resource, where: { namespace, subresource } }: Permission, name?: string): Manifest<SubjectAccessReview> {
  const resourceAttributes = { verb, group: resource.group, version: resource.version, resource: resource.plural, subresource, namespace, name }
  return { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', metadata: {}, spec: { user, uid, groups, extra, resourceAttributes } }
}

/** What the cluster says of whether that person may do that, to one object where `name` is given. Throws an `ApiError` where it cannot be asked. */
export async function reviewAccess(client: Pick<KubeClient, 'create'>, requester: Requester, permission: Permission, { name, signal }: { readonly name?: string, readonly signal?: AbortSignal } = {}): Promise<SubjectAccessReview['status']> {
  return (await client.create(ACCESS_REVIEWS, accessReviewOf(requester, permission, name), { signal })).object.status
}
