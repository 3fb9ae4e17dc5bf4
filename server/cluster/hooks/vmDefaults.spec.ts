import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../json.ts'
import { fieldAt } from '../json.ts'
import { withDefaults } from './vmDefaults.ts'

const vm = (spec: JsonObject, metadata?: JsonObject): JsonObject => ({ spec: { template: { ...(metadata ? { metadata } : {}), spec } } })
const specOf = (object: JsonObject) => fieldAt(object, 'spec.template.spec')
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

describe('a VM after KubeVirt\'s webhook', () => {
  it('is made with an identity of its own, and keeps it when it is changed', () => {
    const made = withDefaults(vm({ domain: {} }), true)
    expect(fieldAt(made, 'spec.template.spec.domain.firmware')).toEqual({ uuid: expect.stringMatching(UUID) as string, serial: expect.stringMatching(UUID) as string })
    expect(fieldAt(made, 'spec.template.metadata')).toEqual({ annotations: { 'kubevirt.io/pci-topology-version': 'v3' } })
    expect(withDefaults(made, false)).toEqual(made)
    expect(fieldAt(withDefaults(vm({ domain: {} }), false), 'spec.template.spec.domain.firmware')).toBeUndefined()
  })

  it('keeps what is said of all that', () => {
    const said = { architecture: 'arm64', domain: { machine: { type: 'virt' }, firmware: { uuid: 'u', serial: 's' }, devices: {}, resources: {} } }
    const annotations = { 'kubevirt.io/pci-topology-version': 'v2' }
    expect(withDefaults(vm(said, { annotations }), true)).toEqual(vm(said, { annotations }))
  })

  it('is written in one form: what is empty is left out, sizes are as Kubernetes writes them', () => {
    const given = { hostname: '', networks: [], volumes: [{ name: 'seed', cloudInitNoCloud: { userData: '' } }], domain: { cpu: { cores: 1 }, memory: { guest: '1024Mi', hugepages: { pageSize: '2Mi' } }, resources: { limits: { cpu: 2, memory: '2048Mi' } } } }
    expect(specOf(withDefaults(vm(given), false))).toEqual({
      architecture: 'amd64', volumes: [{ name: 'seed', cloudInitNoCloud: {} }],
      domain: { cpu: { cores: 1 }, devices: {}, machine: { type: 'q35' }, memory: { guest: '1Gi', hugepages: { pageSize: '2Mi' } }, resources: { limits: { cpu: '2', memory: '2Gi' } } },
    })
  })

  it('is left alone where it has no template', () => {
    expect(withDefaults({ spec: {} }, true)).toEqual({ spec: {} })
  })
})
