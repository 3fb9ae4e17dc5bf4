// Runs tiers of tests, one after the other or in lanes beside each other, and adds up what each really ran.
import { AsyncLocalStorage } from 'node:async_hooks'
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

export const root = resolve(import.meta.dirname, '..')
const reports = join(root, 'test-results', 'reports')
/** The name of the lane that something is done in; none outside of one. */
const lane = new AsyncLocalStorage()

/** Prints a text; in a lane each of its lines with the lane's name before it. */
export function say(text) {
  const name = lane.getStore()
  console.log(name ? text.replaceAll(/^/gm, `${name} │ `) : text)
}

/**
 * Does things beside each other, each in a lane: `{ [name]: () => Promise }`. Answers what each answered, in that order, when all
 * have ended; throws what the first of them threw that did.
 */
export async function beside(lanes) {
  const ended = await Promise.allSettled(Object.entries(lanes).map(([name, does]) => lane.run(name, async () => does())))
  const thrown = ended.find(({ status }) => status === 'rejected')
  if (thrown)
    throw thrown.reason
  return ended.map(({ value }) => value)
}

/** Runs a command in the repository with its output shown; answers its exit code. */
export function run(command, args, environment = {}) {
  const output = lane.getStore() ? 'pipe' : 'inherit'
  return new Promise(done => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', output, output], env: { ...process.env, ...environment } })
    for (const stream of [child.stdout, child.stderr]) {
      if (stream)
        createInterface({ input: stream }).on('line', AsyncLocalStorage.bind(say))
    }
    child.on('error', error => { console.error(`${command}: ${error.message}`); done(127) })
    child.on('close', (code, signal) => done(signal ? 128 : code))
  })
}

function vitestCounts(report) {
  return { passed: report.numPassedTests, failed: report.numFailedTests + (report.numFailedTestSuites && !report.numFailedTests ? report.numFailedTestSuites : 0), skipped: report.numPendingTests + report.numTodoTests }
}

function playwrightCounts({ stats }) {
  return { passed: stats.expected + stats.flaky, failed: stats.unexpected, skipped: stats.skipped }
}

/** `tiers` is what closeWith writes. */
const readers = { vitest: vitestCounts, playwright: playwrightCounts, tiers: counts => counts }

/** What a report says; nothing where there is none, or one that a runner left unfinished: countsOf makes a failure of that. */
function readReport(file, reader) {
  try {
    const counts = readers[reader](JSON.parse(readFileSync(file, 'utf8')))
    if (!Object.values(counts).every(Number.isInteger))
      throw new Error('it counts nothing')
    return counts
  }
  catch (error) {
    if (error.code !== 'ENOENT')
      console.error(`${file} cannot be read: ${error.message}`)
    return { passed: 0, failed: 0, skipped: 0 }
  }
}

function countsOf(file, reader, code) {
  const counts = readReport(file, reader)
  // A runner that died without naming a failed test has failed all the same, and one that ran nothing has shown nothing.
  return (code !== 0 || counts.passed === 0) && counts.failed === 0 ? { ...counts, failed: 1 } : counts
}

/**
 * A tier: `{ name, command, args, environment?, reader?, skip? }`. With a reader the command writes its report to
 * GUARDRAILS_REPORT; without one the command itself is one test. `skip` names why it cannot run.
 * Answers the tier's counts with its name and seconds, and the file of its report where it ran with a reader.
 */
export async function runTier({ name, command, args, environment = {}, reader, skip }) {
  say(`\n── ${name} ${'─'.repeat(Math.max(2, 70 - name.length))}`)
  if (skip) {
    say(`skipped: ${skip}`)
    return { name, passed: 0, failed: 0, skipped: 1, seconds: 0, why: skip }
  }
  mkdirSync(reports, { recursive: true })
  const file = join(reports, `${name.replaceAll(/\W+/g, '-')}.json`)
  rmSync(file, { force: true })
  const begun = Date.now()
  const code = await run(command, args.map(arg => arg === '{report}' ? file : arg.replace('{report}', file)), { ...environment, GUARDRAILS_REPORT: file })
  const counts = reader ? countsOf(file, reader, code) : { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 }
  return { name, ...counts, seconds: Math.round((Date.now() - begun) / 1000), ...reader && { report: file } }
}

/** Whole seconds that something took, as a tier of one test: it fails above those allowed on a busy machine, not above those that are meant on an idle one. */
export function timeTier({ name, seconds, meant, allowed }) {
  const late = seconds > allowed
  say(`\n${name} after ${seconds} s; ${meant} s are meant on an idle machine, ${allowed} s allowed on a busy one${late ? ': too late' : ''}`)
  return { name, passed: late ? 0 : 1, failed: late ? 1 : 0, skipped: 0, seconds }
}

/**
 * Prints a line for each tier and, last, the closing line over all; where these tiers are themselves one of another command,
 * their sum is its report. Answers the exit code: 1 when anything failed, and with `require` when a tier was left out.
 */
export function closeWith(results, { require = false } = {}) {
  console.log('')
  for (const { name, passed, failed, skipped, seconds, why } of results)
    console.log(`${failed ? '✗' : skipped && !passed ? '○' : '✓'} ${name}: ${passed} ok, ${failed} not ok, ${skipped} left out${why ? ` (${why})` : ''}, ${seconds} s`)
  const leftOut = results.filter(({ why }) => why).map(({ name }) => name)
  if (require && leftOut.length)
    console.log(`\n--require: nothing may be left out, but this was: ${leftOut.join(', ')}`)
  const sum = key => results.reduce((total, result) => total + result[key], 0)
  const total = { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') }
  console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
  if (process.env.GUARDRAILS_REPORT)
    writeFileSync(process.env.GUARDRAILS_REPORT, JSON.stringify(total))
  return sum('failed') || (require && leftOut.length) ? 1 : 0
}
