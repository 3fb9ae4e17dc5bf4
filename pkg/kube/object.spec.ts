import { expect, it } from 'vitest'
import { readTimestamp } from './object.ts'

it.each<[string, number]>([
  ['2026-03-01T12:00:00Z', Date.UTC(2026, 2, 1, 12)],
  ['2026-03-01t12:00:00.5z', Date.UTC(2026, 2, 1, 12, 0, 0, 500)],
  ['2024-02-29T23:30:00-01:00', Date.UTC(2024, 2, 1, 0, 30)],
])('takes %s for a time', (text, time) => {
  expect(readTimestamp(text)).toBe(time)
})

it.each([undefined, null, 1_772_366_400_000, {}, '', '1', '2026', '2026-03-01', '2026-03-01T12:00:00', '2026-03-01 12:00:00Z', '1 March 2026', '2026-02-30T12:00:00Z', '2026-13-01T12:00:00Z', '2026-03-01T25:00:00Z', ' 2026-03-01T12:00:00Z'])('takes %j for none', value => {
  expect(readTimestamp(value)).toBeUndefined()
})
