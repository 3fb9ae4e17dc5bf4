// The reading radius of each page: how many first-party files its static imports reach, and how deep.
// docs/adr/0001 sets the bound; a page above it fails `npm run floors`.
import { existsSync, globSync, readFileSync } from './files.mjs'
import { dirname, join, relative, resolve } from 'node:path'

const BOUND = 40
const root = resolve(import.meta.dirname, '..')
// A type is gone when the program runs: what is counted is what the page brings along.
const STATIC_IMPORT = /^\s*(?:import|export)\s+(?!type\s)(?:[^'"()]*?\sfrom\s*)?['"]([^'"]+)['"]/gm

function importsOf(file) {
  const text = readFileSync(file)
  return [...text.matchAll(STATIC_IMPORT)].map(match => locate(match[1], file)).filter(Boolean)
}

function locate(specifier, from) {
  const target = specifier.startsWith('#')
    ? join(root, 'pkg', specifier.slice(1))
    : specifier.startsWith('.') ? resolve(dirname(from), specifier) : undefined
  return target && /\.(ts|vue)$/.test(target) && existsSync(target) ? target : undefined
}

function radiusOf(page) {
  const depth = new Map([[page, 0]])
  const queue = [page]
  for (const file of queue) {
    for (const next of importsOf(file).filter(next => !depth.has(next))) {
      depth.set(next, depth.get(file) + 1)
      queue.push(next)
    }
  }
  return { files: depth.size, deepest: Math.max(...depth.values()) }
}

const pages = globSync(root, ['pkg', 'src'], /Page\.vue$/)
const rows = pages.map(page => ({ page: relative(root, page), ...radiusOf(page) })).sort((a, b) => b.files - a.files)
for (const { page, files, deepest } of rows)
  console.log(`${String(files).padStart(4)} files, ${deepest} deep  ${page}`)

const wide = rows.filter(row => row.files > BOUND)
if (wide.length) {
  console.error(`${wide.length} page(s) reach more than ${BOUND} files: ${wide.map(row => row.page).join(', ')}`)
  process.exitCode = 1
}
