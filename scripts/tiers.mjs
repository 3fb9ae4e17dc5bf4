// Runs tiers of tests, one after the other or in lanes beside each other, and adds up what each really ran.
import { AsyncLocalStorage } from 'node:async_hooks'
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { stripVTControlCharacters } from 'node:util'

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

/** Runs a command in the repository with its output shown, each line to `hear` too where that is given; answers its exit code. */
export function run(command, args, environment = {}, hear) {
  const output = hear || lane.getStore() ? 'pipe' : 'inherit'
  return new Promise(done => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', output, output], env: { ...process.env, ...process.stdout.isTTY && { FORCE_COLOR: '1' }, ...environment } })
    for (const stream of [child.stdout, child.stderr]) {
      if (stream)
        createInterface({ input: stream }).on('line', AsyncLocalStorage.bind(line => { say(line); hear?.(line) }))
    }
    child.on('error', error => { console.error(`${command}: ${error.message}`); done(127) })
    child.on('close', (code, signal) => done(signal ? 128 : code))
  })
}

const LINES_OF_A_FAILURE = 12

/** What one failure has to say: its first lines, or of a command's whole output the last ones. */
function failure(name, text, last = false) {
  const lines = stripVTControlCharacters(text).split('\n').filter(line => line.trim())
  return [name, ...last ? lines.slice(-LINES_OF_A_FAILURE) : lines.slice(0, LINES_OF_A_FAILURE)].join('\n    ')
}

function readVitest(report) {
  const files = report.testResults ?? []
  return {
    passed: report.numPassedTests, failed: report.numFailedTests + (report.numFailedTestSuites && !report.numFailedTests ? report.numFailedTestSuites : 0), skipped: report.numPendingTests + report.numTodoTests,
    failures: files.flatMap(({ name, status, message = '', assertionResults = [] }) => {
      const tests = assertionResults.filter(test => test.status === 'failed').map(({ fullName, failureMessages }) => failure(`${relative(root, name)} › ${fullName}`, failureMessages.join('\n')))
      return status === 'failed' && !tests.length ? [failure(relative(root, name), message)] : tests
    }),
  }
}

const specsIn = ({ specs = [], suites = [] }) => [...specs, ...suites.flatMap(specsIn)]

function readPlaywright({ stats, suites = [] }) {
  return {
    passed: stats.expected + stats.flaky, failed: stats.unexpected, skipped: stats.skipped,
    failures: specsIn({ suites }).filter(({ ok }) => !ok).map(({ file, line, title, tests = [] }) =>
      failure(`${file}:${line} › ${title}`, tests.flatMap(({ results }) => results).flatMap(({ errors }) => errors).map(({ message }) => message).join('\n'))),
  }
}

/** `tiers` is what closeWith writes. */
const readers = { vitest: readVitest, playwright: readPlaywright, tiers: report => report }

/** What a report says; nothing where there is none, or one that a runner left unfinished: whatItShowed makes a failure of that. */
function readReport(file, reader) {
  try {
    const { passed, failed, skipped, failures } = readers[reader](JSON.parse(readFileSync(file, 'utf8')))
    if (![passed, failed, skipped].every(Number.isInteger))
      throw new Error('it counts nothing')
    return { passed, failed, skipped, failures }
  }
  catch (error) {
    if (error.code !== 'ENOENT')
      console.error(`${file} cannot be read: ${error.message}`)
    return { passed: 0, failed: 0, skipped: 0, failures: [] }
  }
}

/** A tier's counts and failures, by its report or, without a reader, by its exit code alone. */
function whatItShowed({ name, file, reader, code, heard }) {
  const { failures, ...counts } = reader ? readReport(file, reader) : { passed: code === 0 ? 1 : 0, failed: 0, skipped: 0, failures: [] }
  // A runner that died without naming a failed test has failed all the same, and one that ran nothing has shown nothing.
  const died = (code !== 0 || counts.passed === 0) && counts.failed === 0
  return { ...counts, ...died && { failed: 1 }, failures: died ? [failure(`${name} ended with ${code}`, heard.join('\n'), true)] : failures }
}

/**
 * A tier: `{ name, command, args, environment?, reader?, skip? }`. With a reader the command writes its report to
 * GUARDRAILS_REPORT; without one the command itself is one test. `skip` names why it cannot run.
 * Answers the tier's counts with its name, seconds and `failures`, texts of some lines; and the file of its report where it ran
 * with a reader.
 */
export async function runTier({ name, command, args, environment = {}, reader, skip }) {
  say(`\n── ${name} ${'─'.repeat(Math.max(2, 70 - name.length))}`)
  if (skip) {
    say(`skipped: ${skip}`)
    return { name, passed: 0, failed: 0, skipped: 1, failures: [], seconds: 0, why: skip }
  }
  mkdirSync(reports, { recursive: true })
  const file = join(reports, `${name.replaceAll(/\W+/g, '-')}.json`)
  rmSync(file, { force: true })
  const begun = Date.now()
  const heard = []
  const hear = line => { heard.push(line); heard.splice(0, heard.length - LINES_OF_A_FAILURE * 2) }
  const code = await run(command, args.map(arg => arg === '{report}' ? file : arg.replace('{report}', file)), { ...environment, GUARDRAILS_REPORT: file }, hear)
  return { name, ...whatItShowed({ name, file, reader, code, heard }), seconds: Math.round((Date.now() - begun) / 1000), ...reader && { report: file } }
}

/** Whole seconds that something took, as a tier of one test: it fails above those allowed on a busy machine, not above those that are meant on an idle one. */
export function timeTier({ name, seconds, meant, allowed }) {
  const late = seconds > allowed
  const text = `${name} after ${seconds} s; ${meant} s are meant on an idle machine, ${allowed} s allowed on a busy one${late ? ': too late' : ''}`
  say(`\n${text}`)
  return { name, passed: late ? 0 : 1, failed: late ? 1 : 0, skipped: 0, failures: late ? [text] : [], seconds }
}

/**
 * Prints what failed, a line for each tier and, last, the closing line over all; where these tiers are themselves one of another
 * command, their sum is its report. Answers the exit code: 1 when anything failed, and with `require` when a tier was left out.
 */
export function closeWith(results, { require = false } = {}) {
  console.log('')
  const failures = results.flatMap(result => result.failures ?? [])
  failures.forEach(text => console.log(`✗ ${text}\n`))
  for (const { name, passed, failed, skipped, seconds, why } of results)
    console.log(`${failed ? '✗' : skipped && !passed ? '○' : '✓'} ${name}: ${passed} ok, ${failed} not ok, ${skipped} left out${why ? ` (${why})` : ''}, ${seconds} s`)
  const leftOut = results.filter(({ why }) => why).map(({ name }) => name)
  if (require && leftOut.length)
    console.log(`\n--require: nothing may be left out, but this was: ${leftOut.join(', ')}`)
  const sum = key => results.reduce((total, result) => total + result[key], 0)
  const total = { passed: sum('passed'), failed: sum('failed'), skipped: sum('skipped') }
  console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
  if (process.env.GUARDRAILS_REPORT)
    writeFileSync(process.env.GUARDRAILS_REPORT, JSON.stringify({ ...total, failures }))
  return sum('failed') || (require && leftOut.length) ? 1 : 0
}
