import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Story } from './story.ts'
import { fileOf } from './story.ts'
import type { Trace } from './trace.ts'

// Traces of plays on upstream's own control plane: `npm run stories -- --real KUBECONFIG --record`. Where the embedded cluster does otherwise and
// stays so, there is one of its own beside it, without `--real`: each side is compared with what it is known to do.

/** Whose play a record is of. */
type Side = 'upstream' | 'embedded'

const FOLDERS: Readonly<Record<Side, string>> = { upstream: 'traces', embedded: 'tracesEmbedded' }
const pathOf = (story: Story, side: Side) => join(import.meta.dirname, FOLDERS[side], `${fileOf(story)}.json`)

/** The recorded trace of a story, undefined where nobody recorded one. */
export function readRecord(story: Story, side: Side = 'upstream'): Trace | undefined {
  const path = pathOf(story, side)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) as Trace : undefined
}

/** What the embedded cluster must be seen to do: the same as upstream, or what it is known to do otherwise. */
export function readExpected(story: Story): Trace | undefined {
  return readRecord(story, story.otherwise ? 'embedded' : 'upstream')
}

/** Keeps a trace as a story's record: a line for each answer and each change, so that what is new of it can be read. */
export function writeRecord(story: Story, { answers, changes }: Trace, side: Side = 'upstream'): void {
  const lines = (list: readonly unknown[]) => list.map(one => JSON.stringify(one)).join(',\n')
  writeFileSync(pathOf(story, side), `{"story":${JSON.stringify(story.name)},\n"answers":[\n${lines(answers)}\n],\n"changes":[\n${lines(changes)}\n]}\n`)
}
