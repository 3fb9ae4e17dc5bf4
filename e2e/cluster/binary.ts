import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
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
  /** What a pod would be told by a file of its own, and a program that runs in none knows only as a constant. */
  readonly told?: Told
}

/** Lines of a module's source that others stand for in our build. */
interface Told { readonly module: string, readonly file: string, readonly lines: Readonly<Record<string, string>> }

// The first build of all four takes some fifteen to twenty minutes on two cores (kube six, kubevirt three, harvester six,
// longhorn one); a later one seconds, from Go's own cache.
const RECIPES: Readonly<Record<Module, Recipe>> = {
  kube: { holds: 'kube-apiserver, etcd, kube-controller-manager and kubectl', firstTime: 'about ten minutes' },
  kubevirt: {
    holds: 'KubeVirt\'s virt-api and virt-controller', firstTime: 'about three minutes',
    // A pod reads its namespace from the file of its service account; where there is none, KubeVirt takes this.
    told: { module: 'kubevirt.io/client-go', file: 'util/util.go', lines: { 'const namespaceKubevirt = "kubevirt"': 'const namespaceKubevirt = "harvester-system"' } },
  },
  harvester: {
    holds: 'Harvester\'s and Longhorn\'s webhooks and Harvester\'s controllers', firstTime: 'about six minutes', with: ['spdkstub'],
    definitions: { 'github.com/harvester/harvester': 'deploy/charts/harvester-crd/templates', 'github.com/longhorn/longhorn-manager': 'k8s/crds.yaml' },
  },
  longhorn: {
    holds: 'Longhorn\'s own controllers and backing image managers', firstTime: 'about two minutes', with: ['spdkstub'],
    // A pod has its disk and its host's devices mounted at these; a process has them below the folder that it runs in.
    told: {
      module: 'github.com/longhorn/backing-image-manager', file: 'pkg/types/types.go',
      lines: { 'DiskPathInContainer              = "/data/"': 'DiskPathInContainer = "data/"', 'MapperFilePathPrefix = "/dev/mapper"': 'MapperFilePathPrefix = "mapper"' },
    },
  },
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
  hash.update(JSON.stringify(RECIPES[module].told ?? {}))
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
  const { holds, firstTime, definitions, told } = RECIPES[module]
  const from = Date.now()
  mkdirSync(cacheFolder(), { recursive: true })
  say(`Building ${holds} from their modules; the first time takes ${firstTime} …`)
  const unfinished = `${path}.${process.pid}`
  const altered = mkdtempSync(join(tmpdir(), 'guardrails-build-'))
  try {
    const { status, error } = spawnSync(go, ['build', ...buildFlags(), ...(told ? [tell(go, module, altered, told)] : []), '-o', unfinished, '.'], {
      cwd: folderOf(module),
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, CGO_ENABLED: '0' },
    })
    if (status !== 0)
      throw new Error(`go build in ${folderOf(module)} failed${error ? `: ${error.message}` : ''}`)
  }
  finally {
    rmSync(altered, { recursive: true, force: true })
  }
  if (definitions)
    writeFileSync(definitionsPath(module), Object.entries(definitions).flatMap(([name, at]) => readDefinitions(join(sourceOf(go, module, name), at))).map(object => `${JSON.stringify(object)}\n`).join(''))
  renameSync(unfinished, path)
  forgetOthers(module, path)
  say(`… ${Math.round((Date.now() - from) / 1000)} s`)
  return path
}

/** Writes into `folder` a copy of the module whose lines are exchanged, and a go.mod that builds with it; answers the flag. Throws where upstream has no such line. */
function tell(go: string, module: Module, folder: string, { module: name, file, lines }: Told): string {
  const [source, mod] = [sourceOf(go, module, name), join(folder, 'go.mod')]
  const text = Object.entries(lines).reduce((told, [line, instead]) => {
    if (!told.includes(line))
      throw new Error(`${name} has no line ${line} in ${file}`)
    return told.replace(line, instead)
  }, readFileSync(join(source, file), 'utf8'))
  // File by file: Go keeps its folders read-only, and nobody but root could change or remove a copy of them.
  for (const one of readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(path => /\.go$|go\.mod$/.test(path))) {
    mkdirSync(dirname(join(folder, 'source', one)), { recursive: true })
    writeFileSync(join(folder, 'source', one), one === file ? text : readFileSync(join(source, one)))
  }
  copyFileSync(join(folderOf(module), 'go.mod'), mod)
  copyFileSync(join(folderOf(module), 'go.sum'), join(folder, 'go.sum'))
  const { status, stderr } = spawnSync(go, ['mod', 'edit', `-replace=${name}=${join(folder, 'source')}`, mod], { encoding: 'utf8' })
  if (status !== 0)
    throw new Error(`go mod edit of ${name} failed: ${stderr}`)
  return `-modfile=${mod}`
}

/** Where Go keeps the source of one of the modules that a program is linked from. Fetches it first: of one that is not there Go knows no folder. */
function sourceOf(go: string, module: Module, name: string): string {
  const ask = (...words: string[]) => {
    const { status, stdout, stderr } = spawnSync(go, [...words, name], { cwd: folderOf(module), encoding: 'utf8' })
    if (status !== 0)
      throw new Error(`go ${words.join(' ')} ${name} in ${folderOf(module)} failed: ${stderr}`)
    return stdout.trim()
  }
  ask('mod', 'download')
  return ask('list', '-m', '-f', '{{.Dir}}')
}

function forgetOthers(module: Module, path: string): void {
  const ours = new RegExp(`^${module}-[0-9a-f]{12}(\\.crds\\.jsonl)?$`)
  for (const old of readdirSync(cacheFolder()).filter(name => ours.test(name) && !join(cacheFolder(), name).startsWith(path)))
    rmSync(join(cacheFolder(), old))
}
