import type { ActionAnswer, ActionRoute, Cluster } from './cluster.ts'
import { resourceOf } from './admission.ts'
import { storeKey } from './objects.ts'
import type { Attributes } from './rbac.ts'
import { forbiddenMessage } from './rbac.ts'
import type { Incoming, Outgoing } from './resources.ts'
import { decide } from './reviews.ts'

// Actions of Harvester's own API (Steve, rancher/apiserver pkg/server): `POST /v1/harvester/<group>.<plural>/<namespace>/<name>?action=…`.

export interface ActionRequest { readonly type: string, readonly namespace: string, readonly name: string, readonly action: string }

const PATH = /^\/v1\/harvester\/([a-z0-9.-]+)\/([^/]+)\/([^/]+)\/?$/

/** Reads a request for an action; undefined for any other. */
export function readAction(method: string, url: URL): ActionRequest | undefined {
  const [, type, namespace, name] = PATH.exec(url.pathname) ?? []
  const action = url.searchParams.get('action')
  return method === 'POST' && action && type && namespace && name ? { type, namespace: decodeURIComponent(namespace), name: decodeURIComponent(name), action } : undefined
}

function refusal(status: number, code: string, message: string): ActionAnswer {
  return { status, type: 'application/json', body: JSON.stringify({ type: 'error', links: {}, code, message, status }) }
}

/** Why nobody is asked at all: who asks must be known, and may read and update the object, which must be there. */
function refusalOf(cluster: Cluster, asked: ActionRequest, route: ActionRoute | undefined, { user }: Incoming): ActionAnswer | undefined {
  if (user.groups.includes('system:unauthenticated'))
    return { status: 401, type: 'application/json', body: JSON.stringify({ type: 'error', status: '401', message: 'must authenticate' }) }
  if (!route)
    return refusal(422, 'InvalidAction', `Invalid action: ${asked.action}`)
  const { group, plural: resource } = route.kind
  const kind = cluster.registry.find(group, route.kind.version, resource)
  const mayNot = (verb: string): ActionAnswer | undefined => {
    const attributes: Attributes = { verb, group, resource, namespace: asked.namespace, name: asked.name }
    const { allowed, reason } = decide(cluster, user, attributes)
    return allowed ? undefined : refusal(403, 'Forbidden', forbiddenMessage(user, attributes, reason))
  }
  const isThere = kind && cluster.store.of(resourceOf(kind)).get(storeKey(asked.namespace, asked.name))
  return mayNot('get') ?? (isThere ? undefined : refusal(404, 'NotFound', `${resource}.${group} "${asked.name}" not found`)) ?? mayNot('update')
}

/** Answers an action; false where the type has none. What was not read of the body is read and dropped, so that the connection can be used again. */
export async function answerAction(cluster: Cluster, asked: ActionRequest, incoming: Incoming, outgoing: Outgoing): Promise<boolean> {
  const routes = cluster.actions.filter(({ kind }) => asked.type === `${kind.group}.${kind.plural}`)
  if (routes.length === 0)
    return false
  const route = routes.find(({ action }) => action === asked.action)
  const { namespace, name } = asked
  const { headers, stream, url } = incoming
  const refused = refusalOf(cluster, asked, route, incoming)
  const { status, body = '', type = 'text/plain; charset=utf-8' } = refused ?? await route?.answer({ namespace, name, headers, query: url.searchParams, body: stream }) ?? { status: 404 }
  outgoing.send(status, { type, text: body })
  stream.resume()
  return true
}
