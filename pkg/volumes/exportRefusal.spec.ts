import { describe, expect, it } from 'vitest'
import { isRefusedInUse, judgeWriteFailure } from './exportRefusal.ts'

const resource = { group: '', version: 'v1', plural: 'x', kind: 'X', namespaced: true } as const
const at = { namespace: 'production', name: 'web-01' }
const patch = { act: 'patch', resource, at, patch: { type: 'json', body: [] } } as const
const create = { act: 'create', resource, manifest: { apiVersion: 'v1', kind: 'X', metadata: {} } } as const
const call = { act: 'call', resource, at, subresource: 'start' } as const
const IN_USE = 'admission webhook "validator.harvesterhci.io" denied the request: Internal error occurred: PVC production/web-01-root is used by Pods [virt-launcher-web-01-x], cannot export volume when it\'s running'

describe('a write that fails', () => {
  it.each([
    ['a test that failed', 422, 'Invalid', 'the server rejected our request due to an error in our request', patch, 'faster'],
    ['annotations that are too long', 422, 'Invalid', 'PersistentVolumeClaim "web-01-root" is invalid: metadata.annotations: Too long: may not be more than 262144 bytes', patch, 'refused'],
    ['a field that the cluster does not take', 422, 'Invalid', 'VirtualMachine.kubevirt.io "web-01" is invalid: spec.runStrategy: Unsupported value', patch, 'refused'],
    ['an object that has changed', 409, 'Conflict', 'the object has been modified', patch, 'faster'],
    ['a VM that is gone', 404, 'NotFound', 'not found', patch, 'faster'],
    ['a refusal by admission', 422, 'Invalid', 'admission webhook "x" denied the request: backup in progress', patch, 'refused'],
    ['a refusal by admission that is called a fault', 500, 'InternalError', 'admission webhook "x" denied the request: Internal error occurred: no', patch, 'refused'],
    ['a permission that is missing', 403, 'Forbidden', 'forbidden', patch, 'refused'],
    ['a cut line', 0, 'LineCut', 'the line was cut', patch, 'later'],
    ['an API server that is starting', 503, 'ServiceUnavailable', 'apiserver not ready', patch, 'later'],
    ['a webhook that does not answer', 500, 'InternalError', 'failed calling webhook "x": dial tcp: connection refused', patch, 'later'],
    ['too many requests', 429, 'TooManyRequests', 'slow down', create, 'later'],
    ['an image that is there already', 409, 'AlreadyExists', 'already exists', create, 'faster'],
    ['a display name that is taken', 409, 'Conflict', 'A resource with the same name exists', create, 'refused'],
    ['an image that Harvester refuses', 422, 'Invalid', 'failed to get pvc', create, 'refused'],
    ['a VM that runs already', 409, 'Conflict', 'Operation cannot be fulfilled on virtualmachine.kubevirt.io "web-01": VM is already running', call, 'faster'],
    ['a VM to start that is gone', 404, 'NotFound', 'virtualmachine.kubevirt.io "web-01" not found', call, 'faster'],
    ['a cluster without the subresource', 404, 'NotFound', 'the server could not find the requested resource', call, 'refused'],
  ] as const)('by %s', (_, status, reason, message, write, meaning) => {
    expect(judgeWriteFailure({ status, reason, message }, write)).toBe(meaning)
  })

  it('by a pod that only Harvester still sees: it may pass, until it was said often enough to be believed', () => {
    const error = { status: 500, reason: 'InternalError', message: IN_USE }
    expect([0, 5, 11, 12, 50].map(tries => judgeWriteFailure(error, create, tries))).toEqual(['later', 'later', 'later', 'refused', 'refused'])
  })

  it.each([['in-use', true], ['will-start', true], ['detaching', true], ['unknown', false]] as const)('by our own guard, which finds the disk %s: it may pass, and whether it was to be expected while the VM runs is told: %s', (word, expected) => {
    const message = `admission webhook "exports.guardrails.harvesterhci.io" denied the request: volume production/web-01-root is not at rest. [guardrails export production/web-01-root: ${word}]`
    expect(judgeWriteFailure({ status: 422, reason: 'Invalid', message }, create)).toBe('later')
    expect(judgeWriteFailure({ status: 422, reason: 'Invalid', message }, create, 12)).toBe('refused')
    expect(isRefusedInUse({ message })).toBe(expected)
  })
})
