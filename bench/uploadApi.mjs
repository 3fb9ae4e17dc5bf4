// A cluster for bench:digest, a process of its own: one image, the watch of it, and a sink for its file.
// node bench/uploadApi.mjs PORT   prints "ready"; POST /bench/refuse makes the next upload be refused with 413 in its middle
import { createServer } from 'node:http'

const port = Number(process.argv[2])
const COLLECTION = /^\/apis\/harvesterhci\.io\/v1beta1\/(namespaces\/default\/)?virtualmachineimages(\/\w+)?$/
const watches = new Set()
let image
let version = 1
let refuse = false

function answer(response, code, body) {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function change(type, status) {
  image = { ...image, metadata: { ...image.metadata, resourceVersion: String(++version) }, status }
  watches.forEach(watch => watch.write(`${JSON.stringify({ type, object: image })}\n`))
}

function refuseEarly({ socket }) {
  socket.write('HTTP/1.1 413 Request Entity Too Large\r\ncontent-type: text/plain\r\nconnection: close\r\ncontent-length: 9\r\n\r\ntoo large')
  setTimeout(() => socket.destroy(), 500)
}

function takeFile(request, response) {
  let bytes = 0
  request.on('error', () => undefined)
  request.on('data', chunk => {
    bytes += chunk.length
    if (refuse && bytes > 8 << 20) {
      refuse = false
      refuseEarly(request)
    }
  })
  request.on('end', () => {
    change('MODIFIED', { size: bytes, progress: 100, conditions: [{ type: 'Initialized', status: 'True' }, { type: 'Imported', status: 'True' }] })
    answer(response, 200, {})
  })
}

async function bodyOf(request) {
  let text = ''
  for await (const chunk of request)
    text += chunk
  return JSON.parse(text)
}

async function serve(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://api')
  if (pathname.startsWith('/v1/harvester/'))
    return takeFile(request, response)
  if (pathname === '/bench/refuse')
    return answer(response, 200, { refuse: refuse = true })
  if (pathname === '/bench/image')
    return answer(response, 200, { image: image ?? null })
  if (!COLLECTION.test(pathname))
    return answer(response, 404, { kind: 'Status', code: 404, message: pathname })
  if (request.method === 'POST') {
    const made = await bodyOf(request)
    const metadata = { ...made.metadata, name: 'imagea', uid: `uid-${++version}`, resourceVersion: String(version), creationTimestamp: new Date().toISOString() }
    if (searchParams.has('dryRun'))
      return answer(response, 201, { ...made, metadata })
    image = { ...made, metadata }
    change('ADDED')
    return answer(response, 201, image)
  }
  if (request.method === 'DELETE') {
    const { preconditions } = await bodyOf(request)
    if (preconditions.uid !== image?.metadata.uid)
      return answer(response, 409, { kind: 'Status', code: 409, reason: 'Conflict', message: 'another uid' })
    change('DELETED')
    image = undefined
    return answer(response, 200, { kind: 'Status', status: 'Success' })
  }
  if (!searchParams.has('watch'))
    return answer(response, 200, { metadata: { resourceVersion: String(version) }, items: image ? [image] : [] })
  response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
  watches.add(response)
  return response.on('close', () => watches.delete(response))
}

createServer((request, response) => void serve(request, response)).listen(port, '127.0.0.1', () => console.log('ready'))
