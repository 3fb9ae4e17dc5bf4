import { expect, it } from 'vitest'
import { fieldManagers, fieldWrittenBy } from './fieldManagers.ts'
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

it('tells by when the field was as it is: by the last change of whoever of its owners has changed anything last', () => {
  const strategy = { 'f:spec': { 'f:runStrategy': {} } }
  const at = (manager: string, fieldsV1: object, time: string) => ({ ...entry(manager, fieldsV1), time })
  const vm = object(at('virt-api', strategy, '2026-03-01T12:00:01Z'), at('argocd', strategy, '2026-03-01T12:00:03Z'), at('virt-controller', { 'f:status': {} }, '2026-03-01T12:00:09Z'))
  expect(fieldWrittenBy(vm, 'spec', 'runStrategy')).toBe(Date.parse('2026-03-01T12:00:03Z'))
  expect(fieldWrittenBy(vm, 'spec', 'running')).toBeUndefined()
  expect(fieldWrittenBy(object(entry('virt-api', strategy)), 'spec', 'runStrategy')).toBeUndefined()
})
