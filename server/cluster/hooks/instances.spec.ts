import { describe, expect, it } from 'vitest'
import type { AdmissionRequest } from '../cluster.ts'
import { instanceHook } from './instances.ts'
import type { JsonObject } from '../json.ts'
import { KindRegistry } from '../registry.ts'
import { CUSTOM_RESOURCE_DEFINITIONS } from '../kinds/custom.ts'

const registry = new KindRegistry()
for (const crd of CUSTOM_RESOURCE_DEFINITIONS) registry.addCrd(crd)

function review(operation: AdmissionRequest['operation'], plural: string, object: JsonObject): JsonObject | undefined {
  const kind = registry.find('kubevirt.io', 'v1', plural)
  if (!kind)
    throw new Error(`no ${plural}`)
  return instanceHook(() => 0).review({ operation, kind, subresource: '', namespace: 'lab', name: 'web', object, old: undefined, user: { name: 'admin', groups: [] }, dryRun: false })?.object
}

describe('KubeVirt\'s mutator of instances', () => {
  const given = { metadata: { name: 'web', finalizers: ['own'] }, spec: {} }

  it('makes a new one Pending and holds it until its pods are gone', () => {
    expect(review('CREATE', 'virtualmachineinstances', given)).toEqual({
      metadata: { name: 'web', finalizers: ['own', 'kubevirt.io/foregroundDeleteVirtualMachine'] }, spec: { evictionStrategy: 'None' },
      status: { phase: 'Pending', phaseTransitionTimestamps: [{ phase: 'Pending', phaseTransitionTimestamp: '1970-01-01T00:00:00Z' }] },
    })
  })

  it('leaves changes and other kinds alone', () => {
    expect(review('UPDATE', 'virtualmachineinstances', given)).toBeUndefined()
    expect(review('CREATE', 'virtualmachines', given)).toBeUndefined()
  })
})
