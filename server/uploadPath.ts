/** An upload of an image below `/k8s/clusters/<id>`, or why it does not pass; undefined for what is no upload at all. */
export type UploadPath
  = | { readonly pass: true, readonly cluster: string, readonly path: string, readonly query: string }
    | { readonly pass: false, readonly code: 400 | 405, readonly message: string }
    | undefined

/** Harvester's own API, and of it this one collection: everything else of it stays closed. */
const COLLECTION = '/v1/harvester/harvesterhci.io.virtualmachineimages'
// One spelling for each name (DNS-1123 label and subdomain), so nothing is left to decode or to normalise.
const WHOLE = new RegExp(`^/k8s/clusters/([\\w.-]+)(${COLLECTION.replaceAll('.', '\\.')}/[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?/[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)$`)
const SPLIT_NAME = /[.-]\.|\.-/
const QUERY = /^\?action=upload&size=[1-9]\d{0,14}$/

/**
 * Judges the raw URL and method of a request to the proxy: the one path outside of the Kubernetes API that is let through,
 * `POST /k8s/clusters/<id>/v1/harvester/harvesterhci.io.virtualmachineimages/<namespace>/<name>?action=upload&size=<bytes>`
 * (harvester pkg/api/image, harvester-ui-extension models/harvesterhci.io.virtualmachineimage.js uploadImage).
 * Only in this spelling: a query in another order, with one word more, or a size of nothing is refused.
 */
export function judgeUploadPath(method: string, url: string): UploadPath {
  const mark = url.indexOf('?')
  const query = mark < 0 ? '' : url.slice(mark)
  const [, cluster, path] = WHOLE.exec(mark < 0 ? url : url.slice(0, mark)) ?? []
  if (cluster === undefined || path === undefined || SPLIT_NAME.test(path.slice(COLLECTION.length)))
    return undefined
  if (method !== 'POST')
    return { pass: false, code: 405, message: 'of Harvester\'s own API only the upload of an image is let through, and that is a POST' }
  if (!QUERY.test(query))
    return { pass: false, code: 400, message: 'an upload is asked for as ?action=upload&size=<bytes>, and as nothing else' }
  return { pass: true, cluster, path, query }
}
