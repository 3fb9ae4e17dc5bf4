// A small API server for bench:store, a process of its own: the two kinds, pages, and watches that get events at a given rate.
// node bench/storeApi.mjs PORT IMAGES VOLUMES   prints "ready"; POST /bench/events?rate=&seconds= begins the events
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocketServer } from 'ws'
import { backingImage, volume } from './storeObjects.mjs'

const [port, images, volumes] = process.argv.slice(2).map(Number)
const GROUP = '/apis/longhorn.io/v1beta2/'

function kindOf(plural, make, count) {
  const objects = new Map(Array.from({ length: count }, (_, index) => [index, JSON.stringify(make(index, 1000 + index))]))
  return { plural, make, objects, watchers: new Set(), pages: new Map(), next: count }
}

const kinds = [kindOf('backingimages', backingImage, images), kindOf('volumes', volume, volumes)]
let version = 100_000
let turn = 0

// Kept as bytes until something changes: what is measured is the reader, not this server.
function page(kind, limit, token) {
  const key = `${limit} ${token}`
  if (!kind.pages.has(key)) {
    const [at, from = 0] = token ? token.split('.').map(Number) : [version, 0]
    const all = [...kind.objects.values()]
    const rest = from + limit < all.length ? { continue: `${at}.${from + limit}`, remainingItemCount: all.length - from - limit } : {}
    const head = JSON.stringify({ apiVersion: 'longhorn.io/v1beta2', kind: 'List', metadata: { resourceVersion: String(at), ...rest } })
    kind.pages.set(key, Buffer.from(`${head.slice(0, -1)},"items":[${all.slice(from, from + limit).join(',')}]}`))
  }
  return kind.pages.get(key)
}

function change() {
  const pick = Math.random()
  const kind = pick < 0.2 ? kinds[0] : kinds[1]
  version++
  turn++
  const add = pick > 0.98
  const remove = pick > 0.96 && !add && kind.objects.size > 1
  const index = add ? kind.next++ : pickOne(kind)
  const text = JSON.stringify(kind.make(index, version, turn)).replace('"bench.guardrails/at":"0"', `"bench.guardrails/at":"${Date.now()}"`)
  if (remove)
    kind.objects.delete(index)
  else
    kind.objects.set(index, text)
  kind.pages.clear()
  const line = `{"type":"${add ? 'ADDED' : remove ? 'DELETED' : 'MODIFIED'}","object":${text}}\n`
  kind.watchers.forEach(write => write(line))
}

function pickOne(kind) {
  let index = Math.floor(Math.random() * kind.next)
  while (!kind.objects.has(index))
    index = (index + 1) % kind.next
  return index
}

async function emit(rate, seconds) {
  const begun = performance.now()
  const total = rate * seconds
  for (let done = 0; done < total;) {
    const due = Math.min(total, Math.floor((performance.now() - begun) / 1000 * rate))
    for (; done < due; done++)
      change()
    await sleep(5)
  }
  return total
}

function json(response, code, body) {
  response.writeHead(code, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
}

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost')
  const kind = kinds.find(({ plural }) => pathname === GROUP + plural)
  if (pathname === '/bench/events')
    return void emit(Number(searchParams.get('rate')), Number(searchParams.get('seconds'))).then(total => json(response, 200, { total }))
  if (pathname === '/version')
    return json(response, 200, { gitVersion: 'v1.34.0' })
  if (!kind)
    return json(response, 404, { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', message: 'the server could not find the requested resource', code: 404 })
  if (searchParams.has('watch')) {
    response.writeHead(200, { 'Content-Type': 'application/json' })
    response.flushHeaders()
    const write = line => response.write(line)
    kind.watchers.add(write)
    return void response.on('close', () => kind.watchers.delete(write))
  }
  const body = page(kind, Number(searchParams.get('limit') ?? 500), searchParams.get('continue') ?? '')
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length }).end(body)
})

const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false })
server.on('upgrade', (request, socket, head) => {
  const kind = kinds.find(({ plural }) => request.url.startsWith(`${GROUP}${plural}?`))
  if (!kind)
    return socket.destroy()
  sockets.handleUpgrade(request, socket, head, opened => {
    const write = line => opened.send(line.trimEnd())
    kind.watchers.add(write)
    opened.on('close', () => kind.watchers.delete(write))
  })
})
server.listen(port, '127.0.0.1', () => console.log('ready'))
