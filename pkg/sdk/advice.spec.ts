import { describe, expect, it } from 'vitest'
import { adviceFor } from './advice.ts'

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
  ] as const)('of %i %s: %s', (status, reason, advice) => {
    expect(adviceFor({ status, reason })).toBe(advice)
  })
})
