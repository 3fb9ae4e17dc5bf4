// What the build is made of, and the stamp beside it that says of which state of it.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const stamp = join(root, 'dist', '.built')
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
export function sourceHash() {
  const hash = createHash('sha256')
  for (const path of BUILT_FROM.flatMap(sourcesOf))
    hash.update(path).update('\0').update(readFileSync(join(root, path))).update('\0')
  return hash.digest('hex')
}

/** Whether dist is a whole build of the sources as they are now. */
export function isBuilt() {
  const complete = ['console/index.html', 'server/main.js'].every(file => existsSync(join(root, 'dist', file)))
  return complete && existsSync(stamp) && readFileSync(stamp, 'utf8') === sourceHash()
}

/** Before a build: whatever becomes of it, dist is no longer what the stamp says. */
export function removeStamp() {
  rmSync(stamp, { force: true })
}

/** After a build: dist is what the sources of this hash make. */
export function writeStamp(hash) {
  writeFileSync(stamp, hash)
}
