import type { AccessSource } from './access.ts'
import type { Cluster } from './kubeconfig.ts'
import { UsageError } from './usageError.ts'

const BEHIND_RANCHER = /\/k8s\/clusters\/([^/]+)\/?$/
/** What Harvester calls itself in the kubeconfig that its own console hands out. */
const ITSELF = 'local'

/**
 * Where Harvester's own API (`/v1/harvester/…`) answers beside a kubeconfig's server: one that ends in
 * `/k8s/clusters/local` is Harvester itself, its API is at the root of that; behind a Rancher the API is below the
 * cluster's path (harvester-ui-extension store/harvester-store/actions.ts). Undefined for a bare API server.
 */
function harvesterUrlOf(server: URL): URL | undefined {
  const [whole, id] = BEHIND_RANCHER.exec(server.pathname) ?? []
  if (whole === undefined)
    return undefined
  const base = new URL(server)
  base.pathname = id === ITSELF ? server.pathname.slice(0, -whole.length) : server.pathname
  return base
}

/** The address that `--harvester-url` names; throws UsageError for one to which credentials had better not be sent. */
export function readHarvesterUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !['https:', 'http:'].includes(url.protocol))
    throw new UsageError(`--harvester-url ${text} is not an http or https URL`)
  if (url.username || url.password || url.search || url.hash)
    throw new UsageError('--harvester-url is a plain address: no user name, password, query or fragment (your kubeconfig\'s credentials are used)')
  if (url.protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname))
    throw new UsageError(`--harvester-url ${text} would send your credentials in clear text: use https`)
  return url
}

/** The way to a cluster's Harvester: the named address with the cluster's credentials, or the one that its server tells. */
export function harvesterAccess(access: AccessSource, named?: URL): AccessSource | undefined {
  if (named)
    return access.elsewhere(named)
  const url = harvesterUrlOf(access.url)
  return url && { ...access, url, close: () => Promise.resolve() }
}

/** Whether the console may offer uploads to a cluster, as `/console/clusters` tells it. */
export function uploadOffer({ harvester }: Pick<Cluster, 'harvester'>): 'offered' | 'no-harvester-url' {
  return harvester ? 'offered' : 'no-harvester-url'
}
