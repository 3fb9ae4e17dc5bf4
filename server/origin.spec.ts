import { describe, expect, it } from 'vitest'
import { judgeVisit } from './origin.ts'
import type { Visit } from './origin.ts'

const door = { names: new Set(['127.0.0.1', 'localhost', '::1', '*.lab.example']), port: 8090, secure: false }
const visit: Visit = { method: 'GET', path: '/', upgrade: false, host: '127.0.0.1:8090', origin: undefined, fetchSite: undefined, fetchDest: undefined }
const code = (change: Partial<Visit>, at = door) => judgeVisit({ ...visit, ...change }, at)?.code

describe('a visit under another name', () => {
  it.each(['127.0.0.1:8090', 'localhost:8090', 'LOCALHOST:8090', '[::1]:8090', 'a.lab.example:8090'])('is ours: %s', host => {
    expect(code({ host })).toBeUndefined()
  })

  it.each(['evil.example:8090', '127.0.0.1', '127.0.0.1:8091', 'localhost.evil.example:8090', 'evil.example', '', undefined, '127.0.0.1:8090@evil.example', 'a.b.lab.example:8090', 'lab.example:8090'])('is DNS rebinding or a mistake: %s', host => {
    expect(code({ host })).toBe(421)
  })

  it('may leave the port away where it is the usual one', () => {
    expect(code({ host: 'localhost' }, { ...door, port: 443, secure: true })).toBeUndefined()
    expect(code({ host: 'localhost' }, { ...door, port: 80 })).toBeUndefined()
  })
})

describe('a target that a router reads as another path', () => {
  it.each(['/%63onsole/clusters', '/%6b8s/clusters/a/api', '/%2E%2e/x', '/a%2Db', '/a%7e', '/a%5Fb', '/%30', 'http://evil/console/clusters', '*', ''])('is refused: %j', path => {
    expect(code({ path })).toBe(400)
    expect(code({ path, upgrade: true })).toBe(400)
  })

  it.each(['/', '/c/demo/%E9%95%9C', '/a%20b', '/a%2Fb', '/a%25b', '//a', '/a%7Bb', '/a%40b', '/a%5Bb'])('is not one that says what it means: %s', path => {
    expect(code({ path })).toBeUndefined()
  })
})

describe('a browser of another origin', () => {
  const k8s = '/k8s/clusters/demo/api/v1/pods'

  it.each([
    ['a write', { method: 'POST', origin: 'https://evil.example' }],
    ['a write of an opaque origin', { method: 'DELETE', origin: 'null' }],
    ['a write of another port of this machine', { method: 'PATCH', origin: 'http://127.0.0.1:3000' }],
    ['a write over another scheme', { method: 'PUT', origin: 'https://127.0.0.1:8090' }],
    ['a write under our other name', { method: 'PUT', origin: 'http://localhost:8090' }],
    ['a write without Origin, from a neighbour', { method: 'POST', fetchSite: 'same-site' }],
    ['a preflight', { method: 'OPTIONS', origin: 'https://evil.example' }],
    ['a WebSocket', { upgrade: true, origin: 'https://evil.example', path: k8s }],
    ['a read of the cluster with CORS', { path: k8s, origin: 'https://evil.example' }],
    ['a read of the cluster', { path: k8s, fetchSite: 'cross-site', fetchDest: 'empty' }],
    ['a read of the cluster by a neighbour', { path: k8s, fetchSite: 'same-site', fetchDest: 'empty' }],
    ['an answer of the cluster as a script', { path: k8s, fetchSite: 'same-origin', fetchDest: 'script' }],
    ['an answer of the cluster as a worker', { path: k8s, fetchSite: 'same-origin', fetchDest: 'serviceworker' }],
    ['a probe', { method: 'POST', path: '/guard/probe', origin: 'https://evil.example' }],
    ['a probe without Origin, from elsewhere', { method: 'POST', path: '/guard/probe', fetchSite: 'cross-site' }],
    ['the end of a read', { method: 'DELETE', path: '/guard/reads/1', origin: 'null' }],
    ['a look at a read', { path: '/guard/reads/1', fetchSite: 'cross-site', fetchDest: 'empty' }],
    ['a look at a read with CORS', { path: '/guard/reads', origin: 'https://evil.example' }],
    ['a read as a script', { path: '/guard/reads/1', fetchSite: 'same-origin', fetchDest: 'script' }],
    ['an answer of the cluster in a frame', { path: k8s, fetchSite: 'same-origin', fetchDest: 'iframe' }],
  ])('is refused %s', (_what, change) => {
    expect(code(change)).toBe(403)
  })
})

describe('our own page', () => {
  it.each([
    ['reads', { path: '/k8s/clusters/demo/version', fetchSite: 'same-origin', fetchDest: 'empty' }],
    ['asks for a probe', { method: 'POST', path: '/guard/probe', origin: 'http://127.0.0.1:8090', fetchSite: 'same-origin', fetchDest: 'empty' }],
    ['looks at reads', { path: '/guard/reads', fetchSite: 'same-origin', fetchDest: 'empty' }],
    ['writes', { method: 'POST', path: '/k8s/clusters/demo/apis', origin: 'http://127.0.0.1:8090', fetchSite: 'same-origin', fetchDest: 'empty' }],
    ['watches by WebSocket', { upgrade: true, path: '/k8s/clusters/demo/api/v1/pods', origin: 'http://127.0.0.1:8090' }],
    ['is opened by hand', { fetchSite: 'none', fetchDest: 'document' }],
    ['is opened by a link elsewhere', { fetchSite: 'cross-site', fetchDest: 'document' }],
  ])('%s', (_what, change) => {
    expect(code(change)).toBeUndefined()
  })

  it('is not asked of programs that are no browsers', () => {
    expect(code({ method: 'DELETE', path: '/k8s/clusters/demo/api/v1/pods' })).toBeUndefined()
  })
})
