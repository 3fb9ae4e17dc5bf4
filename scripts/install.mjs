// Installs what package-lock.json names, once: a stamp beside it says which lock was installed.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const stamp = join(root, 'node_modules', '.guardrails-lock')

function lockHash() {
  return createHash('sha256').update(readFileSync(join(root, 'package-lock.json'))).digest('hex')
}

/** Exits with 2 and one line when this Node is too old for the tools (see `engines`). */
export function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  const fits = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22
  if (fits)
    return
  console.error(`Harvester Guardrails needs Node 20.19 or newer in line 20, or 22.12 and newer; this is ${process.versions.node}.`)
  process.exit(2)
}

/** `npm ci` when node_modules is missing or made from another lock; exits with npm's code when it fails. */
export async function installIfMissing() {
  requireNode()
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lockHash())
    return
  console.log('Installing what package-lock.json names …')
  const { status } = spawnSync('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: 'inherit', env: { ...process.env, PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: '1' } })
  if (status !== 0) {
    console.error('npm ci failed: see its own words above. Mend the network or the registry setting and run this again.')
    process.exit(status ?? 1)
  }
  writeFileSync(stamp, lockHash())
}
