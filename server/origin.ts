import { isIP } from 'node:net'

/** What a request says of where it comes from; header values as they were sent. */
export interface Visit {
  readonly method: string
  readonly path: string
  readonly upgrade: boolean
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly fetchSite: string | undefined
  readonly fetchDest: string | undefined
}

/** The names and the port under which this server is to be called. */
export interface Door {
  readonly names: ReadonlySet<string>
  readonly port: number
  readonly secure: boolean
}

export interface Refusal { readonly code: 400 | 403 | 421, readonly message: string }

const READS = new Set(['GET', 'HEAD'])
/** What may load an answer of the API: a fetch, a WebSocket, or a tab that the operator opens (a sandbox, see headers.ts). */
const K8S_DESTINATIONS = new Set(['empty', 'websocket', 'document'])

/** An escape of what needs none (RFC 3986: letters, digits and `-._~`): no browser writes one, and routers undo it before they route. */
const NEEDLESS_ESCAPE = /%(2d|2e|3\d|4[1-9a-f]|5[\da]|5f|6[1-9a-f]|7[\da]|7e)/i
/** The API of a cluster, and what is found out for somebody who may use it. */
const OF_A_CLUSTER = /^\/(?:k8s|guard)\//

function splitHost(host: string): { name: string, port: string } {
  const match = /^(\[[\da-f:.]+\]|[^:]*)(?::(\d*))?$/i.exec(host)
  return { name: (match?.[1] ?? '').toLowerCase().replace(/^\[|\]$/g, ''), port: match?.[2] ?? '' }
}

function isOurHost(host: string | undefined, { names, port, secure }: Door): boolean {
  const called = splitHost(host ?? '')
  const known = [...names].some(name => name === called.name || (name.startsWith('*.') && !isIP(called.name) && called.name.slice(called.name.indexOf('.')) === name.slice(1)))
  return known && (called.port === '' ? (secure ? 443 : 80) : Number(called.port)) === port
}

/**
 * Why a request is turned away before anything else is looked at, or nothing.
 * A target that another reader could take for another path (a whole URL, needless escapes) is refused (400). A Host of another name is DNS rebinding (421); a browser's write or WebSocket must come from this origin, and what it
 * reads of a cluster must not be asked for by another site, nor loaded as a script, frame or worker (403). Programs that
 * are no browsers send neither Origin nor Sec-Fetch-Site and are held by the session alone.
 */
export function judgeVisit(visit: Visit, door: Door): Refusal | undefined {
  if (!visit.path.startsWith('/') || NEEDLESS_ESCAPE.test(visit.path))
    return { code: 400, message: 'the request\'s target is not plain: it begins with a slash, and letters, digits and -._~ stand for themselves' }
  if (!isOurHost(visit.host, door))
    return { code: 421, message: `this server is not called ${visit.host ?? '(no Host header)'}: open it under the address that it printed` }
  const ours = `${door.secure ? 'https' : 'http'}://${visit.host ?? ''}`.toLowerCase()
  const fromHere = (visit.origin === undefined || visit.origin.toLowerCase() === ours)
    && (visit.fetchSite === undefined || visit.fetchSite === 'same-origin')
  if ((!READS.has(visit.method) || visit.upgrade) && !fromHere)
    return { code: 403, message: `a ${visit.upgrade ? 'WebSocket' : visit.method} from another origin (${visit.origin ?? visit.fetchSite ?? ''}) is refused` }
  if (!OF_A_CLUSTER.test(visit.path))
    return undefined
  if (visit.origin !== undefined && visit.origin.toLowerCase() !== ours)
    return { code: 403, message: `a read by another origin (${visit.origin}) is refused` }
  if (visit.fetchSite === 'cross-site' || visit.fetchSite === 'same-site')
    return { code: 403, message: `a ${visit.fetchSite} read of the cluster is refused` }
  if (visit.fetchDest !== undefined && !K8S_DESTINATIONS.has(visit.fetchDest))
    return { code: 403, message: `an answer of the cluster is not to be loaded as ${visit.fetchDest}` }
  return undefined
}
