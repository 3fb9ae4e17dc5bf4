import type { ConfigMap } from '#kube/core.ts'
import { describe, expect, it } from 'vitest'
import type { FoundNote, RecreationNote } from './recreationNote.ts'
import { judgeNote, makeNote, NOTE_LABEL, readNote } from './recreationNote.ts'

const meta = { uid: 'c', resourceVersion: '1', creationTimestamp: '' }
const note: RecreationNote = {
  manifest: { apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: { name: 'image-a', namespace: 'lab', labels: { os: 'ubuntu' }, annotations: { a: 'b' } }, spec: { displayName: 'noble', sourceType: 'download', url: 'https://x/noble.img', retry: 2 } },
  uid: '5f3c', who: 'alice', when: '2026-11-26T06:00:00.000Z',
}
const kept = (made = makeNote(note)): ConfigMap => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...meta, name: '', ...made.metadata }, data: made.data })
const withData = (data: Record<string, string>): ConfigMap => ({ ...kept(), data: { ...kept().data, ...data } })
const withManifest = (change: object): ConfigMap => withData({ manifest: JSON.stringify({ ...note.manifest, ...change }) })

describe('the note of an image that is to be made again', () => {
  it('is named after the image and its uid, and says what it is to be, who asked and when', () => {
    const made = makeNote(note)
    expect(made.metadata).toEqual({ name: 'recreate-image-a-5f3c', namespace: 'lab', labels: { [NOTE_LABEL]: 'image-a' } })
    expect(made.data).toMatchObject({ uid: '5f3c', who: 'alice', when: note.when })
    expect(JSON.parse(made.data?.manifest ?? '')).toEqual(note.manifest)
  })

  it('is read as it was written', () => {
    expect(readNote(kept())).toEqual({ key: 'lab/image-a', configMap: kept(), note })
  })

  it('of an image with a long name keeps to what a label and a name may be', () => {
    const name = `${'a'.repeat(199)}.${'b'.repeat(53)}`
    const made = makeNote({ ...note, manifest: { ...note.manifest, metadata: { name, namespace: 'lab' } } })
    expect(made.metadata.name).toBe(`recreate-${'a'.repeat(199)}-5f3c`)
    expect(made.metadata.labels).toEqual({ [NOTE_LABEL]: '5f3c' })
    expect(readNote(kept(made)).key).toBe(`lab/${name}`)
  })

  it.each<[string, ConfigMap]>([
    ['has no data', { ...kept(), data: undefined }],
    ['holds no JSON', withData({ manifest: '{' })],
    ['holds a list', withData({ manifest: '[]' })],
    ['does not say which image went', withData({ uid: '' })],
    ['would read a volume, which a retry never does', withManifest({ spec: { ...note.manifest.spec, sourceType: 'export-from-volume', pvcName: 'web-01-root', pvcNamespace: 'production' } })],
    ['names a volume beside its link', withManifest({ spec: { ...note.manifest.spec, pvcNamespace: 'production' } })],
    ['would wait for a file', withManifest({ spec: { ...note.manifest.spec, sourceType: 'upload' } })],
    ['would read an image of elsewhere', withManifest({ spec: { ...note.manifest.spec, sourceType: 'clone', securityParameters: { sourceImageName: 'golden', sourceImageNamespace: 'production' } } })],
    ['holds another kind', withManifest({ kind: 'VirtualMachine' })],
    ['holds another group’s kind', withManifest({ apiVersion: 'x/v1' })],
    ['holds an image of another namespace', withManifest({ metadata: { name: 'image-a', namespace: 'production' } })],
    ['holds an image of another name than it is labelled with', withManifest({ metadata: { name: 'image-b', namespace: 'lab' } })],
    ['holds an image without a name', withManifest({ metadata: { namespace: 'lab' } })],
    ['holds an image without a source', withManifest({ spec: { displayName: 'noble' } })],
  ])('is unreadable where it %s, and still names the image', (_, configMap) => {
    expect(readNote(configMap)).toEqual({ key: 'lab/image-a', configMap, note: 'unreadable' })
  })

  it('may lack who asked, and a time that is one', () => {
    const { data = {} } = kept()
    expect(readNote({ ...kept(), data: { manifest: data.manifest ?? '', uid: '5f3c', when: 'soon' } }).note).toEqual({ ...note, who: '', when: '' })
  })

  it('gives to the cluster nothing but what an image is made of', () => {
    const configMap = withManifest({ status: { progress: 100 }, metadata: { ...note.manifest.metadata, uid: 'x', finalizers: ['f'] } })
    expect(readNote(configMap).note).toEqual(note)
  })
})

describe('how it stands with a note', () => {
  const image = (uid: string, deletionTimestamp?: string) => ({ metadata: { ...meta, name: 'image-a', uid, ...(deletionTimestamp && { deletionTimestamp }) } })
  it.each<[string, FoundNote['note'], ReturnType<typeof image> | undefined, ReturnType<typeof judgeNote>]>([
    ['the image is gone', note, undefined, 'lost'],
    ['it is gone, and the note says nothing', 'unreadable', undefined, 'unreadable'],
    ['the image goes', note, image('5f3c', 'x'), 'leaving'],
    ['the image does not go', note, image('5f3c'), 'undeleted'],
    ['there is another image', note, image('other'), 'back'],
    ['there is another image, and that one goes', note, image('other', 'x'), 'back'],
    ['there is an image, and the note says nothing', 'unreadable', image('5f3c'), 'back'],
  ])('%s', (_, read, found, word) => {
    expect(judgeNote({ note: read }, found)).toBe(word)
  })
})
