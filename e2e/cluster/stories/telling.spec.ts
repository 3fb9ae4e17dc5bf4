import { describe, expect, it } from 'vitest'
import type { Fields, KubeObject } from '../../api.ts'
import { differencesOf } from './comparison.ts'
import type { Sighting } from './sight.ts'
import { untold } from './telling.ts'

type Write = readonly [kind: string, name: string, more?: { readonly metadata?: Fields, readonly spec?: Fields, readonly status?: Fields }, gone?: 'gone']

/** Each write has the number of its place as resource version, from 1 on. */
function seen(...writes: Write[]): Sighting[] {
  return writes.map(([kind, name, more = {}, gone], index) => ({ gone: gone === 'gone', object: { apiVersion: 'v1', kind, metadata: { name, uid: `uid of ${name}`, resourceVersion: String(index + 1), ...more.metadata }, spec: more.spec, status: more.status } as unknown as KubeObject }))
}

const OWN = { ownerReferences: [{ kind: 'VirtualMachineInstance', name: 'web', uid: 'uid of web', controller: true }] }
const pod = (name: string, nodeName?: string, gone?: 'gone'): Write => ['Pod', name, { metadata: OWN, spec: nodeName ? { nodeName } : {} }, gone]
const claim = (name: string): Write => ['PersistentVolumeClaim', name]
const BOOT = { name: 'disk-0', persistentVolumeClaim: { claimName: 'web-disk' } }
const MORE = { name: 'more', dataVolume: { name: 'data', hotpluggable: true } }
const told = (name: string, claimName?: string, more: Fields = {}) => ({ name, ...more, ...(claimName ? { persistentVolumeClaimInfo: { claimName } } : {}) })
const STATUS = { phase: 'Running', nodeName: 'a', activePods: { 'uid of first': 'a' }, volumeStatus: [told('disk-0', 'web-disk')] }
const vmi = (status: Fields, volumes: readonly object[] = [BOOT]): Write => ['VirtualMachineInstance', 'web', { spec: { volumes }, status: { ...STATUS, ...status } }]
const running = [claim('web-disk'), pod('first', 'a')]
const moving = (more: Fields = {}) => ({ startTimestamp: 'then', targetPod: 'second', ...more })

describe('what every instance says of its pods and its disks', () => {
  it.each<[says: string, writes: Write[], broken: string[]]>([
    ['a guest runs, and all is said', [...running, vmi({})], []],
    ['a guest runs, and no pod is named', [...running, vmi({ activePods: undefined })], ['vmi web names no pod on its node', 'vmi web does not name just its pods, each with its node']],
    ['a pod is named without its node', [...running, vmi({ activePods: { 'uid of first': '' } })], ['vmi web names no pod on its node', 'vmi web does not name just its pods, each with its node']],
    ['another pod is named', [...running, vmi({ activePods: { 'uid of other': 'a' } })], ['vmi web names no pod on its node', 'vmi web does not name just its pods, each with its node']],
    ['a guest waits for its pod to be placed', [claim('web-disk'), pod('first'), vmi({ phase: 'Scheduling', nodeName: undefined, activePods: { 'uid of first': '' }, volumeStatus: undefined })], []],
    ['a guest waits, and its pod is not named where nothing moves', [claim('web-disk'), pod('first'), vmi({ phase: 'Scheduling', nodeName: undefined, activePods: undefined, volumeStatus: undefined })], ['vmi web does not name just its pods, each with its node']],
    ['the pod is gone before the instance has failed', [...running, vmi({}), pod('first', 'a', 'gone'), vmi({ activePods: {} })], []],
    ['a pod is named for good that is gone', [...running, vmi({ phase: 'Failed' }), pod('first', 'a', 'gone')], ['vmi web does not name just its pods, each with its node']],
    ['a guest moves, and both are named', [...running, pod('second', 'b'), vmi({ migrationState: moving(), activePods: { 'uid of first': 'a', 'uid of second': 'b' } })], []],
    ['a guest moves, and the target is named once it is there', [...running, pod('second', 'b'), vmi({ migrationState: moving() }), vmi({ activePods: { 'uid of first': 'a', 'uid of second': 'b' } })], ['vmi web moves, and does not name the pod that it moves to']],
    ['a guest has moved, and the first pod is gone', [...running, pod('second', 'b'), pod('first', 'a', 'gone'), vmi({ nodeName: 'b', migrationState: moving({ endTimestamp: 'now' }), activePods: { 'uid of second': 'b' } })], []],
    ['a claim is kept to itself', [...running, vmi({ volumeStatus: [told('disk-0')] })], ['vmi web does not say which claim is behind disk-0']],
    ['another claim is said', [...running, vmi({ volumeStatus: [told('disk-0', 'other')] })], ['vmi web does not say which claim is behind disk-0']],
    ['a disk is not told of', [...running, vmi({ volumeStatus: [] })], ['vmi web says nothing of disk-0', 'vmi web does not say which claim is behind disk-0']],
    ['a disk is plugged in, and not yet told of', [...running, claim('data'), vmi({}, [BOOT, MORE]), vmi({ volumeStatus: [told('disk-0', 'web-disk'), told('more', 'data')] }, [BOOT, MORE])], []],
    ['a disk is plugged in, and never told of', [...running, claim('data'), vmi({}, [BOOT, MORE])], ['vmi web does not say which claim is behind more']],
    ['a disk is plugged in that is missing', [...running, vmi({ volumeStatus: [told('disk-0', 'web-disk'), told('more', undefined, { phase: 'Pending', reason: 'FailedPvcNotFound' })] }, [BOOT, MORE])], []],
    ['a disk that is unplugged is named until it is gone', [...running, claim('data'), vmi({}, [BOOT, MORE]), vmi({ volumeStatus: [told('disk-0', 'web-disk'), told('more', 'data', { phase: 'Detaching' })] })], []],
    ['a disk that is unplugged is no longer named while it is there', [...running, claim('data'), vmi({}, [BOOT, MORE]), vmi({ volumeStatus: [told('disk-0', 'web-disk'), told('more', undefined, { phase: 'Detaching' })] })], ['vmi web does not say which claim is behind more']],
  ])('%s', (_says, writes, broken) => {
    expect(untold(seen(...writes), [writes.length])).toEqual(broken)
  })

  it('asks for what takes its time only where nothing moves', () => {
    const writes = seen(...running, vmi({}), pod('second', 'b'), vmi({ activePods: { 'uid of first': 'a', 'uid of second': 'b' } }))
    expect(untold(writes, [3, 5])).toEqual([])
    expect(untold(writes, [3, 4])).toEqual(['vmi web does not name just its pods, each with its node'])
    expect(untold([...writes].reverse(), [3, 5])).toEqual([])
  })

  it('is a difference of two traces, of which no record can tell', () => {
    const trace = { answers: [], changes: [] }
    expect(differencesOf(trace, { ...trace, untold: ['vmi web names no pod on its node'] })).toEqual([{ where: 'what no trace may show', one: 'nothing', other: 'vmi web names no pod on its node' }])
  })
})
