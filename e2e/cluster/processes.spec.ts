import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { endedPrograms, killProgram, startAgain, startProgram, stopPrograms, waitFor } from './processes.ts'

const ROOT = resolve(import.meta.dirname, '../..')
/** Another process that starts a program, and lives for as long as nobody ends it. */
const STARTER = `
  import { runnerImport } from 'vite'
  const { module } = await runnerImport('/e2e/cluster/processes.ts', { root: ${JSON.stringify(ROOT)}, configFile: false, logLevel: 'error' })
  module.startProgram(JSON.parse(process.env.STARTS))
  setInterval(() => {}, 60_000)`
/** Says that it runs, and ends with its input, as the programs of a cluster do. */
const PROGRAM = { name: 'echo', command: 'sh', args: ['-c', 'echo "$SAYS"; cat > /dev/null'], env: { SAYS: 'here' } }

let folder: string
const said = () => readFileSync(join(folder, 'echo.log'), 'utf8')
/** A folder without a log says nothing yet. */
const until = (words: string) => waitFor('the program', folder, () => new Promise(answer => { answer(said() === words) }), 20)

beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'guardrails-processes-')) })
afterEach(async () => {
  await stopPrograms(folder)
  rmSync(folder, { recursive: true, force: true })
})

it('starts a program again as it was, after it was killed', async () => {
  startProgram({ folder, tied: true, ...PROGRAM })
  await until('here\n')
  expect(endedPrograms(folder)).toEqual([])
  await killProgram(folder, 'echo')
  expect(endedPrograms(folder)).toEqual(['echo'])
  startAgain(folder, 'echo')
  await until('here\nhere\n')
  expect(endedPrograms(folder)).toEqual([])
})

it('ends a program with the process that started it first, though another has started it again', async () => {
  const first = spawn(process.execPath, ['--input-type=module', '-e', STARTER], { cwd: ROOT, stdio: ['pipe', 'ignore', 'inherit'], env: { ...process.env, STARTS: JSON.stringify({ folder, tied: true, ...PROGRAM }) } })
  try {
    await until('here\n')
    await killProgram(folder, 'echo')
    startAgain(folder, 'echo')
    await until('here\nhere\n')
  }
  finally {
    first.kill('SIGKILL')
  }
  await waitFor('the end of the program', folder, () => Promise.resolve(endedPrograms(folder).length === 1), 10)
})
