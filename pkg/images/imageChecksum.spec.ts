import type { BackingImage } from '#health/longhorn.ts'
import type { ImageBackend, VirtualMachineImage } from './image.ts'
import { expect, it } from 'vitest'
import { checksumOf } from './imageChecksum.ts'

const meta = { name: 'i', uid: 'u', resourceVersion: '1', creationTimestamp: '' }
const image = (checksum = '', backend: ImageBackend = 'backingimage'): VirtualMachineImage => ({ apiVersion: '', kind: '', metadata: meta, spec: { displayName: 'i', sourceType: 'download', checksum, backend } })
const backing = (expected: string, recorded: string): BackingImage => ({ apiVersion: '', kind: '', metadata: meta, spec: { checksum: expected }, status: { checksum: recorded } })

it.each<[string, VirtualMachineImage, BackingImage | undefined, ReturnType<typeof checksumOf>]>([
  ['nothing was asked for', image(), backing('', 'a'), { word: 'none', recorded: 'a' }],
  ['nothing is known', image(), undefined, { word: 'none' }],
  ['it is as it should be, in whatever case', image(' A '), backing('a', 'a'), { word: 'equal', expected: 'a', recorded: 'a' }],
  ['Longhorn keeps another', image('a'), backing('a', 'b'), { word: 'differs', expected: 'a', recorded: 'b' }],
  ['Longhorn alone was told', image(), backing('a', 'a'), { word: 'equal', expected: 'a', recorded: 'a' }],
  ['the import goes on', image('a'), backing('a', ''), { word: 'awaited', expected: 'a' }],
  ['CDI imports it', image('a', 'cdi'), undefined, { word: 'ignored', expected: 'a' }],
])('says where %s', (_, given, keeper, checksum) => {
  expect(checksumOf(given, keeper)).toEqual(checksum)
})
