// What a browser must load before the console stands: index.html's entry, all that it imports statically, and their CSS.
// The bound is in gzip; `npm test` holds it, on the console that it built.
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'

const BOUND = 180 * 1000
const dist = resolve(import.meta.dirname, '..', 'dist/console')
const manifestFile = join(dist, '.vite/manifest.json')

if (!existsSync(manifestFile)) {
  console.error('size: there is no dist/console; run npm run build first')
  process.exit(2)
}

const manifest = JSON.parse(readFileSync(manifestFile, 'utf8'))
const files = new Set()

function take(key) {
  const { file, imports = [], css = [] } = manifest[key]
  if (files.has(file))
    return
  files.add(file)
  css.forEach(sheet => files.add(sheet))
  imports.forEach(take)
}

for (const key of Object.keys(manifest).filter(key => manifest[key].isEntry))
  take(key)
// What the page names itself, past the bundler: the theme's script.
for (const [, file] of readFileSync(join(dist, 'index.html'), 'utf8').matchAll(/(?:src|href)="\/([^"]+\.(?:js|css))"/g))
  files.add(file)

const sizes = [...files].map(file => ({ file, bytes: gzipSync(readFileSync(join(dist, file)), { level: 9 }).length })).sort((a, b) => b.bytes - a.bytes)
const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0)
const kB = bytes => `${(bytes / 1000).toFixed(1).padStart(6)} kB`

for (const { file, bytes } of sizes)
  console.log(`${kB(bytes)}  ${file}`)
console.log(`${kB(total)}  initial JavaScript + CSS, gzip; at most ${BOUND / 1000} kB`)
if (total > BOUND)
  process.exitCode = 1
