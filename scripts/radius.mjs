// The reading radius of each page: how many first-party files its static imports reach, and how deep.
// docs/adr/0001 sets the bound, on imports of values; a page above it fails `npm run floors`. Beside it stands how many files
// the page reaches when types count too.
import { existsSync, globSync, readFileSync } from './files.mjs'
import { dirname, join, relative, resolve } from 'node:path'

const BOUND = 40
const root = resolve(import.meta.dirname, '..')
const STATIC_IMPORT = /^\s*(?:import|export)\s+(type\s)?(?:[^'"()]*?\sfrom\s*)?['"]([^'"]+)['"]/gm

/** The first-party files that a file imports: for their values, which are there when the program runs, or for types too. */
function importsOf(file, withTypes) {
  const found = [...readFileSync(file).matchAll(STATIC_IMPORT)]
  return found.filter(([, type]) => withTypes || !type).map(([, , specifier]) => locate(specifier, file)).filter(Boolean)
}

function locate(specifier, from) {
  const target = specifier.startsWith('#')
    ? join(root, 'pkg', specifier.slice(1))
    : specifier.startsWith('.') ? resolve(dirname(from), specifier) : undefined
  return target && /\.(ts|vue)$/.test(target) && existsSync(target) ? target : undefined
}

function radiusOf(page, withTypes) {
  const depth = new Map([[page, 0]])
  const queue = [page]
  for (const file of queue) {
    for (const next of importsOf(file, withTypes).filter(next => !depth.has(next))) {
      depth.set(next, depth.get(file) + 1)
      queue.push(next)
    }
  }
  return { files: depth.size, deepest: Math.max(...depth.values()) }
}

const pages = globSync(root, ['pkg', 'src'], /Page\.vue$/)
const rows = pages.map(page => ({ page: relative(root, page), ...radiusOf(page, false), typed: radiusOf(page, true).files })).sort((a, b) => b.files - a.files)
for (const { page, files, deepest, typed } of rows)
  console.log(`${String(files).padStart(4)} files, ${deepest} deep, ${String(typed).padStart(3)} with types  ${page}`)

const wide = rows.filter(row => row.files > BOUND)
if (wide.length) {
  console.error(`${wide.length} page(s) reach more than ${BOUND} files: ${wide.map(row => row.page).join(', ')}`)
  process.exitCode = 1
}
