import { describe, expect, it } from 'vitest'
import type { Lease } from '#kube/lease.ts'
import { judgeLease, leaseManifest } from './exportLease.ts'

const lease = (spec: Lease['spec']): Lease => ({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'x', namespace: 'y', uid: 'z', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }, spec })

describe('a Lease', () => {
  it.each<[string, Lease['spec'] | 'none', number, ReturnType<typeof judgeLease>]>([
    ['is made where there is none', 'none', 0, 'create'],
    ['of one\'s own is renewed, however old', { holderIdentity: 'me', leaseDurationSeconds: 15 }, 60_000, 'renew'],
    ['of another is left to him', { holderIdentity: 'he', leaseDurationSeconds: 15 }, 14_000, 'wait'],
    ['of another is left to him to the last moment', { holderIdentity: 'he', leaseDurationSeconds: 15 }, 15_000, 'wait'],
    ['that was not seen to change for as long as it says is taken', { holderIdentity: 'he', leaseDurationSeconds: 15 }, 15_001, 'take'],
    ['that does not say how long is held as long as usual', { holderIdentity: 'he' }, 14_000, 'wait'],
    ['that was given back is taken at once', { holderIdentity: '', leaseDurationSeconds: 1 }, 0, 'take'],
    ['without a word is taken', undefined, 0, 'take'],
  ])('%s', (_, spec, age, act) => {
    expect(judgeLease(spec === 'none' ? undefined : { lease: lease(spec), at: 1_000 }, 'me', 1_000 + age)).toBe(act)
  })
})

describe('a Lease as it is written', () => {
  const at = { namespace: 'y', name: 'x' }
  const then = '2026-01-01T00:00:00.000000Z'
  const now = '2026-01-01T00:01:00.500000Z'
  const written = (act: Parameters<typeof leaseManifest>[0], before?: Lease) => leaseManifest(act, { at, before, me: 'me', duration: 14_001, now: new Date('2026-01-01T00:01:00.500Z') })
  const mine = lease({ holderIdentity: 'me', leaseDurationSeconds: 15, acquireTime: then, renewTime: then, leaseTransitions: 2 })

  it.each<[string, ReturnType<typeof written>, Lease['spec']]>([
    ['is one\'s own from now on where there was none', written('create'), { holderIdentity: 'me', leaseDurationSeconds: 15, acquireTime: now, renewTime: now, leaseTransitions: 0 }],
    ['is renewed, and held since it was taken', written('renew', mine), { holderIdentity: 'me', leaseDurationSeconds: 15, acquireTime: then, renewTime: now, leaseTransitions: 2 }],
    ['is taken, which is counted', written('take', mine), { holderIdentity: 'me', leaseDurationSeconds: 15, acquireTime: now, renewTime: now, leaseTransitions: 3 }],
    ['is nobody\'s once it is given back', written('give-back', mine), { holderIdentity: '', leaseDurationSeconds: 1, acquireTime: then, renewTime: now, leaseTransitions: 2 }],
  ])('%s', (_, { spec }, expected) => {
    expect(spec).toEqual(expected)
  })

  it('replaces what was read, in its version', () => {
    expect(written('renew', mine).metadata.resourceVersion).toBe('1')
    expect(written('create').metadata).toEqual(at)
  })
})
