import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Story } from './story.ts'
import { fileOf } from './story.ts'
import type { Trace } from './trace.ts'

// Traces of plays on upstream's own control plane: `npm run stories -- --real KUBECONFIG --record`.

const FOLDER = join(import.meta.dirname, 'traces')
const pathOf = (story: Story) => join(FOLDER, `${fileOf(story)}.json`)

/** The recorded trace of a story, undefined where nobody recorded one. */
export function readRecord(story: Story): Trace | undefined {
  return existsSync(pathOf(story)) ? JSON.parse(readFileSync(pathOf(story), 'utf8')) as Trace : undefined
}

/** Keeps a trace as a story's record: a line for each answer and each change, so that what is new of it can be read. */
export function writeRecord(story: Story, { answers, changes }: Trace): void {
  const lines = (list: readonly unknown[]) => list.map(one => JSON.stringify(one)).join(',\n')
  writeFileSync(pathOf(story), `{"story":${JSON.stringify(story.name)},\n"answers":[\n${lines(answers)}\n],\n"changes":[\n${lines(changes)}\n]}\n`)
}
