import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

const module = resolve(import.meta.dirname, 'kube')
const SOURCES = ['go.mod', 'go.sum', 'main.go']

function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'harvester-guardrails')
}

function kubernetesVersion(): string {
  const version = /^\s*k8s\.io\/kubernetes (v\S+)$/m.exec(readFileSync(join(module, 'go.mod'), 'utf8'))?.[1]
  if (!version)
    throw new Error(`${module}/go.mod does not require k8s.io/kubernetes`)
  return version
}

function buildFlags(): string[] {
  // Without the version, /version calls itself v0.0.0-master and kubectl warns of the skew.
  return ['-trimpath', `-ldflags=-s -w -X k8s.io/component-base/version.gitVersion=${kubernetesVersion()}`]
}

/** Where the control plane's binary is kept, outside the tree, named by the hash of what it is made of. */
export function binaryPath(): string {
  const hash = createHash('sha256')
  for (const source of SOURCES)
    hash.update(readFileSync(join(module, source)))
  hash.update(buildFlags().join(' '))
  return join(cacheFolder(), `kube-${hash.digest('hex').slice(0, 12)}`)
}

/**
 * Builds the control plane's binary unless the cache has it, and answers its path. The first build takes some ten minutes
 * on two cores, a later one seconds. Throws with Go's own words; `go` is the command to build with.
 */
export function buildBinary(go = 'go', say: (line: string) => void = () => {}): string {
  const path = binaryPath()
  if (existsSync(path))
    return path
  mkdirSync(cacheFolder(), { recursive: true })
  say(`Building kube-apiserver ${kubernetesVersion()}, etcd, kube-controller-manager and kubectl from their modules; the first time takes about ten minutes …`)
  const unfinished = `${path}.${process.pid}`
  const { status, error } = spawnSync(go, ['build', ...buildFlags(), '-o', unfinished, '.'], {
    cwd: module,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, CGO_ENABLED: '0' },
  })
  if (status !== 0)
    throw new Error(`go build in ${module} failed${error ? `: ${error.message}` : ''}`)
  renameSync(unfinished, path)
  for (const old of readdirSync(cacheFolder()).filter(name => /^kube-[0-9a-f]{12}$/.test(name) && join(cacheFolder(), name) !== path))
    rmSync(join(cacheFolder(), old))
  return path
}
