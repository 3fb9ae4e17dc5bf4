/**
 * What came of a story that was played: the same on both clusters, or only when upstream's programs played it a second time; the same as
 * its record, where they were not there to play it; otherwise, as `differences.md` says; or different.
 */
export type Outcome = 'different' | 'otherwise' | 'again' | 'both' | 'record'
export type Outcomes = ReadonlyMap<string, Outcome>

declare module 'vitest' {
  interface TaskMeta {
    /** What came of the story that the test plays; nothing on a test that plays none. */
    outcome?: Outcome
  }
}

/** Of a story that was played on several control planes, the first of these that came of it counts. */
const WEIGHT: readonly Outcome[] = ['different', 'otherwise', 'again', 'both', 'record']
const WORDS: Readonly<Record<Outcome, string>> = { both: 'equal on both clusters', again: 'equal when upstream played a second time', record: 'equal to the record alone', otherwise: 'otherwise, as differences.md says', different: 'different' }

/** What Vitest's JSON reporter writes, as far as it is read here. */
export interface TestReport { readonly testResults: readonly { readonly assertionResults: readonly { readonly title: string, readonly status: string, readonly meta: { readonly outcome?: Outcome } }[] }[] }

/** What came of each story in a run of the tests. A test that was cut off has failed, whatever its story has told since. */
export function outcomesOf({ testResults }: TestReport): Outcomes {
  const played = testResults.flatMap(({ assertionResults }) => assertionResults).flatMap(({ title, status, meta: { outcome } }) => outcome ? [[title, status === 'failed' ? 'different' : outcome] as const] : [])
  return new Map(played)
}

/** What came of each story over several runs. */
export function together(runs: readonly Outcomes[]): Outcomes {
  const names = new Set(runs.flatMap(run => [...run.keys()]))
  return new Map([...names].flatMap(name => {
    const worst = WEIGHT.find(outcome => runs.some(run => run.get(name) === outcome))
    return worst ? [[name, worst] as const] : []
  }))
}

/** One line: how many stories came out how, the different ones by name, and how many of all these were not played. */
export function inOneLine(stories: readonly string[], outcomes: Outcomes): string {
  const named = (outcome: Outcome) => stories.filter(name => outcomes.get(name) === outcome)
  const [both, record, otherwise] = [named('both'), named('record'), named('otherwise')]
  const apart = (['again', 'different'] as const).map(outcome => [outcome, named(outcome)] as const).filter(([outcome, found]) => outcome === 'different' || found.length > 0)
    .map(([outcome, found]) => `${found.length} ${WORDS[outcome]}${found.length ? `: ${found.join('; ')}` : ''}`).join('; ')
  const missing = stories.filter(name => !outcomes.has(name)).length
  return `stories: ${both.length} ${WORDS.both}, ${record.length} ${WORDS.record}, ${otherwise.length} ${WORDS.otherwise}; ${missing} not played; ${apart}`
}

/** That line, and below it what came of each story that was played. */
export function byName(stories: readonly string[], outcomes: Outcomes): string {
  return [inOneLine(stories, outcomes), ...stories.flatMap(name => {
    const outcome = outcomes.get(name)
    return outcome ? [`  ${WORDS[outcome]}: ${name}`] : []
  })].join('\n')
}
