import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { readDefinitions } from './definitions.ts'

/** The programs that are linked from upstream's modules, each a Go module in the folder of its name. */
export type Module = 'kube' | 'kubevirt' | 'harvester' | 'longhorn'

interface Recipe {
  readonly holds: string
  readonly firstTime: string
  /** Folders beside its own that it is made of. */
  readonly with?: readonly string[]
  /** Files of upstream's modules that define kinds, from the module's folder on: kept beside the binary. */
  readonly definitions?: Readonly<Record<string, string>>
}

// The first build of all four takes some fifteen to twenty minutes on two cores (kube six, kubevirt three, harvester six,
// longhorn one); a later one seconds, from Go's own cache.
const RECIPES: Readonly<Record<Module, Recipe>> = {
  kube: { holds: 'kube-apiserver, etcd, kube-controller-manager and kubectl', firstTime: 'about ten minutes' },
  kubevirt: { holds: 'KubeVirt\'s virt-api and virt-controller', firstTime: 'about three minutes' },
  harvester: {
    holds: 'Harvester\'s and Longhorn\'s webhooks and Harvester\'s controllers', firstTime: 'about six minutes', with: ['spdkstub'],
    definitions: { 'github.com/harvester/harvester': 'deploy/charts/harvester-crd/templates', 'github.com/longhorn/longhorn-manager': 'k8s/crds.yaml' },
  },
  longhorn: { holds: 'Longhorn\'s own controllers and backing image managers', firstTime: 'about two minutes', with: ['spdkstub'] },
}

const folderOf = (name: string) => resolve(import.meta.dirname, name)

function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'harvester-guardrails')
}

function kubernetesVersion(): string {
  const version = /^\s*k8s\.io\/kubernetes (v\S+)$/m.exec(readFileSync(join(folderOf('kube'), 'go.mod'), 'utf8'))?.[1]
  if (!version)
    throw new Error('kube/go.mod does not require k8s.io/kubernetes')
  return version
}

function buildFlags(): string[] {
  // Without the version, /version calls itself v0.0.0-master and kubectl warns of the skew.
  return ['-trimpath', `-ldflags=-s -w -X k8s.io/component-base/version.gitVersion=${kubernetesVersion()}`]
}

function sourcesOf(module: Module): string[] {
  return [module, ...RECIPES[module].with ?? []].flatMap(name =>
    readdirSync(folderOf(name), { recursive: true, encoding: 'utf8' }).filter(file => /\.go$|go\.(mod|sum)$/.test(file)).sort().map(file => join(folderOf(name), file)))
}

/** Where a program's binary is kept, outside the tree, named by the hash of what it is made of. */
export function binaryPath(module: Module): string {
  const hash = createHash('sha256')
  for (const source of sourcesOf(module))
    hash.update(readFileSync(source))
  hash.update(buildFlags().join(' '))
  return join(cacheFolder(), `${module}-${hash.digest('hex').slice(0, 12)}`)
}

/** Where the kinds are kept that upstream's modules behind a program define: an object a line, as JSON. */
export function definitionsPath(module: Module): string {
  return `${binaryPath(module)}.crds.jsonl`
}

/** Whether the cache has all of it. */
export function isBuilt(module: Module): boolean {
  return existsSync(binaryPath(module)) && (!RECIPES[module].definitions || existsSync(definitionsPath(module)))
}

/**
 * Builds a program unless the cache has it, and answers its path. The first build takes minutes, a later one seconds.
 * Throws with Go's own words; `go` is the command to build with.
 */
export function buildBinary(module: Module, go = 'go', say: (line: string) => void = () => {}): string {
  const path = binaryPath(module)
  if (isBuilt(module))
    return path
  const { holds, firstTime, definitions } = RECIPES[module]
  const from = Date.now()
  mkdirSync(cacheFolder(), { recursive: true })
  say(`Building ${holds} from their modules; the first time takes ${firstTime} …`)
  const unfinished = `${path}.${process.pid}`
  const { status, error } = spawnSync(go, ['build', ...buildFlags(), '-o', unfinished, '.'], {
    cwd: folderOf(module),
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, CGO_ENABLED: '0' },
  })
  if (status !== 0)
    throw new Error(`go build in ${folderOf(module)} failed${error ? `: ${error.message}` : ''}`)
  if (definitions)
    writeFileSync(definitionsPath(module), Object.entries(definitions).flatMap(([name, at]) => readDefinitions(join(sourceOf(go, module, name), at))).map(object => `${JSON.stringify(object)}\n`).join(''))
  renameSync(unfinished, path)
  forgetOthers(module, path)
  say(`… ${Math.round((Date.now() - from) / 1000)} s`)
  return path
}

/** Where Go keeps the source of one of the modules that a program is linked from. */
function sourceOf(go: string, module: Module, name: string): string {
  const { status, stdout, stderr } = spawnSync(go, ['list', '-m', '-f', '{{.Dir}}', name], { cwd: folderOf(module), encoding: 'utf8' })
  if (status !== 0)
    throw new Error(`go list -m ${name} in ${folderOf(module)} failed: ${stderr}`)
  return stdout.trim()
}

function forgetOthers(module: Module, path: string): void {
  const ours = new RegExp(`^${module}-[0-9a-f]{12}(\\.crds\\.jsonl)?$`)
  for (const old of readdirSync(cacheFolder()).filter(name => ours.test(name) && !join(cacheFolder(), name).startsWith(path)))
    rmSync(join(cacheFolder(), old))
}
