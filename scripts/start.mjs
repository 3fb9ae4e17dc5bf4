// `npm start`: from a fresh clone to a running console. Installs and builds only what changed since the last time.
import { createHash } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import module from 'node:module'
import { join, resolve } from 'node:path'
import { installIfMissing, requireNode } from './install.mjs'

const root = resolve(import.meta.dirname, '..')
const built = join(root, 'dist', '.built')
const BUILT_FROM = ['index.html', 'package.json', 'package-lock.json', 'tsconfig.json', 'vite.config.ts', 'public', 'src', 'pkg', 'server']

function sourcesOf(path) {
  const file = join(root, path)
  if (!existsSync(file))
    return []
  try {
    return readdirSync(file).sort().flatMap(name => sourcesOf(join(path, name)))
  }
  catch (error) {
    if (error.code !== 'ENOTDIR')
      throw error
    return path.endsWith('.spec.ts') ? [] : [path]
  }
}

/** Changes when any source of the build changes; a file's time does not matter. */
function sourceHash() {
  const hash = createHash('sha256')
  for (const path of BUILT_FROM.flatMap(sourcesOf))
    hash.update(path).update('\0').update(readFileSync(join(root, path))).update('\0')
  return hash.digest('hex')
}

function buildIfChanged() {
  const hash = sourceHash()
  const complete = ['console/index.html', 'server/main.js'].every(file => existsSync(join(root, 'dist', file)))
  if (complete && existsSync(built) && readFileSync(built, 'utf8') === hash)
    return
  console.log('Building the console and the server …')
  const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, encoding: 'utf8' })
  if (status !== 0) {
    console.error(`${stdout}${stderr}\nThe build failed: see its own words above.`)
    process.exit(status ?? 1)
  }
  writeFileSync(built, hash)
}

requireNode()
const args = process.argv.slice(2)
if (args.includes('--help') || args.includes('-h')) {
  console.log(readFileSync(join(root, 'server', 'usage.txt'), 'utf8').trimEnd())
  process.exit(0)
}
await installIfMissing()
if (args[0] !== 'link' || !existsSync(join(root, 'dist', 'server', 'main.js')))
  buildIfChanged()
// In this process: a signal to npm start reaches the server itself. npm runs scripts in the project's folder; files that
// the operator names are looked for where the command was typed.
if (process.env.npm_lifecycle_event === 'start' && process.env.INIT_CWD)
  process.chdir(process.env.INIT_CWD)
// Node 22 keeps what it compiled for the next start.
module.enableCompileCache?.(join(root, 'node_modules', '.cache', 'compiled'))
await import('../dist/server/main.js')
