import type { VirtualMachineImage } from './image.ts'
import { describe, expect, it } from 'vitest'
import { checkEdit, conflicts, editOf, planEdit, rebase } from './imageEdit.ts'

const image = (spec: object = {}, metadata: object = {}): VirtualMachineImage => ({
  apiVersion: '', kind: '', metadata: { name: 'i', namespace: 'lab', uid: 'u', resourceVersion: '7', creationTimestamp: '', labels: { 'harvesterhci.io/os-type': 'ubuntu', 'harvesterhci.io/image-type': 'iso' }, annotations: { 'field.cattle.io/description': 'base' }, ...metadata },
  spec: { displayName: 'noble', sourceType: 'download', retry: 3, ...spec },
})
const BASE = editOf(image())

describe('what may be changed of an image', () => {
  it('is read from labels, annotation and spec, with Harvester’s defaults', () => {
    expect(BASE).toEqual({ description: 'base', osType: 'ubuntu', imageType: 'iso', retry: 3 })
    expect(editOf(image({ retry: undefined, description: 'of the spec' }, { labels: undefined, annotations: undefined }))).toEqual({ description: 'of the spec', osType: '', imageType: '', retry: 3 })
  })

  it.each([
    [{ retry: 11 }, 'retry'], [{ retry: -1 }, 'retry'], [{ retry: 1.5 }, 'retry'], [{ retry: Number.NaN }, 'retry'], [{ osType: 'two words' }, 'osType'], [{ osType: 'x'.repeat(64) }, 'osType'], [{ description: 'é'.repeat(100_001) }, 'description'],
  ])('is checked: %o', (change, field) => {
    expect(Object.keys(checkEdit({ ...BASE, ...change }))).toEqual([field])
  })

  it('may be empty', () => {
    expect(checkEdit({ description: '', osType: '', imageType: '', retry: 0 })).toEqual({})
  })
})

describe('the patch', () => {
  it('holds only what was changed, and the version that it is meant for', () => {
    expect(planEdit(image(), { ...BASE, description: 'new' })).toEqual({ type: 'merge', body: { metadata: { resourceVersion: '7', annotations: { 'field.cattle.io/description': 'new' } } } })
    expect(planEdit(image(), { ...BASE, osType: 'debian', retry: 5 })).toEqual({ type: 'merge', body: { metadata: { resourceVersion: '7', labels: { 'harvesterhci.io/os-type': 'debian' } }, spec: { retry: 5 } } })
    expect(planEdit(image(), BASE).body).toEqual({ metadata: { resourceVersion: '7' } })
  })

  it('takes away what was emptied, and keeps the spec’s own description in step', () => {
    expect(planEdit(image({ description: 'base' }), { ...BASE, description: '', imageType: '' }).body).toEqual({ metadata: { resourceVersion: '7', labels: { 'harvesterhci.io/image-type': null }, annotations: { 'field.cattle.io/description': null } }, spec: { description: '' } })
  })
})

describe('somebody else’s change meanwhile', () => {
  const mine = { ...BASE, description: 'mine' }
  it('of another field stays theirs', () => {
    const theirs = { ...BASE, retry: 9 }
    expect(conflicts(mine, BASE, theirs)).toEqual([])
    expect(rebase(mine, BASE, theirs)).toEqual({ ...BASE, description: 'mine', retry: 9 })
  })

  it('of the same field is a conflict, unless it is the same change', () => {
    expect(conflicts(mine, BASE, { ...BASE, description: 'theirs' })).toEqual(['description'])
    expect(conflicts(mine, BASE, { ...BASE, description: 'mine' })).toEqual([])
  })
})
