// `npm run screenshots`: a picture of every page, light and dark, both languages, two sizes, with the clock held still.
// All go to test-results/screenshots; the four of the README are kept in docs/.
import { spawn } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from '@playwright/test'
import { createServer } from 'vite'
import { findChromium } from './chromium.mjs'
import { root } from './tiers.mjs'

const PORT = Number(process.env.GUARDRAILS_PORT ?? 8801)
const SIZES = [{ width: 1440, height: 900 }, { width: 900, height: 700 }]
const KEPT = { 'images-light-en-1440': 'images.png', 'volume-export-light-en-1440': 'volume-export.png', 'backing-images-dark-en-1440': 'backing-images.png', 'overview-light-zh-1440': 'overview-zh.png' }
const only = process.argv[2]

const SETTINGS = ['light', 'dark'].flatMap(colorScheme => ['en-GB', 'zh-CN'].flatMap(locale => SIZES.map(viewport => ({ colorScheme, locale, viewport }))))

async function take(context, { name, path, act, shows }, { colorScheme, locale, viewport }, now) {
  const page = await context.newPage()
  await page.clock.setFixedTime(now)
  await page.goto(`http://127.0.0.1:${PORT}/c/demo${path}`)
  await page.getByRole('heading', { level: 1 }).waitFor()
  await act?.(page)
  await page.getByRole('main').filter({ hasText: shows }).waitFor()
  await page.waitForTimeout(400)
  const file = `${name}-${colorScheme}-${locale.slice(0, 2)}-${viewport.width}`
  await page.screenshot({ path: join(folder, `${file}.png`) })
  if (KEPT[file])
    copyFileSync(join(folder, `${file}.png`), join(root, 'docs', KEPT[file]))
  await page.close()
}

async function takeAll(settings, now) {
  const context = await browser.newContext({ ...settings, reducedMotion: 'reduce' })
  for (const page of pages)
    await take(context, page, settings, now)
  await context.close()
}

async function loadPages() {
  const vite = await createServer({ root, server: { middlewareMode: true }, appType: 'custom', logLevel: 'error', optimizeDeps: { noDiscovery: true } })
  const { PAGES } = await vite.ssrLoadModule('/e2e/pages.ts')
  await vite.close()
  return PAGES
}

async function startConsole() {
  const child = spawn(process.execPath, [join(root, 'dist/server/main.js'), '--port', String(PORT)], { cwd: mkdtempSync(join(tmpdir(), 'guardrails-screens-')), stdio: 'ignore' })
  for (let tries = 0; tries < 300; tries++) {
    if (await fetch(`http://127.0.0.1:${PORT}/readyz`).then(answer => answer.ok, () => false))
      return child
    await new Promise(done => setTimeout(done, 100))
  }
  child.kill()
  throw new Error('the console was not ready after 30 s; run `npm run build` first')
}

const folder = join(root, 'test-results/screenshots')
mkdirSync(folder, { recursive: true })
const found = await findChromium()
const pages = (await loadPages()).filter(page => !only || page.name.includes(only))
const server = await startConsole()
const browser = await chromium.launch({ executablePath: found?.path, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] })
try {
  // The embedded cluster has settled by then, and every relative time on the pictures is counted to this moment.
  await new Promise(done => setTimeout(done, 15_000))
  const now = new Date()
  for (const settings of SETTINGS)
    await takeAll(settings, now)
  console.log(`pictures in ${folder}`)
}
finally {
  await browser.close()
  server.kill()
}
