import type { Breakage } from '../../e2e/cluster/stories/mutations.ts'
import type { allDisagreements } from './recordedDisks.ts'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runnerImport } from 'vite'
import { broken } from '../../e2e/cluster/stories/mutations.ts'

// The test of the test: what the judgement overlooks on purpose, each noticed by what upstream was seen in.

const MUTATIONS: readonly Breakage[] = [
  { name: 'data volumes that fill a disk or copy it', file: 'pkg/volumes/exportWork.ts', find: `...dataVolumesOf(world), `, replace: `` },
  { name: 'images that are made of a disk', file: 'pkg/volumes/exportWork.ts', find: `...exportsOf(world), `, replace: `` },
  { name: 'that the disk is deleted', file: 'pkg/volumes/exportSafety.ts', find: `...(world.claim.metadata.deletionTimestamp ? [{ code: 'claim-deleting' } as const] : []),`, replace: `` },
  { name: 'guests', file: 'pkg/volumes/exportHolders.ts', find: `...users.vmis.flatMap(vmi => guestOf(vmi, world, users)),`, replace: `` },
  { name: 'pods', file: 'pkg/volumes/exportHolders.ts', find: `...users.pods.filter(isHolding).map(pod => podOf(pod, world.pods.objects)),`, replace: `` },
  { name: 'pods that are being deleted', file: 'pkg/volumes/claimUsers.ts', find: `return !ended || Boolean(`, replace: `return (!ended && !pod.metadata.deletionTimestamp) || Boolean(` },
  { name: 'attachments', file: 'pkg/volumes/exportHolders.ts', find: `...attachmentsOf(world),`, replace: `` },
]

/** In milliseconds: all of it is loaded anew each time. */
const PATIENCE = 60_000

interface Module { readonly allDisagreements: typeof allDisagreements }

function disagreementsWith(plugins: ReturnType<typeof broken>[]): Promise<readonly string[]> {
  return runnerImport<Module>('/pkg/volumes/recordedDisks.ts', { root: resolve(import.meta.dirname, '../..'), configFile: false, logLevel: 'error', plugins }).then(({ module }) => module.allDisagreements())
}

describe('a judgement that overlooks', () => {
  it('nothing agrees with every trace', async () => {
    expect(await disagreementsWith([])).toEqual([])
  }, PATIENCE)

  it.each(MUTATIONS)('$name says that a disk is at rest which is not', async mutation => {
    expect(await disagreementsWith([broken(mutation)])).toContainEqual(expect.stringMatching(/is said to be at rest$/))
  }, PATIENCE)
})
