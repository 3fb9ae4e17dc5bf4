// The whole console on the embedded cluster, both in one process: a file is chosen in the form, read and uploaded while an
// operator goes from page to page; cancelled in its middle, and again to its end.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { isBuilt } from '../scripts/sources.mjs'
import { run } from '../scripts/tiers.mjs'

const root = resolve(import.meta.dirname, '..')
const IMAGES = '/apis/harvesterhci.io/v1beta1/virtualmachineimages'
const LONGHORN = ['backingimages', 'backingimagedatasources'].map(plural => `/apis/longhorn.io/v1beta2/namespaces/longhorn-system/${plural}`)
const PAGES = ['Volumes', 'Virtual Machines', 'Images', 'BackingImage Health', 'Overview']
/** The cluster has come to rest by then: what it allocates is that of an upload. */
const SETTLED_MS = 20_000

const residentMiB = pid => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024

async function startConsole(port, folder) {
  if (!isBuilt() && await run('npm', ['run', '--silent', 'build']))
    throw new Error('the build failed')
  const child = spawn(process.execPath, [join(root, 'dist/server/main.js'), '--port', String(port), '--log-level', 'error'], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
  const url = `http://127.0.0.1:${port}`
  while (!await fetch(`${url}/readyz`).then(answer => answer.ok, () => false)) {
    if (child.exitCode !== null)
      throw new Error(`the console ended with ${child.exitCode}`)
    await new Promise(done => setTimeout(done, 100))
  }
  return { child, url }
}

/** In the page, by the debugger: the page's policy forbids it to evaluate. */
async function watchFrames(devtools) {
  const evaluate = async expression => (await devtools.send('Runtime.evaluate', { expression, returnByValue: true })).result.value
  await evaluate(`{
    const gaps = []
    let last = performance.now()
    const frame = now => { gaps.push(now - last); last = now; requestAnimationFrame(frame) }
    requestAnimationFrame(now => { last = now; requestAnimationFrame(frame) })
    window.frameGaps = gaps
  }`)
  return {
    begin: () => evaluate('window.frameGaps.length = 0'),
    read: async () => {
      const gaps = await evaluate('window.frameGaps')
      return { longest: Math.max(0, ...gaps), over50: gaps.filter(gap => gap > 50).length, frames: gaps.length }
    },
  }
}

async function goOn(page, frames, names = PAGES) {
  const seen = [{ page: 'the image', milliseconds: 0, ...await frames.read() }]
  for (const name of names) {
    await frames.begin()
    const begun = performance.now()
    await page.getByRole('navigation').getByRole('link', { name }).first().click()
    await page.getByRole('heading', { level: 1, name }).waitFor()
    await page.waitForTimeout(300)
    seen.push({ page: name, milliseconds: performance.now() - begun - 300, ...await frames.read() })
  }
  return seen
}

async function chooseFile(page, url, { file, name }, frames) {
  await page.goto(`${url}/c/demo/images/create`)
  await page.getByLabel('Name', { exact: true }).fill(name)
  await page.getByText('A file from this computer').click()
  await page.locator('input[type=file]').waitFor({ state: 'attached' })
  const watch = await frames(page)
  const begun = performance.now()
  await page.locator('input[type=file]').setInputFiles(file)
  await page.getByText('This file can be uploaded.').waitFor({ timeout: 120_000 })
  return { milliseconds: performance.now() - begun, ...await watch.read(), watch }
}

/** Creates an image of the file in the form, does something meanwhile, and answers the frames and the growth of the server. */
async function uploadOnce({ page, url, pid, file, frames }, name, meanwhile) {
  const { watch, ...reading } = await chooseFile(page, url, { file, name }, frames)
  await page.waitForTimeout(2_000)
  const before = residentMiB(pid)
  let highest = before
  const sample = setInterval(() => { highest = Math.max(highest, residentMiB(pid)) }, 50)
  await watch.begin()
  const begun = performance.now()
  await page.getByRole('button', { name: `Create ${name}` }).click()
  await page.getByTestId('upload-progress').waitFor()
  const pages = await meanwhile(watch)
  const milliseconds = performance.now() - begun
  const last = await watch.read()
  clearInterval(sample)
  const parts = [{ page: 'the form, reading', ...reading }, ...pages, { page: 'to the end', milliseconds: 0, ...last }]
  return { milliseconds, longestFrame: Math.max(...parts.map(({ longest }) => longest)), pages: parts, serverGrowth: highest - before }
}

async function listed(url, path) {
  return (await (await fetch(`${url}/k8s/clusters/demo${path}`)).json()).items
}

/** What is left of an image that was cancelled: objects of it, in Harvester and in Longhorn. */
async function leftOf(url, name) {
  const images = await listed(url, IMAGES)
  const files = (await Promise.all(LONGHORN.map(path => listed(url, path)))).flat()
  const orphans = files.filter(({ metadata }) => metadata.name.startsWith('vmi-') && !images.some(({ metadata: { uid } }) => metadata.name === `vmi-${uid}`))
  return [...images.filter(({ spec }) => spec.displayName === name), ...orphans].map(({ kind, metadata }) => `${kind ?? ''} ${metadata.name}`)
}

async function until(isSo, patience) {
  const deadline = Date.now() + patience
  while (!await isSo()) {
    if (Date.now() > deadline)
      return false
    await new Promise(done => setTimeout(done, 100))
  }
  return true
}

/** Measures with a browser that is there; `sha512` and `bytes` are those of the file. */
export async function measureOnEmbedded({ browser, file, sha512, bytes, port, folder }) {
  const { child, url } = await startConsole(port, folder)
  try {
    const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1440, height: 900 } })
    const page = await context.newPage()
    await page.goto(`${url}/c/demo/`)
    await page.waitForTimeout(SETTLED_MS)
    const frames = async shown => watchFrames(await context.newCDPSession(shown))
    const stage = { page, url, pid: child.pid, file, frames }
    const cancelled = await uploadOnce(stage, 'bench-cancelled', async watch => {
      const pages = await goOn(page, watch, ['Images'])
      await page.getByRole('main').getByRole('link', { name: 'bench-cancelled', exact: true }).click()
      await page.getByTestId('upload-progress').filter({ hasText: /[2-8]\d %/ }).waitFor()
      await page.getByRole('button', { name: 'Cancel the upload' }).click()
      return pages
    })
    const isGone = await until(async () => (await leftOf(url, 'bench-cancelled')).length === 0, 20_000)
    const whole = await uploadOnce(stage, 'bench-whole', async watch => {
      const pages = await goOn(page, watch)
      await watch.begin()
      await page.getByText('bench-whole is uploaded and ready.').waitFor({ timeout: 300_000 })
      return pages
    })
    const [image] = (await listed(url, IMAGES)).filter(({ spec }) => spec.displayName === 'bench-whole')
    const kept = (await listed(url, LONGHORN[0])).find(({ metadata }) => metadata.annotations?.['harvesterhci.io/imageId'] === `default/${image?.metadata.name}`)
    const checksums = Object.values(kept?.status?.diskFileStatusMap ?? {}).map(({ state }) => state)
    return {
      cancelled, whole,
      broken: [
        !isGone && `a half image was left on the embedded cluster: ${(await leftOf(url, 'bench-cancelled')).join(', ')}`,
        image?.status?.size !== bytes && `the embedded cluster has ${image?.status?.size} of ${bytes} bytes`,
        (kept?.status?.checksum !== sha512 || !checksums.includes('ready')) && `the embedded cluster has another checksum: ${kept?.status?.checksum}`,
      ].filter(Boolean),
    }
  }
  finally {
    child.kill()
  }
}
