import { describe, expect, it } from 'vitest'
import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { Operation } from 'rfc6902'
import { applyPatch } from 'rfc6902'
import type { ExportIntent } from './exportIntent.ts'
import { readIntent, writeIntent } from './exportIntent.ts'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'
import { exportsWithoutImage, howItEnded, liftWithoutImage } from './exportWithoutImage.ts'
import { CLAIM } from './scriptedWorld.ts'

const INTENT: ExportIntent = { id: 'abcde', claim: { namespace: 'production', name: CLAIM.metadata.name }, claimUid: CLAIM.metadata.uid, image: { namespace: 'production', displayName: 'web-copy' }, storageClass: 'x', vms: [], restart: true, requester: 'ann', identity: { groups: ['operators'] }, startedAt: '2026-03-01T12:00:00Z', abandonedBy: 'bob' }

const noted = (claim: PersistentVolumeClaim, intent: ExportIntent): PersistentVolumeClaim => ({ ...claim, metadata: { ...claim.metadata, annotations: { ...claim.metadata.annotations, [EXPORT_ANNOTATION]: writeIntent(intent) } } })

function lifted(claim: PersistentVolumeClaim, intent: ExportIntent): PersistentVolumeClaim {
  const copy = structuredClone(claim)
  for (const write of liftWithoutImage(claim, intent)) {
    if (write.act === 'patch' && write.patch.type === 'json')
      expect(applyPatch(copy, structuredClone([...write.patch.body]) as Operation[])).toEqual(write.patch.body.map(() => null))
  }
  return copy
}

describe('a claim whose export has left no image', () => {
  it('keeps what was wanted, by whom, and why there is none, in the patch that takes the note off', () => {
    const claim = lifted(noted(CLAIM, INTENT), INTENT)
    expect(readIntent(claim)).toBeUndefined()
    const [kept, ...others] = exportsWithoutImage(claim)
    expect(others).toEqual([])
    expect(kept && howItEnded(kept)).toEqual({ result: 'given-up', because: [{ code: 'abandoned', by: 'bob' }] })
    expect(kept).toEqual({ ...INTENT, identity: undefined })
  })

  it('keeps the last five, the newest first', () => {
    const claim = Array.from({ length: 7 }, (_, index) => ({ ...INTENT, id: `export${index}` })).reduce((one, intent) => lifted(noted(one, intent), intent), CLAIM)
    expect(exportsWithoutImage(claim).map(({ id }) => id)).toEqual(['export6', 'export5', 'export4', 'export3', 'export2'])
  })

  it('does not tell of those of another claim, which a backup has brought', () => {
    const claim = lifted(noted(CLAIM, INTENT), INTENT)
    expect(exportsWithoutImage({ ...claim, metadata: { ...claim.metadata, uid: 'restored' } })).toEqual([])
  })

  it.each(['{', '{}', '[{"id":1},null]'])('tells of none by %s', text => {
    const [name = ''] = Object.keys(lifted(noted(CLAIM, INTENT), INTENT).metadata.annotations ?? {}).filter(key => key.endsWith('without-image'))
    expect(exportsWithoutImage({ ...CLAIM, metadata: { ...CLAIM.metadata, annotations: { [name]: text } } })).toEqual([])
  })

  describe('on which somebody has written by hand', () => {
    const KEY = 'guardrails.harvesterhci.io/exports-without-image'
    const on = (text: string): PersistentVolumeClaim => ({ ...CLAIM, metadata: { ...CLAIM.metadata, annotations: { [KEY]: text } } })
    const told = (...entries: readonly object[]) => exportsWithoutImage(on(JSON.stringify(entries)))
    const LONG = 'x'.repeat(20_000)

    it('tells of no more than five, whatever comes after them', () => {
      const many = Array.from({ length: 400 }, (_, index) => ({ ...INTENT, id: `export${index}`, identity: undefined }))
      expect(told(...many.slice(0, 50)).map(({ id }) => id)).toEqual(['export0', 'export1', 'export2', 'export3', 'export4'])
      expect(told({}, {}, {}, {}, {}, INTENT)).toEqual([])
    })

    it('tells of none where it is longer than what is ever written there', () => {
      const text = JSON.stringify([INTENT])
      expect(exportsWithoutImage(on(text + ' '.repeat(65_536 - text.length)))).toHaveLength(1)
      expect(exportsWithoutImage(on(text + ' '.repeat(65_537 - text.length)))).toEqual([])
      expect(exportsWithoutImage(on('['.repeat(262_000)))).toEqual([])
    })

    it('tells each of them once, as it was noted last', () => {
      expect(told({ ...INTENT, abandonedBy: 'bob' }, { ...INTENT, id: 'other' }, { ...INTENT, abandonedBy: 'eve' }).map(({ id, abandonedBy }) => `${id} ${abandonedBy}`)).toEqual(['abcde bob', 'other bob'])
    })

    it.each<[string, object]>([
      ['it began at no time', { startedAt: undefined }],
      ['it began at a time that only a browser takes for one', { startedAt: '1' }],
      ['its running disk was acknowledged at no time', { runningAcknowledged: { by: 'ann', at: 'then' } }],
      ['its image is in no namespace', { image: { namespace: '../secrets', displayName: 'x' } }],
      ['its image is in a namespace of endless name', { image: { namespace: LONG, displayName: 'x' } }],
      ['its class can be none', { storageClass: '<b>' }],
      ['its VM can be none', { vms: [{ name: 'web 01', runStrategy: 'Always' }] }],
      ['its node can be none', { vms: [{ name: 'web-01', runStrategy: 'Always', node: LONG }] }],
      ['it has more VMs than a disk', { vms: Array.from({ length: 101 }, (_, index) => ({ name: `vm-${index}`, runStrategy: 'Always' })) }],
      ['a guest ended that is not its own', { endings: { 'db-01': { word: 'cut-off' } } }],
      ['a VM was seen that is not its own', { nodes: { 'db-01': 'node-1' } }],
    ])('does not tell of one where %s', (_, odd) => {
      expect(told({ ...INTENT, ...odd }, { ...INTENT, id: 'sound' }).map(({ id }) => id)).toEqual(['sound'])
    })

    it('tells what people and the cluster said no longer than it is kept, and times that are none not at all', () => {
      const [one] = told({ ...INTENT, image: { namespace: 'production', displayName: LONG, description: LONG } })
      expect(one?.image).toEqual({ namespace: 'production', displayName: `${'x'.repeat(255)}…`, description: `${'x'.repeat(999)}…` })
      const [two] = told({ ...INTENT, refusal: LONG, requester: LONG, abandonedBy: LONG, forcedBy: LONG.slice(0, 300), runningAcknowledged: undefined, settledAt: '5', backedUpAt: 'Sunday', blindSince: 'Monday', madeAt: '2026-02-30T12:00:00Z' })
      expect([two?.refusal, two?.requester, two?.abandonedBy, two?.forcedBy].map(text => text?.length)).toEqual([1_000, 256, 256, 256])
      expect(two).not.toHaveProperty('settledAt')
      expect(two).not.toHaveProperty('backedUpAt')
      expect(two).not.toHaveProperty('blindSince')
      expect(two).not.toHaveProperty('madeAt')
      const [three] = told({ ...INTENT, runningAcknowledged: { by: LONG, at: '2026-03-01T12:00:00Z' } })
      expect(three?.runningAcknowledged?.by).toHaveLength(256)
    })

    it('gives the reasons of ours, with what belongs to them', () => {
      const calledOff = [{ code: 'vm-gone' }, { code: 'vm-gone', vm: 'web 01' }, { code: 'deadline-passed', deadline: 'soon' }, { code: 'vm-started', vm: 'production/web-01', image: 'secret/other' }, { code: 'backup-failed', backup: 'production/export-abcde-0', message: LONG }, { code: 'class-gone', storageClass: LONG }]
      expect(told({ ...INTENT, calledOff }).map(intent => intent.calledOff)).toEqual([[{ code: 'vm-started', vm: 'production/web-01' }, { code: 'backup-failed', backup: 'production/export-abcde-0', message: `${'x'.repeat(999)}…` }]])
    })

    it('is given what there is room for when the next export is put away, the newest first', () => {
      const vms = Array.from({ length: 100 }, (_, index) => ({ name: `vm-${index}-${'x'.repeat(200)}`, runStrategy: 'Always' as const, wasRunning: true }))
      const claim = Array.from({ length: 5 }, (_, index) => ({ ...INTENT, vms, id: `export${index}` })).reduce((one, intent) => lifted(noted(one, intent), intent), CLAIM)
      expect(exportsWithoutImage(claim).map(({ id }) => id)).toEqual(['export4', 'export3'])
    })
  })

  it('says that the image was deleted of one that had been made', () => {
    expect(howItEnded({ ...INTENT, abandonedBy: undefined, madeAt: '2026-03-01T12:01:00Z' })).toEqual({ result: 'image-gone', because: [{ code: 'image-gone', image: 'production/export-abcde' }] })
  })
})
