import { describe, expect, it } from 'vitest'
import type { Pod } from '#kube/core.ts'
import { PODS } from '#kube/core.ts'
import { mergePatchOf } from './merge.ts'
import type { Index } from './world.ts'
import { World } from './world.ts'

const pod = (name: string, version: number, nodeName = '', more: Partial<Pod['metadata']> = {}): Pod => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'lab', uid: `uid-${name}`, resourceVersion: String(version), creationTimestamp: '', ...more }, spec: { nodeName } })
const BY_NODE: Index<Pod> = { kind: PODS, keys: one => [one.spec?.nodeName || undefined] }

describe('the world', () => {
  it('finds objects by key, by index and by owner, and follows their changes', () => {
    const world = new World()
    world.put(PODS, pod('a', 1, 'node-1', { ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: 'x', uid: 'owner' }] }))
    expect(world.get(PODS, 'lab/a')?.spec?.nodeName).toBe('node-1')
    expect(world.find(BY_NODE, 'node-1').map(one => one.metadata.name)).toEqual(['a'])
    expect(world.owned(PODS, 'owner')).toHaveLength(1)
    world.put(PODS, pod('a', 2, 'node-2'))
    expect(world.find(BY_NODE, 'node-1')).toEqual([])
    expect(world.owned(PODS, 'owner')).toEqual([])
    expect(world.find(BY_NODE, 'node-2')).toHaveLength(1)
  })

  it('does not go back to an older version, but takes another object of the same name', () => {
    const world = new World()
    world.put(PODS, pod('a', 5))
    expect(world.put(PODS, pod('a', 4))).toBe(false)
    expect(world.put(PODS, pod('a', 5))).toBe(false)
    expect(world.put(PODS, pod('a', 3, '', { uid: 'another' }))).toBe(true)
  })

  it('forgets only the object that is meant', () => {
    const world = new World()
    world.put(PODS, pod('a', 1))
    expect(world.drop(PODS, pod('a', 9, '', { uid: 'another' }))).toBeUndefined()
    expect(world.drop(PODS, pod('a', 9))?.metadata.resourceVersion).toBe('1')
    expect(world.get(PODS, 'lab/a')).toBeUndefined()
  })

  it('does not take back what has gone, whoever still speaks of it', () => {
    const world = new World()
    world.put(PODS, pod('a', 1))
    world.drop(PODS, pod('a', 2))
    expect(world.put(PODS, pod('a', 3))).toBe(false)
    expect(world.get(PODS, 'lab/a')).toBeUndefined()
  })
})

describe('a merge patch', () => {
  it.each([
    [{ a: 1 }, { a: 1 }, undefined],
    [{ a: 1, b: 2 }, { a: 1 }, { b: null }],
    [{ a: { x: 1, y: 2 } }, { a: { x: 1, y: 3 } }, { a: { y: 3 } }],
    [{ a: [1, 2] }, { a: [1, 2] }, undefined],
    [{ a: [1, 2] }, { a: [2] }, { a: [2] }],
    [{ a: 1 }, { a: undefined }, { a: null }],
    [{}, { a: undefined }, undefined],
    [undefined, { a: { b: 1 } }, { a: { b: 1 } }],
    [{ a: { x: 1 } }, { a: {} }, { a: { x: null } }],
    [{ a: null }, { a: {} }, { a: {} }],
  ])('from %o to %o is %o', (from, to, patch) => {
    expect(mergePatchOf(from, to)).toEqual(patch)
  })
})
