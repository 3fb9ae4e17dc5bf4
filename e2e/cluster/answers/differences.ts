import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const FILE = join(import.meta.dirname, '..', 'differences.md')

/** The sentences of the rows of `differences.md` that are about answers: what differs, and why, is there. */
export function readDifferences(): readonly string[] {
  const rows = readFileSync(FILE, 'utf8').split('\n').map(line => line.split('|').map(cell => cell.trim()))
  return rows.flatMap(([, where, says]) => where === 'answer' && says ? says : [])
}
