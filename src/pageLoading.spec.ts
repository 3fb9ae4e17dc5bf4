import { readdirSync, readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const read = (file: string): string => readFileSync(join(root, file), 'utf8')

/** The files that the frame and the sdk fetch only when they are wanted; languages apart, which are chosen with the line up. */
function fetchedLater(): string[] {
  const files = ['src', 'pkg/sdk'].flatMap(folder => readdirSync(join(root, folder), { encoding: 'utf8' }).filter(file => /\.(vue|ts)$/.test(file) && !file.includes('.spec.')).map(file => join(folder, file)))
  const named = files.filter(file => basename(file) !== 'pageLoading.ts').flatMap(file => [...read(file).matchAll(/import\('([^']+)'\)/g)].map(match => match[1] ?? ''))
  return [...new Set(named.filter(name => !name.includes('locale')).map(name => basename(name)))].sort()
}

it('everything that is fetched later is brought before the line can be cut', () => {
  const brought = [...read('src/pageLoading.ts').matchAll(/import\('([^']+)'\)/g)].map(match => basename(match[1] ?? ''))
  expect(fetchedLater().length).toBeGreaterThan(5)
  // The table brings its own notice with itself.
  expect(fetchedLater().filter(name => !brought.includes(name))).toEqual(['CollectionNotice.vue'])
})
