import { inject } from 'vue'
import type { InjectionKey } from 'vue'
import { ApiError, toApiError } from '#kube/apiError.ts'
import { readFailure } from '#kube/failure.ts'

/** A question to the console's own server; carries the type of its answer, which is never set. Extensions make them in pure modules. */
export interface GuardCall<Answer> {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly body?: object
  readonly answer?: Answer
}

/** The door to the console's own server, beside the one to the cluster (`useProxyStore`). */
export interface Guard {
  /** False where there is no such server, as inside of Rancher: what it would find out stays unknown, and is to be said so. */
  readonly available: boolean
  /** Throws an `ApiError`; the `reason` of its first cause is a code, `details.name` what it is about. */
  readonly ask: <Answer>(call: GuardCall<Answer>, options?: { readonly signal?: AbortSignal }) => Promise<Answer>
}

export const guardKey: InjectionKey<Guard> = Symbol('guard')

const ABSENT: Guard = {
  available: false,
  ask: () => Promise.reject(new ApiError({ status: 0, reason: 'NoServer', message: 'this console has no server of its own' })),
}

/** A door for a console that our own server serves. `base` is empty in a page of it. */
export function createGuard(base = ''): Guard {
  return {
    available: true,
    async ask<Answer>({ method, path, body }: GuardCall<Answer>, { signal }: { readonly signal?: AbortSignal } = {}) {
      const headers = { accept: 'application/json', ...body && { 'content-type': 'application/json' } }
      const answer = await fetch(base + path, { method, headers, signal, ...body && { body: JSON.stringify(body) } }).catch((thrown: unknown) => {
        const { reason, message, cause } = toApiError(thrown)
        throw new ApiError({ status: 0, reason: reason === 'Aborted' ? reason : 'Unreachable', message, cause })
      })
      const text = await answer.text().catch((thrown: unknown) => { throw new ApiError({ status: 0, reason: 'LineCut', message: 'the answer broke off', cause: thrown }) })
      if (!answer.ok)
        throw new ApiError(readFailure(answer.status, text, answer.headers.get('retry-after') ?? undefined, Date.now()))
      try {
        return JSON.parse(text) as Answer
      }
      catch (thrown) {
        throw new ApiError({ status: answer.status, reason: 'BadAnswer', message: 'the server answered something other than JSON', cause: thrown })
      }
    },
  }
}

/** The console's own server, or one that is not available. Call in setup. */
export function useGuard(): Guard {
  return inject(guardKey, ABSENT)
}
