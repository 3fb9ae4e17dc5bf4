import { describe, expect, it } from 'vitest'
import type { Write } from '#kube/write.ts'
import { carrierOf, judgeKeeper, judgeKeeperJob, keepsOwn, toneOfKeeper } from './keeperStatus.ts'
import type { Carrier, KeeperFacts, KeeperJob, KeeperReport, KeeperState } from './keeperStatus.ts'

const LEADS: KeeperFacts = { mode: 'all', lease: 'held', holder: 'me', requesterWebhook: 'installed', missing: [] }

describe('a keeper', () => {
  it.each<[ReturnType<typeof toneOfKeeper>, string, KeeperState]>([
    ['ok', 'carries out what its own sessions begin', { word: 'own', because: [] }],
    ['ok', 'leads', { word: 'leading', because: [] }],
    ['ok', 'stands by while another leads', { word: 'standing-by', because: [{ code: 'led-by', holder: 'pod-b' }] }],
    ['attention', 'may not lead where nobody vouches for requesters', { word: 'standing-by', because: [{ code: 'no-requester-webhook' }] }],
    ['unknown', 'cannot read whether anybody does', { word: 'standing-by', because: [{ code: 'requester-webhook-unread' }] }],
    ['unknown', 'cannot read the Lease', { word: 'standing-by', because: [{ code: 'lease-unread' }] }],
    ['bad', 'lacks rights', { word: 'without-rights', because: [{ code: 'rights-missing', rights: ['get leases'] }] }],
    ['attention', 'is off', { word: 'off', because: [] }],
  ])('is %s where it %s', (tone, _, state) => {
    expect(toneOfKeeper(state)).toBe(tone)
  })

  it.each<[string, Partial<KeeperFacts>, ReturnType<typeof judgeKeeper>]>([
    ['is off where nobody wants it', { mode: 'off' }, { word: 'off', because: [] }],
    ['keeps to its own sessions where no more is asked of it, whatever it may see', { mode: 'own', missing: ['x'] }, { word: 'own', because: [] }],
    ['leads by the Lease, where requesters are vouched for', {}, { word: 'leading', because: [] }],
    ['does not lead while another does', { lease: 'held-by-other', holder: 'pod-b' }, { word: 'standing-by', because: [{ code: 'led-by', holder: 'pod-b' }] }],
    ['does not lead by a Lease that it cannot read', { lease: 'unread' }, { word: 'standing-by', because: [{ code: 'lease-unread' }] }],
    ['does not lead where anybody may have written any name', { requesterWebhook: 'absent' }, { word: 'standing-by', because: [{ code: 'no-requester-webhook' }] }],
    ['does not lead before it knows whether anybody may', { requesterWebhook: 'unread' }, { word: 'standing-by', because: [{ code: 'requester-webhook-unread' }] }],
    ['names its missing rights before anything else', { lease: 'unread', requesterWebhook: 'unread', missing: ['get leases'] }, { word: 'without-rights', because: [{ code: 'rights-missing', rights: ['get leases'] }] }],
    ['is not called leading where a right was found missing on the way', { missing: ['patch virtualmachines'] }, { word: 'without-rights', because: [{ code: 'rights-missing', rights: ['patch virtualmachines'] }] }],
  ])('%s', (_, facts, state) => {
    expect(judgeKeeper({ ...LEADS, ...facts })).toEqual(state)
  })
})

describe('a job of the keeper', () => {
  const write: Write = { act: 'call', resource: { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true }, at: { name: 'x' }, subresource: 'start' }
  it.each<[string, Parameters<typeof judgeKeeperJob>[0], ReturnType<typeof judgeKeeperJob>]>([
    ['waits where nothing is to be written', { step: { word: 'wait-guest', writes: [] } }, 'waiting'],
    ['works where something was written', { step: { word: 'stop-vm', writes: [write] } }, 'working'],
    ['fails where that did not pass', { step: { word: 'stop-vm', writes: [write] }, failed: true }, 'failing'],
    ['is barred where the requester may not', { step: { word: 'start-vm', writes: [write] }, failed: true, barred: true }, 'barred'],
    ['is left alone where it is another one now, whatever would come next', { step: { word: 'stop-vm', writes: [write] }, changed: true, failed: true }, 'changed'],
    ['is over where somebody has to read its end', { step: { word: 'stopped', writes: [] } }, 'over'],
  ])('%s', (_, turn, word) => {
    expect(judgeKeeperJob(turn)).toBe(word)
  })
})

describe('who carries an export out', () => {
  const job = (word: KeeperJob['word'], id = 'abcde'): KeeperJob => ({ claim: 'production/web', id, onBehalfOf: 'session', word, step: 'wait-guest', because: [], since: '2026-03-01T12:00:00Z' })
  const report = (jobs: readonly KeeperJob[], because: KeeperReport['because'] = []) => ({ word: 'own' as const, because, jobs })
  it.each<[Carrier, string, boolean, Parameters<typeof carrierOf>[1]]>([
    ['here', 'this page does, whatever the server says', true, report([job('failing')])],
    ['server', 'it waits for something', false, report([job('waiting')])],
    ['server', 'it works', false, report([job('working')])],
    ['held-up', 'the requester may not', false, report([job('barred')])],
    ['held-up', 'the cluster does not let it', false, report([job('failing')])],
    ['held-up', 'it is not what was asked for any more', false, report([job('changed')])],
    ['held-up', 'it leaves it to a page to cut the power of a guest', false, report([{ ...job('waiting'), step: 'force-stop' }])],
    ['server', 'it cuts the power of a guest itself', false, report([{ ...job('working'), step: 'force-stop' }])],
    ['nobody', 'the server has an earlier export of that volume', false, report([job('waiting', 'other')])],
    ['nobody', 'the server has nothing to do with it', false, report([])],
    ['nobody', 'there is no server to ask', false, undefined],
    ['elsewhere', 'another keeper leads', false, report([], [{ code: 'led-by', holder: 'pod-b' }])],
  ])('is %s where %s', (carrier, _, isHere, told) => {
    expect(carrierOf(isHere, told, 'production/web', 'abcde')).toBe(carrier)
  })

  it.each([['own', true], ['leading', true], ['standing-by', true], ['off', false], ['without-rights', false]] as const)('a keeper that is %s carries on what a page begins: %s', (word, kept) => {
    expect(keepsOwn({ word, because: [] })).toBe(kept)
  })
})
