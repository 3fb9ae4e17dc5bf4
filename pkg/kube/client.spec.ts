import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { fetch as undiciFetch } from 'undici'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { ApiError, toApiError } from './apiError.ts'
import { createKubeClient } from './client.ts'
import type { KubeClient, WatchEvent } from './client.ts'
import { CLAIMS, NAMESPACES, PODS } from './core.ts'
import type { PersistentVolumeClaim } from './core.ts'
import type { Manifest } from './object.ts'
import { defineResource } from './resource.ts'
import { sendJson, sendStatus, startScriptedServer } from './scriptedServer.ts'
import type { Answer, ScriptedServer } from './scriptedServer.ts'

let server: ScriptedServer | undefined
afterEach(async () => server?.close())

async function against(answer: Answer, options: { token?: string } = {}): Promise<KubeClient> {
  server = await startScriptedServer(answer)
  return createKubeClient({ baseUrl: `${server.url}/k8s/clusters/demo/`, ...options })
}

function heard(index = 0): ScriptedServer['heard'][number] {
  const one = server?.heard[index]
  if (!one)
    throw new Error(`request ${index} was not made`)
  return one
}

async function failure(work: Promise<unknown>): Promise<ApiError> {
  const thrown: unknown = await work.then(() => undefined, (error: unknown) => error)
  expect(thrown).toBeInstanceOf(ApiError)
  return toApiError(thrown)
}

const CLAIM = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'disk', namespace: 'lab' } } satisfies Manifest<PersistentVolumeClaim>
const VM_SUBRESOURCES = defineResource('subresources.kubevirt.io/v1', 'VirtualMachine', 'virtualmachines')

describe('the API server\'s time', () => {
  const HOUR = 3_600_000
  const list = (response: ServerResponse, code: number, at: number | undefined) => {
    response.sendDate = false
    sendJson(response, code, { metadata: { resourceVersion: '1' }, items: [] }, at === undefined ? {} : { Date: new Date(at).toUTCString() })
  }

  it('is told by its answers, whatever this machine\'s clock shows', async () => {
    const client = await against((_, response) => list(response, 200, Date.now() - HOUR))
    expect(client.time()).toBeUndefined()
    await client.list(PODS)
    expect(Math.abs((client.time() ?? 0) - (Date.now() - HOUR))).toBeLessThan(2_500)
    expect(client.time(12 * HOUR)).toBeLessThan(11 * HOUR + 2_500)
  })

  it('is told by no refusal, which may be of somebody on the way, and by no answer without a Date', async () => {
    const answers: [number, number | undefined][] = [[401, Date.now()], [502, Date.now()], [200, undefined]]
    const client = await against((_, response) => list(response, ...(answers.shift() ?? [500, undefined])))
    await failure(client.list(PODS))
    await failure(client.list(PODS))
    await client.list(PODS)
    expect(client.time()).toBeUndefined()
  })
})

describe('uploading', () => {
  const form = (text: string) => ({ path: '/v1/harvester/images/lab/a?action=upload&size=5', field: 'chunk', file: new File([text], 'disk "1".img'), headers: { 'File-Size': '5' } })

  it('sends the file as the one field of a form, with the browser\'s own boundary', async () => {
    const client = await against((_, response) => response.end(), { token: 'secret' })
    const seen: number[] = []
    await client.upload(form('bytes'), { onProgress: ({ loaded }) => seen.push(loaded) })
    const { method, path, query, headers, body } = heard()
    expect([method, path, query.get('size')]).toEqual(['POST', '/k8s/clusters/demo/v1/harvester/images/lab/a', '5'])
    expect(headers).toMatchObject({ 'authorization': 'Bearer secret', 'file-size': '5', 'content-type': expect.stringMatching(/^multipart\/form-data; boundary=/) as string })
    expect(body).toContain('name="chunk"; filename="disk %221%22.img"')
    expect(body).toContain('\r\n\r\nbytes\r\n')
    expect(Math.max(...seen)).toBeGreaterThanOrEqual(5)
  })

  it('brings a refusal in the words of whoever refused', async () => {
    const client = await against((_, response) => response.writeHead(413, { 'content-type': 'text/html' }).end('<html><head><title>413 Request Entity Too Large</title></head></html>'))
    expect(await failure(client.upload(form('bytes')))).toMatchObject({ status: 413, reason: 'RequestEntityTooLarge', message: '413 Request Entity Too Large' })
  })

  it('is given up by its signal', async () => {
    const going = new AbortController()
    const client = await against(() => going.abort())
    expect(await failure(client.upload(form('bytes'), { signal: going.signal }))).toMatchObject({ status: 0, reason: 'Aborted' })
  })
})

describe('reading', () => {
  it('gets one object below the base path, with the token', async () => {
    const client = await against((_, response) => sendJson(response, 200, CLAIM), { token: 'secret' })
    expect(await client.get(CLAIMS, { namespace: 'lab', name: 'disk' })).toEqual(CLAIM)
    expect(heard().path).toBe('/k8s/clusters/demo/api/v1/namespaces/lab/persistentvolumeclaims/disk')
    expect(heard().headers).toMatchObject({ authorization: 'Bearer secret', accept: 'application/json' })
  })

  it('lists in pages of 500 and keeps the first page\'s resourceVersion', async () => {
    const pages = [{ name: 'a', rv: '7', next: 't1' }, { name: 'b', rv: '8', next: 't2' }, { name: 'c', rv: '9' }]
    let page = 0
    const client = await against((_, response) => {
      const { name, rv, next } = pages[page++] ?? { name: 'x', rv: '0' }
      sendJson(response, 200, { kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: rv, continue: next }, items: [{ metadata: { name } }] })
    })
    const seen: string[] = []
    const list = await client.list(PODS, { labelSelector: 'a in (b,c)', onPage: pods => seen.push(...pods.map(pod => pod.metadata.name)) })
    expect(list.metadata.resourceVersion).toBe('7')
    expect(list.items.map(pod => pod.metadata.name)).toEqual(['a', 'b', 'c'])
    expect(seen).toEqual(['a', 'b', 'c'])
    expect(server?.heard.map(one => one.query.get('continue'))).toEqual([null, 't1', 't2'])
    expect(server?.heard.every(one => one.query.get('limit') === '500' && one.query.get('labelSelector') === 'a in (b,c)')).toBe(true)
  })

  it('gives the items of a built-in list their kind', async () => {
    const client = await against((_, response) => sendJson(response, 200, { kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: '1' }, items: [{ metadata: { name: 'a' } }] }))
    expect((await client.list(PODS)).items[0]).toMatchObject({ apiVersion: 'v1', kind: 'Pod' })
  })

  it('starts the list anew when its token has expired', async () => {
    let calls = 0
    const client = await against(({ query }, response) => {
      calls++
      if (query.get('continue') === 'old')
        return sendStatus(response, 410, 'Expired', 'The provided continue parameter is too old')
      return sendJson(response, 200, { metadata: { resourceVersion: String(calls), continue: calls === 1 ? 'old' : undefined }, items: [{ metadata: { name: `n${calls}` } }] })
    })
    const list = await client.list(NAMESPACES)
    expect(list.items.map(item => item.metadata.name)).toEqual(['n3'])
    expect(list.metadata.resourceVersion).toBe('3')
  })

  it('gives up when every token expires', async () => {
    const client = await against(({ query }, response) => query.has('continue')
      ? sendStatus(response, 410, 'Expired')
      : sendJson(response, 200, { metadata: { resourceVersion: '1', continue: 't' }, items: [] }))
    expect(await failure(client.list(NAMESPACES))).toMatchObject({ status: 410, reason: 'Expired' })
  })

  it('is given up by its signal', async () => {
    const client = await against(() => undefined)
    const abort = new AbortController()
    const work = failure(client.list(PODS, { signal: abort.signal }))
    await sleep(20)
    abort.abort()
    expect(await work).toMatchObject({ status: 0, reason: 'Aborted' })
    await expect.poll(() => server?.open.size).toBe(0)
  })

  it('works through the fetch of undici, which is another one than Node\'s', async () => {
    server = await startScriptedServer((one, response) => sendJson(response, one.method === 'POST' ? 201 : 200, one.body ? JSON.parse(one.body) as object : CLAIM))
    const client = createKubeClient({ baseUrl: server.url, token: 't', fetch: undiciFetch as never })
    expect(await client.get(CLAIMS, { namespace: 'lab', name: 'disk' })).toEqual(CLAIM)
    expect((await client.create(CLAIMS, CLAIM)).object).toEqual(CLAIM)
    expect(heard().headers.authorization).toBe('Bearer t')
  })
})

describe('writing', () => {
  const echo: Answer = (_, response) => sendJson(response, 201, CLAIM, { Warning: ['299 - "a \\"quoted\\" word"', '299 - "unknown field \\"spec.x\\", ignored"', '299 - "a \\"quoted\\" word"'] })

  it('creates with dryRun, fieldManager and fieldValidation, and hands the warnings back', async () => {
    const client = await against(echo)
    const written = await client.create(CLAIMS, CLAIM, { dryRun: true, fieldManager: 'me', fieldValidation: 'Strict' })
    expect(written).toEqual({ object: CLAIM, warnings: ['a "quoted" word', 'unknown field "spec.x", ignored'] })
    expect(heard()).toMatchObject({ method: 'POST', path: '/k8s/clusters/demo/api/v1/namespaces/lab/persistentvolumeclaims', body: JSON.stringify(CLAIM) })
    expect(heard().query.toString()).toBe('dryRun=All&fieldManager=me&fieldValidation=Strict')
    expect(heard().headers['content-type']).toBe('application/json')
  })

  it('replaces, also a subresource', async () => {
    const client = await against(echo)
    await client.replace(CLAIMS, CLAIM, { subresource: 'status' })
    expect(heard()).toMatchObject({ method: 'PUT', path: '/k8s/clusters/demo/api/v1/namespaces/lab/persistentvolumeclaims/disk/status' })
  })

  it('patches by merge and by operations', async () => {
    const client = await against(echo)
    await client.patch(CLAIMS, { namespace: 'lab', name: 'disk' }, { type: 'merge', body: { metadata: { labels: { a: null } } } }, { dryRun: true })
    await client.patch(CLAIMS, { namespace: 'lab', name: 'disk' }, { type: 'json', body: [{ op: 'test', path: '/a', value: 1 }] })
    expect(heard(0)).toMatchObject({ method: 'PATCH', body: '{"metadata":{"labels":{"a":null}}}', headers: { 'content-type': 'application/merge-patch+json' } })
    expect(heard(0).query.get('dryRun')).toBe('All')
    expect(heard(1)).toMatchObject({ body: '[{"op":"test","path":"/a","value":1}]', headers: { 'content-type': 'application/json-patch+json' } })
  })

  it('removes with propagation and preconditions; what lives on is returned', async () => {
    let answer: object = CLAIM
    const client = await against((_, response) => sendJson(response, 200, answer))
    const gone = await client.remove(CLAIMS, { namespace: 'lab', name: 'disk' }, { propagation: 'Foreground', preconditions: { uid: 'u', resourceVersion: '5' }, dryRun: true })
    expect(gone.object).toEqual(CLAIM)
    expect(JSON.parse(heard().body)).toEqual({ apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Foreground', preconditions: { uid: 'u', resourceVersion: '5' }, dryRun: ['All'] })
    expect(heard().query.get('dryRun')).toBe('All')
    answer = { kind: 'Status', status: 'Success' }
    expect((await client.remove(CLAIMS, { namespace: 'lab', name: 'disk' })).object).toBeUndefined()
  })

  it('calls a subresource that answers nothing', async () => {
    const client = await against((_, response) => response.writeHead(202).end())
    expect(await client.call(VM_SUBRESOURCES, { namespace: 'lab', name: 'web' }, 'start')).toEqual({ warnings: [] })
    expect(heard()).toMatchObject({ method: 'PUT', path: '/k8s/clusters/demo/apis/subresources.kubevirt.io/v1/namespaces/lab/virtualmachines/web/start', headers: { accept: 'application/json, */*' } })
  })

  it('knows which resources and subresources the cluster serves', async () => {
    const client = await against((_, response) => sendJson(response, 200, { kind: 'APIResourceList', groupVersion: 'subresources.kubevirt.io/v1', resources: [{ name: 'virtualmachines/start', namespaced: true, kind: '', verbs: ['update'] }] }))
    expect([...await client.served(VM_SUBRESOURCES)]).toEqual(['virtualmachines/start'])
    expect(heard()).toMatchObject({ method: 'GET', path: '/k8s/clusters/demo/apis/subresources.kubevirt.io/v1' })
  })

  it('takes a group that is not there for one that serves nothing, and one that does not answer for neither', async () => {
    let code = 404
    const client = await against((_, response) => sendStatus(response, code, 'x'))
    expect([...await client.served(VM_SUBRESOURCES)]).toEqual([])
    code = 503
    expect(await failure(client.served(VM_SUBRESOURCES))).toMatchObject({ status: 503 })
  })

  it('asks what the user may', async () => {
    const client = await against((_, response) => sendJson(response, 201, { status: { allowed: false, reason: 'no such role' } }))
    expect(await client.review({ verb: 'update', resource: VM_SUBRESOURCES, namespace: 'lab', subresource: 'stop' })).toEqual({ allowed: false, reason: 'no such role' })
    expect(JSON.parse(heard().body)).toMatchObject({ spec: { resourceAttributes: { verb: 'update', group: 'subresources.kubevirt.io', resource: 'virtualmachines', subresource: 'stop', namespace: 'lab' } } })
  })
})

describe('rules', () => {
  it('reads what the user may do in a namespace', async () => {
    const client = await against((_, response) => sendJson(response, 201, { status: { incomplete: false, resourceRules: [{ verbs: ['get'], apiGroups: [''], resources: ['namespaces'], resourceNames: ['lab'] }] } }))
    expect(await client.rules('default')).toEqual([{ verbs: ['get'], apiGroups: [''], resources: ['namespaces'], resourceNames: ['lab'] }])
    expect(JSON.parse(heard().body)).toMatchObject({ kind: 'SelfSubjectRulesReview', spec: { namespace: 'default' } })
  })
})

describe('failing', () => {
  it.each([
    ['a Status with causes', (response: ServerResponse) => sendStatus(response, 422, 'Invalid', 'x is invalid', { causes: [{ field: 'spec.url', message: 'must be set', reason: 'FieldValueRequired' }] }),
      { status: 422, reason: 'Invalid', message: 'x is invalid', causes: [{ field: 'spec.url', message: 'must be set', reason: 'FieldValueRequired' }] }],
    ['Retry-After as header', (response: ServerResponse) => { response.setHeader('Retry-After', '7'); sendStatus(response, 429, 'TooManyRequests') }, { status: 429, retryAfter: 7 }],
    ['Retry-After in the details', (response: ServerResponse) => sendStatus(response, 504, 'Timeout', 'x', { retryAfterSeconds: 3 }), { status: 504, reason: 'Timeout', retryAfter: 3 }],
    ['the page of a proxy', (response: ServerResponse) => response.writeHead(502, { 'Content-Type': 'text/html' }).end('<html><head><title>502 Bad\n Gateway</title></head><body>nginx</body></html>'), { status: 502, reason: 'BadGateway', message: '502 Bad Gateway' }],
    ['plain text', (response: ServerResponse) => response.writeHead(500).end('virt-handler is away\n'), { status: 500, reason: 'InternalError', message: 'virt-handler is away' }],
    ['the JSON of another server', (response: ServerResponse) => sendJson(response, 403, { statusCode: 403, error: 'Forbidden', message: 'another origin' }), { status: 403, reason: 'Forbidden', message: 'another origin' }],
    ['nothing', (response: ServerResponse) => response.writeHead(503).end(), { status: 503, reason: 'ServiceUnavailable', message: 'HTTP 503 ServiceUnavailable' }],
    ['a good answer that is not JSON', (response: ServerResponse) => response.writeHead(200).end('<html>'), { status: 200, reason: 'BadAnswer' }],
    ['a line cut in mid-body', (response: ServerResponse) => { response.writeHead(200, { 'Content-Length': '100' }); response.write('{'); setTimeout(() => response.destroy(), 10) }, { status: 0, reason: 'Unreachable' }],
  ])('reads %s', async (_, answer, expected) => {
    const client = await against((__, response) => answer(response))
    expect(await failure(client.get(PODS, { namespace: 'a', name: 'b' }))).toMatchObject(expected)
  })

  it('says that nobody answered, and why', async () => {
    const client = createKubeClient({ baseUrl: 'http://127.0.0.1:9' })
    expect(await failure(client.get(PODS, { name: 'x' }))).toMatchObject({ status: 0, reason: 'Unreachable', message: expect.stringMatching(/no answer: .*(ECONNREFUSED|bad port)/) as string })
  })
})

describe('watching', () => {
  async function collect(client: KubeClient, onOpen?: () => void): Promise<{ events: WatchEvent[], error?: ApiError }> {
    const events: WatchEvent[] = []
    try {
      for await (const event of client.watch(PODS, { resourceVersion: '5', timeoutSeconds: 60, onOpen }))
        events.push(event)
      return { events }
    }
    catch (thrown) {
      return { events, error: toApiError(thrown) }
    }
  }
  const event = (name: string): string => `${JSON.stringify({ type: 'ADDED', object: { metadata: { name } } })}\n`

  it('reads lines wherever the chunks split them, also inside a character', async () => {
    const bytes = Buffer.from(event('镜像-é') + event('b') + event('c'))
    const client = await against(async (_, response) => {
      response.writeHead(200)
      for (let at = 0; at < bytes.length; at += 7) {
        response.write(bytes.subarray(at, at + 7))
        await sleep(1)
      }
      response.end()
    })
    const { events, error } = await collect(client)
    expect(events.map(one => (one.object.metadata as { name: string }).name)).toEqual(['镜像-é', 'b', 'c'])
    expect(error).toBeUndefined()
    expect(Object.fromEntries(heard().query)).toEqual({ watch: '1', allowWatchBookmarks: 'true', resourceVersion: '5', timeoutSeconds: '60' })
  })

  it('says that it is open before anything has happened', async () => {
    const client = await against((_, response) => { response.writeHead(200); response.flushHeaders() })
    let opened = (): void => undefined
    const open = new Promise<void>(resolve => { opened = resolve })
    void collect(client, opened)
    await open
  })

  it('throws the Status of an ERROR event', async () => {
    const client = await against((_, response) => response.end(`${event('a')}{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old resource version: 1 (5)"}}\n`))
    const { events, error } = await collect(client)
    expect(events).toHaveLength(1)
    expect(error).toMatchObject({ status: 410, reason: 'Expired', message: 'too old resource version: 1 (5)' })
  })

  it('throws the Status of a refusal', async () => {
    const client = await against((_, response) => sendStatus(response, 410, 'Expired', 'too old'))
    expect((await collect(client)).error).toMatchObject({ status: 410, reason: 'Expired', message: 'too old' })
  })

  it.each([
    ['ends in mid-line', (response: ServerResponse) => response.end(`${event('a')}{"type":"ADD`)],
    ['breaks', (response: ServerResponse) => { response.write(`${event('a')}{"type"`); setTimeout(() => response.destroy(), 20) }],
  ])('says that the line was cut when the body %s', async (_, end) => {
    const client = await against((__, response) => end(response))
    const { events, error } = await collect(client)
    expect(events).toHaveLength(1)
    expect(error).toMatchObject({ status: 0, reason: 'LineCut' })
  })

  it('leaves nothing open when the reader stops, and when its signal says so', async () => {
    const client = await against((_, response) => response.write(event('a')))
    for await (const one of client.watch(PODS, { resourceVersion: '1' })) {
      expect(one.type).toBe('ADDED')
      break
    }
    await expect.poll(() => server?.open.size).toBe(0)
    const abort = new AbortController()
    const watching = (async () => {
      for await (const one of client.watch(PODS, { resourceVersion: '1', signal: abort.signal }))
        expect(one.type).toBe('ADDED')
    })()
    await expect.poll(() => server?.open.size).toBe(1)
    abort.abort()
    expect(await failure(watching)).toMatchObject({ reason: 'Aborted' })
    await expect.poll(() => server?.open.size).toBe(0)
  })

  it('gives the connection up when the reader stops while the server is silent', async () => {
    const client = await against((_, response) => response.flushHeaders())
    const abort = new AbortController()
    const iterator = client.watch(PODS, { resourceVersion: '1', signal: abort.signal })[Symbol.asyncIterator]()
    const next = failure(iterator.next())
    await expect.poll(() => server?.open.size).toBe(1)
    abort.abort()
    await next
    await expect.poll(() => server?.open.size).toBe(0)
  })
})

describe('watching by WebSocket', () => {
  const event = (name: string): string => JSON.stringify({ type: 'ADDED', object: { metadata: { name } } })

  async function watchBySocket(onSocket: ((socket: WebSocket) => void) | undefined, answer: Answer): Promise<{ names: string[], opened: number, error?: ApiError, again: () => Promise<void> }> {
    vi.stubGlobal('WebSocket', WebSocket)
    server = await startScriptedServer(answer)
    if (onSocket) {
      const sockets = new WebSocketServer({ noServer: true })
      server.onUpgrade((request, socket, head) => sockets.handleUpgrade(request, socket, head, onSocket))
    }
    const client = createKubeClient({ baseUrl: server.url, watchBy: 'socket' })
    const found = { names: [] as string[], opened: 0, error: undefined as ApiError | undefined, again: () => run() }
    async function run(): Promise<void> {
      try {
        for await (const one of client.watch(PODS, { resourceVersion: '5', onOpen: () => found.opened++ }))
          found.names.push((one.object.metadata as { name: string }).name)
      }
      catch (thrown) {
        found.error = toApiError(thrown)
      }
    }
    await run()
    return found
  }
  afterEach(() => vi.unstubAllGlobals())

  it('reads one event per message, and ends when the server closes it in good order', async () => {
    const found = await watchBySocket(socket => { socket.send(event('a')); socket.send(Buffer.from(event('镜')).toString()); socket.close(1000) }, () => undefined)
    expect(found).toMatchObject({ names: ['a', '镜'], opened: 1, error: undefined })
    expect(server?.heard).toHaveLength(0)
  })

  it('says that the line was cut when it breaks', async () => {
    const found = await watchBySocket(socket => { socket.send(event('a')); setTimeout(() => socket.terminate(), 20) }, () => undefined)
    expect(found).toMatchObject({ names: ['a'], error: { reason: 'LineCut' } })
  })

  it('throws the Status of an ERROR event', async () => {
    const found = await watchBySocket(socket => socket.send('{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}'), () => undefined)
    expect(found.error).toMatchObject({ status: 410 })
  })

  it('learns from HTTP why a WebSocket was refused', async () => {
    const found = await watchBySocket(undefined, (_, response) => sendStatus(response, 403, 'Forbidden', 'pods is forbidden'))
    expect(found).toMatchObject({ opened: 0, error: { status: 403, message: 'pods is forbidden' } })
  })

  it('asks for WebSockets again after some minutes of streams', async () => {
    const found = await watchBySocket(undefined, (_, response) => response.end())
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      for (let minute = 0; minute < 8; minute++) {
        await found.again()
        vi.setSystemTime(Date.now() + 60_000)
      }
      expect(server?.upgrades).toBe(4)
    }
    finally {
      vi.useRealTimers()
    }
  })

  it('forgets refusals as soon as a WebSocket opens again', async () => {
    const found = await watchBySocket(undefined, (_, response) => response.end())
    const sockets = new WebSocketServer({ noServer: true })
    const take = (): void => server?.onUpgrade((request, socket, head) => sockets.handleUpgrade(request, socket, head, one => one.close(1000)))
    const refuse = (): void => server?.onUpgrade((_, socket) => socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n'))
    for (let time = 0; time < 3; time++) {
      take()
      await found.again()
      refuse()
      await found.again()
    }
    take()
    const before = server?.upgrades ?? 0
    await found.again()
    expect(server?.upgrades).toBe(before + 1)
  })

  it('streams where the server takes no WebSocket, and soon asks for none', async () => {
    const found = await watchBySocket(undefined, (_, response) => response.end(`${event('a')}\n`))
    expect(found).toMatchObject({ names: ['a'], opened: 1, error: undefined })
    for (let time = 0; time < 4; time++)
      await found.again()
    expect(server?.upgrades).toBe(3)
    expect(found.names).toHaveLength(5)
  })
})
