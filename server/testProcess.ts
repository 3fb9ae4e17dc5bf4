// For specs: the server as the operator runs it, built and a process of its own.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build } from 'vite'

/** A folder below the repository, so that what is built there finds its libraries. One for each spec; it is theirs to remove. */
export const buildFolder = (name: string): string => resolve(import.meta.dirname, '..', '.cache', `${name}-${process.pid}`)

/** Builds the server into that folder, with a console of one line; answers the file to run. */
export async function buildServer(home: string): Promise<string> {
  await build({ logLevel: 'error', build: { ssr: 'server/main.ts', outDir: join(home, 'server'), emptyOutDir: true, target: 'node20', copyPublicDir: false } })
  mkdirSync(join(home, 'console', 'assets'), { recursive: true })
  writeFileSync(join(home, 'console', 'index.html'), '<!doctype html><title>console</title>')
  writeFileSync(join(home, 'console', 'assets', 'main-abc123.js'), 'export {}')
  mkdirSync(join(home, 'console', '.vite'))
  writeFileSync(join(home, 'console', '.vite', 'manifest.json'), '{}')
  writeFileSync(join(home, 'console', 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>')
  return join(home, 'server', 'main.js')
}
