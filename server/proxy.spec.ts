import { request as httpRequest } from 'node:http'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { connect, createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { createApp } from './app.ts'
import type { AppOptions } from './app.ts'
import { createSessions } from './session.ts'
import type { Status } from './status.ts'
import { kubeconfigOf, makeAuthority, makeCertificate, makeFolder, startConsole, startServer } from './testCluster.ts'
import type { TestConsole, TestServer } from './testCluster.ts'

vi.setConfig({ testTimeout: 20_000 })

const running: (() => Promise<unknown> | undefined)[] = []
afterEach(async () => { await Promise.all(running.splice(0).map(stop => stop())) })

/** The machine that tests may be busy with other things. */
const soon = (check: () => void) => vi.waitFor(check, { timeout: 10_000 })

interface Pair { readonly console: TestConsole, readonly cluster: TestServer, readonly base: string }

async function start(handler: RequestListener, options: Partial<AppOptions> = {}): Promise<Pair> {
  const cluster = await startServer(handler)
  const console = await startConsole(kubeconfigOf({ cluster: { server: cluster.url }, user: { token: 'the-token' } }), options)
  running.push(() => console.app.stop(), cluster.stop)
  return { console, cluster, base: `${console.url}/k8s/clusters/c0` }
}

interface Answer { readonly response: IncomingMessage, readonly text: string, readonly complete: boolean }

/** A request as a browser's socket sees it: nothing is made up, decoded or retried. */
function ask(url: string, { method = 'GET', headers = {}, body, path }: { method?: string, headers?: Record<string, string>, body?: string, path?: string } = {}): Promise<Answer> {
  return new Promise((done, fail) => {
    const { hostname, port, pathname, search } = new URL(url)
    const sent = httpRequest({ hostname, port, path: path ?? pathname + search, method, headers, agent: false }, response => {
      let text = ''
      response.on('data', chunk => { text += String(chunk) })
      response.on('error', () => undefined)
      response.on('close', () => done({ response, text, complete: response.complete }))
    })
    sent.on('error', fail)
    sent.end(body)
  })
}

async function startTcp(onSocket: (socket: Socket) => void): Promise<number> {
  const server = createTcpServer(onSocket)
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  running.push(() => new Promise(done => server.close(done)))
  return (server.address() as AddressInfo).port
}

describe('the time of an answer', () => {
  it('is the cluster\'s own: the console says none in its place, nor of what it answers itself', async () => {
    const { base } = await start((request, response) => {
      response.sendDate = false
      response.writeHead(200, request.url === '/api/v1/pods' ? { date: 'Sun, 01 Mar 2026 12:00:00 GMT' } : {}).end('{}')
    })
    expect((await ask(`${base}/api/v1/pods`)).response.headers.date).toBe('Sun, 01 Mar 2026 12:00:00 GMT')
    expect((await ask(`${base}/api/v1/nodes`)).response.headers.date).toBeUndefined()
    expect((await ask(base.replace('/c0', '/c9') + '/api')).response.headers.date).toBeUndefined()
  })
})

const seenOf = (cluster: TestServer, index = 0) => cluster.seen[index] as IncomingMessage

describe('a request through the proxy', () => {
  it('reaches the cluster with our credentials in place of whatever the browser sent', async () => {
    const { cluster, base } = await start((_request, response) => response.end('{}'))
    await ask(`${base}/api/v1/pods?limit=5`, { headers: { 'Authorization': 'Bearer mine', 'Cookie': 'a=b', 'IMPERSONATE-User': 'root', 'Impersonate-Extra-Scopes': 'x', 'X-Remote-User': 'root', 'Connection': 'keep-alive, X-Y', 'X-Y': '1', 'Accept': 'application/json' } })
    const { headers, url } = seenOf(cluster)
    expect(url).toBe('/api/v1/pods?limit=5')
    expect(headers).toMatchObject({ authorization: 'Bearer the-token', accept: 'application/json', host: `127.0.0.1:${cluster.port}` })
    expect(Object.keys(headers).filter(name => /cookie|impersonate|remote|x-y|origin/.test(name))).toEqual([])
  })

  it('brings back Status, Warning, Retry-After and Audit-Id untouched, and no cookie', async () => {
    const status = '{"kind":"Status","apiVersion":"v1","status":"Failure","message":"slow  down","reason":"TooManyRequests","code":429}'
    const { base } = await start((_request, response) => {
      response.writeHead(429, 'Too Many Requests', ['Warning', '299 - "one"', 'Warning', Buffer.from('299 - "zwölf"').toString('latin1'), 'Retry-After', '7', 'Audit-Id', 'abc', 'Set-Cookie', 'a=b', 'Content-Type', 'application/json'])
      response.end(Buffer.from(status))
    })
    const { response, text } = await ask(`${base}/api/v1/pods`)
    const raw = response.rawHeaders
    const warnings = raw.filter((_value, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === 'warning')
    expect(response.statusCode).toBe(429)
    expect(text).toBe(status)
    expect(warnings.map(warning => Buffer.from(warning, 'latin1').toString())).toEqual(['299 - "one"', '299 - "zwölf"'])
    expect(response.headers).toMatchObject({ 'retry-after': '7', 'audit-id': 'abc', 'content-type': 'application/json' })
    expect(response.headers['set-cookie']).toBeUndefined()
  })

  it('is not kept by the browser where the cluster, or who answers for it, says nothing of that', async () => {
    const { base } = await start((request, response) => request.url === '/version' ? response.writeHead(200, { 'cache-control': 'no-cache, private' }).end('{}') : response.writeHead(410).end())
    expect((await ask(`${base}/apis/harvesterhci.io/v1beta1/virtualmachineimages`)).response.headers['cache-control']).toBe('no-store')
    expect((await ask(`${base}/version`)).response.headers['cache-control']).toBe('no-cache, private')
  })

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('carries the body of a %s', async method => {
    const { cluster, base } = await start((request, response) => { request.pipe(response) })
    const { text } = await ask(`${base}/apis/x/v1/things`, { method, body: '{"a":1}', headers: { 'content-type': 'application/merge-patch+json', 'content-length': '7' } })
    expect(text).toBe('{"a":1}')
    expect(seenOf(cluster).headers).toMatchObject({ 'content-type': 'application/merge-patch+json', 'content-length': '7' })
  })

  it('carries a body of no declared type or length, and a write without one', async () => {
    const { cluster, base } = await start((request, response) => { request.pipe(response) })
    const chunked = await ask(`${base}/apis/x/v1/things`, { method: 'POST', body: 'abc', headers: { 'transfer-encoding': 'chunked' } })
    const empty = await ask(`${base}/apis/x/v1/things/a`, { method: 'DELETE' })
    expect([chunked.text, empty.text]).toEqual(['abc', ''])
    expect(cluster.seen.map(({ method }) => method)).toEqual(['POST', 'DELETE'])
  })

  it('answers a HEAD without a body', async () => {
    const { base } = await start((_request, response) => response.writeHead(200, { 'content-length': '5' }).end())
    const { response, text } = await ask(`${base}/api/v1/pods`, { method: 'HEAD' })
    expect([response.statusCode, response.headers['content-length'], text]).toEqual([200, '5', ''])
  })

  it.each([
    ['a reason phrase that is not Latin-1', 'HTTP/1.1 200 Всё хорошо\r\nContent-Length: 2\r\n\r\n{}', 200, '{}'],
    ['a header that may not be sent on', 'HTTP/1.1 200 OK\r\nX-Odd: a\u0001b\r\nContent-Length: 2\r\n\r\n{}', 502, '"code":502'],
  ])('ends whatever the answer is: %s', async (_what, answer, code, words) => {
    const port = await startTcp(socket => socket.once('data', () => socket.end(answer)))
    const console = await startConsole(kubeconfigOf({ cluster: { server: `http://127.0.0.1:${port}` } }))
    running.push(() => console.app.stop())
    const { response, text } = await ask(`${console.url}/k8s/clusters/c0/version`)
    expect(response.statusCode).toBe(code)
    expect(text).toContain(words)
  })

  it('hands a compressed answer on as it is', async () => {
    const { base } = await start((request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(`asked ${request.headers['accept-encoding']}`))
    const { response, text } = await ask(`${base}/api/v1/pods`, { headers: { 'accept-encoding': 'gzip' } })
    expect([response.headers['content-encoding'], text]).toEqual(['gzip', 'asked gzip'])
  })

  it.each([
    ['/metrics', 404], ['/api/../metrics', 403], ['/api/%2e%2e/metrics', 400], ['/api/v1%2f..%2fmetrics', 403], ['/api//v1', 403], ['/api/..\\metrics', 403], ['/api/%00', 403], ['/api/%zz', 400],
  ])('outside the API is refused with a Status and never sent: %s', async (path, code) => {
    const { cluster, console } = await start((_request, response) => response.end('secret'))
    const { response, text } = await ask(console.url, { path: `/k8s/clusters/c0${path}` })
    expect(response.statusCode).toBe(code)
    expect(JSON.parse(text)).toMatchObject({ kind: 'Status', status: 'Failure', code })
    expect(cluster.seen).toEqual([])
  })

  it('to a cluster that the console does not have is not found', async () => {
    const { console } = await start((_request, response) => response.end())
    expect((await ask(`${console.url}/k8s/clusters/other/api`)).response.statusCode).toBe(404)
  })
})

describe('a stream through the proxy', () => {
  it('gives headers and each line at once, long before it ends', async () => {
    let far: ServerResponse | undefined
    const { base } = await start((_request, response) => {
      far = response
      response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    })
    const response = await fetch(`${base}/api/v1/pods?watch=1`)
    const reader = (response.body as ReadableStream<Uint8Array>).getReader()
    for (const line of ['{"type":"ADDED"}\n', '{"type":"MODIFIED"}\n']) {
      far?.write(line)
      expect(new TextDecoder().decode((await reader.read()).value)).toBe(line)
    }
    far?.end()
    expect((await reader.read()).done).toBe(true)
  })

  it('asks for no compression', async () => {
    const { cluster, base } = await start((_request, response) => response.end())
    await ask(`${base}/api/v1/pods?watch=1`, { headers: { 'accept-encoding': 'gzip' } })
    expect(seenOf(cluster).headers['accept-encoding']).toBe('identity')
  })

  it('ends at the cluster when the browser goes', async () => {
    const ended = vi.fn()
    const { base } = await start((_request, response) => {
      response.on('close', ended)
      response.write('{}\n')
    })
    const going = new AbortController()
    await fetch(`${base}/api/v1/pods?watch=1`, { signal: going.signal })
    expect(ended).not.toHaveBeenCalled()
    going.abort()
    await soon(() => expect(ended).toHaveBeenCalledOnce())
  })

  it('ends at the cluster when the browser goes before the cluster has answered', async () => {
    const ended = vi.fn()
    const { base, cluster } = await start((_request, response) => { response.on('close', ended) })
    const going = new AbortController()
    const asked = fetch(`${base}/api/v1/pods?watch=1`, { signal: going.signal }).catch(() => 'gone')
    await soon(() => expect(cluster.seen).toHaveLength(1))
    going.abort()
    expect(await asked).toBe('gone')
    await soon(() => expect(ended).toHaveBeenCalledOnce())
  })

  it.each([['of unknown length', {}], ['of known length', { 'content-length': '100' }]])('%s that breaks at the cluster is seen to break, not to end', async (_what, headers) => {
    const { base } = await start((_request, response) => {
      response.writeHead(200, headers)
      response.write('{"type":"ADD')
      setTimeout(() => response.destroy(), 50)
    })
    const { text, complete } = await ask(`${base}/api/v1/pods?watch=1`)
    expect(text).toBe('{"type":"ADD')
    expect(complete).toBe(false)
  })

  it('that ends in good order is seen to end', async () => {
    const { base } = await start((_request, response) => { response.write('{}\n'); response.end('{}\n') })
    expect(await ask(`${base}/api/v1/pods?watch=1`)).toMatchObject({ text: '{}\n{}\n', complete: true })
  })

  it('holds the cluster back while the browser does not read', async () => {
    let written = 0
    const { console } = await start((_request, response) => {
      const piece = Buffer.alloc(64 * 1024, 'x')
      const pour = () => {
        while (written < 200 << 20 && !response.destroyed) {
          written += piece.length
          if (!response.write(piece))
            return response.once('drain', pour)
        }
        return response.end()
      }
      pour()
    })
    const socket = connect(console.port, '127.0.0.1', () => socket.write(`GET /k8s/clusters/c0/api/v1/pods HTTP/1.1\r\nHost: 127.0.0.1:${console.port}\r\n\r\n`))
    socket.pause()
    await sleep(400)
    const held = written
    expect(held).toBeLessThan(50 << 20)
    socket.on('data', () => undefined)
    socket.resume()
    await vi.waitFor(() => expect(written).toBe(200 << 20), { timeout: 8_000 })
    socket.destroy()
  })

  it('carries an upload piece by piece, and ends it when the browser goes', async () => {
    const pieces: string[] = []
    const broken = vi.fn()
    const { console } = await start(request => {
      request.on('data', chunk => pieces.push(String(chunk)))
      request.on('error', broken)
      request.on('close', () => request.complete || broken())
    })
    const sent = httpRequest({ port: console.port, host: '127.0.0.1', method: 'POST', path: '/k8s/clusters/c0/apis/upload/v1/x', agent: false })
    sent.on('error', () => undefined)
    sent.write('one')
    await soon(() => expect(pieces).toEqual(['one']))
    sent.write('two')
    await soon(() => expect(pieces).toEqual(['one', 'two']))
    sent.destroy()
    await soon(() => expect(broken).toHaveBeenCalled())
  })
})

describe('a cluster that gives no answer', () => {
  async function startAgainst(server: string, cluster: object = {}): Promise<Status & { http: number }> {
    const console = await startConsole(kubeconfigOf({ name: 'far away', cluster: { server, ...cluster }, user: { token: 't' } }))
    running.push(() => console.app.stop())
    const { response, text } = await ask(`${console.url}/k8s/clusters/far-away/version`)
    return { ...JSON.parse(text) as Status, http: response.statusCode ?? 0 }
  }
  const cause = ({ details }: Status) => details?.causes[0]?.reason

  it('is named with the cause: nothing listens', async () => {
    const port = await startTcp(() => undefined)
    await Promise.all(running.splice(-1).map(stop => stop()))
    const status = await startAgainst(`https://127.0.0.1:${port}/k8s/clusters/local`)
    expect(status).toMatchObject({ http: 503, code: 503, reason: 'ServiceUnavailable', kind: 'Status', details: { kind: 'cluster', name: 'far-away' } })
    expect(status.message).toBe(`cluster far away at https://127.0.0.1:${port}/k8s/clusters/local does not answer: nothing listens there (connection refused) [ECONNREFUSED]`)
  })

  it('is named with the cause: no such name', async () => {
    const status = await startAgainst('https://no-such-host.invalid')
    expect(status.http).toBe(503)
    expect(['ENOTFOUND', 'EAI_AGAIN']).toContain(cause(status))
    expect(status.message).toContain('DNS')
  })

  it('is named with the cause: a certificate of nobody we know', async () => {
    const authority = await makeAuthority()
    const cluster = await startServer((_request, response) => response.end(), await makeCertificate(authority))
    running.push(cluster.stop)
    const status = await startAgainst(cluster.url)
    expect(status.http).toBe(502)
    expect(status.message).toContain('certificate is not signed by the kubeconfig\'s authority')
  })

  it('is named with the cause: a certificate for another name', async () => {
    const authority = await makeAuthority()
    const cluster = await startServer((_request, response) => response.end(), await makeCertificate(authority))
    running.push(cluster.stop)
    const status = await startAgainst(cluster.url, { 'certificate-authority-data': Buffer.from(authority.cert).toString('base64'), 'tls-server-name': 'harvester.example' })
    expect([status.http, cause(status)]).toEqual([502, 'ERR_TLS_CERT_ALTNAME_INVALID'])
  })

  it('is named with the cause: no TLS there', async () => {
    const cluster = await startServer((_request, response) => response.end())
    running.push(cluster.stop)
    const status = await startAgainst(cluster.url.replace('http:', 'https:'))
    expect(status.http).toBe(502)
    expect(status.message).toContain('does not speak TLS')
  })

  it('is named with the cause: it hangs up', async () => {
    const port = await startTcp(socket => socket.on('data', () => socket.destroy()).on('error', () => undefined))
    const status = await startAgainst(`http://127.0.0.1:${port}`)
    expect(status.http).toBe(502)
    expect(status.message).toContain('broke the connection')
  })

  it('is named with the cause: a file of the kubeconfig is missing', async () => {
    const status = await startAgainst('https://127.0.0.1:1', { 'certificate-authority': '/no/such/ca.crt' })
    expect(status.http).toBe(502)
    expect(status.message).toMatch(/no credentials for cluster far away: .*\/no\/such\/ca\.crt/)
  })

  it('is told by the console for one cluster at a time', async () => {
    const { cluster, console } = await start((_request, response) => response.end('{"major":"1","gitVersion": "v1.34.2"}'))
    const read = async () => JSON.parse((await ask(`${console.url}/console/clusters/c0`)).text) as unknown
    expect(await read()).toEqual({ id: 'c0', state: 'reachable', version: 'v1.34.2' })
    await cluster.stop()
    expect(await read()).toMatchObject({ id: 'c0', state: 'unreachable', reason: 'ECONNREFUSED', message: expect.stringContaining('c0') as string })
    expect((await ask(`${console.url}/console/clusters/none`)).response.statusCode).toBe(404)
  })

  it('is tried again on a fresh connection when the kept one has died', async () => {
    let sockets = 0
    const { cluster, base } = await start((_request, response) => response.end('ok'))
    cluster.server.on('connection', () => sockets++)
    expect((await ask(`${base}/version`)).text).toBe('ok')
    cluster.server.closeAllConnections()
    expect((await ask(`${base}/version`)).text).toBe('ok')
    expect(sockets).toBe(2)
  })
})

describe('a WebSocket through the proxy', () => {
  async function startSockets(options: Partial<AppOptions> = {}, protocol: string | false = false): Promise<Pair & { sockets: WebSocketServer }> {
    const pair = await start((_request, response) => response.writeHead(403, { 'content-type': 'application/json', 'audit-id': 'abc' }).end('{"kind":"Status","code":403}'), options)
    const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => protocol })
    pair.cluster.server.on('upgrade', (request, socket, head) => {
      pair.cluster.seen.push(request)
      sockets.handleUpgrade(request, socket, head, socket => socket.on('message', (data, binary) => socket.send(data, { binary })))
    })
    return { ...pair, sockets }
  }

  function open(base: string, path: string, protocols: string[] = [], headers: Record<string, string> = {}): Promise<WebSocket> {
    return new Promise((done, fail) => {
      const socket = new WebSocket(base.replace('http', 'ws') + path, protocols, { headers })
      socket.on('open', () => done(socket))
      socket.on('unexpected-response', (_request, response) => {
        let text = ''
        response.on('data', chunk => { text += String(chunk) })
        response.on('end', () => fail(new Error(`${response.statusCode} ${text}`)))
      })
      socket.on('error', fail)
    })
  }

  it('goes both ways, with its protocol and our credentials', async () => {
    const { base, cluster } = await startSockets({}, 'v4.channel.k8s.io')
    const socket = await open(base, '/api/v1/namespaces/a/pods/b/exec?command=ls', ['v4.channel.k8s.io', 'base64url.bearer.authorization.k8s.io.dG9rZW4'], { Cookie: 'a=b', Authorization: 'Bearer mine' })
    expect(socket.protocol).toBe('v4.channel.k8s.io')
    const heard = new Promise(done => socket.on('message', data => done(String(data))))
    socket.send('x'.repeat(200_000))
    expect(await heard).toBe('x'.repeat(200_000))
    const { headers, url } = seenOf(cluster)
    expect(url).toBe('/api/v1/namespaces/a/pods/b/exec?command=ls')
    expect(headers).toMatchObject({ 'authorization': 'Bearer the-token', 'sec-websocket-protocol': 'v4.channel.k8s.io', 'origin': `http://${headers.host ?? ''}` })
    expect(headers.cookie).toBeUndefined()
    socket.terminate()
  })

  it('ends at the cluster when the browser goes, and the other way round', async () => {
    const { base, sockets } = await startSockets()
    const gone = new Promise(done => sockets.once('connection', socket => socket.on('close', done)))
    const first = await open(base, '/api/v1/pods?watch=1')
    sockets.clients.forEach(socket => sockets.emit('connection', socket))
    first.terminate()
    await gone
    const second = await open(base, '/api/v1/pods?watch=1')
    const closed = new Promise<number>(done => second.on('close', done))
    sockets.clients.forEach(socket => socket.terminate())
    expect(await closed).toBe(1006)
  })

  /** The handshake of a WebSocket on a socket of our own. */
  function shakeHands(port: number, path: string): Socket & { heard: () => string } {
    let heard = ''
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`))
    socket.on('data', chunk => { heard += String(chunk) })
    socket.on('error', () => undefined)
    running.push(async () => { socket.destroy() })
    return Object.assign(socket, { heard: () => heard })
  }

  it.each([['hangs up', (socket: Socket) => socket.destroy()], ['says that it has no more to say', (socket: Socket) => socket.end()]])('ends at the cluster when the browser %s before the cluster has answered', async (_how, leave) => {
    const { console, cluster } = await start((_request, response) => response.end())
    const ended = vi.fn()
    const asked = new Promise<void>(done => cluster.server.on('upgrade', (_request, socket) => {
      socket.on('close', ended).on('error', () => undefined).on('end', () => socket.end()).resume()
      done()
    }))
    const socket = shakeHands(console.port, '/k8s/clusters/c0/api/v1/pods?watch=1')
    await asked
    expect(ended).not.toHaveBeenCalled()
    leave(socket)
    await soon(() => expect(ended).toHaveBeenCalledOnce())
  })

  it('carries what the browser says before the cluster has answered', async () => {
    const { console, cluster } = await start((_request, response) => response.end())
    const heard: string[] = []
    const asked = new Promise<Duplex>(done => cluster.server.on('upgrade', (_request, socket) => {
      socket.on('data', chunk => heard.push(String(chunk)))
      done(socket)
    }))
    const socket = shakeHands(console.port, '/k8s/clusters/c0/api/v1/pods?watch=1')
    const far = await asked
    socket.write('early')
    await sleep(50)
    far.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    await soon(() => expect(heard.join('')).toBe('early'))
    socket.write(' and late')
    await soon(() => expect(heard.join('')).toBe('early and late'))
  })

  it.each([
    ['by the console', '/metrics', '404'],
    ['by the cluster', '/api/v1/pods?watch=1', '403'],
  ])('that is refused %s is closed though the browser keeps its side open', async (_who, path, code) => {
    const { base, console, cluster } = await startSockets()
    cluster.server.removeAllListeners('upgrade')
    const socket = shakeHands(console.port, new URL(base).pathname + path)
    await new Promise(done => socket.on('end', done))
    expect(socket.heard()).toContain(`HTTP/1.1 ${code} `)
    // A socket that is gone answers a write with a reset; a half of one takes it.
    const gone = new Promise(done => socket.on('close', done))
    const poke = setInterval(() => socket.write('x'), 200)
    await gone
    clearInterval(poke)
  })

  it('whose credentials the cluster refuses is tried once more with fresh ones, but not in a storm', async () => {
    const file = join(makeFolder(), 'token')
    writeFileSync(file, 'one')
    const { cluster, sockets } = await startSockets()
    const seen: (string | undefined)[] = []
    const refuse = (_request: IncomingMessage, socket: Duplex) => socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 28\r\n\r\n{"kind":"Status","code":401}')
    const welcome = (request: IncomingMessage, socket: Duplex, head: Buffer) => sockets.handleUpgrade(request, socket, head, () => undefined)
    cluster.server.removeAllListeners('upgrade').on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      seen.push(request.headers.authorization)
      return request.headers.authorization === 'Bearer two' ? welcome(request, socket, head) : refuse(request, socket)
    })
    const startAnother = async () => {
      seen.length = 0
      const console = await startConsole(kubeconfigOf({ cluster: { server: cluster.url }, user: { tokenFile: file } }))
      running.push(() => console.app.stop())
      return `${console.url}/k8s/clusters/c0`
    }
    const stale = await startAnother()
    for (const tried of [['Bearer one', 'Bearer one'], ['Bearer one', 'Bearer one', 'Bearer one']]) {
      await expect(open(stale, '/api/v1/pods?watch=1')).rejects.toThrow('401 {"kind":"Status","code":401}')
      expect(seen).toEqual(tried)
    }
    const renewed = await startAnother()
    cluster.server.prependOnceListener('upgrade', () => writeFileSync(file, 'two'))
    const socket = await open(renewed, '/api/v1/pods?watch=1')
    expect(seen).toEqual(['Bearer one', 'Bearer two'])
    socket.terminate()
  })

  it('that the cluster refuses is refused in the cluster\'s words', async () => {
    const { base, cluster } = await startSockets()
    cluster.server.removeAllListeners('upgrade')
    await expect(open(base, '/api/v1/pods?watch=1')).rejects.toThrow('403 {"kind":"Status","code":403}')
  })

  it('to a cluster that is not there is refused with the cause', async () => {
    const { base, cluster } = await startSockets()
    await cluster.stop()
    await expect(open(base, '/api/v1/pods?watch=1')).rejects.toThrow(/503 .*ECONNREFUSED/)
  })

  it.each([['/metrics', '404'], ['/api//v1', '403']])('outside the API is refused: %s', async (path, code) => {
    const { base } = await startSockets()
    await expect(open(base, path)).rejects.toThrow(code)
  })

  it('of another origin is refused, our own is not', async () => {
    const { base, console } = await startSockets()
    await expect(open(base, '/api/v1/pods', [], { Origin: 'http://evil.example' })).rejects.toThrow('403')
    const socket = await open(base, '/api/v1/pods', [], { Origin: console.url })
    socket.terminate()
  })

  it('without a session is refused where one is needed', async () => {
    const sessions = createSessions({ key: Buffer.alloc(32), port: () => 1, secure: false, real: true, now: Date.now })
    const { base } = await startSockets({ sessions })
    await expect(open(base, '/api/v1/pods')).rejects.toThrow('401')
    const cookie = sessions.exchange(sessions.issueCode())?.split(';')[0] ?? ''
    const socket = await open(base, '/api/v1/pods', [], { Cookie: cookie })
    socket.terminate()
  })
})

describe('the door', () => {
  it.each([
    ['a name that is not ours', { Host: 'evil.example' }, 421],
    ['another port', { Host: '127.0.0.1:1' }, 421],
    ['another site\'s read', { 'Sec-Fetch-Site': 'cross-site' }, 403],
    ['another origin\'s read', { Origin: 'http://evil.example' }, 403],
  ])('is closed to %s', async (_what, headers, code) => {
    const { cluster, base } = await start((_request, response) => response.end('secret'))
    const { response, text } = await ask(`${base}/version`, { headers: headers as Record<string, string> })
    expect([response.statusCode, (JSON.parse(text) as Status).kind]).toEqual([code, 'Status'])
    expect(cluster.seen).toEqual([])
  })

  it('is closed to another origin\'s write, before a byte of it is sent on', async () => {
    const { cluster, base } = await start((_request, response) => response.end())
    const { response } = await ask(`${base}/api/v1/pods`, { method: 'POST', body: '{}', headers: { 'Origin': 'http://evil.example', 'content-type': 'text/plain' } })
    expect(response.statusCode).toBe(403)
    expect(cluster.seen).toEqual([])
  })

  it('is closed to who has no session, open to health checks', async () => {
    const sessions = createSessions({ key: Buffer.alloc(32), port: () => 1, secure: false, real: true, now: Date.now })
    const { base, console, cluster } = await start((_request, response) => response.end('{}'), { sessions })
    for (const url of [`${base}/version`, `${console.url}/console/clusters`, `${console.url}/console/clusters/c0`])
      expect((await ask(url)).response.statusCode).toBe(401)
    expect(cluster.seen).toEqual([])
    expect((await ask(`${console.url}/healthz`, { headers: { Host: '10.1.2.3' } })).text).toBe('ok')
    expect((await ask(`${console.url}/readyz`)).text).toBe('ok')
  })

  it('lets no answer of its own be kept, whatever it says', async () => {
    const sessions = createSessions({ key: Buffer.alloc(32), port: () => 1, secure: false, real: true, now: Date.now })
    const { console } = await start((_request, response) => response.end('{}'), { sessions })
    const Cookie = sessions.exchange(sessions.issueCode())?.split(';')[0] ?? ''
    const kept: unknown[] = []
    for (const [path, code] of [['/console/clusters', 200], ['/console/clusters/c0', 200], ['/console/clusters/none', 404], ['/console/none', 404], ['/guard/none', 404], ['/guard/reads', 400], ['/session?code=used', 303], ['/k8s/clusters/none/version', 404], ['/healthz', 200]] as const) {
      const answers = [await ask(console.url + path, { headers: { Cookie } }), await ask(console.url + path), await ask(console.url + path, { headers: { Cookie, Host: 'evil.example' } })]
      expect([path, answers[0]?.response.statusCode]).toEqual([path, code])
      kept.push(...answers.map(({ response }) => response.headers['cache-control']))
    }
    expect(kept).toEqual(Array(27).fill('no-store'))
  })

  it.each([[8090, 'npm start -- link prints'], [9443, 'npm start -- link --port 9443 prints']])('names the command that prints another link of port %i', async (port, words) => {
    const sessions = createSessions({ key: Buffer.alloc(32), port: () => port, secure: false, real: true, now: Date.now })
    const app = createApp({
      clusters: Promise.resolve([]), real: true, consoleRoot: '/no-console', logLevel: 'silent', sessions, guard: { mirrors: [], proxyFor: () => '' },
      door: () => ({ names: new Set(['localhost']), port, secure: false }),
    })
    running.push(() => app.stop())
    const said = async (url: string) => {
      const { statusCode, body } = await app.fastify.inject({ url, headers: { host: `localhost:${port}` } })
      return [statusCode, body]
    }
    expect(await said('/session?code=used')).toEqual([403, expect.stringContaining(words)])
    expect(await said('/console/clusters')).toEqual([401, expect.stringContaining(words)])
  })

  const SPELLINGS = [
    ['an escaped letter', '/%63onsole/clusters', '/%6b8s/clusters/c0/version'],
    ['a whole URL', 'http://evil/console/clusters/c0', 'http://evil/k8s/clusters/c0/version'],
    ['a URL of our own name', 'http://127.0.0.1/console/clusters', 'http://127.0.0.1/k8s/clusters/c0/version'],
    ['an escaped dot', '/console/%2e/clusters', '/k8s/clusters/c0/%2E/version'],
    ['no slash', '*', 'k8s/clusters/c0/version'],
  ] as const

  it.each(SPELLINGS)('knows no way around the login by %s', async (_what, ...paths) => {
    const sessions = createSessions({ key: Buffer.alloc(32), port: () => 1, secure: false, real: true, now: Date.now })
    const { console, cluster } = await start((_request, response) => response.end('secret'), { sessions })
    const Cookie = sessions.exchange(sessions.issueCode())?.split(';')[0] ?? ''
    for (const path of paths) {
      expect((await ask(console.url, { path, method: path === '*' ? 'OPTIONS' : 'GET' })).response.statusCode).toBe(400)
      // Nor does it mean anything to who is logged in.
      expect((await ask(console.url, { path, method: path === '*' ? 'OPTIONS' : 'GET', headers: { Cookie } })).response.statusCode).toBe(400)
    }
    expect(cluster.seen).toEqual([])
  })

  it.each(SPELLINGS)('knows no way around the login for a WebSocket by %s', async (_what, ...paths) => {
    const sessions = createSessions({ key: Buffer.alloc(32), port: () => 1, secure: false, real: true, now: Date.now })
    const { console, cluster } = await start((_request, response) => response.end('secret'), { sessions })
    const upgraded = vi.fn()
    cluster.server.on('upgrade', upgraded)
    for (const path of paths.filter(path => path !== '*'))
      expect((await ask(console.url, { path, headers: { Connection: 'Upgrade', Upgrade: 'websocket' } })).response.statusCode).toBe(400)
    expect((await ask(console.url, { path: '/anything', headers: { Connection: 'Upgrade', Upgrade: 'websocket' } })).response.statusCode).toBe(401)
    expect(upgraded).not.toHaveBeenCalled()
  })

  it('guards a route that nobody named', async () => {
    const sessions = createSessions({ key: Buffer.alloc(32), port: () => 1, secure: false, real: true, now: Date.now })
    const app = createApp({
      clusters: Promise.resolve([]), real: true, consoleRoot: '/no-console', logLevel: 'silent', sessions, guard: { mirrors: [], proxyFor: () => '' },
      door: () => ({ names: new Set(['localhost']), port: 80, secure: false }),
    })
    running.push(() => app.stop())
    app.fastify.get('/guard/new', async () => 'secret')
    const Cookie = sessions.exchange(sessions.issueCode())?.split(';')[0] ?? ''
    expect((await app.fastify.inject({ url: '/guard/new', headers: { host: 'localhost' } })).statusCode).toBe(401)
    expect((await app.fastify.inject({ url: '/guard/new', headers: { host: 'localhost', cookie: Cookie } })).body).toBe('secret')
  })

  it('opens by a code, once, and stays open by its cookie', async () => {
    const sessions = createSessions({ key: Buffer.alloc(32), port: () => 1, secure: false, real: true, now: Date.now })
    const { base, console } = await start((_request, response) => response.end('{}'), { sessions })
    const link = `${console.url}/session?code=${sessions.issueCode()}`
    expect((await ask(link, { method: 'HEAD' })).response.statusCode).toBe(404)
    const { response } = await ask(link)
    expect([response.statusCode, response.headers.location, response.headers['cache-control']]).toEqual([303, '/', 'no-store'])
    const cookie = response.headers['set-cookie']?.[0]?.split(';')[0] ?? ''
    expect((await ask(`${base}/version`, { headers: { Cookie: cookie } })).response.statusCode).toBe(200)
    expect(JSON.parse((await ask(`${console.url}/console/clusters`, { headers: { Cookie: cookie } })).text)).toMatchObject({ real: true, clusters: [{ id: 'c0', title: 'c0', demo: false, default: true }] })
    const again = await ask(link)
    expect([again.response.statusCode, again.response.headers['set-cookie']]).toEqual([403, undefined])
    expect((await ask(`${console.url}/session?code=a&code=b`)).response.statusCode).toBe(403)
  })

  it('gives the console\'s pages strict rules', async () => {
    const { console } = await start((_request, response) => response.end())
    const { headers } = (await ask(`${console.url}/healthz`)).response
    expect(headers['content-security-policy']).toBe('default-src \'self\'; script-src \'self\'; style-src \'self\'; img-src \'self\' data:; connect-src \'self\'; frame-ancestors \'none\'; base-uri \'none\'; form-action \'self\'; object-src \'none\'')
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'cross-origin-opener-policy': 'same-origin' })
  })
})

describe('stopping', () => {
  it('ends streams and WebSockets within seconds', async () => {
    const { console, base, cluster } = await start((_request, response) => { response.write('{}\n') })
    const sockets = new WebSocketServer({ noServer: true })
    cluster.server.on('upgrade', (request, socket, head) => sockets.handleUpgrade(request, socket, head, () => undefined))
    const stream = ask(`${base}/api/v1/pods?watch=1`)
    const socket = new WebSocket(`${base.replace('http', 'ws')}/api/v1/pods?watch=1`)
    const closed = new Promise(done => socket.on('close', done))
    await new Promise(done => socket.on('open', done))
    await soon(() => expect(cluster.seen).toHaveLength(1))
    const begun = Date.now()
    await console.app.stop()
    expect((await stream).complete).toBe(false)
    await closed
    expect(Date.now() - begun).toBeLessThan(3_000)
  })
})
