import { describe, expect, it } from 'vitest'
import { judgeHolder, seeLease } from './lease.ts'
import type { HolderWord, Lease, LeaseSight } from './lease.ts'

const leaseOf = (spec: Lease['spec']): Lease => ({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'virt-controller', namespace: 'harvester-system', uid: 'a', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }, spec })

/** At which second it was read, and in which second it had been renewed by the cluster's clock, which need not be ours; `-` where it could not be read. */
type Reading = readonly [second: number, renewed: number | '-']

const AT_NINE = Date.UTC(2026, 0, 1, 9)

function see(readings: readonly Reading[], spec: Lease['spec'] = { holderIdentity: 'vc-1', leaseDurationSeconds: 15 }): LeaseSight | undefined {
  return readings.reduce<LeaseSight | undefined>((sight, [second, renewed]) => seeLease(sight, renewed === '-' ? undefined : leaseOf({ ...spec, renewTime: new Date(AT_NINE + renewed * 1000).toISOString() }), second * 1000), undefined)
}

describe('the holder of a Lease', () => {
  it.each<[string, readonly Reading[], HolderWord]>([
    ['that was never read', [], 'unknown'],
    ['that was read once', [[0, 0]], 'unknown'],
    ['that was seen to be renewed', [[0, 0], [10, 10]], 'alive'],
    ['that was renewed a moment ago', [[0, 0], [10, 10], [20, 10], [25, 10]], 'alive'],
    ['whose Lease has just run out, so that others may be about to take it', [[0, 0], [10, 10], [20, 10], [30, 10]], 'alive'],
    ['whose Lease nobody has renewed or taken', [[0, 0], [10, 10], [20, 10], [30, 10], [31, 10]], 'silent'],
    ['whose Lease stands as it stood since the first look', [[0, 0], [10, 0], [20, 0], [30, 0]], 'silent'],
    ['that is looked at for too short a time, however long ago the cluster says it was renewed', [[0, -9_999], [10, -9_999], [20, -9_999]], 'unknown'],
    ['whose clock is far ahead', [[0, 9_999], [10, 9_999], [20, 9_999], [30, 9_999]], 'silent'],
    ['whose clock was set back', [[0, 100], [10, 110], [20, 5], [30, 15]], 'alive'],
    ['that is heard again', [[0, 0], [10, 0], [20, 0], [30, 0], [40, 39]], 'alive'],
    ['that cannot be read now', [[0, 0], [10, 0], [20, 0], [30, 0], [40, '-']], 'unknown'],
    ['that is as silent after a reading that failed as before', [[0, 0], [10, 0], [20, 0], [30, 0], [40, '-'], [50, 0]], 'silent'],
    ['that could not renew anything while the API server was away', [[0, 0], [10, 10], [20, '-'], [80, '-'], [90, 10]], 'alive'],
    ['nobody looked at for an hour, in which the API server may have been away', [[0, 0], [10, 10], [3_600, 10]], 'alive'],
    ['that is still silent when it is looked at again for a while', [[0, 0], [10, 10], [3_600, 10], [3_610, 10]], 'silent'],
  ])('%s', (_, readings, word) => {
    const [second] = readings.at(-1) ?? [0]
    expect(judgeHolder(see(readings), second * 1000)).toBe(word)
  })

  it('is unknown when the last reading is old', () => {
    const sight = see([[0, 0], [10, 0], [20, 0], [30, 0]])
    expect([60_000, 60_001].map(now => judgeHolder(sight, now))).toEqual(['silent', 'unknown'])
  })

  it('has as long as its Lease says, and never less than usual', () => {
    const readings = [0, 10, 20, 30, 40, 50].map((second): Reading => [second, 0])
    expect(judgeHolder(see(readings, { leaseDurationSeconds: 45 }), 50_000)).toBe('unknown')
    expect(judgeHolder(see([...readings, [51, 0]], { leaseDurationSeconds: 45 }), 51_000)).toBe('silent')
    expect(judgeHolder(see([[0, 0], [10, 0], [20, 0]], { holderIdentity: '', leaseDurationSeconds: 1 }), 20_000)).toBe('unknown')
  })

  it('is unknown where the Lease does not say when it was renewed', () => {
    const sight = [0, 10, 20, 30].reduce<LeaseSight | undefined>((before, second) => seeLease(before, leaseOf({ holderIdentity: 'vc-1' }), second * 1000), undefined)
    expect(judgeHolder(sight, 30_000)).toBe('unknown')
  })

  it('was last heard of when the Lease was first read as it is', () => {
    expect(see([[0, 0], [10, 10], [20, 10], [30, 10], [40, 10]])?.since).toBe(10_000)
  })
})
