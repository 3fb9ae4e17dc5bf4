import { describe, expect, it } from 'vitest'
import { createServerClock } from './serverClock.ts'

const HOUR = 3_600_000
/** What this machine shows; the API server is an hour behind. */
const LOCAL = Date.parse('2026-03-01T13:00:00.000Z')
const dateAt = (local: number) => new Date(local - HOUR).toUTCString()

describe('the API server\'s clock', () => {
  it('is not known before an answer has told it', () => {
    const clock = createServerClock()
    expect(clock.at(LOCAL)).toBeUndefined()
    clock.heard(undefined, LOCAL, LOCAL)
    clock.heard('soon', LOCAL, LOCAL)
    expect(clock.at(LOCAL)).toBeUndefined()
  })

  it.each([0, 1, 499, 500, 999])('is right to a second and half of the way, %i ms into its second', into => {
    for (const way of [0, 200, 4_000]) {
      for (const answeredAfter of [0, way / 2, way]) {
        const clock = createServerClock()
        const sentAt = LOCAL + into
        clock.heard(dateAt(sentAt + answeredAfter), sentAt, sentAt + way)
        expect(Math.abs((clock.at(sentAt) ?? 0) - (sentAt - HOUR))).toBeLessThanOrEqual(1_000 + way / 2)
      }
    }
  })

  it('keeps the nearest answer: a slow one that agrees with it does not move it', () => {
    const clock = createServerClock()
    clock.heard(dateAt(LOCAL), LOCAL, LOCAL + 20)
    const before = clock.at(LOCAL)
    clock.heard(dateAt(LOCAL + 60_000), LOCAL + 31_000, LOCAL + 61_000)
    expect(clock.at(LOCAL)).toBe(before)
    clock.heard(dateAt(LOCAL + 70_900), LOCAL + 70_900, LOCAL + 70_901)
    expect(clock.at(LOCAL)).not.toBe(before)
  })

  it('is set anew by a slow answer that the nearest one contradicts: a clock was set', () => {
    const clock = createServerClock()
    clock.heard(dateAt(LOCAL), LOCAL, LOCAL + 20)
    clock.heard(dateAt(LOCAL + HOUR), LOCAL + 1_000, LOCAL + 3_000)
    expect(Math.abs((clock.at(LOCAL) ?? 0) - LOCAL)).toBeLessThanOrEqual(2_000)
  })

  it('learns nothing of an answer that came before its request, by a clock that was set back', () => {
    const clock = createServerClock()
    clock.heard(dateAt(LOCAL), LOCAL, LOCAL - 5_000)
    expect(clock.at(LOCAL)).toBeUndefined()
  })
})
