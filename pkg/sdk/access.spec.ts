import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AccessAnswer, AccessQuestion } from '#kube/client.ts'
import { PODS } from '#kube/core.ts'
import { createAccess } from './access.ts'

let now = 0
let questions: AccessQuestion[]
let answer: () => Promise<AccessAnswer>
const ask = (question: AccessQuestion): Promise<AccessAnswer> => { questions.push(question); return answer() }

beforeEach(() => {
  vi.useFakeTimers()
  now = 0
  questions = []
  answer = () => Promise.resolve({ allowed: true })
})
afterEach(() => vi.useRealTimers())

describe('can', () => {
  it('asks again after some minutes, and keeps the old answer until then', async () => {
    const can = createAccess({ review: ask }, () => now)
    const where = { namespace: 'lab', name: 'web', subresource: 'log' }
    const access = can('get', PODS, where)
    await vi.advanceTimersByTimeAsync(0)
    expect(access.state).toBe('allowed')
    expect(questions).toEqual([{ verb: 'get', resource: PODS, ...where }])
    answer = () => Promise.resolve({ allowed: false, reason: 'taken away' })
    now = 4 * 60_000
    expect(can('get', PODS, where).state).toBe('allowed')
    expect(questions).toHaveLength(1)
    now = 6 * 60_000
    expect(can('get', PODS, where).state).toBe('allowed')
    await vi.advanceTimersByTimeAsync(0)
    expect(access).toMatchObject({ state: 'denied', reason: 'taken away' })
  })

  it('tries again by itself where the cluster did not answer', async () => {
    answer = () => Promise.reject(new Error('away'))
    const can = createAccess({ review: ask }, () => now)
    const access = can('get', PODS)
    await vi.advanceTimersByTimeAsync(16_000)
    expect(access.state).toBe('unknown')
    expect(questions).toHaveLength(3)
    answer = () => Promise.resolve({ allowed: false })
    await vi.advanceTimersByTimeAsync(20_000)
    expect(access.state).toBe('denied')
    await vi.advanceTimersByTimeAsync(600_000)
    expect(questions).toHaveLength(4)
  })

  it('stops asking a cluster that never answers, until it is wanted again later', async () => {
    answer = () => Promise.reject(new Error('away'))
    const can = createAccess({ review: ask }, () => now)
    can('get', PODS)
    await vi.advanceTimersByTimeAsync(3_600_000)
    const asked = questions.length
    expect(asked).toBeLessThan(10)
    now = 3_600_000
    can('get', PODS)
    expect(questions).toHaveLength(asked + 1)
  })
})
