import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Answers } from './stage.ts'

// What upstream's own control plane answered: Harvester 1.8.2, KubeVirt 1.8.0, Longhorn 1.10.0.

const FILE = join(import.meta.dirname, 'recorded.json')

/** By group, by sentence. */
export type Recorded = Readonly<Record<string, Answers>>

export function readRecorded(): Recorded {
  return JSON.parse(readFileSync(FILE, 'utf8')) as Recorded
}

/** Writes one line for each answer, so that a change of one is a change of one line. */
export function writeRecorded(recorded: Recorded): void {
  const groups = Object.entries(recorded).map(([group, answers]) => `${JSON.stringify(group)}: {\n${Object.entries(answers).map(([says, told]) => `  ${JSON.stringify(says)}: ${JSON.stringify(told)}`).join(',\n')}\n}`)
  writeFileSync(FILE, `{\n${groups.join(',\n')}\n}\n`)
}
