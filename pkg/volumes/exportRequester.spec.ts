import { describe, expect, it } from 'vitest'
import type { ExportIntent } from './exportIntent.ts'
import { readIntent, writeIntent } from './exportIntent.ts'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'
import { signIntent } from './exportRequester.ts'
import { CLAIM } from './scriptedWorld.ts'

const ANN = { name: 'ann', uid: 'u-1', groups: ['operators'], extra: { scopes: ['a'] } }
const BOB = { name: 'bob', groups: ['operators'] }
const ANN_AS = { uid: ANN.uid, groups: ANN.groups, extra: ANN.extra }
const BOB_AS = { groups: BOB.groups }
const ASKED = { id: 'abcd1234', image: { namespace: 'production', displayName: 'web' }, storageClass: 'harvester-longhorn', vms: [{ name: 'web-01', runStrategy: 'Always', wasRunning: true }], restart: true, requester: 'who I say', startedAt: '2026-03-01T12:00:00.000Z' }
const text = (more: object = {}) => JSON.stringify({ ...ASKED, ...more })
const ANNS = text({ requester: 'ann', identity: ANN_AS })
/** The same with its keys the other way round. */
const turned = (read: unknown): unknown => Array.isArray(read) ? read.map(turned) : typeof read === 'object' && read !== null ? Object.fromEntries(Object.entries(read).reverse().map(([key, value]) => [key, turned(value)])) : read

describe('the requester of an export', () => {
  it('is whoever writes the intent, with his groups and extra fields, whatever the intent says of him', () => {
    expect(signIntent(undefined, text({ identity: { groups: ['system:masters'] } }), ANN)).toEqual({ state: 'signed', text: ANNS })
  })

  it('leaves an intent that the protocol reads', () => {
    expect(readIntent({ ...CLAIM, metadata: { ...CLAIM.metadata, annotations: { [EXPORT_ANNOTATION]: ANNS } } })).toMatchObject({ id: 'abcd1234', requester: 'ann', identity: ANN_AS })
  })

  it.each<[string, string | undefined, string, ReturnType<typeof signIntent>]>([
    ['stays who it was when another operator adds to the intent', ANNS, text({ requester: 'ann', identity: ANN_AS, abandonedBy: 'bob' }), { state: 'as-written' }],
    ['is told from whoever gives it up, by whatever name he signs', ANNS, text({ requester: 'ann', identity: ANN_AS, abandonedBy: 'ann' }), { state: 'signed', text: text({ requester: 'ann', identity: ANN_AS, abandonedBy: 'bob' }) }],
    ['is told from whoever gives its guests no more time, by whatever name he signs', ANNS, text({ requester: 'ann', identity: ANN_AS, forcedBy: 'ann' }), { state: 'signed', text: text({ requester: 'ann', identity: ANN_AS, forcedBy: 'bob' }) }],
    ['is told from him for good', text({ requester: 'ann', identity: ANN_AS, forcedBy: 'bob' }), text({ requester: 'ann', identity: ANN_AS, forcedBy: 'ann' }), { state: 'signed', text: text({ requester: 'ann', identity: ANN_AS, forcedBy: 'bob' }) }],
    ['has stopped it for good', text({ requester: 'ann', identity: ANN_AS, abandonedBy: 'ann' }), text({ requester: 'ann', identity: ANN_AS }), { state: 'signed', text: text({ requester: 'ann', identity: ANN_AS, abandonedBy: 'ann' }) }],
    ['is told from nobody in an intent of another\'s', undefined, text({ forcedBy: 'ann' }), { state: 'signed', text: text({ requester: 'bob', forcedBy: 'bob', identity: BOB_AS }) }],
    ['is put back where a console has left it out', ANNS, text({ requester: 'ann', madeAt: '2026-03-01T12:01:00Z' }), { state: 'signed', text: text({ requester: 'ann', madeAt: '2026-03-01T12:01:00Z', identity: ANN_AS }) }],
    ['is put back where somebody has put himself there', ANNS, text({ requester: 'bob', identity: BOB_AS }), { state: 'signed', text: ANNS }],
    ['has not asked for another image', ANNS, text({ image: { namespace: 'lab', displayName: 'web' } }), { state: 'refused', requester: 'ann', field: 'image' }],
    ['has asked for the same, however it is written down', ANNS, JSON.stringify(turned(JSON.parse(ANNS)), undefined, 2), { state: 'signed', text: JSON.stringify({ ...turned(JSON.parse(ANNS)) as object, identity: ANN_AS }) }],
    ['has not asked for the same of another VM besides', ANNS, text({ vms: [...ASKED.vms, ...ASKED.vms] }), { state: 'refused', requester: 'ann', field: 'vms' }],
    ['has not asked for something more of a VM', ANNS, text({ vms: [{ ...ASKED.vms[0], node: 'node-1' }] }), { state: 'refused', requester: 'ann', field: 'vms' }],
    ['has not asked for another VM to be shut down', ANNS, text({ vms: [] }), { state: 'refused', requester: 'ann', field: 'vms' }],
    ['has not asked for an image of a running disk', ANNS, text({ runningAcknowledged: { by: 'ann', at: '2026-03-01T12:00:00Z' } }), { state: 'refused', requester: 'ann', field: 'runningAcknowledged' }],
    ['has not asked that its VMs stay off', ANNS, text({ restart: false }), { state: 'refused', requester: 'ann', field: 'restart' }],
    ['is the writer of another intent in its place', ANNS, text({ id: 'efgh5678' }), { state: 'signed', text: text({ id: 'efgh5678', requester: 'bob', identity: BOB_AS }) }],
    ['is the writer of an intent in place of what was none', '{}', text(), { state: 'signed', text: text({ requester: 'bob', identity: BOB_AS }) }],
    ['is nobody where the intent began before anybody vouched for it', text(), text({ madeAt: 'x', identity: BOB_AS }), { state: 'signed', text: text({ madeAt: 'x' }) }],
    ['is nobody where there is no intent', undefined, 'gone fishing', { state: 'as-written' }],
    ['is nobody of a list', undefined, '[]', { state: 'as-written' }],
  ])('%s', (_, before, after, outcome) => {
    expect(signIntent(before, after, BOB)).toEqual(outcome)
  })

  it('has asked for the same where a script left unsaid what everybody who carries it out writes back', () => {
    const bare = signIntent(undefined, JSON.stringify({ id: ASKED.id, image: ASKED.image, storageClass: ASKED.storageClass, vms: [{ name: 'web-01', runStrategy: 'Always' }], startedAt: 'yesterday' }), ANN)
    const signed = bare.state === 'signed' ? bare.text : ''
    const claim = { ...CLAIM, metadata: { ...CLAIM.metadata, annotations: { [EXPORT_ANNOTATION]: signed } } }
    const intent = readIntent(claim)
    expect(intent).toMatchObject({ restart: true, startedAt: '', vms: [{ wasRunning: false }] })
    expect(signIntent(signed, writeIntent({ ...intent as ExportIntent, abandonedBy: 'bob' }), BOB).state).not.toBe('refused')
    expect(signIntent(signed, writeIntent({ ...intent as ExportIntent, restart: false }), BOB)).toMatchObject({ state: 'refused', field: 'restart' })
  })
})
