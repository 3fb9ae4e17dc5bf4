import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Labels, LabelSelector, SelectorMatch } from './labelSelector.ts'
import { choosesAll, matchLabels } from './labelSelector.ts'

const NAME = 'kubernetes.io/metadata.name'
const one = (key: string, operator: string, ...values: string[]): LabelSelector => ({ matchExpressions: [{ key, operator, ...(values.length && { values }) }] })

describe('a label selector', () => {
  it.each<[SelectorMatch, string, LabelSelector | undefined, Labels | undefined]>([
    ['chosen', 'there is none', undefined, { a: '1' }],
    ['chosen', 'it is empty, and the object has no labels', {}, undefined],
    ['chosen', 'its lists are empty', { matchLabels: {}, matchExpressions: [] }, {}],
    ['chosen', 'the label has that value', { matchLabels: { a: '1' } }, { a: '1', b: '2' }],
    ['left-out', 'the label has another value', { matchLabels: { a: '1' } }, { a: '2' }],
    ['left-out', 'the label is missing', { matchLabels: { a: '1' } }, {}],
    ['left-out', 'one of two labels is missing', { matchLabels: { a: '1', b: '2' } }, { a: '1' }],
    ['chosen', 'In: the value is among them', one(NAME, 'In', 'team-a', 'team-b'), { [NAME]: 'team-b' }],
    ['left-out', 'In: it is not', one(NAME, 'In', 'team-a'), { [NAME]: 'production' }],
    ['left-out', 'In: there is no such label', one('team', 'In', 'a'), {}],
    ['chosen', 'NotIn: the value is not among them', one(NAME, 'NotIn', 'kube-system'), { [NAME]: 'production' }],
    ['left-out', 'NotIn: it is', one(NAME, 'NotIn', 'kube-system'), { [NAME]: 'kube-system' }],
    ['chosen', 'NotIn: there is no such label', one('team', 'NotIn', 'a'), {}],
    ['chosen', 'Exists: whatever its value', one('guarded', 'Exists'), { guarded: '' }],
    ['left-out', 'Exists: there is no such label', one('guarded', 'Exists'), {}],
    ['left-out', 'Exists: not a name that every object of the language has', one('constructor', 'Exists'), {}],
    ['chosen', 'DoesNotExist: there is no such label', one('unguarded', 'DoesNotExist'), { a: '1' }],
    ['left-out', 'DoesNotExist: there is', one('unguarded', 'DoesNotExist'), { unguarded: 'true' }],
    ['left-out', 'labels and expressions must all hold', { matchLabels: { a: '1' }, ...one('b', 'Exists') }, { a: '1' }],
    ['chosen', 'and they do', { matchLabels: { a: '1' }, ...one('b', 'Exists') }, { a: '1', b: '' }],
    ['unknown', 'an operator is not known', one('a', 'MatchesGlob', '*'), { a: '1' }],
    ['left-out', 'an operator is not known, and another term does not hold', { matchLabels: { b: '2' }, ...one('a', 'MatchesGlob', '*') }, { a: '1' }],
  ])('%s: %s', (match, _, selector, labels) => {
    expect(matchLabels(selector, labels)).toBe(match)
  })

  const key = fc.constantFrom('a', 'b')
  const value = fc.constantFrom('1', '2')
  const term = fc.record({ key, operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist'), values: fc.uniqueArray(value, { minLength: 1 }) })
  const labels = fc.dictionary(key, value)

  it('chooses no more with one term more, and the other half with its opposite', () => {
    const opposite: Readonly<Record<string, string>> = { In: 'NotIn', NotIn: 'In', Exists: 'DoesNotExist', DoesNotExist: 'Exists' }
    fc.assert(fc.property(fc.array(term, { maxLength: 3 }), term, labels, (matchExpressions, more, of) => {
      const before = matchLabels({ matchExpressions }, of)
      const after = matchLabels({ matchExpressions: [...matchExpressions, more] }, of)
      const other = matchLabels({ matchExpressions: [...matchExpressions, { ...more, operator: opposite[more.operator] ?? '' }] }, of)
      expect([after, other].filter(match => match === 'chosen')).toHaveLength(before === 'chosen' ? 1 : 0)
    }))
  })

  it('chooses all that have any labels only where it has no terms', () => {
    expect([undefined, {}, { matchLabels: {} }, one('a', 'Exists'), { matchLabels: { a: '1' } }].map(choosesAll)).toEqual([true, true, true, false, false])
  })
})
