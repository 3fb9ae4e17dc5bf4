import { describe, expect, it } from 'vitest'
import { adviceFor, ownFailure, wasAnswered } from './advice.ts'

describe('what to try after a refusal', () => {
  it.each([
    [0, 'Unreachable', 'unreachable'],
    [400, 'BadRequest', 'invalid'],
    [401, 'Unauthorized', 'unauthorized'],
    [403, 'Forbidden', 'forbidden'],
    [404, 'NotFound', 'missing'],
    [409, 'AlreadyExists', 'exists'],
    [409, 'Conflict', 'conflict'],
    [422, 'Invalid', 'invalid'],
    [429, 'TooManyRequests', 'busy'],
    [500, 'InternalError', 'server'],
    [503, 'ServiceUnavailable', 'unreachable'],
    [0, 'Timeout', 'unreachable'],
    [0, 'LineCut', 'unreachable'],
    [0, 'Aborted', undefined],
    [0, 'InternalError', undefined],
    [200, 'BadAnswer', 'server'],
  ] as const)('of %i %s: %s', (status, reason, advice) => {
    expect(adviceFor({ status, reason, message: '' })).toBe(advice)
  })

  it('of what a webhook denies is about the request, whatever the status says', () => {
    const message = 'admission webhook "mutator.harvesterhci.io" denied the request: annotation much can\'t be converted to memory unit'
    expect(adviceFor({ status: 500, reason: 'InternalError', message })).toBe('invalid')
    expect(adviceFor({ status: 500, reason: 'InternalError', message: 'failed calling webhook "mutator.harvesterhci.io"' })).toBe('server')
  })
})

describe('a failure', () => {
  it.each([
    [0, 'Unreachable', false],
    [0, 'Timeout', false],
    [0, 'LineCut', false],
    [0, 'InternalError', true],
    [503, 'ServiceUnavailable', true],
    [504, 'Timeout', true],
  ] as const)('of %i %s: the cluster answered %s', (status, reason, answered) => {
    expect(wasAnswered({ status, reason })).toBe(answered)
  })
  it.each([
    [0, 'LineCut', 'LineCut'],
    [200, 'BadAnswer', 'BadAnswer'],
    [504, 'Timeout', undefined],
    [0, 'InternalError', undefined],
    [403, 'Forbidden', undefined],
  ] as const)('of %i %s: in our own words %s', (status, reason, own) => {
    expect(ownFailure({ status, reason })).toBe(own)
  })
})
