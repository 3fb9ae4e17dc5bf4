import { shallowRef } from 'vue'
import type { ShallowRef } from 'vue'
import type { AccessQuestion, KubeClient } from '#kube/client.ts'
import { qualifiedName } from '#kube/resource.ts'
import type { Resource } from '#kube/resource.ts'

/** `unknown` until the cluster has answered. Reactive when read from `Can`. */
interface Access { readonly state: 'unknown' | 'allowed' | 'denied', readonly reason?: string }

export type Can = (verb: string, resource: Resource, where?: Pick<AccessQuestion, 'namespace' | 'name' | 'subresource'>) => Access

interface Asked { readonly answer: ShallowRef<Access>, expires: number, asking: boolean, failures: number }

const KEPT_MS = 5 * 60_000
const RETRY_MS = 5_000
const TRIES = 6

/** What the user may do, by SelfSubjectAccessReview: asked when first wanted, once for all who want it, and again after some minutes. */
export function createAccess(client: Pick<KubeClient, 'review'>, now: () => number = Date.now): Can {
  const cache = new Map<string, Asked>()

  async function ask(asked: Asked, question: AccessQuestion): Promise<void> {
    asked.asking = true
    try {
      const { allowed, reason } = await client.review(question)
      asked.answer.value = { state: allowed ? 'allowed' : 'denied', reason }
      asked.expires = now() + KEPT_MS
      asked.failures = 0
    }
    catch {
      // The last answer stands; without one it is unknown, and the button that waits for it says so.
      const again = ++asked.failures < TRIES
      asked.expires = again ? Infinity : now() + KEPT_MS
      if (again)
        setTimeout(() => void ask(asked, question), RETRY_MS * 2 ** (asked.failures - 1))
    }
    finally {
      asked.asking = false
    }
  }

  return (verb, resource, where = {}) => {
    const key = [verb, qualifiedName(resource), where.namespace, where.name, where.subresource].join(' ')
    let asked = cache.get(key)
    if (!asked) {
      asked = { answer: shallowRef<Access>({ state: 'unknown' }), expires: 0, asking: false, failures: 0 }
      cache.set(key, asked)
    }
    if (!asked.asking && asked.expires <= now())
      void ask(asked, { verb, resource, ...where })
    const { answer } = asked
    return {
      get state() { return answer.value.state },
      get reason() { return answer.value.reason },
    }
  }
}
