import { describe, expect, it } from 'vitest'
import type { Ending } from './exportModel/judgeEnding.ts'
import { playExport } from './exportModel/playExport.ts'

// Sampled in every run; `npm run test:properties` plays a hundred thousand. `PROPERTY_SEED=7 npx vitest run exportProtocol.properties`
// plays that one again and tells of every write.
const runs = Number(process.env.PROPERTY_RUNS ?? 300)
const only = process.env.PROPERTY_SEED
const seeds = only === undefined ? Array.from({ length: runs }, (_, index) => index + 1) : [Number(only)]
const tell = only === undefined ? undefined : (line: string) => process.stdout.write(`${line}\n`)

describe('an export, whatever the operators, the consoles, the lines, the guests and others do', () => {
  const endings: Ending[] = []

  it('makes no image that looks better than it is, leaves no VM off in silence, makes no second image, and ends or says what it waits for', async () => {
    for (const seed of seeds)
      endings.push(await playExport(seed, tell))
  }, 60_000 + runs * 100)

  it.skipIf(only !== undefined)('comes to ends of every kind', () => {
    const results = new Set(endings.map(ending => ending.result))
    expect([...results]).toEqual(expect.arrayContaining(['exported', 'crash-consistent', 'not-observed', 'overtaken', 'import-failed', 'given-up']))
    expect(new Set(endings.map(ending => ending.how))).toEqual(new Set(['done', 'told', 'waiting', 'no-intent']))
  })

  it.skipIf(only !== undefined)('makes no fuss where nobody meddles: no image is called torn that was made in time', () => {
    const calm = endings.filter(ending => ending.isCalm && !ending.because.includes('import-overdue'))
    expect(calm.filter(ending => ending.wholeness === 'whole').length).toBeGreaterThan(calm.length / 4)
    expect(calm.filter(ending => ending.wholeness === 'overtaken' || ending.result === 'overtaken')).toEqual([])
  })
})
