// Go is needed where upstream's own programs shall run: each is linked from its published modules (e2e/cluster/binary.ts). Everything else goes without.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { fetchToolchain, toolchainPath } from './goToolchain.mjs'

/** What e2e/cluster/kube/go.mod asks for; an older Go that would fetch a newer one by itself is not relied on. */
const MINOR = 24
const PLACES = ['/usr/local/go/bin/go', '/usr/lib/go/bin/go', toolchainPath]

function versionOf(go) {
  try {
    return execFileSync(go, ['env', 'GOVERSION'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, GOTOOLCHAIN: 'local' } }).trim()
  }
  catch {
    return undefined
  }
}

function find() {
  const candidates = ['go', ...PLACES.filter(existsSync)]
  return candidates.find(go => Number(/^go1\.(\d+)/.exec(versionOf(go) ?? '')?.[1]) >= MINOR)
}

function installFromDebian() {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get'))
    return undefined
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  for (const args of [['update'], ['install', '-y', 'golang-go']]) {
    try {
      execFileSync('apt-get', args, { stdio: 'ignore', env: environment })
    }
    catch {
      return undefined
    }
  }
  return find()
}

/**
 * A Go of 1.24 or newer: the machine's, or with `install` one fetched from Go's module proxy or, where we know no sum of
 * one, Debian's package when root. Answers `{ path?, environment }`; without a Go only an empty environment, and the tier
 * says that it is left out.
 */
export async function ensureGo({ install = true } = {}) {
  const path = find() ?? (install ? await fetchToolchain() ?? installFromDebian() : undefined)
  if (!path)
    return { environment: {} }
  return { path, environment: path.includes('/') ? { PATH: `${dirname(path)}:${process.env.PATH}` } : {} }
}
