import { describe, expect, it } from 'vitest'
import type { Fields } from '../../api.ts'
import type { Written } from '../auditLog.ts'
import { observe } from './observer.ts'

const metadata = (name: string, annotations = {}) => ({ name, namespace: 'races', uid: `uid-${name}`, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z', annotations })
const written = (resource: Written['resource'], version: number, fields: Fields & { metadata: ReturnType<typeof metadata> }): Written => ({ resource, version, object: { apiVersion: 'v1', kind: 'X', ...fields } })
const image = (version: number, { annotations = {}, imported = 'Unknown' } = {}) =>
  written('virtualmachineimages', version, { metadata: metadata('copy', annotations), spec: { sourceType: 'export-from-volume', pvcName: 'disk', pvcNamespace: 'races' }, status: { conditions: [{ type: 'Imported', status: imported }] } })
const instance = (version: number, { phase = '', claim = 'disk' } = {}) =>
  written('virtualmachineinstances', version, { metadata: metadata('web'), spec: { volumes: claim ? [{ name: 'root', persistentVolumeClaim: { claimName: claim } }] : [] }, status: { phase } })

describe('an observer of writes', () => {
  it.each([
    ['that began on a guest', [instance(1), image(2), image(9, { imported: 'True' })]],
    ['on which a guest began', [image(1), instance(2), image(9, { imported: 'True' })]],
    ['that is never done', [image(1), instance(2)]],
    ['of which a guest was at its end', [instance(1), image(2), instance(3, { phase: 'Succeeded' }), image(9, { imported: 'True' })]],
    ['into which the disk was plugged in', [instance(1, { claim: '' }), image(2), instance(3), image(9, { imported: 'True' })]],
  ])('counts an export as torn %s', (_what, writes) => {
    expect(observe(writes).torn).toEqual([{ image: 'copy', instance: 'web', isMarked: false }])
  })

  it.each([
    ['that was read before the guest began', [image(1), image(2, { imported: 'True' }), instance(3)]],
    ['that began when the guest was over', [instance(1), instance(2, { phase: 'Failed' }), image(3), image(4, { imported: 'True' })]],
    ['of another disk than the guest\'s', [image(1), instance(2, { claim: 'other' }), image(3, { imported: 'True' })]],
  ])('counts an export as whole %s', (_what, writes) => {
    expect(observe(writes)).toEqual({ images: 1, instances: 1, torn: [] })
  })

  it('sees whether a torn image says so, even when that is said later', () => {
    expect(observe([image(1), instance(2), image(3, { imported: 'True' }), image(4, { imported: 'True', annotations: { 'guardrails.harvesterhci.io/export-overtaken': '{}' } })]).torn).toMatchObject([{ isMarked: true }])
  })
})
