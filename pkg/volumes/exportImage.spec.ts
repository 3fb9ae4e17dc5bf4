import { applyPatch } from 'rfc6902'
import type { Operation } from 'rfc6902'
import { describe, expect, it } from 'vitest'
import type { Write } from '#kube/write.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import { markOvertaken, markVerified } from './exportImage.ts'
import { isOvertaken, wholenessOf } from './exportedImage.ts'
import { exportImage } from './scriptedWorld.ts'

const IMAGE = exportImage('export-abcde', 'True')
const noted: VirtualMachineImage = { ...IMAGE, metadata: { ...IMAGE.metadata, annotations: { 'guardrails.harvesterhci.io/export': '{}' } } }

function after(write: Write, image: VirtualMachineImage): VirtualMachineImage | 'too late' {
  const copy = structuredClone(image)
  const failed = write.act === 'patch' && write.patch.type === 'json' ? applyPatch(copy, [...write.patch.body] as Operation[]).some(error => error !== null) : true
  return failed ? 'too late' : copy
}

describe('the mark that a VM ran on the disk while the image was read', () => {
  const mark = markOvertaken(noted, ['production/web-01'], 0)

  it('is put on an image of which nothing else was noted since it was looked at, however far its import is meanwhile', () => {
    const further: VirtualMachineImage = { ...noted, metadata: { ...noted.metadata, resourceVersion: '2' }, status: { ...noted.status, progress: 80 } }
    const marked = after(mark, further)
    expect(marked === 'too late' ? marked : isOvertaken(marked)).toBe(true)
  })

  it('comes too late on one whose import was over meanwhile: who came to the disk since then has torn nothing', () => {
    const reading = exportImage('export-abcde', 'Unknown')
    expect(after(markOvertaken(reading, ['production/web-01'], 0), { ...reading, status: noted.status })).toBe('too late')
    expect(after(markOvertaken(reading, ['production/web-01'], 0), reading)).not.toBe('too late')
  })

  it('comes too late on one that another runner has verified, and whose VM that one has started again', () => {
    const verified = after(markVerified(noted, 0), noted)
    if (verified === 'too late')
      throw new Error('the image could not be verified')
    expect(after(mark, verified)).toBe('too late')
    expect(wholenessOf(verified)).not.toBe('unverified')
  })
})
