// Finds a Chromium for the browser tests, in the order that the README promises, and says which.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']

function onPath() {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return NAMES.flatMap(name => folders.map(folder => join(folder, name))).find(file => existsSync(file))
}

async function playwrightsOwn(install) {
  const { chromium } = await import('@playwright/test')
  if (install && !existsSync(chromium.executablePath()))
    spawnSync('npx', ['playwright', 'install', 'chromium'], { stdio: 'ignore', timeout: 300_000 })
  return existsSync(chromium.executablePath()) ? chromium.executablePath() : undefined
}

function fromDebian() {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get'))
    return undefined
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  try {
    execFileSync('apt-get', ['update'], { stdio: 'ignore', env: environment })
    execFileSync('apt-get', ['install', '-y', '--no-install-recommends', 'chromium', 'fonts-noto-cjk'], { stdio: 'ignore', env: environment })
  }
  catch {
    return undefined
  }
  return onPath()
}

/** The path of a Chromium and where it comes from, or undefined when the machine can give none. */
export async function findChromium() {
  const named = process.env.CHROMIUM_PATH
  if (named)
    return existsSync(named) ? { path: named, from: 'CHROMIUM_PATH' } : undefined
  const system = onPath()
  if (system)
    return { path: system, from: 'the system' }
  const own = await playwrightsOwn(true)
  if (own)
    return { path: own, from: 'Playwright\'s own download' }
  const debian = fromDebian()
  return debian && { path: debian, from: 'Debian\'s package' }
}
