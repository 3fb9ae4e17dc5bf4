import { describe, expect, it } from 'vitest'
import type { Outcome } from './report.ts'
import { byName, inOneLine, outcomesOf, together } from './report.ts'

const STORIES = ['start', 'stop', 'pause', 'migrate', 'restart']
const outcomes = (...played: readonly (readonly [string, Outcome])[]) => new Map(played)

describe('the report of the stories', () => {
  it('tells only of those that were played, and what upstream itself did not play apart', () => {
    expect(byName(STORIES, outcomes(['start', 'both'], ['stop', 'record'], ['pause', 'otherwise'])).split('\n')).toEqual([
      'stories: 1 equal on both clusters, 1 equal to the record alone, 1 otherwise, as differences.md says; 2 not played; 0 different',
      '  equal on both clusters: start',
      '  equal to the record alone: stop',
      '  otherwise, as differences.md says: pause',
    ])
  })

  it('names the different ones in its first line', () => {
    expect(inOneLine(STORIES, outcomes(['start', 'different'], ['stop', 'both'], ['pause', 'different']))).toMatch(/ 2 not played; 2 different: start; pause$/)
  })

  it('names those that upstream played twice', () => {
    expect(inOneLine(STORIES, outcomes(['start', 'again'], ['stop', 'both']))).toMatch(/ 3 not played; 1 equal when upstream played a second time: start; 0 different$/)
  })

  it('counts nothing where nothing was played', () => {
    expect(inOneLine(STORIES, outcomes())).toBe('stories: 0 equal on both clusters, 0 equal to the record alone, 0 otherwise, as differences.md says; 5 not played; 0 different')
  })
})

describe('several runs together', () => {
  it('have a story equal on both that one of them could play, and different where it was so anywhere', () => {
    const over = together([outcomes(['start', 'record'], ['stop', 'different'], ['pause', 'record']), outcomes(['start', 'both'], ['stop', 'both'])])
    expect([...over]).toEqual([['start', 'both'], ['stop', 'different'], ['pause', 'record']])
  })
})

describe('the report of a run', () => {
  it('has what each test told of its story, and nothing of tests that were left out or play none', () => {
    const test = (title: string, status: string, outcome?: Outcome) => ({ title, status, meta: outcome ? { outcome } : {} })
    expect([...outcomesOf({ testResults: [{ assertionResults: [test('start', 'passed', 'both'), test('stop', 'skipped'), test('has names', 'passed')] }, { assertionResults: [test('pause', 'failed', 'different')] }] })])
      .toEqual([['start', 'both'], ['pause', 'different']])
  })

  it('calls a story different whose test was cut off, though it has told the same since', () => {
    expect([...outcomesOf({ testResults: [{ assertionResults: [{ title: 'start', status: 'failed', meta: { outcome: 'both' } }] }] })]).toEqual([['start', 'different']])
  })
})
