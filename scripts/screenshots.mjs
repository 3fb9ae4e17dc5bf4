// `npm run screenshots`: a picture of every page, light and dark, both languages, two sizes, with the clock held still; and of
// every step of an export, as the embedded cluster comes to it, in two settings. Those whose name holds one of the words: `-- WORD …`.
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
const BASE = `http://127.0.0.1:${PORT}`
const SIZES = [{ width: 1440, height: 900 }, { width: 900, height: 700 }]
const KEPT = { 'images-light-en-1440': 'images.png', 'volume-export-light-en-1440': 'volume-export.png', 'backing-images-dark-en-1440': 'backing-images.png', 'overview-light-zh-1440': 'overview-zh.png' }
const words = process.argv.slice(2)
const isMeant = name => !words.length || words.some(word => name.includes(word))

const SETTINGS = ['light', 'dark'].flatMap(colorScheme => ['en-GB', 'zh-CN'].flatMap(locale => SIZES.map(viewport => ({ colorScheme, locale, viewport }))))
/** A step goes by while eight pictures are taken; each is seen in both themes, languages and sizes all the same. */
const STEP_SETTINGS = [{ colorScheme: 'light', locale: 'en-GB', language: 'English', viewport: SIZES[0] }, { colorScheme: 'dark', locale: 'zh-CN', language: '简体中文', viewport: SIZES[1] }]

const fileOf = (name, { colorScheme, locale, viewport }) => `${name}-${colorScheme}-${locale.slice(0, 2)}-${viewport.width}`

async function take(context, { name, path, act, shows }, settings, now) {
  const page = await context.newPage()
  await page.clock.setFixedTime(now)
  await page.goto(`${BASE}/c/demo${path}`)
  await page.getByRole('heading', { level: 1 }).waitFor()
  await act?.(page)
  await page.getByRole('main').filter({ hasText: shows }).waitFor()
  await page.waitForTimeout(400)
  const file = fileOf(name, settings)
  await page.screenshot({ path: join(folder, `${file}.png`) })
  if (KEPT[file])
    copyFileSync(join(folder, `${file}.png`), join(root, 'docs', KEPT[file]))
  await page.close()
}

async function takeAll(pages, settings, now) {
  const context = await browser.newContext({ ...settings, reducedMotion: 'reduce' })
  for (const page of pages)
    await take(context, page, settings, now)
  await context.close()
}

/** The embedded cluster has settled by then, and every relative time on the pictures is counted to this moment. */
const settle = () => new Promise(done => setTimeout(done, 15_000))

async function takePages(pages) {
  const server = await startConsole([])
  try {
    await settle()
    const now = new Date()
    for (const settings of SETTINGS)
      await takeAll(pages, settings, now)
  }
  finally {
    await stop(server)
  }
}

/** The same page in another setting, without a reload: what it carries out goes on. */
async function turnTo(page, { colorScheme, language, viewport }) {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
  await page.setViewportSize(viewport)
  await page.getByRole('button', { name: /^(Language|语言)/ }).click()
  await page.getByRole('menuitemradio', { name: language }).click()
  await page.mouse.move(viewport.width / 2, 1)
}

async function takeStory({ moments }) {
  const context = await browser.newContext({ locale: 'en-GB', baseURL: BASE, viewport: SIZES[0], reducedMotion: 'reduce' })
  const page = await context.newPage()
  for (const { name, reach, pose } of moments) {
    await reach(page)
    for (const settings of STEP_SETTINGS) {
      await turnTo(page, settings)
      await pose?.(page)
      await page.waitForTimeout(250)
      await page.screenshot({ path: join(folder, `${fileOf(`export-step-${name}`, settings)}.png`) })
      if (pose && settings !== STEP_SETTINGS.at(-1))
        await page.keyboard.press('Escape')
    }
  }
  await context.close()
}

async function takeStories(stories) {
  for (const keeper of new Set(stories.map(story => story.keeper))) {
    const server = await startConsole(['--keeper', keeper])
    try {
      await settle()
      for (const story of stories.filter(one => one.keeper === keeper))
        await takeStory(story)
    }
    finally {
      await stop(server)
    }
  }
}

async function load() {
  const vite = await createServer({ root, server: { middlewareMode: true }, appType: 'custom', logLevel: 'error', optimizeDeps: { noDiscovery: true } })
  const { PAGES } = await vite.ssrLoadModule('/e2e/pages.ts')
  const { EXPORT_STORIES } = await vite.ssrLoadModule('/e2e/exportMoments.ts')
  await vite.close()
  return { pages: PAGES.filter(({ name }) => isMeant(name)), stories: EXPORT_STORIES.filter(({ moments }) => moments.some(({ name }) => isMeant(`export-step-${name}`))) }
}

async function startConsole(options) {
  const child = spawn(process.execPath, [join(root, 'dist/server/main.js'), '--port', String(PORT), ...options], { cwd: mkdtempSync(join(tmpdir(), 'guardrails-screens-')), stdio: 'ignore' })
  for (let tries = 0; tries < 300; tries++) {
    if (await fetch(`${BASE}/readyz`).then(answer => answer.ok, () => false))
      return child
    await new Promise(done => setTimeout(done, 100))
  }
  child.kill()
  throw new Error('the console was not ready after 30 s; run `npm run build` first')
}

async function stop(child) {
  const ended = new Promise(done => child.once('exit', done))
  child.kill()
  await ended
}

const folder = join(root, 'test-results/screenshots')
mkdirSync(folder, { recursive: true })
const found = await findChromium()
const { pages, stories } = await load()
const browser = await chromium.launch({ executablePath: found?.path, args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'] })
try {
  if (pages.length)
    await takePages(pages)
  await takeStories(stories)
  console.log(`pictures in ${folder}`)
}
finally {
  await browser.close()
}
