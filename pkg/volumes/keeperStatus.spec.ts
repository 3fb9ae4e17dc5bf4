import { describe, expect, it } from 'vitest'
import type { Write } from '#kube/write.ts'
import { judgeKeeper, judgeKeeperJob } from './keeperStatus.ts'
import type { KeeperFacts } from './keeperStatus.ts'

const LEADS: KeeperFacts = { mode: 'all', lease: 'held', holder: 'me', requesterWebhook: 'installed', missing: [] }

describe('a keeper', () => {
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
