import type { VirtualMachineImage } from './image.ts'
import { expect, it } from 'vitest'
import { judgeImageSource } from './imageRow.ts'

const base: VirtualMachineImage = { apiVersion: '', kind: '', metadata: { name: 'i', uid: 'u', resourceVersion: '1', creationTimestamp: '' }, spec: { displayName: 'noble', sourceType: 'download' } }

it('judges the source of a downloaded image alone', () => {
  const url = 'https://cloud-images.ubuntu.com/noble/current/noble.img'
  expect(judgeImageSource({ ...base, spec: { ...base.spec, url } })?.verdict).toBe('mutable')
  expect(judgeImageSource(base)).toBeUndefined()
  expect(judgeImageSource({ ...base, spec: { ...base.spec, sourceType: 'restore', url } })).toBeUndefined()
})
