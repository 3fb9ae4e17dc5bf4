import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAnsweredBy } from './row.ts'
import type { Answers } from './stage.ts'
import { GROUPS } from './table.ts'

// What upstream's own control plane answered: Harvester 1.8.2, KubeVirt 1.8.0, Longhorn 1.10.0.

const FILE = join(import.meta.dirname, 'recorded.json')

/** By group, by sentence. */
export type Recorded = Readonly<Record<string, Answers>>

/** What is recorded of each group; a row that nobody has asked there is absent. */
export function readRecorded(): Recorded {
  return JSON.parse(readFileSync(FILE, 'utf8')) as Recorded
}

/**
 * Writes one line for each answer, so that a change of one is a change of one line. Rows that upstream does not answer where these
 * parts are keep what is recorded of them; in the table's order, and none that it no longer has.
 */
export function writeRecorded(seen: Recorded, parts: readonly string[]): void {
  const before = readRecorded()
  const kept = GROUPS.map(group => [group.name, Object.fromEntries(group.rows.flatMap(row => {
    const told = (isAnsweredBy(parts, row, group) ? seen : before)[group.name]?.[row.says]
    return told ? [[row.says, told] as const] : []
  }))] as const)
  const groups = kept.map(([group, answers]) => `${JSON.stringify(group)}: {\n${Object.entries(answers).map(([says, told]) => `  ${JSON.stringify(says)}: ${JSON.stringify(told)}`).join(',\n')}\n}`)
  writeFileSync(FILE, `{\n${groups.join(',\n')}\n}\n`)
}
