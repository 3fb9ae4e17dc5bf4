import type { KubeObject } from './object.ts'
import type { Seen } from './seen.ts'
import { applyPatch } from 'rfc6902'
import { describe, expect, it } from 'vitest'
import { NODES, PODS } from './core.ts'
import { blindSpot, isKnown } from './seen.ts'
import { annotate, barOf, carryOut, createOf, jsonPointer, patchOf } from './write.ts'

const object = (annotations?: Record<string, string>): KubeObject => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', namespace: 'n', uid: 'u', resourceVersion: '7', creationTimestamp: 'x', ...(annotations && { annotations }) } })

it('a pointer escapes slashes and tildes', () => {
  expect(jsonPointer('metadata', 'annotations', 'a.b/c~d')).toBe('/metadata/annotations/a.b~1c~0d')
})

describe('a patch of annotations', () => {
  function patched(before: KubeObject, change: Record<string, string | undefined>, actual = before) {
    const copy = structuredClone(actual)
    const errors = applyPatch(copy, [...annotate(before, change)] as Parameters<typeof applyPatch>[1]).filter(error => error !== null)
    return errors.length ? 'refused' : copy.metadata.annotations
  }

  it('adds, replaces and removes', () => {
    expect(patched(object({ a: '1', b: '2', keep: 'x' }), { 'a': '9', 'b': undefined, 'c/d': '3' })).toEqual({ 'a': '9', 'c/d': '3', 'keep': 'x' })
    expect(patched(object(), { a: '1' })).toEqual({ a: '1' })
  })

  it('says nothing where nothing changes', () => {
    expect(annotate(object({ a: '1' }), { a: '1', b: undefined })).toEqual([])
    expect(annotate(object(), { a: undefined })).toEqual([])
  })

  it('is refused where somebody has annotated the object meanwhile and it had no annotations when read', () => {
    const now = object({ other: 'x' })
    expect(patched(object(), { a: '1' }, { ...now, metadata: { ...now.metadata, resourceVersion: '8' } })).toBe('refused')
  })

  it('removes only the value that was read', () => {
    expect(patched(object({ a: '1' }), { a: undefined }, object({ a: '2' }))).toBe('refused')
  })
})

it('a plan is tried without the calls, which would act', async () => {
  const sent: string[] = []
  const answer = (what: string) => async () => {
    sent.push(what)
    return { object: object(), warnings: [] }
  }
  const client = { create: answer('create'), patch: answer('patch'), call: answer('call') } as unknown as Parameters<typeof carryOut>[0]
  const plan = [createOf(PODS, object()), patchOf(PODS, object(), []), { act: 'call', resource: PODS, at: { name: 'a' }, subresource: 'start' } as const]
  for (const write of plan)
    await carryOut(client, write, { dryRun: true })
  expect(sent).toEqual(['create', 'patch'])
  for (const write of plan)
    await carryOut(client, write)
  expect(sent.slice(2)).toEqual(['create', 'patch', 'call'])
})

it.each([
  [{ state: 'live' }, 'n', undefined],
  [{ state: 'live', partial: ['n'] }, 'n', undefined],
  [{ state: 'live', partial: ['m'] }, 'n', 'forbidden'],
  [{ state: 'live', partial: ['m'] }, undefined, 'forbidden'],
  [{ state: 'stale' }, 'n', 'stale'],
  [{ state: 'absent' }, undefined, 'absent'],
] as const)('a collection that is %j is blind in namespace %s: %s', (seen, namespace, state) => {
  expect(blindSpot(NODES, { objects: [], ...seen }, namespace)?.state).toBe(state)
})

it.each<[string, Omit<Seen, 'objects'>, string | undefined, boolean]>([
  ['all that is live', { state: 'live' }, 'lab', true],
  ['what was seen before the line was cut', { state: 'stale' }, 'lab', true],
  ['nothing that is being read', { state: 'loading' }, 'lab', false],
  ['nothing that is forbidden', { state: 'forbidden' }, undefined, false],
  ['a namespace that may be read', { state: 'live', partial: ['lab'] }, 'lab', true],
  ['no other namespace', { state: 'stale', partial: ['lab'] }, 'production', false],
  ['not all where some may be read', { state: 'live', partial: ['lab'] }, undefined, false],
])('something is known of %s', (_, seen, namespace, known) => {
  expect(isKnown(seen, namespace)).toBe(known)
})

describe('what bars a write', () => {
  const may = (verb: string) => ({ verb, resource: PODS, where: { namespace: 'n' } })
  const answers = { create: 'allowed', patch: 'denied', delete: 'unknown', update: 'absent' } as const
  it.each<[string, (keyof typeof answers)[], ('absent' | 'denied' | 'unknown')[], string | undefined]>([
    ['nothing, where all is allowed', ['create'], ['absent', 'denied', 'unknown'], undefined],
    ['the first that is denied', ['create', 'patch'], ['absent', 'denied'], 'patch'],
    ['what is certain before what is not known', ['delete', 'patch'], ['denied', 'unknown'], 'patch'],
    ['what is not served before what is denied', ['patch', 'update'], ['absent', 'denied'], 'update'],
    ['not what is not known, where the cluster is to decide', ['delete'], ['absent', 'denied'], undefined],
  ])('%s', (_, verbs, bars, barred) => {
    expect(barOf(verbs.map(may), ({ verb }) => answers[verb as keyof typeof answers], ...bars)?.permission.verb).toBe(barred)
  })
})
