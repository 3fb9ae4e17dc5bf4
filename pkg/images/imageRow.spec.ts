import type { VirtualMachineImage } from './image.ts'
import { expect, it } from 'vitest'
import { UPSTREAM_CHECK_ANNOTATION } from './image.ts'
import { imageRow, judgeImageSource } from './imageRow.ts'

const meta = { name: 'i', uid: 'u', resourceVersion: '1', creationTimestamp: '' }
const base: VirtualMachineImage = { apiVersion: '', kind: '', metadata: meta, spec: { displayName: 'noble', sourceType: 'download' } }
const url = 'https://cloud-images.ubuntu.com/noble/current/noble.img'
const looked = (word: string): VirtualMachineImage => ({ ...base, metadata: { ...meta, annotations: { [UPSTREAM_CHECK_ANNOTATION]: JSON.stringify({ word, at: '2026-01-01T00:00:00Z' }) } }, spec: { ...base.spec, url } })

it('judges the source of a downloaded image alone', () => {
  expect(judgeImageSource({ ...base, spec: { ...base.spec, url } })?.verdict).toBe('mutable')
  expect(judgeImageSource(base)).toBeUndefined()
  expect(judgeImageSource({ ...base, spec: { ...base.spec, sourceType: 'restore', url } })).toBeUndefined()
})

it.each([
  ['changed', 'images.source.changed', 'bad'], ['gone', 'images.source.gone', 'bad'], ['unchanged', 'images.source.mutable', 'attention'], ['cannot-say', 'images.source.mutable', 'attention'],
])('calls a source that was seen to be %s %s', (word, key, tone) => {
  expect(imageRow(looked(word), {})).toMatchObject({ sourceKey: key, sourceTone: tone })
})

const OURS = { 'guardrails.harvesterhci.io/export': '{"id":"abcde"}' }
it.each<[string, Readonly<Record<string, string>>, 'True' | 'Unknown', string, string | undefined]>([
  ['of an export of ours, which nobody has verified', OURS, 'True', 'images.wholeness.unverified', 'unknown'],
  ['of an export of ours, which was verified', { ...OURS, 'guardrails.harvesterhci.io/export-verified': '2026-01-01T00:00:00Z' }, 'True', 'images.sourceType.export-from-volume', undefined],
  ['of an export of ours that is being read', OURS, 'Unknown', 'images.sourceType.export-from-volume', undefined],
  ['that somebody exported without us', {}, 'True', 'images.sourceType.export-from-volume', undefined],
])('tells of an image %s', (_, annotations, imported, key, tone) => {
  const { sourceKey, sourceTone } = imageRow({ ...base, metadata: { ...meta, annotations }, spec: { ...base.spec, sourceType: 'export-from-volume' }, status: { conditions: [{ type: 'Imported', status: imported }] } }, {})
  expect([sourceKey, sourceTone]).toEqual([key, tone])
})

it('puts a source that serves the image no more before those that may', () => {
  expect(imageRow(looked('gone'), {}).sourceRank).toBeLessThan(imageRow(looked('unchanged'), {}).sourceRank)
})

it.each([
  ['https://files.example.com/x-20240101.img', 'images.source.pinned', 'ok'],
  ['https://files.example.com/x-20240101.vmdk', 'images.source.unusable', 'bad'],
  ['http://127.0.0.1/x-20240101.img', 'images.source.loopback', 'attention'],
  ['https://files.example.com/x.iso?Expires=1740000000&Signature=x', 'images.source.ended', 'attention'],
  ['https://files.example.com/x.iso?Expires=1900000000&Signature=x', 'images.source.unknown', 'unknown'],
])('calls the source %s %s', (link, key, tone) => {
  expect(imageRow({ ...base, spec: { ...base.spec, url: link } }, {}, Date.parse('2026-01-01T00:00:00Z'))).toMatchObject({ sourceKey: key, sourceTone: tone })
})
