// What a review of the admission webhook costs on loopback: 100 a second for 30 s, over HTTPS with connections kept, as
// kube-apiserver calls it, each in turn with one of a bare HTTPS server that answers a constant (the floor).
// npm run bench:webhook [-- --seconds 30 --rate 100]   Both servers are processes of their own; requests leave on a fixed
// schedule, whatever the answers do. Then a fiftieth as many reviews of an export, for each of which the webhook reads a dozen
// collections of a busy namespace from an API server of its own. The last line is JSON; fails when an answer is wrong, or
// p99 is 20 ms or more, or a third of the API server's patience (1 s) of exports.
import { fork } from 'node:child_process'
import { createServer as createHttpServer } from 'node:http'
import { createServer, Agent, request } from 'node:https'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { generate } from 'selfsigned'
import { runnerImport } from 'vite'

const LIMIT = 20
const EXPORT_LIMIT = 1000
const root = fileURLToPath(new URL('..', import.meta.url))
const MUTABLE = 'https://cloud-images.ubuntu.com/noble/current/noble-server-cloudimg-amd64.img'
const SPECS = [
  { url: MUTABLE },
  { url: 'https://cloud-images.ubuntu.com/noble/20240423/noble-server-cloudimg-amd64.img', checksum: 'a'.repeat(128) },
  { url: MUTABLE, checksum: 'a'.repeat(64), targetStorageClassName: 'longhorn-v2' },
  { url: 'https://mirror.example.org/fedora/Fedora-Cloud-Base-Generic-40-1.14.x86_64.qcow2', displayName: 'image-1999' },
]

const classOf = (name, parameters) => ({ metadata: { name }, provisioner: 'driver.longhorn.io', parameters })
/** A big cluster: 2,000 images, one class each as Harvester makes them. */
const world = {
  images: Array.from({ length: 2000 }, (_, index) => ({ metadata: { namespace: 'lab', name: `vmi-${index}` }, spec: { displayName: `image-${index}` } })),
  classes: [...Array.from({ length: 2000 }, (_, index) => classOf(`lh-${index}`, { backingImage: `vmi-${index}` })), classOf('harvester-longhorn', {}), classOf('longhorn-v2', { dataEngine: 'v2' })],
}

const meta = (name, namespace) => ({ name, namespace, uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' })
const volumesOf = index => [{ name: 'root', persistentVolumeClaim: { claimName: `disk-${index}` } }]
const each = (count, make) => Array.from({ length: count }, (_, index) => make(index))
/** A namespace of 300 VMs, half of them running, on a cluster of 1,000 attached volumes. */
const busy = {
  persistentvolumeclaims: each(300, index => ({ metadata: meta(`disk-${index}`, 'lab'), spec: { volumeName: `pv-${index}` }, status: { phase: 'Bound' } })),
  virtualmachines: each(300, index => ({ metadata: meta(`vm-${index}`, 'lab'), spec: { runStrategy: index % 2 ? 'Halted' : 'RerunOnFailure', template: { spec: { volumes: volumesOf(index) } } }, status: { runStrategy: 'RerunOnFailure' } })),
  virtualmachineinstances: each(150, index => ({ metadata: meta(`vm-${2 * index}`, 'lab'), spec: { volumes: volumesOf(2 * index) }, status: { phase: 'Running' } })),
  pods: each(150, index => ({ metadata: meta(`virt-launcher-${2 * index}`, 'lab'), spec: { nodeName: 'node-1', volumes: volumesOf(2 * index) }, status: { phase: 'Running' } })),
  volumeattachments: each(1000, index => ({ metadata: meta(`csi-${index}`), spec: { nodeName: 'node-1', source: { persistentVolumeName: `pv-${2 * index}` } } })),
  nodes: each(20, index => ({ metadata: meta(`node-${index}`), spec: {}, status: { conditions: [{ type: 'Ready', status: 'True' }] } })),
  virtualmachineimages: each(500, index => ({ metadata: meta(`image-${index}`, 'lab'), spec: { displayName: `image-${index}`, sourceType: 'download' } })),
}
const lists = Object.fromEntries(Object.entries(busy).map(([plural, items]) => [plural, JSON.stringify({ kind: 'List', apiVersion: 'v1', metadata: { resourceVersion: '1' }, items })]))

/** Plays the API server that an export is judged from. */
async function startCluster() {
  const server = createHttpServer(({ url }, response) => {
    const [plural, name] = new URL(url, 'http://localhost').pathname.split('/').slice(url.includes('/namespaces/') ? 5 : 3).slice(url.startsWith('/apis') ? 1 : 0)
    const found = name && busy[plural]?.find(({ metadata }) => metadata.name === name)
    response.writeHead(name && !found ? 404 : 200, { 'content-type': 'application/json' }).end(name ? JSON.stringify(found ?? {}) : lists[plural] ?? '{"kind":"List","metadata":{"resourceVersion":"1"},"items":[]}')
  })
  await new Promise(done => server.listen(0, '127.0.0.1', done))
  return `http://127.0.0.1:${server.address().port}`
}

const children = {
  async webhook(tls) {
    const load = async path => (await runnerImport(path, { root, configFile: false, logLevel: 'error' })).module
    const [{ createWebhook }, { createFreshReads }, { createTurns }, { createKubeClient }] = await Promise.all(['/server/webhook.ts', '/server/exportWorld.ts', '/server/admissionTurns.ts', '/pkg/kube/client.ts'].map(load))
    const client = createKubeClient({ baseUrl: await startCluster(), watchBy: 'stream' })
    const warnOnly = new Set()
    const guard = { reads: () => createFreshReads(client), turns: createTurns(Date.now), warnOnly, now: Date.now }
    const { app } = createWebhook({ tls, logLevel: 'error', world: () => world, policy: { refuse: new Set(['not-sha512']), refuseHarvester: false, warnOnly }, guard, now: Date.now })
    await app.listen({ host: '127.0.0.1', port: 0 })
    return app.server
  },
  async floor(tls) {
    const answer = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid: 'u', allowed: true } })
    const server = createServer(tls, (incoming, response) => incoming.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end(answer)))
    await new Promise(done => server.listen(0, '127.0.0.1', done))
    return server
  },
}

/** Starts a server in a process of its own; answers its port. */
function start(name, tls) {
  const child = fork(fileURLToPath(import.meta.url), { stdio: 'inherit' })
  child.send({ name, tls })
  return new Promise((done, fail) => {
    child.on('error', fail)
    child.on('exit', code => fail(new Error(`${name} ended with ${code}`)))
    child.on('message', ({ port }) => done({ name, child, port, times: [], errors: 0, warned: 0 }))
  })
}

const EXPORTS = '/admission/exports'

function body(index, path) {
  const specs = path === EXPORTS ? { sourceType: 'export-from-volume', backend: 'backingimage', pvcName: `disk-${index % 300}`, pvcNamespace: 'lab' } : { sourceType: 'download', ...SPECS[index % SPECS.length] }
  const spec = { displayName: `new-${index}`, ...specs }
  const object = { apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: { name: `new-${index}`, namespace: 'lab' }, spec }
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview',
    request: { uid: `uid-${index}`, operation: 'CREATE', namespace: 'lab', name: `new-${index}`, userInfo: { username: 'ann' }, resource: { group: 'harvesterhci.io', version: 'v1beta1', resource: 'virtualmachineimages' }, object },
  })
}

function ask(target, agent, index, path) {
  const sentAt = performance.now()
  return new Promise(done => {
    const fail = () => { target.errors++; done() }
    const sent = request({ host: '127.0.0.1', port: target.port, path: `${path}?timeout=5s`, method: 'POST', agent, headers: { 'content-type': 'application/json' } }, response => {
      let text = ''
      response.on('data', chunk => { text += chunk })
      response.on('error', fail)
      response.on('end', () => {
        target.times.push(performance.now() - sentAt)
        const { uid, allowed, warnings = [] } = JSON.parse(text).response
        target.warned += Number(warnings.length > 0 || !allowed)
        if (response.statusCode !== 200 || (target.name === 'webhook' && uid !== `uid-${index}`))
          target.errors++
        done()
      })
    })
    sent.on('error', fail)
    sent.end(body(index, path))
  })
}

/** Sends to each target in turn, each at the rate, on a fixed schedule whatever the answers do. */
async function send(targets, agent, rate, count, path = '/admission/images') {
  const begun = performance.now()
  const pending = []
  for (let index = 0; index < count; index++) {
    for (const [turn, target] of targets.entries()) {
      const due = begun + (index + turn / targets.length) * 1000 / rate
      const wait = due - performance.now()
      if (wait > 0)
        await new Promise(done => setTimeout(done, wait))
      pending.push(ask(target, agent, index, path))
    }
  }
  await Promise.all(pending)
}

const round = value => Math.round(value * 100) / 100
function figures({ times }) {
  const sorted = [...times].sort((one, other) => one - other)
  const at = share => round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN)
  return { p50: at(0.5), p99: at(0.99), max: at(1) }
}

async function measure() {
  const { values } = parseArgs({ options: { seconds: { type: 'string', default: '30' }, rate: { type: 'string', default: '100' } } })
  const [seconds, rate] = [Number(values.seconds), Number(values.rate)]
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'bench' }], { keyType: 'ec', algorithm: 'sha256', extensions: [{ name: 'basicConstraints', cA: true }, { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }] })
  const targets = await Promise.all(['webhook', 'floor'].map(name => start(name, { cert, key })))
  const agent = new Agent({ ca: cert, keepAlive: true })
  await send(targets, agent, rate, rate)
  const measured = targets.map(target => ({ ...target, times: [], errors: 0, warned: 0 }))
  await send(measured, agent, rate, rate * seconds)
  const exporting = { ...targets[0], times: [], errors: 0, warned: 0 }
  await send([exporting], agent, rate / 50, Math.ceil(rate * seconds / 50), EXPORTS)
  for (const { child } of targets) {
    child.removeAllListeners('exit')
    child.kill()
  }
  agent.destroy()
  const [webhook, floor] = measured.map(figures)
  const exports = figures(exporting)
  console.log(`${'ms'.padEnd(10)}${['p50', 'p99', 'max'].map(name => name.padStart(9)).join('')}`)
  for (const [name, row] of Object.entries({ webhook, floor, exports }))
    console.log(name.padEnd(10) + Object.values(row).map(value => String(value).padStart(9)).join(''))
  // Every second disk has a VM that runs on it.
  const wrong = Math.abs(exporting.warned - exporting.times.length / 2) > 1 ? 1 : 0
  const errors = [...measured, exporting].reduce((sum, target) => sum + target.errors, wrong)
  console.log(`${rate} requests/s to each for ${seconds} s; ${errors} errors; ${measured[0].warned} reviews with a warning or refusal; ${exporting.warned} of ${exporting.times.length} exports refused`)
  console.log(JSON.stringify({ rate, seconds, requests: measured[0].times.length, errors, webhook, floor, exports, ratioP50: round(webhook.p50 / floor.p50), ratioP99: round(webhook.p99 / floor.p99), limitP99: LIMIT, limitP99Exports: EXPORT_LIMIT }))
  process.exitCode = errors || !(webhook.p99 < LIMIT && exports.p99 < EXPORT_LIMIT) ? 1 : 0
}

if (process.send)
  process.once('message', async ({ name, tls }) => {
    const server = await children[name](tls)
    process.send({ port: server.address().port })
  })
else
  await measure()
