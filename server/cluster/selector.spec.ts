import { describe, expect, it } from 'vitest'
import type { KindVersion } from './kind.ts'
import { KindRegistry } from './registry.ts'
import { fieldMatch, labelMatch, pinnedName } from './selector.ts'

const labelled = (labels: Record<string, string>) => ({ metadata: { labels } })

describe('a label selector', () => {
  it.each([
    ['', { a: '1' }, true],
    ['a', { a: '1' }, true],
    ['a', {}, false],
    ['!a', {}, true],
    ['!a', { a: '' }, false],
    ['a=1', { a: '1' }, true],
    ['a == 1', { a: '2' }, false],
    ['a=', { a: '' }, true],
    ['a!=1', {}, true],
    ['a!=1', { a: '1' }, false],
    ['a in (1, 2)', { a: '2' }, true],
    ['a in (1,2)', {}, false],
    ['a notin (1,2)', {}, true],
    ['a notin (1,2)', { a: '1' }, false],
    ['a>5', { a: '6' }, true],
    ['a<5', { a: '6' }, false],
    ['harvesterhci.io/image in (x),b', { 'harvesterhci.io/image': 'x', 'b': '' }, true],
    ['harvesterhci.io/image in (x),b', { 'harvesterhci.io/image': 'x' }, false],
  ])('%s of %j is %s', (text, labels, chosen) => {
    expect(labelMatch(text)?.(labelled(labels)) ?? true).toBe(chosen)
  })

  it.each([
    ['a=b=c', 'found \'=\', expected: \',\' or \'end of string\''],
    ['a in b', 'unable to parse requirement: found \'b\' expected: \'(\''],
    ['a,', 'found \'\', expected: identifier after \',\''],
    ['=a', 'found \'=\', expected: !, identifier, or \'end of string\''],
  ])('refuses %s', (text, message) => {
    expect(() => labelMatch(text)).toThrow(message)
  })
})

describe('a field selector', () => {
  const registry = new KindRegistry()
  const kind = (plural: string): KindVersion => registry.find('', 'v1', plural) ?? (() => { throw new Error(plural) })()
  const pod = { metadata: { name: 'p', namespace: 'n' }, spec: { nodeName: 'node-1' }, status: { phase: 'Running' } }

  it.each([
    ['metadata.name=p', true],
    ['metadata.name!=p', false],
    ['status.phase=Running,spec.nodeName=node-1', true],
    ['status.phase==Running,spec.nodeName=node-2', false],
    ['spec.nodeName=', false],
  ])('%s', (text, chosen) => {
    expect(fieldMatch(kind('pods'), text)?.(pod)).toBe(chosen)
  })

  it('takes a node that says nothing for schedulable', () => {
    expect(fieldMatch(kind('nodes'), 'spec.unschedulable=false')?.({ metadata: { name: 'n' } })).toBe(true)
  })

  it.each([
    ['pods', 'spec.containers=1', 'field label not supported: spec.containers'],
    ['configmaps', 'data.x=1', '"data.x" is not a known field selector: only "metadata.name", "metadata.namespace"'],
    ['pods', 'nonsense', 'invalid selector: \'nonsense\'; can\'t understand \'nonsense\''],
  ])('of %s refuses %s', (plural, text, message) => {
    expect(() => fieldMatch(kind(plural), text)).toThrow(message)
  })

  it('tells authorisation the name that it pins', () => {
    expect(pinnedName('status.phase=x,metadata.name=web-01')).toBe('web-01')
    expect(pinnedName('metadata.name!=web-01')).toBe('')
  })
})
