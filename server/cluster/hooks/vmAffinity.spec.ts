import { describe, expect, it } from 'vitest'
import type { KubeObject } from '#kube/object.ts'
import { NETWORKS } from '#vms/network.ts'
import { World } from '../controllers/world.ts'
import type { JsonObject } from '../json.ts'
import { BLIND } from './rule.ts'
import { affinityOf } from './vmAffinity.ts'

const world = new World()
for (const [name, clusterNetwork] of [['one', 'mgmt'], ['other', 'mgmt'], ['fast', 'storage'], ['own', undefined]] as const)
  world.put(NETWORKS, { apiVersion: 'x', kind: 'x', metadata: { name, namespace: 'lab', uid: name, resourceVersion: '1', creationTimestamp: '', ...(clusterNetwork ? { labels: { 'network.harvesterhci.io/clusternetwork': clusterNetwork } } : {}) } } as KubeObject)

const term = (...keys: readonly string[]): JsonObject => ({ matchExpressions: keys.map(key => ({ key, operator: 'In', values: ['true'] })) })
const nodes = (...terms: JsonObject[]): JsonObject => ({ nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } })
const spec = (affinity: JsonObject | undefined, ...networks: readonly string[]): JsonObject => ({ ...(affinity ? { affinity } : {}), networks: networks.map(networkName => ({ name: 'nic', multus: { networkName } })) })
const MGMT = 'network.harvesterhci.io/mgmt'

describe('the nodes of a VM', () => {
  it.each<[string, JsonObject, JsonObject]>([
    ['on no network are any', spec(undefined), {}],
    ['on networks of two cluster networks have both', spec(undefined, 'lab/one', 'other', 'lab/fast'), nodes(term(MGMT, 'network.harvesterhci.io/storage'))],
    ['on a network of no cluster network are any', spec(undefined, 'own'), {}],
    ['that left a network need it no more', spec(nodes(term(MGMT, 'zone'), term(MGMT))), nodes(term('zone'))],
    ['are asked for the network in each term', spec(nodes(term('a'), term('b')), 'one'), nodes(term('a', MGMT), term('b', MGMT))],
    ['keep what is said of other pods', spec({ podAffinity: {} }, 'one'), { podAffinity: {}, ...nodes(term(MGMT)) }],
  ])('%s', (_, given, value) => {
    expect(affinityOf(given, 'lab', world)).toEqual({ value })
  })

  it('are not known where a network is not there', () => {
    expect(affinityOf(spec(undefined, 'elsewhere/one'), 'lab', world)).toHaveProperty('refusal.message', 'network-attachment-definitions.k8s.cni.cncf.io "one" not found')
  })

  it('stay as they are said to be where networks are not followed', () => {
    expect(affinityOf(spec(nodes(term(MGMT)), 'one'), 'lab', BLIND)).toEqual({ value: nodes(term(MGMT)) })
  })
})
