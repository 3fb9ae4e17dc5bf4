// The unit tests' own folder for temporary files, which goes with all that they left in it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Has every process of this run make its temporary files in one folder. Answers what removes it again. */
export function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'guardrails-tests-'))
  process.env.TMPDIR = folder
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}
