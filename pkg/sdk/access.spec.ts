import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { computed, effectScope, watchEffect } from 'vue'
import type { AccessAnswer, AccessQuestion } from '#kube/client.ts'
import { PODS } from '#kube/core.ts'
import { createAccess } from './access.ts'

let now = 0
let questions: AccessQuestion[]
let answer: () => Promise<AccessAnswer>
let served: () => Promise<ReadonlySet<string>>
let discoveries = 0
const client = { review: (question: AccessQuestion) => ask(question), served: () => { discoveries++; return served() } }
const ask = (question: AccessQuestion): Promise<AccessAnswer> => { questions.push(question); return answer() }

beforeEach(() => {
  vi.useFakeTimers()
  now = 0
  questions = []
  answer = () => Promise.resolve({ allowed: true })
  served = () => Promise.resolve(new Set(['pods/log', 'pods/exec']))
  discoveries = 0
})
afterEach(() => vi.useRealTimers())

describe('can', () => {
  it('asks again after some minutes, and keeps the old answer until then', async () => {
    const can = createAccess(client, () => now)
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

  it('says that the cluster does not serve a subresource, whoever may use it', async () => {
    const can = createAccess(client, () => now)
    const [log, attach] = ['log', 'attach'].map(subresource => can('get', PODS, { namespace: 'lab', subresource }))
    can('get', PODS, { namespace: 'other', subresource: 'log' })
    can('get', PODS, { namespace: 'lab' })
    await vi.advanceTimersByTimeAsync(0)
    expect([log?.state, attach?.state]).toEqual(['allowed', 'absent'])
    expect(discoveries).toBe(1)
  })

  it('does not take an API that does not answer for one that is absent', async () => {
    served = () => Promise.reject(new Error('503'))
    const can = createAccess(client, () => now)
    const access = can('get', PODS, { namespace: 'lab', subresource: 'log' })
    await vi.advanceTimersByTimeAsync(0)
    expect(access.state).toBe('unknown')
    served = () => Promise.resolve(new Set(['pods/log']))
    await vi.advanceTimersByTimeAsync(10_000)
    expect(access.state).toBe('allowed')
  })

  it('finds an API that was installed meanwhile', async () => {
    served = () => Promise.resolve(new Set())
    const can = createAccess(client, () => now)
    const where = { namespace: 'lab', subresource: 'log' }
    const access = can('get', PODS, where)
    await vi.advanceTimersByTimeAsync(0)
    expect(access.state).toBe('absent')
    served = () => Promise.resolve(new Set(['pods/log']))
    now = 6 * 60_000
    can('get', PODS, where)
    await vi.advanceTimersByTimeAsync(0)
    expect(access.state).toBe('allowed')
  })

  it('tries again by itself where the cluster did not answer', async () => {
    answer = () => Promise.reject(new Error('away'))
    const can = createAccess(client, () => now)
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

  it('asks again for who only reads what was computed', async () => {
    vi.setSystemTime(0)
    const can = createAccess({ review: ask, served: () => Promise.resolve(new Set<string>()) })
    answer = () => Promise.resolve({ allowed: false })
    const scope = effectScope()
    const states: string[] = []
    scope.run(() => {
      const state = computed(() => can('update', PODS).state)
      watchEffect(() => states.push(state.value), { flush: 'sync' })
    })
    await vi.advanceTimersByTimeAsync(10)
    answer = () => Promise.resolve({ allowed: true })
    await vi.advanceTimersByTimeAsync(6 * 60_000)
    expect(states).toEqual(['unknown', 'denied', 'allowed'])
    scope.stop()
    await vi.advanceTimersByTimeAsync(60 * 60_000)
    expect(questions).toHaveLength(2)
  })

  it('stops asking a cluster that never answers, until it is wanted again later', async () => {
    answer = () => Promise.reject(new Error('away'))
    const can = createAccess(client, () => now)
    can('get', PODS)
    await vi.advanceTimersByTimeAsync(3_600_000)
    const asked = questions.length
    expect(asked).toBeLessThan(10)
    now = 3_600_000
    can('get', PODS)
    expect(questions).toHaveLength(asked + 1)
  })
})
