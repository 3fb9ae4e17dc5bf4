// How fast a browser counts a file's checksums, against `sha512sum` on the same file in the same run; then the same file on
// its way through the console's server to a cluster: refused early, cancelled, and to the end, with the page's frames and the
// memory of the server and of the page; and all of that in the whole console on the embedded cluster (embeddedUpload.mjs).
// npm run bench:digest [-- --mib 1024 --rounds 3]   Fails when a bound is broken. The last line is JSON.
import { execFileSync, spawn } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { chromium } from '@playwright/test'
import vue from '@vitejs/plugin-vue'
import { build } from 'vite'
import { findChromium } from '../scripts/chromium.mjs'
import { measureOnEmbedded } from './embeddedUpload.mjs'

const MIB = 1 << 20
const BOUNDS = { serverGrowth: 64, pageGrowth: 32, frame: 100 }
const { values } = parseArgs({ options: { mib: { type: 'string', default: '1024' }, rounds: { type: 'string', default: '3' }, port: { type: 'string', default: '9150' } } })
const [mib, rounds, apiPort] = [values.mib, values.rounds, values.port].map(Number)
const root = resolve(import.meta.dirname, '..')
const built = join(root, '.cache/bench-digest')
const folder = mkdtempSync(join(tmpdir(), 'bench-digest-'))
const file = join(folder, 'disk.img')
const children = []

const median = list => [...list].sort((one, other) => one - other)[Math.floor(list.length / 2)]

function start(args, isReady, env = {}) {
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } })
  children.push(child)
  return new Promise((done, fail) => {
    createInterface({ input: child.stdout }).on('line', line => {
      const found = isReady(line)
      if (found)
        done({ found, pid: child.pid })
    })
    child.once('exit', code => fail(new Error(`${args[0]} ended with ${code}`)))
  })
}

function makeFile() {
  const piece = Buffer.alloc(4 * MIB)
  const handle = openSync(file, 'w')
  for (let left = mib * MIB; left > 0; left -= piece.length)
    writeSync(handle, randomFillSync(piece), 0, Math.min(left, piece.length))
  closeSync(handle)
}

/** The console's own server, in front of our page and of a cluster whose server ends as Harvester's does. */
async function startConsole() {
  mkdirSync(join(built, 'page'), { recursive: true })
  const script = relative(join(built, 'page'), join(root, 'bench/digestPage.ts'))
  writeFileSync(join(built, 'page/index.html'), `<!doctype html><title>bench</title><div id="app"></div><script type="module" src="./${script}"></script>`)
  await build({
    root: join(built, 'page'), configFile: false, logLevel: 'error', plugins: [vue()], base: '/',
    define: { __VUE_OPTIONS_API__: 'false', __VUE_I18N_LEGACY_API__: 'false', __VUE_I18N_FULL_INSTALL__: 'false' },
    build: { outDir: join(built, 'console'), emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0 },
  })
  await build({ root, logLevel: 'error', build: { ssr: 'server/main.ts', outDir: join(built, 'server'), copyPublicDir: false } })
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, JSON.stringify({
    'apiVersion': 'v1', 'kind': 'Config', 'current-context': 'bench',
    'clusters': [{ name: 'bench', cluster: { server: `http://127.0.0.1:${apiPort}` } }],
    'users': [{ name: 'bench', user: { token: 'bench' } }],
    'contexts': [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
  }))
  const args = [join(built, 'server/main.js'), '--kubeconfig', kubeconfig, '--harvester-url', `http://127.0.0.1:${apiPort}`, '--port', String(apiPort + 1), '--log-level', 'error']
  return start(args, line => /(http\S+session\?code=\S+)/.exec(line)?.[1], { XDG_STATE_HOME: folder })
}

function timeOf(program) {
  const begun = performance.now()
  const [hex] = execFileSync(program, [file], { encoding: 'utf8' }).split(' ')
  return { milliseconds: performance.now() - begun, hex }
}

/** waitForFunction evaluates a text in the page, which its policy forbids. */
async function until(page, isSo) {
  while (!await page.evaluate(isSo))
    await page.waitForTimeout(25)
}

async function readOnce(page) {
  await page.setInputFiles('input[type=file]', file)
  await until(page, () => Boolean(window.digest.state().read))
  const { read } = await page.evaluate(() => window.digest.state())
  await page.getByRole('button', { name: /Remove|Stop/ }).click()
  return read
}

const residentMiB = pid => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

/** Begins an upload, does something meanwhile, and answers how the task ended, the frames and the growth of both memories. */
async function uploadOnce(page, pid, heap, meanwhile = () => undefined) {
  const [server, own] = [residentMiB(pid), await heap()]
  let highest = 0
  const sample = setInterval(() => { highest = Math.max(highest, residentMiB(pid) - server) }, 50)
  const begun = performance.now()
  await page.evaluate(() => { window.digest.stop = window.digest.watchFrames(); return window.digest.begin().then(() => undefined) })
  await meanwhile()
  await until(page, () => window.digest.state().task.state !== 'running')
  const milliseconds = performance.now() - begun
  clearInterval(sample)
  const { frames, task } = await page.evaluate(() => ({ frames: window.digest.stop(), task: window.digest.state().task }))
  const { image } = await (await fetch(`http://127.0.0.1:${apiPort}/bench/image`)).json()
  return { state: task.state, words: task.error?.message ?? task.steps.at(-1).message, milliseconds, longestFrame: frames.longest, serverGrowth: highest, pageGrowth: await heap() - own, left: image?.status?.size ?? image }
}

async function measure() {
  makeFile()
  await start([join(root, 'bench/uploadApi.mjs'), String(apiPort)], line => line === 'ready')
  const { found: link, pid } = await startConsole()
  const browser = await chromium.launch({ executablePath: (await findChromium())?.path, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-dev-shm-usage'] })
  try {
    const page = await browser.newPage()
    page.on('pageerror', error => console.error(error))
    await page.goto(link)
    await page.goto(`${new URL(link).origin}/?cluster=bench`)
    await until(page, () => Boolean(window.digest))
    const devtools = await page.context().newCDPSession(page)
    const heap = async () => {
      await devtools.send('HeapProfiler.collectGarbage')
      return (await devtools.send('Runtime.getHeapUsage')).usedSize / MIB
    }
    const reads = []
    await readOnce(page)
    for (let round = 0; round < rounds; round++)
      reads.push({ sha512sum: timeOf('sha512sum'), sha256sum: timeOf('sha256sum'), browser: await readOnce(page) })
    await page.setInputFiles('input[type=file]', file)
    await until(page, () => window.digest.state().obstacles.length === 0)
    await fetch(`http://127.0.0.1:${apiPort}/bench/refuse`, { method: 'POST' })
    const refused = await uploadOnce(page, pid, heap)
    const cancelled = await uploadOnce(page, pid, heap, async () => {
      await page.waitForTimeout(700)
      await page.evaluate(() => window.digest.cancel())
    })
    const whole = await uploadOnce(page, pid, heap)
    await page.close()
    const embedded = await measureOnEmbedded({ browser, file, sha512: reads[0].sha512sum.hex, bytes: mib * MIB, port: apiPort + 2, folder })
    return { reads, refused, cancelled, whole, embedded }
  }
  finally {
    await browser.close()
  }
}

function report({ reads, refused, cancelled, whole, embedded }) {
  const of = what => median(reads.map(read => read[what].milliseconds))
  const ratio = median(reads.map(read => read.browser.milliseconds / read.sha512sum.milliseconds))
  const speed = milliseconds => Math.round(mib / milliseconds * 1000)
  const row = (name, ...cells) => console.log(name.padEnd(40), ...cells.map(cell => String(cell).padStart(14)))
  row(`${mib} MiB`, 'ms', 'MiB/s')
  row('sha512sum', of('sha512sum').toFixed(0), speed(of('sha512sum')))
  row('sha256sum', of('sha256sum').toFixed(0), speed(of('sha256sum')))
  row('browser, SHA-512 and SHA-256 at once', of('browser').toFixed(0), speed(of('browser')))
  row('browser / sha512sum', ratio.toFixed(2))
  row('upload', 'ended', 'ms', 'longest frame', 'server +MiB', 'page +MiB')
  for (const [name, run] of Object.entries({ refused, cancelled, whole }))
    row(name, run.state, run.milliseconds.toFixed(0), run.longestFrame.toFixed(0), run.serverGrowth.toFixed(1), run.pageGrowth.toFixed(1))
  for (const [name, run] of Object.entries({ cancelled: embedded.cancelled, whole: embedded.whole })) {
    row(`embedded cluster: ${name}`, '', run.milliseconds.toFixed(0), run.longestFrame.toFixed(0), run.serverGrowth.toFixed(1))
    for (const { page, milliseconds, longest } of run.pages)
      row(`  meanwhile: ${page}`, '', milliseconds.toFixed(0), longest.toFixed(0))
  }
  const wrong = reads.some(({ browser, sha512sum, sha256sum }) => browser.digests.sha512 !== sha512sum.hex || browser.digests.sha256 !== sha256sum.hex)
  const broken = [
    wrong && 'the browser counted another checksum',
    (refused.state !== 'failed' || !refused.words?.includes('too large')) && `the refusal did not reach the page: ${refused.state}, ${refused.words}`,
    cancelled.state !== 'cancelled' && `the cancelled upload ended as ${cancelled.state}`,
    (refused.left || cancelled.left) && 'a half image was left behind',
    (whole.state !== 'done' || whole.left < mib * MIB) && `the upload ended as ${whole.state} with ${whole.left} bytes: ${whole.words}`,
    ...embedded.broken,
    ...[refused, cancelled, whole, embedded.cancelled, embedded.whole].flatMap(run => [
      run.serverGrowth > BOUNDS.serverGrowth && `the server grew by ${run.serverGrowth.toFixed(1)} MiB`,
      run.longestFrame > BOUNDS.frame && `a frame took ${run.longestFrame.toFixed(0)} ms`,
      run.pageGrowth > BOUNDS.pageGrowth && `the page grew by ${run.pageGrowth.toFixed(1)} MiB`,
    ]),
  ].filter(Boolean)
  broken.forEach(line => console.error(`bound broken: ${line}`))
  console.log(JSON.stringify({ mib, ratio, sha512sum: of('sha512sum'), sha256sum: of('sha256sum'), browser: of('browser'), refused, cancelled, whole, embedded, broken }))
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
