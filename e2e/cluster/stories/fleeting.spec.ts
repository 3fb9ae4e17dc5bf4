import { describe, expect, it } from 'vitest'
import { STORIES } from './all.ts'
import { FLEETING, promisedOf } from './fleeting.ts'
import { readRecord } from './records.ts'
import { sequencesOf } from './trace.ts'

const met = new Set(STORIES.flatMap(story => {
  const record = readRecord(story)
  return [...record ? sequencesOf(record) : []].flatMap(([object, facets]) => {
    const isGone = facets.get('life')?.at(-1) === 'gone'
    return [...facets].flatMap(([facet, values]) => [...promisedOf(object, facet, values.map(value => typeof value === 'string' ? value || '""' : JSON.stringify(value)), isGone).by])
  })
}))

describe('what is left out of a comparison as chance', () => {
  it.each(FLEETING.map((rule, index) => ({ index: index + 1, what: `${rule.object.source}${rule.facet.source} ${rule.value.source}`, rule })))('rule $index, $what: a record of upstream\'s has it', ({ rule }) => {
    expect(met.has(rule)).toBe(true)
  })
})
