// `npm start`: from a fresh clone to a running console. Installs and builds only what changed since the last time.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import module from 'node:module'
import { join, resolve } from 'node:path'
import { installIfMissing, requireNode } from './install.mjs'
import { isBuilt } from './sources.mjs'

const root = resolve(import.meta.dirname, '..')
function buildIfChanged() {
  if (isBuilt())
    return
  console.log('Building the console and the server …')
  const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, encoding: 'utf8' })
  if (status !== 0) {
    console.error(`${stdout}${stderr}\nThe build failed: see its own words above.`)
    process.exit(status ?? 1)
  }
}

requireNode()
const args = process.argv.slice(2)
if (args.includes('--help') || args.includes('-h')) {
  console.log(readFileSync(join(root, 'server', 'usage.txt'), 'utf8').trimEnd())
  process.exit(0)
}
await installIfMissing()
if (!['link', 'webhook-manifest'].includes(args[0]) || !existsSync(join(root, 'dist', 'server', 'main.js')))
  buildIfChanged()
// In this process: a signal to npm start reaches the server itself. npm runs scripts in the project's folder; files that
// the operator names are looked for where the command was typed.
if (process.env.npm_lifecycle_event === 'start' && process.env.INIT_CWD)
  process.chdir(process.env.INIT_CWD)
// Node 22 keeps what it compiled for the next start.
module.enableCompileCache?.(join(root, 'node_modules', '.cache', 'compiled'))
await import('../dist/server/main.js')
