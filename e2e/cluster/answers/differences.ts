import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const FILE = join(import.meta.dirname, '..', 'differences.md')

/** The sentences of the table that `differences.md` speaks of: a row there begins with `answer: ` and the sentence. */
export function readDifferences(): readonly string[] {
  return [...readFileSync(FILE, 'utf8').matchAll(/^\| answer: (.+?) \|/gm)].map(([, says]) => says ?? '')
}
