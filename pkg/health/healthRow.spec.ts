import { expect, it } from 'vitest'
import { needsOperator } from './healthRow.ts'
import type { HealthWord } from './verdict.ts'

it.each<[HealthWord, boolean]>([
  ['failed', true], ['unknown', true], ['degraded', true],
  // It goes on by itself, but until then its copies are too few: whoever counts copies counts it.
  ['recovering', true],
  ['importing', false], ['deleting', false], ['healthy', false],
])('an image that is %s needs the operator: %s', (verdict, needs) => {
  expect(needsOperator({ health: { verdict } })).toBe(needs)
})
