import { describe, expect, it } from 'vitest'
import { findObjects } from './findObjects.ts'

function entry(name: string, label = name, namespace = 'lab') {
  return { label, object: { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, uid: name, resourceVersion: '1', creationTimestamp: '' } } }
}
const entries = [entry('my-web'), entry('spiderweb'), entry('web-10'), entry('web-2'), entry('web'), entry('image-x7k2p', 'Ubuntu Noble')]
const find = (text: string) => findObjects(entries, text).map(found => found.object.metadata.name)

describe('quick find', () => {
  it('puts the whole name first, then beginnings, then words, then the rest', () => {
    expect(find('web')).toEqual(['web', 'web-2', 'web-10', 'my-web', 'spiderweb'])
  })
  it('knows an object by what people call it and by what the cluster calls it', () => {
    expect(find('noble')).toEqual(['image-x7k2p'])
    expect(find('x7k2p')).toEqual(['image-x7k2p'])
  })
  it('knows it by namespace and name', () => {
    expect(find('lab/web-1')).toEqual(['web-10'])
  })
  it('finds nothing for nothing', () => {
    expect(find('  ')).toEqual([])
  })
})
