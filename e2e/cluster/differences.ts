import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const FILE = join(import.meta.dirname, 'differences.md')

/** A row of `differences.md`: a difference that stays, or one of versions alone, which are below the line. */
export interface Difference { readonly what: string, readonly of: 'behaviour' | 'versions' }

/** The rows, by what they are about. */
export function readDifferences(): readonly Difference[] {
  const [behaviour = '', versions = ''] = readFileSync(FILE, 'utf8').split('\n---\n')
  const rows = (text: string, of: Difference['of']): Difference[] => [...text.matchAll(/^\| (?!what \|)([^-|][^|]*?) \|/gm)].map(([, what = '']) => ({ what, of }))
  return [...rows(behaviour, 'behaviour'), ...rows(versions, 'versions')]
}

const ANSWER = 'answer: '

/** The sentences of the table of answers that the rows speak of. */
export function differentAnswers(): readonly string[] {
  return readDifferences().flatMap(({ what }) => what.startsWith(ANSWER) ? what.slice(ANSWER.length) : [])
}

/**
 * Where in the code each difference is made or overlooked, beside those of answers, which are tested as such: words of a file that are
 * there once. Whoever takes one away, or names it otherwise, is told.
 */
export const PLACES: Readonly<Record<string, { readonly file: string, readonly words: string }>> = {
  'a file whose size is no multiple of 512': { file: 'server/cluster/controllers/imageSources.ts', words: 'head.size % 512 === 0 ? undefined : oddSize(head.size)' },
  'the words that a copy rests at once every copy is spoilt': { file: 'e2e/cluster/stories/fleeting.ts', words: 'syncing file should be directly reused|' },
  'an instance whose VM is gone is deleted': { file: 'e2e/cluster/stories/scripts/deleting.ts', words: 'differs: \'an instance whose VM is gone is deleted\'' },
  'finalizers of Harvester\'s own controllers on instances': { file: 'e2e/cluster/stories/facets.ts', words: 'finalizers.filter(isNotHarvesters)' },
  'a node that is lost is given up by Harvester': { file: 'e2e/cluster/stories/scripts/nodes.ts', words: 'differs: \'a node that is lost is given up by Harvester\'' },
  'the versions that the cluster tells of: settings `server-version` and `current-longhorn-version`, nodes, images of pods': { file: 'server/cluster/seed/platform.ts', words: '\'current-longhorn-version\': \'v1.12.1\'' },
}
