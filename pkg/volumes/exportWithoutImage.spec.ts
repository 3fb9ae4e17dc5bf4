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

  it('says that the image was deleted of one that had been made', () => {
    expect(howItEnded({ ...INTENT, abandonedBy: undefined, madeAt: '2026-03-01T12:01:00Z' })).toEqual({ result: 'image-gone', because: [{ code: 'image-gone', image: 'production/export-abcde' }] })
  })
})
