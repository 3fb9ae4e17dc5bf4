import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import type { ClientRequest, IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { kubeconfigOf, makeAuthority, makeCertificate, startConsole, startServer } from './testCluster.ts'
import type { TestServer } from './testCluster.ts'

vi.setConfig({ testTimeout: 30_000 })

const running: (() => Promise<unknown> | undefined)[] = []
afterEach(async () => { await Promise.all(running.splice(0).map(stop => stop())) })

const soon = (check: () => void) => vi.waitFor(check, { timeout: 10_000 })
const PATH = '/v1/harvester/harvesterhci.io.virtualmachineimages/default/image-a?action=upload&size='
const MIB = 1 << 20

interface Stage { readonly cluster: TestServer, readonly console: string, readonly port: number }

/** A cluster whose kubeconfig's server ends in `suffix`, and a console in front of it. */
async function start(handler: RequestListener, suffix = '/k8s/clusters/local'): Promise<Stage> {
  const cluster = await startServer(handler)
  const console = await startConsole(kubeconfigOf({ cluster: { server: cluster.url + suffix }, user: { token: 'the-token' } }))
  running.push(() => console.app.stop(), cluster.stop)
  return { cluster, console: console.url, port: console.port }
}

interface Answer { readonly status: number, readonly text: string, readonly body: { readonly message?: string, readonly reason?: string } }

async function answerOf(response: IncomingMessage): Promise<Answer> {
  let text = ''
  for await (const chunk of response.setEncoding('utf8'))
    text += String(chunk)
  return { status: response.statusCode ?? 0, text, body: text.startsWith('{') ? JSON.parse(text) as Answer['body'] : {} }
}

/** An upload as a browser begins it; the answer may come at any time. */
function begin(base: string, size: number, headers: Record<string, string> = {}, path = PATH + String(size)): { readonly sent: ClientRequest, readonly answer: Promise<Answer> } {
  const sent = httpRequest(`${base}/k8s/clusters/c0${path}`, { method: 'POST', agent: false, headers: { 'content-type': 'multipart/form-data; boundary=x', 'content-length': size, 'file-size': String(size), ...headers } })
  const answer = new Promise<Answer>((done, fail) => {
    sent.on('response', response => { answerOf(response).then(done, fail) })
    sent.on('error', fail)
  })
  answer.catch(() => undefined)
  return { sent, answer }
}

function* pieces(bytes: number, piece = Buffer.alloc(256 * 1024, 'x')): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= piece.length)
    yield left < piece.length ? piece.subarray(0, left) : piece
}

/** Refuses in the middle as net/http of Go and nginx do it: answers, takes the rest for a moment, hangs up. */
const refuseEarly: RequestListener = request => {
  request.once('data', () => {
    const body = '{"message":"too large for the ingress"}'
    request.socket.write(`HTTP/1.1 413 Request Entity Too Large\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    setTimeout(() => request.socket.destroy(), 500)
  })
  request.on('error', () => undefined)
}

/** Reads a request to its end and answers how long it was. */
const count: RequestListener = (request, response) => {
  let bytes = 0
  request.on('data', (chunk: Buffer) => { bytes += chunk.length })
  request.on('end', () => response.end(String(bytes)))
}

describe('an upload', () => {
  it.each([
    ['Harvester\'s own kubeconfig', '/k8s/clusters/local', PATH],
    ['Harvester\'s own kubeconfig below a path', '/harvester/k8s/clusters/local/', `/harvester${PATH}`],
    ['a Rancher\'s kubeconfig', '/k8s/clusters/c-m-x7k2p', `/k8s/clusters/c-m-x7k2p${PATH}`],
  ])('reaches Harvester with our credentials: %s', async (_whose, suffix, path) => {
    const { cluster, console } = await start(count, suffix)
    const { sent, answer } = begin(console, 5, { authorization: 'Bearer mine', cookie: 'a=b' })
    sent.end('bytes')
    expect(await answer).toMatchObject({ status: 200, text: '5' })
    const { url, method, headers } = cluster.seen[0] as IncomingMessage
    expect([method, url]).toEqual(['POST', `${path}5`])
    expect(headers).toMatchObject({ 'authorization': 'Bearer the-token', 'file-size': '5', 'content-type': 'multipart/form-data; boundary=x', 'content-length': '5' })
    expect(headers.cookie).toBeUndefined()
  })

  it('to a bare API server is refused with what to do, and never sent', async () => {
    const { cluster, console } = await start(count, '')
    const { sent, answer } = begin(console, 5)
    sent.end('bytes')
    const { status, body } = await answer
    expect([status, body.reason]).toEqual([404, 'NotFound'])
    expect(body.message).toContain('--harvester-url')
    expect(cluster.seen).toEqual([])
  })

  it.each([
    [PATH.replace('action=upload', 'action=download'), 400], [`${PATH}5&x=1`, 400], [PATH.replace('/default/', '/default/../'), 404], [PATH.replace('/default/', '%2f'), 404], [PATH.replace('virtualmachineimages', 'settings'), 404],
  ])('anywhere else is refused and never sent: %s', async (path, code) => {
    const { cluster, console } = await start(count)
    const { sent, answer } = begin(console, 5, {}, path.endsWith('=') ? `${path}5` : path)
    sent.end('bytes')
    expect((await answer).status).toBe(path.includes('%2f') ? 403 : code)
    expect(cluster.seen).toEqual([])
  })

  it('flows piece by piece, with flat memory', async () => {
    const { console } = await start(count)
    const size = Number(process.env.UPLOAD_MIB ?? 192) * MIB
    const { sent, answer } = begin(console, size)
    let highest = 0
    const before = process.memoryUsage()
    const sample = setInterval(() => {
      const { rss, external } = process.memoryUsage()
      highest = Math.max(highest, rss - before.rss, external - before.external)
    }, 20)
    await pipeline(pieces(size), sent)
    expect((await answer).text).toBe(String(size))
    clearInterval(sample)
    // Both ends and the proxy between them share this process.
    expect(highest).toBeLessThan(96 * MIB)
  })

  it('is held back while the cluster does not read', async () => {
    let far: IncomingMessage | undefined
    const { console } = await start((request, response) => {
      far = request
      request.pause()
      request.on('end', () => response.end('done'))
    })
    const { sent, answer } = begin(console, 128 * MIB)
    let written = 0
    const pouring = pipeline(function* () {
      for (const piece of pieces(128 * MIB)) {
        written += piece.length
        yield piece
      }
    }, sent)
    await soon(() => expect(far).toBeDefined())
    await sleep(400)
    expect(written).toBeLessThan(48 * MIB)
    far?.resume()
    await pouring
    expect((await answer).text).toBe('done')
  })

  it('that is refused early brings the answer back while the body is still on its way', async () => {
    const { console } = await start(refuseEarly)
    const { sent, answer } = begin(console, 1024 * MIB)
    sent.write(Buffer.alloc(4 * MIB))
    expect(await answer).toMatchObject({ status: 413, body: { message: 'too large for the ingress' } })
    // Whoever goes on sending is cut off, so that it looks for the answer.
    await once(sent, 'close')
  })

  it('that is refused early to a browser which sends everything first is answered too', async () => {
    const { console, port } = await start(refuseEarly)
    const size = 24 * MIB
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write(`POST /k8s/clusters/c0${PATH}${size} HTTP/1.1\r\nHost: ${new URL(console).host}\r\nContent-Length: ${size}\r\n\r\n`)
    socket.pause()
    for (const piece of pieces(size)) {
      if (!socket.write(piece))
        await once(socket, 'drain')
    }
    socket.resume()
    const [first] = await once(socket, 'data') as [Buffer]
    expect(String(first)).toMatch(/^HTTP\/1\.1 413 /)
    socket.destroy()
  })

  it('that breaks at the cluster says so', async () => {
    const { console } = await start(request => { request.once('data', () => request.socket.destroy()) })
    const { sent, answer } = begin(console, 64 * MIB)
    sent.write(Buffer.alloc(MIB))
    const { status, body } = await answer
    expect(status).toBe(502)
    expect(body.message).toContain('broke the connection')
  })

  it('that the browser gives up is seen to break at the cluster', async () => {
    let far: IncomingMessage | undefined
    let gone = 0
    const { console } = await start((request: IncomingMessage, response: ServerResponse) => {
      far = request
      request.on('data', () => undefined).on('error', () => undefined)
      response.on('close', () => gone++)
    })
    const { sent } = begin(console, 64 * MIB)
    sent.write(Buffer.alloc(MIB))
    await soon(() => expect(far).toBeDefined())
    sent.destroy()
    await soon(() => expect(gone).toBe(1))
    expect(far?.complete).toBe(false)
  })

  it('waits for an answer that comes long after the last byte, and brings the cluster\'s own words', async () => {
    const { console } = await start((request, response) => {
      request.resume().on('end', () => setTimeout(() => response.writeHead(500, { 'content-type': 'application/json' }).end('{"message":"timeout waiting for backing image data source to be ready"}'), 600))
    })
    const { sent, answer } = begin(console, 512)
    sent.end(Buffer.alloc(512))
    expect(await answer).toMatchObject({ status: 500, body: { message: 'timeout waiting for backing image data source to be ready' } })
  })
})

describe('--harvester-url', () => {
  async function startNamed(authority: string | undefined): Promise<{ far: TestServer, api: TestServer, base: string }> {
    const ca = await makeAuthority()
    const far = await startServer(count, await makeCertificate(ca))
    const api = await startServer((_request, response) => response.end('{}'))
    const cluster = { server: api.url, ...authority !== undefined && { 'certificate-authority-data': Buffer.from(ca.cert).toString('base64'), 'tls-server-name': 'api.example' } }
    const contexts = [{ name: 'one', cluster, user: { token: 'first' } }, { name: 'two', cluster, user: { token: 'second' } }]
    const console = await startConsole(kubeconfigOf(...contexts), { harvester: new URL(`${far.url}/here/`) })
    running.push(() => console.app.stop(), far.stop, api.stop)
    return { far, api, base: console.url }
  }

  it('takes the uploads of the context that one begins with, under the kubeconfig\'s authority', async () => {
    const { far, base } = await startNamed('ca')
    const { sent, answer } = begin(base, 5, {}, undefined)
    sent.destroy()
    await answer.catch(() => undefined)
    const named = httpRequest(`${base}/k8s/clusters/one${PATH}5`, { method: 'POST', agent: false, headers: { 'content-length': 5 } })
    named.end('bytes')
    const [response] = await once(named, 'response') as [IncomingMessage]
    expect(await answerOf(response)).toMatchObject({ status: 200, text: '5' })
    expect(far.seen.map(({ url, headers }) => [url, headers.authorization])).toEqual([[`/here${PATH}5`, 'Bearer first']])
  })

  it('gets no other context\'s credentials, and the console knows beforehand', async () => {
    const { far, base } = await startNamed('ca')
    const refused = await fetch(`${base}/k8s/clusters/two${PATH}5`, { method: 'POST', body: 'bytes' })
    expect(refused.status).toBe(404)
    expect(far.seen).toEqual([])
    const { clusters } = await (await fetch(`${base}/console/clusters`)).json() as { clusters: object[] }
    expect(clusters).toMatchObject([{ id: 'one', upload: 'offered' }, { id: 'two', upload: 'no-harvester-url' }])
  })

  it('is not trusted under an authority of nobody we know', async () => {
    const { far, base } = await startNamed(undefined)
    const refused = await fetch(`${base}/k8s/clusters/one${PATH}5`, { method: 'POST', body: 'bytes' })
    expect(refused.status).toBe(502)
    expect((await refused.json() as { message: string }).message).toContain('certificate is not signed')
    expect(far.seen).toEqual([])
  })
})
