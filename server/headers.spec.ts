import { describe, expect, it } from 'vitest'
import { requestHeaders, responseHeaders, webSocketProtocols } from './headers.ts'

describe('the headers of a request', () => {
  it('reach the API when they say something about the request', () => {
    const headers = { 'accept': 'application/json;as=Table;v=v1;g=meta.k8s.io', 'content-type': 'application/merge-patch+json', 'content-length': '2', 'if-none-match': '"a"', 'user-agent': 'Chromium' }
    expect(requestHeaders(headers, false)).toEqual(headers)
  })

  it.each([
    'authorization', 'cookie', 'impersonate-user', 'impersonate-group', 'impersonate-uid', 'impersonate-extra-scopes', 'x-remote-user', 'x-remote-group', 'x-remote-extra-a',
    'proxy-authorization', 'x-forwarded-for', 'forwarded', 'x-forwarded-client-cert', 'origin', 'referer', 'host', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'keep-alive', 'expect', 'sec-fetch-site', 'x-api-auth-header',
  ])('do not reach it when they are credentials, names of the browser or of the connection: %s', name => {
    expect(requestHeaders({ [name]: 'x', accept: 'a' }, false)).toEqual({ accept: 'a' })
  })

  it('do not reach it when the Connection header names them', () => {
    expect(requestHeaders({ 'connection': 'close, If-Match', 'if-match': '"1"', 'accept': 'a' }, false)).toEqual({ accept: 'a' })
  })

  it('ask for no compression where the answer is a stream', () => {
    expect(requestHeaders({ 'accept-encoding': 'gzip, br' }, true)).toEqual({ 'accept-encoding': 'identity' })
  })
})

describe('the headers of an answer', () => {
  it('reach the browser as they are', () => {
    const headers = { 'warning': '299 - "old", 299 - "older"', 'retry-after': '7', 'audit-id': 'a', 'content-type': 'application/json', 'etag': '"e"', 'x-kubernetes-pf-flowschema-uid': 'u', 'content-encoding': 'gzip', 'cache-control': 'no-cache, private' }
    expect(responseHeaders(headers)).toMatchObject(headers)
  })

  it.each([
    'set-cookie', 'strict-transport-security', 'clear-site-data', 'alt-svc', 'access-control-allow-origin', 'access-control-allow-credentials', 'service-worker-allowed', 'report-to',
    'connection', 'keep-alive', 'proxy-authenticate', 'te', 'trailer', 'transfer-encoding', 'upgrade',
  ])('stay away when they would act on this origin or are of the connection: %s', name => {
    expect(responseHeaders({ [name]: 'x' })).not.toHaveProperty([name])
  })

  it('make a sandbox of whatever a pod serves, instead of its own rules', () => {
    expect(responseHeaders({ 'content-type': 'text/html', 'content-security-policy': 'default-src *' })).toMatchObject({ 'content-security-policy': expect.stringContaining('sandbox'), 'x-content-type-options': 'nosniff' })
  })
})

describe('the protocols of a WebSocket', () => {
  it.each([
    ['v5.channel.k8s.io, v4.channel.k8s.io', 'v5.channel.k8s.io, v4.channel.k8s.io'],
    ['base64url.bearer.authorization.k8s.io.dG9rZW4, v4.channel.k8s.io', 'v4.channel.k8s.io'],
    ['Base64URL.bearer.authorization.k8s.io.dG9rZW4', undefined],
    [undefined, undefined],
  ])('of %s keep %s: a token among them is a credential', (offered, kept) => {
    expect(webSocketProtocols(offered)).toBe(kept)
  })
})
