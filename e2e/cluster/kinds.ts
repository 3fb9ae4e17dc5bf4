import { setTimeout as sleep } from 'node:timers/promises'
import type { Api, Fields, KubeObject } from '../api.ts'

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const RBAC = '/apis/rbac.authorization.k8s.io/v1'

/** What makes a cluster ours, in the order in which one needs the other. */
const FURNITURE = [CRDS, '/api/v1/namespaces', `${RBAC}/clusterroles`, `${RBAC}/clusterrolebindings`, `${RBAC}/roles`, `${RBAC}/rolebindings`]

/**
 * Gives a cluster the kinds, namespaces and RBAC policy of another, as that one's API tells them; what is there already
 * stays. Answers how many objects were made, once all kinds are served. Throws with the server's words.
 */
export async function copyKinds(from: Api, to: Api): Promise<number> {
  let made = 0
  for (const path of FURNITURE)
    for (const object of (await from.get(path)).expect(200).list.items)
      made += Number(await makeCopy(to, path, object))
  await untilServed(to)
  return made
}

async function makeCopy(to: Api, collection: string, object: KubeObject): Promise<boolean> {
  const { name, namespace, labels, annotations } = object.metadata
  const path = namespace ? collection.replace('/v1/', `/v1/namespaces/${namespace}/`) : collection
  return make(to, path, { ...object, status: undefined, metadata: { name, namespace, labels, annotations } })
}

/** Creates an object in a collection; false where there is one of its name. Throws with the server's words. */
export async function make(to: Api, collection: string, object: Fields): Promise<boolean> {
  const answer = await to.post(collection, object)
  if (answer.status !== 409)
    answer.expect(201)
  return answer.status === 201
}

const AT_ONCE = 12

/** Defines kinds, whenever they come to be served; a kind that is defined already stays as it is. */
export async function defineKinds(to: Api, definitions: readonly Fields[]): Promise<void> {
  const waiting = [...definitions]
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let next = waiting.shift(); next; next = waiting.shift())
      await make(to, CRDS, next)
  }))
}

async function untilServed(to: Api): Promise<void> {
  const deadline = Date.now() + 30_000
  for (;;) {
    const { items } = (await to.get(CRDS)).expect(200).list
    const waiting = items.filter(({ status }) => !(status?.conditions as { type: string, status: string }[] | undefined)?.some(({ type, status }) => type === 'Established' && status === 'True'))
    if (!waiting.length)
      return
    if (Date.now() > deadline)
      throw new Error(`not served after 30 s: ${waiting.map(({ metadata }) => metadata.name).join(', ')}`)
    await sleep(300) // the list is long
  }
}
