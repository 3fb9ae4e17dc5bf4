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
