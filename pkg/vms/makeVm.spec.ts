import type { KubeClient } from '#kube/client.ts'
import type { KubeObject } from '#kube/object.ts'
import { describe, expect, it } from 'vitest'
import { ApiError, isRefusal } from '#kube/apiError.ts'
import { createOf } from '#kube/write.ts'
import { SECRETS } from '#kube/core.ts'
import { makeVm } from './makeVm.ts'
import { CLAIM_TEMPLATES_ANNOTATION, VMS } from './vm.ts'

const at = { namespace: 'lab', name: 'web' }
const template = (disk: string) => ({ [CLAIM_TEMPLATES_ANNOTATION]: `[{"metadata":{"name":"${disk}"}}]` })
const secret = createOf(SECRETS, { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'lab', name: 'web-abcde' } })
const vm = createOf(VMS, { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', metadata: { ...at, annotations: template('disk-1') }, spec: { template: { spec: {} } } })
const stored = (disk: string): KubeObject => ({ apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', metadata: { ...at, uid: 'u', resourceVersion: '1', creationTimestamp: 'x', annotations: template(disk) } })
const failing = (status: number) => new ApiError({ status, reason: 'X', message: `failed with ${status}` })

/** A cluster that fails as it is told to, and keeps what was asked of it. */
function cluster({ secretFails, vmFails, has }: { secretFails?: number, vmFails?: number, has?: KubeObject | number }) {
  const asked: string[] = []
  const ask = <T>(what: string, status: number | undefined, answer: unknown): Promise<T> => {
    asked.push(what)
    return status === undefined ? Promise.resolve(answer as T) : Promise.reject(failing(status))
  }
  const client: Pick<KubeClient, 'create' | 'patch' | 'call' | 'get' | 'remove'> = {
    create: (resource, manifest) => ask(`create ${resource.plural}`, resource.plural === 'secrets' ? secretFails : vmFails, { object: manifest, warnings: ['of it'] }),
    get: resource => ask(`get ${resource.plural}`, typeof has === 'number' ? has : undefined, has),
    remove: (resource, { name }) => ask(`remove ${resource.plural} ${name}`, undefined, { warnings: [] }),
    patch: () => ask('patch', 500, undefined),
    call: () => ask('call', 500, undefined),
  }
  return { client, asked }
}

describe('the VM', () => {
  const REMOVED = 'remove secrets web-abcde'
  it.each<[string, Parameters<typeof cluster>[0], string, string[]]>([
    ['is made', {}, 'made', []],
    ['is refused, and its Secret goes', { vmFails: 422 }, 'refused', [REMOVED]],
    ['is refused because of another of that name', { vmFails: 409 }, 'refused', [REMOVED]],
    ['is made although the answer was lost', { vmFails: 0, has: stored('disk-1') }, 'made', ['get virtualmachines']],
    ['is made although a gateway gave up', { vmFails: 504, has: stored('disk-1') }, 'made', ['get virtualmachines']],
    ['may still come when the answer was lost: the Secret is kept', { vmFails: 0, has: 404 }, 'unsure', ['get virtualmachines']],
    ['may be there when nobody answers at all: the Secret is kept', { vmFails: 0, has: 0 }, 'unsure', ['get virtualmachines']],
    ['may still come after a time-out: the Secret is kept', { vmFails: 408, has: 404 }, 'unsure', ['get virtualmachines']],
    ['is not the one of that name that somebody else made', { vmFails: 500, has: stored('disk-2') }, 'unsure', ['get virtualmachines']],
  ])('%s', async (_, world, outcome, after) => {
    const { client, asked } = cluster(world)
    expect((await makeVm(client, [secret, vm])).outcome).toBe(outcome)
    expect(asked).toEqual(['create secrets', 'create virtualmachines', ...after])
  })

  it('is not asked for without its Secret; one that was refused may be another\'s and stays', async () => {
    const { client, asked } = cluster({ secretFails: 409 })
    expect(await makeVm(client, [secret, vm])).toMatchObject({ outcome: 'refused', error: { status: 409 } })
    expect(asked).toEqual(['create secrets'])
  })

  it('leaves no Secret whose own answer was lost', async () => {
    const { client, asked } = cluster({ secretFails: 0 })
    expect(await makeVm(client, [secret, vm])).toMatchObject({ outcome: 'refused', error: { status: 0 } })
    expect(asked).toEqual(['create secrets', REMOVED])
  })

  it('comes with the warnings of all writes', async () => {
    expect(await makeVm(cluster({}).client, [secret, vm])).toMatchObject({ warnings: ['of it', 'of it'], vm: { metadata: at } })
    expect(await makeVm(cluster({}).client, [vm])).toMatchObject({ warnings: ['of it'] })
  })
})

it.each([[0, false], [400, true], [403, true], [404, true], [408, false], [409, true], [422, true], [429, false], [500, false], [503, false]])('an answer of %s is a refusal for certain: %s', (status, certain) => {
  expect(isRefusal({ status })).toBe(certain)
})
