import { expect, it } from 'vitest'
import { fieldManagers } from './fieldManagers.ts'
import type { ManagedFields } from './object.ts'

const object = (...managedFields: ManagedFields[]) => ({ apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', metadata: { name: 'web-01', uid: 'u', resourceVersion: '1', creationTimestamp: '', ...(managedFields.length && { managedFields }) } })
const entry = (manager: string, fieldsV1: object) => ({ manager, operation: 'Update', fieldsV1 })

it('names whoever owns the field, all of them where they agree, and nobody where it is not said', () => {
  const strategy = { 'f:spec': { 'f:runStrategy': {} } }
  const vm = object(entry('kubectl-create', { 'f:spec': { '.': {}, 'f:template': { 'f:runStrategy': {} } } }), entry('virt-api', strategy), entry('virt-controller', { 'f:status': { 'f:runStrategy': {} } }), entry('argocd', strategy))
  expect(fieldManagers(vm, 'spec', 'runStrategy')).toEqual(['virt-api', 'argocd'])
  expect(fieldManagers(vm, 'spec', 'running')).toEqual([])
  expect(fieldManagers(object(), 'spec', 'runStrategy')).toEqual([])
})
