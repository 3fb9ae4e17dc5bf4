import { Readable } from 'node:stream'
import { IMAGES } from '../pkg/images/image.ts'
import { reviewRequest } from '../pkg/kube/request.ts'
import { forward } from './forward.ts'
import type { Cluster } from './kubeconfig.ts'
import { describeFailure, statusOf } from './status.ts'
import type { Status } from './status.ts'

/** Whether somebody may; `unanswered`: the cluster did not say, for the reason that the Status gives. */
type Permission
  = | { readonly state: 'allowed' }
    | { readonly state: 'denied', readonly reason: string }
    | { readonly state: 'unanswered', readonly status: Status }

/** Asks a cluster whether its credentials may create images in a namespace. */
export type MayCreateImages = (cluster: Cluster, namespace: string) => Promise<Permission>

/** A page that follows a read asks every second; the cluster need not be asked so often. In milliseconds. */
const FRESH = 15_000
const MOST_ANSWER = 64 * 1024

function readReview(status: number, text: string, cluster: Cluster): Permission {
  try {
    const { status: review, message } = JSON.parse(text) as { status?: { allowed?: unknown, reason?: unknown }, message?: unknown }
    if (status < 300)
      return review?.allowed === true ? { state: 'allowed' } : { state: 'denied', reason: typeof review?.reason === 'string' ? review.reason : '' }
    if (status === 403)
      return { state: 'denied', reason: typeof message === 'string' ? message : '' }
  }
  catch {
    // Not the API server's own answer.
  }
  return { state: 'unanswered', status: statusOf(status === 401 ? 401 : 502, `cluster ${cluster.title} answered ${status} when it was asked what its credentials may do`) }
}

function review(cluster: Cluster, namespace: string): Promise<Permission> {
  const { method, path, body } = reviewRequest({ verb: 'create', resource: IMAGES, namespace })
  const text = JSON.stringify(body)
  return new Promise(done => {
    const pieces: Buffer[] = []
    let status = 0
    const headers = { 'accept': 'application/json', 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }
    forward(cluster.access, { method, path, headers, body: Readable.from([text], { objectMode: false }), stream: false }, {
      start(code) { status = code },
      data(chunk) {
        if (pieces.length < MOST_ANSWER / 1024)
          pieces.push(chunk)
        return true
      },
      end: () => done(readReview(status, String(Buffer.concat(pieces)), cluster)),
      fail: error => done({ state: 'unanswered', status: describeFailure(error, cluster) }),
    })
  })
}

/** A SelfSubjectAccessReview with the cluster's own credentials; an answer that allows is kept for some seconds, any other is asked for again. */
export function createPermissions(now: () => number = Date.now): MayCreateImages {
  const kept = new Map<string, { readonly answer: Promise<Permission>, readonly until: number }>()
  return (cluster, namespace) => {
    const key = `${cluster.id}/${namespace}`
    const known = kept.get(key)
    if (known && known.until > now())
      return known.answer
    const answer = review(cluster, namespace)
    kept.set(key, { answer, until: now() + FRESH })
    void answer.then(({ state }) => {
      if (state !== 'allowed' && kept.get(key)?.answer === answer)
        kept.delete(key)
    })
    return answer
  }
}
