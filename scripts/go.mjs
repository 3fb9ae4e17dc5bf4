// Go is needed for one tier only: the real API server is linked from its published modules.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const places = ['/usr/local/go/bin', '/usr/lib/go/bin', '/usr/lib/go-1.24/bin', '/usr/lib/go-1.23/bin']

function version(go) {
  try {
    return execFileSync(go, ['env', 'GOVERSION'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  }
  catch {
    return undefined
  }
}

function found() {
  const candidates = ['go', ...places.map(place => `${place}/go`).filter(existsSync)]
  return candidates.map(go => ({ go, version: version(go) })).find(({ version }) => version && Number(version.split('.')[1]) >= 21)
}

function fromDebian() {
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  for (const args of [['update'], ['install', '-y', 'golang-go']]) {
    try {
      execFileSync('apt-get', args, { stdio: 'ignore', env: environment })
    }
    catch {
      return undefined
    }
  }
  return found()
}

/**
 * A Go of 1.21 or newer, which fetches the toolchain that go.mod names by itself; installed from Debian's package when root.
 * Answers `{ path?, version?, environment }`; without a Go, only an empty environment, and the tier says that it is left out.
 */
export function ensureGo({ install = true } = {}) {
  const go = found() ?? (install && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get') ? fromDebian() : undefined)
  if (!go)
    return { environment: {} }
  const folder = go.go.includes('/') ? go.go.slice(0, go.go.lastIndexOf('/')) : undefined
  return { path: go.go, version: go.version, environment: folder ? { PATH: `${folder}:${process.env.PATH}` } : {} }
}
