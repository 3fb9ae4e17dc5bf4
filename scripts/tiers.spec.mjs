import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { beside, closeWith, run, runTier, say, timeTier } from './tiers.mjs'

const said = []
beforeEach(() => {
  vi.spyOn(console, 'log').mockImplementation(line => said.push(line))
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
})
afterEach(() => {
  vi.restoreAllMocks()
  said.length = 0
})

/** A tier whose runner leaves this report and ends with this code. */
function tierOf(report, { code = 0, reader = 'vitest' } = {}) {
  const write = report === undefined ? '' : `require("node:fs").writeFileSync(process.env.GUARDRAILS_REPORT, ${JSON.stringify(report)});`
  return runTier({ name: `spec ${process.pid}`, command: process.execPath, args: ['-e', `${write} process.exit(${code})`], reader })
}

const vitestReport = counts => JSON.stringify({ numPassedTests: 0, numFailedTests: 0, numFailedTestSuites: 0, numPendingTests: 0, numTodoTests: 0, ...counts })
const playwrightReport = counts => JSON.stringify({ stats: { expected: 0, unexpected: 0, flaky: 0, skipped: 0, ...counts } })

describe('a tier', () => {
  it.each([
    ['that passed', vitestReport({ numPassedTests: 3, numPendingTests: 1 }), {}, { passed: 3, failed: 0, skipped: 1 }],
    ['with a failed test', vitestReport({ numPassedTests: 3, numFailedTests: 2 }), { code: 1 }, { passed: 3, failed: 2, skipped: 0 }],
    ['whose runner died after its report', vitestReport({ numPassedTests: 3 }), { code: 1 }, { passed: 3, failed: 1, skipped: 0 }],
    ['without a report', undefined, { code: 1 }, { passed: 0, failed: 1, skipped: 0 }],
    ['whose report was cut off', vitestReport({ numPassedTests: 3 }).slice(0, 20), { code: 1 }, { passed: 0, failed: 1, skipped: 0 }],
    ['whose report was cut off, though its runner is content', '', {}, { passed: 0, failed: 1, skipped: 0 }],
    ['whose report is another\'s', playwrightReport({ expected: 3 }), {}, { passed: 0, failed: 1, skipped: 0 }],
    ['whose browser ran no test', playwrightReport({}), { reader: 'playwright' }, { passed: 0, failed: 1, skipped: 0 }],
    ['whose browser left every test out', playwrightReport({ skipped: 4 }), { reader: 'playwright' }, { passed: 0, failed: 1, skipped: 4 }],
  ])('is counted as what it showed: %s', async (_what, report, how, counts) => {
    expect(await tierOf(report, how)).toMatchObject(counts)
  })

  it('names the report that its runner left, for who wants more of it than the counts', async () => {
    const { report } = await tierOf(vitestReport({ numPassedTests: 3 }))
    expect(JSON.parse(readFileSync(report, 'utf8'))).toMatchObject({ numPassedTests: 3 })
  })
})

describe('what failed', () => {
  const failedTest = { status: 'failed', fullName: 'a disk is at rest', failureMessages: ['\u001B[31mAssertionError\u001B[39m: expected in-use\n    at line 3'] }
  const failedBrowser = { specs: [{ ok: false, file: 'main-job.spec.ts', line: 31, title: 'is made', tests: [{ results: [{ errors: [{ message: 'Error: no button' }] }] }] }, { ok: true, title: 'is seen' }] }

  it.each([
    ['a test', vitestReport({ numFailedTests: 1, testResults: [{ name: 'a.spec.ts', status: 'failed', assertionResults: [failedTest, { status: 'passed', fullName: 'another' }] }] }), 'vitest', /a\.spec\.ts › a disk is at rest\n {4}AssertionError: expected in-use\n {8}at line 3$/],
    ['a file that could not be read', vitestReport({ numFailedTestSuites: 1, testResults: [{ name: 'b.spec.ts', status: 'failed', message: 'SyntaxError: b', assertionResults: [] }] }), 'vitest', /b\.spec\.ts\n {4}SyntaxError: b$/],
    ['a test in a browser', JSON.stringify({ stats: { expected: 1, unexpected: 1, flaky: 0, skipped: 0 }, suites: [{ suites: [failedBrowser] }] }), 'playwright', /^main-job\.spec\.ts:31 › is made\n {4}Error: no button$/],
    ['a tier within', JSON.stringify({ passed: 1, failed: 1, skipped: 0, failures: ['lint ended with 1'] }), 'tiers', /^lint ended with 1$/],
  ])('is named with its words: %s', async (_what, report, reader, text) => {
    expect((await tierOf(report, { code: 1, reader })).failures).toEqual([expect.stringMatching(text)])
  })

  it('of a command without a report is its last words', async () => {
    const { failures } = await runTier({ name: 'lint', command: process.execPath, args: ['-e', 'console.log("  1:1  error  too long"); process.exit(1)'] })
    expect(failures).toEqual(['lint ended with 1\n      1:1  error  too long'])
  })

  it('is told once more before the lines of the tiers, and nothing where all is well', async () => {
    closeWith([await tierOf(vitestReport({ numPassedTests: 3 }))])
    expect(said.filter(line => line.startsWith('✗'))).toEqual([])
    closeWith([{ name: 'unit', passed: 1, failed: 1, skipped: 0, failures: ['a.spec.ts › is at rest\n    expected in-use'], seconds: 1 }])
    expect(said.filter(line => line.startsWith('✗'))).toEqual(['✗ a.spec.ts › is at rest\n    expected in-use\n', '✗ unit: 1 ok, 1 not ok, 0 left out, 1 s'])
  })
})

describe('lanes', () => {
  const prints = lines => run(process.execPath, ['-e', lines.map(line => `console.log(${JSON.stringify(line)})`).join(';')])

  it('have their name before each line, of a command\'s too, and answer in the order in which they were named', async () => {
    expect(await beside({
      planes: async () => { say('first\nsecond'); return prints(['of a command', 'in two lines']) },
      server: async () => { say('another'); return tierOf(vitestReport({ numPassedTests: 3 })) },
    })).toEqual([0, expect.objectContaining({ passed: 3 })])
    expect(said.join('\n').split('\n')).toEqual(expect.arrayContaining(['planes │ first', 'planes │ second', 'planes │ of a command', 'planes │ in two lines', 'server │ another']))
    expect(said.join('\n').split('\n').filter(line => !/^(planes|server) │ /.test(line))).toEqual([])
  })

  it('are all waited for where one of them throws, and that is thrown', async () => {
    let hasEnded = false
    await expect(beside({
      broken: () => { throw new Error('no plane') },
      slow: async () => { await prints(['late']); hasEnded = true },
    })).rejects.toThrow('no plane')
    expect(hasEnded).toBe(true)
  })
})

describe('a time', () => {
  it.each([
    [90, { passed: 1, failed: 0 }],
    [180, { passed: 1, failed: 0 }],
    [181, { passed: 0, failed: 1 }],
  ])('of %i s is held against what a busy machine is allowed', (seconds, counts) => {
    expect(timeTier({ name: 'the plane is ready', seconds, meant: 90, allowed: 180 })).toMatchObject({ ...counts, seconds })
    expect(said.at(-1)).toContain(`after ${seconds} s; 90 s are meant on an idle machine, 180 s allowed on a busy one`)
  })
})

describe('the closing line', () => {
  it('is the report of a tier that has tiers of its own', async () => {
    const inner = `import(${JSON.stringify(new URL('./tiers.mjs', import.meta.url).href)}).then(({ closeWith }) => closeWith([{ name: 'a', passed: 3, failed: 1, skipped: 0, seconds: 1 }, { name: 'b', passed: 4, failed: 0, skipped: 2, seconds: 1 }]))`
    expect(await runTier({ name: `spec ${process.pid}`, command: process.execPath, args: ['-e', inner], reader: 'tiers' })).toMatchObject({ passed: 7, failed: 1, skipped: 2 })
  })

  it('adds up all tiers and comes last', async () => {
    const results = [await tierOf(vitestReport({ numPassedTests: 3 })), await tierOf('{', { code: 1 })]
    expect(closeWith(results)).toBe(1)
    expect(said.at(-1)).toBe('\n3 passed, 1 failed, 0 skipped')
  })

  it('lets a tier be left out, by name, unless nothing may be', async () => {
    const results = [await tierOf(vitestReport({ numPassedTests: 3 })), await runTier({ name: 'browser', skip: 'no Chromium' })]
    expect(closeWith(results)).toBe(0)
    expect(said.some(line => line.includes('browser') && line.includes('no Chromium'))).toBe(true)
    expect(closeWith(results, { require: true })).toBe(1)
    expect(said.at(-1)).toBe('\n3 passed, 0 failed, 1 skipped')
  })
})
