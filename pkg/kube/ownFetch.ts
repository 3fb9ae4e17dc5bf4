/** A fetch of somebody's own, with its own TLS. */
export type OwnFetch = (url: string, init: RequestInit) => Promise<Response>

/** Hands a request to it as plain parts: axios makes a Request of this runtime, which the fetch of another implementation (undici's) does not know. */
export async function callOwnFetch(ownFetch: OwnFetch, input: URL | Request | string, init: RequestInit = {}): Promise<Response> {
  if (!(input instanceof Request))
    return ownFetch(String(input), init)
  const { url, method, signal } = input
  return ownFetch(url, { method, signal, headers: [...input.headers], body: await input.text() || undefined })
}
