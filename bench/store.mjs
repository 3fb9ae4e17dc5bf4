// What the store costs: 5,000 BackingImages with 3 copies and 20,000 Longhorn volumes through the proxy into the store in real
// Chromium, against plain fetch + JSON.parse of the same pages in the same run; then 1,000 events a second for 30 s.
// npm run bench:store [-- --rounds 5 --seconds 30 --rate 1000]   Fails when a bound is broken. The last line is JSON.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { chromium } from '@playwright/test'
import { build } from 'vite'
import { findChromium } from '../scripts/chromium.mjs'
import { measureProxy } from './proxyCost.mjs'

const BOUNDS = { time: 2, heap: 2, frame: 50 }
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '30' }, rate: { type: 'string', default: '1000' }, images: { type: 'string', default: '5000' }, volumes: { type: 'string', default: '20000' }, port: { type: 'string', default: '8611' } } })
const [rounds, seconds, rate, apiPort] = [values.rounds, values.seconds, values.rate, values.port].map(Number)
const consolePort = apiPort + 1
const root = resolve(import.meta.dirname, '..')
const folder = mkdtempSync(join(tmpdir(), 'bench-store-'))
const built = join(root, '.cache/bench')
const children = []

function start(name, args, isReady, env = {}) {
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  children.push(child)
  const said = []
  return new Promise((done, fail) => {
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', line => {
        said.push(line)
        const found = isReady(line)
        if (found)
          done(found)
      })
    child.once('exit', code => fail(new Error(`${name} ended with ${code}:\n${said.join('\n')}`)))
  })
}

const median = list => [...list].sort((one, other) => one - other)[Math.floor(list.length / 2)]

async function startProxy() {
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, JSON.stringify({
    'apiVersion': 'v1', 'kind': 'Config', 'current-context': 'bench',
    'clusters': [{ name: 'bench', cluster: { server: `http://127.0.0.1:${apiPort}` } }],
    'users': [{ name: 'bench', user: { token: 'bench' } }],
    'contexts': [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
  }))
  // A build of its own beside the packages that it needs: dist may be in use.
  await build({ root, logLevel: 'error', build: { ssr: 'server/main.ts', outDir: join(built, 'server'), copyPublicDir: false } })
  const args = [join(built, 'server/main.js'), '--kubeconfig', kubeconfig, '--port', String(consolePort), '--log-level', 'error']
  return start('the console', args, line => /(http\S+session\?code=\S+)/.exec(line)?.[1], { XDG_STATE_HOME: folder })
}

async function buildPage() {
  await build({
    root, configFile: false, logLevel: 'error', publicDir: false,
    define: { 'process.env.NODE_ENV': '"production"', '__VUE_OPTIONS_API__': 'false', '__VUE_PROD_DEVTOOLS__': 'false', '__VUE_PROD_HYDRATION_MISMATCH_DETAILS__': 'false' },
    build: { outDir: join(built, 'console'), lib: { entry: join(root, 'bench/storePage.ts'), formats: ['es'], fileName: () => 'store.js' } },
  })
  writeFileSync(join(built, 'console/index.html'), '<!doctype html><title>bench</title><div id="app"></div><script type="module" src="/store.js"></script>')
}

/** A fresh page: our own script in place of the console, from the console's own server and under its policy. */
async function openPage(context, origin) {
  const page = await context.newPage()
  await page.goto(`${origin}/?cluster=bench`)
  await page.waitForFunction('window.bench')
  const devtools = await context.newCDPSession(page)
  const heap = async () => {
    await devtools.send('HeapProfiler.collectGarbage')
    await devtools.send('HeapProfiler.collectGarbage')
    return (await devtools.send('Runtime.getHeapUsage')).usedSize / 1e6
  }
  return { page, heap }
}

async function load(context, origin, what) {
  const { page, heap } = await openPage(context, origin)
  const before = await heap()
  const { milliseconds, objects } = await page.evaluate(`window.bench.${what}()`)
  const found = { milliseconds, objects, megabytes: await heap() - before }
  return { page, found }
}

async function emit(eventRate, eventSeconds) {
  await fetch(`http://127.0.0.1:${apiPort}/bench/events?rate=${eventRate}&seconds=${eventSeconds}`, { method: 'POST' })
}

async function storm(page) {
  await page.evaluate(() => { window.bench.stop = window.bench.watchFrames() })
  await page.waitForTimeout(5000)
  const atRest = await page.evaluate(() => window.bench.stop())
  await page.evaluate(() => { window.bench.stop = window.bench.watchFrames() })
  await emit(rate, seconds)
  const frames = await page.evaluate(() => window.bench.stop())
  await page.waitForTimeout(1000)
  return { ...frames, atRest, ...await page.evaluate(() => window.bench.compare()) }
}

async function measure() {
  await buildPage()
  await start('the API', [join(root, 'bench/storeApi.mjs'), String(apiPort), values.images, values.volumes], line => line === 'ready')
  const link = await startProxy()
  const origin = new URL(link).origin
  const browser = await chromium.launch({ executablePath: (await findChromium())?.path, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage'] })
  try {
    const context = await browser.newContext()
    const first = await context.newPage()
    await first.goto(link)
    await first.close()
    const runs = { floor: [], store: [] }
    // The first round warms both. Their order is turned, so that neither always comes first.
    for (let round = 0; round <= rounds; round++) {
      for (const what of round % 2 ? ['floor', 'store'] : ['store', 'floor']) {
        const { page, found } = await load(context, origin, what)
        await page.close()
        runs[what][round] = found
      }
    }
    runs.floor.shift()
    runs.store.shift()
    const { page } = await load(context, origin, 'store')
    const events = await storm(page)
    await page.close()
    const cookie = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join('; ')
    const proxy = await measureProxy({ direct: { url: `http://127.0.0.1:${apiPort}`, headers: {} }, proxy: { url: `${origin}/k8s/clusters/bench`, headers: { cookie } } }, emit)
    return { runs, events, proxy }
  }
  finally {
    await browser.close()
  }
}

function report({ runs, events, proxy }) {
  const of = (what, field) => median(runs[what].map(run => run[field]))
  const ratio = field => median(runs.store.map((run, index) => run[field] / runs.floor[index][field]))
  const time = ratio('milliseconds')
  const heap = ratio('megabytes')
  const row = (name, ...cells) => console.log(name.padEnd(34), ...cells.map(cell => String(cell).padStart(12)))
  const objects = runs.store[0].objects
  row(`${objects} objects`, 'floor', 'store', 'ratio', 'bound')
  row('time to load, ms', of('floor', 'milliseconds').toFixed(0), of('store', 'milliseconds').toFixed(0), time.toFixed(2), BOUNDS.time)
  row('heap held, MB', of('floor', 'megabytes').toFixed(1), of('store', 'megabytes').toFixed(1), heap.toFixed(2), BOUNDS.heap)
  row(`${rate} events/s for ${seconds} s`, 'longest', 'p99', 'over 50 ms', 'bound')
  row('frames, ms', events.longest.toFixed(1), events.p99.toFixed(1), events.over50, BOUNDS.frame)
  row('frames without events, ms', events.atRest.longest.toFixed(1), events.atRest.p99.toFixed(1), events.atRest.over50)
  row('long tasks, ms', events.longTasks.join(' ') || 'none')
  row('shows what the API lists', events.same, `${events.objects} obj.`)
  row('proxy', 'direct', 'proxy', 'difference')
  const cost = (name, field, digits = 2) => row(name, proxy.direct[field].toFixed(digits), proxy.proxy[field].toFixed(digits), (proxy.proxy[field] - proxy.direct[field]).toFixed(digits))
  cost('latency p50, ms', 'latencyP50')
  cost('latency p99, ms', 'latencyP99')
  cost('throughput, MB/s', 'megabytesPerSecond', 0)
  cost('delay of an event p50, ms', 'eventDelayP50', 0)
  cost('delay of an event p99, ms', 'eventDelayP99', 0)
  const broken = [
    time > BOUNDS.time && `loading takes ${time.toFixed(2)} times the floor`,
    heap > BOUNDS.heap && `the heap is ${heap.toFixed(2)} times the floor`,
    events.longest > BOUNDS.frame && `a frame took ${events.longest.toFixed(1)} ms`,
    !events.same && 'after the events the store does not show what the API lists',
    runs.floor[0].objects !== objects && 'the floor and the store read different objects',
  ].filter(Boolean)
  broken.forEach(line => console.error(`bound broken: ${line}`))
  console.log(JSON.stringify({ objects, time, heap, floor: { milliseconds: of('floor', 'milliseconds'), megabytes: of('floor', 'megabytes') }, store: { milliseconds: of('store', 'milliseconds'), megabytes: of('store', 'megabytes') }, frames: { longest: events.longest, p99: events.p99, over50: events.over50, longTasks: events.longTasks, longestAtRest: events.atRest.longest }, same: events.same, proxy, broken }))
  return broken.length
}

try {
  process.exitCode = report(await measure()) ? 1 : 0
}
finally {
  children.forEach(child => child.kill())
  for (const made of [folder, built])
    rmSync(made, { recursive: true, force: true })
}
