import { shallowRef, triggerRef } from 'vue'
import type { ShallowRef } from 'vue'
import type { AccessQuestion, KubeClient } from '#kube/client.ts'
import { apiVersionOf, qualifiedName } from '#kube/resource.ts'
import type { Resource } from '#kube/resource.ts'

/** `unknown` until the cluster has answered. `absent`: it does not serve that subresource; of a whole kind, its collection says so. Reactive when read from `Can`. */
interface Access { readonly state: 'unknown' | 'allowed' | 'denied' | 'absent', readonly reason?: string }

export type Can = (verb: string, resource: Resource, where?: Pick<AccessQuestion, 'namespace' | 'name' | 'subresource'>) => Access

interface Asked { readonly answer: ShallowRef<Access>, expires: number, asking: boolean, failures: number }

const KEPT_MS = 5 * 60_000
const RETRY_MS = 5_000
const TRIES = 6

/** What the user may do, by SelfSubjectAccessReview, and of a subresource whether it is served, by discovery: asked when first wanted, once for all who want it, and again after some minutes. */
export function createAccess(client: Pick<KubeClient, 'review' | 'served'>, now: () => number = Date.now): Can {
  const cache = new Map<string, Asked>()
  const discovered = new Map<string, { readonly names: Promise<ReadonlySet<string>>, readonly expires: number }>()

  function namesOf(resource: Resource): Promise<ReadonlySet<string>> {
    const key = apiVersionOf(resource)
    const known = discovered.get(key)
    if (known && known.expires > now())
      return known.names
    const names = client.served(resource)
    discovered.set(key, { names, expires: now() + KEPT_MS })
    names.catch(() => discovered.delete(key))
    return names
  }

  async function answerTo(question: AccessQuestion): Promise<Access> {
    const { resource, subresource } = question
    const [names, { allowed, reason }] = await Promise.all([subresource ? namesOf(resource) : undefined, client.review(question)])
    if (names && !names.has(`${resource.plural}/${subresource}`))
      return { state: 'absent' }
    return { state: allowed ? 'allowed' : 'denied', reason }
  }

  async function ask(asked: Asked, question: AccessQuestion): Promise<void> {
    asked.asking = true
    try {
      asked.answer.value = await answerTo(question)
      asked.expires = now() + KEPT_MS
      asked.failures = 0
      // Whoever reads it in a computed asks again only when told that it is old; nobody reading, nobody asks.
      setTimeout(() => triggerRef(asked.answer), KEPT_MS)
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
    const wanted = asked
    const read = (): Access => {
      if (!wanted.asking && wanted.expires <= now())
        void ask(wanted, { verb, resource, ...where })
      return wanted.answer.value
    }
    read()
    return {
      get state() { return read().state },
      get reason() { return read().reason },
    }
  }
}
