import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runnerImport } from 'vite'
import { broken } from '../../e2e/cluster/stories/mutations.ts'
import { MUTATIONS } from './exportModel/mutations.ts'
import type { playExport } from './exportModel/playExport.ts'

// The test of the test. What is noticed soon is broken in every run, all of it with ALL_MUTATIONS=1.
const chosen = process.env.ALL_MUTATIONS ? MUTATIONS : MUTATIONS.filter(mutation => mutation.isNoticedSoon)
const SEEDS = process.env.ALL_MUTATIONS ? 5000 : 200

interface Module { readonly playExport: typeof playExport }

describe('a broken rule of the protocol breaks a promise', () => {
  it.each(chosen)('$name', async mutation => {
    const { module } = await runnerImport<Module>('/pkg/volumes/exportModel/playExport.ts', { root: resolve(import.meta.dirname, '../..'), configFile: false, logLevel: 'error', plugins: [broken(mutation)] })
    let found: string | undefined
    for (let seed = 1; seed <= SEEDS && found === undefined; seed++)
      found = await module.playExport(seed).then(() => undefined, (error: unknown) => String(error))
    expect(found).toMatch(/^Error: seed \d+: /)
  }, 60_000 + SEEDS * 100)
})
