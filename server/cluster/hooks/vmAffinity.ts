import type { KubeObject } from '#kube/object.ts'
import { NETWORKS } from '#vms/network.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { fieldAt, isObject } from '../json.ts'
import type { Refusal, Sight } from './rule.ts'
import { failing } from './rule.ts'

// harvester pkg/webhook/resources/virtualmachine/mutator.go patchAffinity: a VM on a network asks for nodes that have it.

const GROUP = 'network.harvesterhci.io'
const CLUSTER_NETWORK_LABEL = `${GROUP}/clusternetwork`
const CPU_MANAGER = 'cpumanager'
const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution'
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution'

interface Term extends JsonObject { matchExpressions: JsonObject[] }

/** The affinity that a VM's spec has after Harvester's webhook; its refusal where a network is not there. Where networks are not followed what is given stays. */
export function affinityOf(spec: JsonValue | undefined, namespace: string, sight: Sight): { readonly value: JsonObject } | { readonly refusal: Refusal } {
  const given = objectAt(spec, 'affinity')
  if (!sight.has(NETWORKS))
    return { value: given }
  const wanted: JsonObject[] = []
  for (const name of networksOf(spec)) {
    const network = networkNamed(name, namespace, sight)
    if (!network)
      return { refusal: failing(`network-attachment-definitions.k8s.cni.cncf.io "${name.split('/').at(-1)}" not found`) }
    const on = network.metadata.labels?.[CLUSTER_NETWORK_LABEL]
    if (on !== undefined && !wanted.some(({ key }) => key === `${GROUP}/${on}`))
      wanted.push({ key: `${GROUP}/${on}`, operator: 'In', values: ['true'] })
  }
  const kept = termsOf(given).map(term => ({ ...term, matchExpressions: term.matchExpressions.filter(({ key }) => !String(key).startsWith(GROUP) && key !== CPU_MANAGER) })).filter(({ matchExpressions }) => matchExpressions.length > 0)
  const base = kept.length || !wanted.length ? kept : [{ matchExpressions: [] }]
  const terms = base.map(term => ({ ...term, matchExpressions: [...term.matchExpressions, ...wanted] }))
  const { nodeAffinity, ...others } = given
  const preferred = fieldAt(nodeAffinity, PREFERRED)
  const nodes: JsonObject = { ...(terms.length ? { [REQUIRED]: { nodeSelectorTerms: terms } } : {}), ...(Array.isArray(preferred) && preferred.length ? { [PREFERRED]: preferred } : {}) }
  return { value: { ...others, ...(Object.keys(nodes).length ? { nodeAffinity: nodes } : {}) } }
}

function termsOf(affinity: JsonObject): Term[] {
  const terms = fieldAt(affinity, `nodeAffinity.${REQUIRED}.nodeSelectorTerms`)
  return (Array.isArray(terms) ? terms.filter(isObject) : []).map(term => ({ ...term, matchExpressions: Array.isArray(term.matchExpressions) ? term.matchExpressions.filter(isObject) : [] }))
}

function networksOf(spec: JsonValue | undefined): string[] {
  const networks = fieldAt(spec, 'networks')
  return (Array.isArray(networks) ? networks : []).flatMap(network => {
    const name = fieldAt(network, 'multus.networkName')
    return typeof name === 'string' && name ? name : []
  })
}

function networkNamed(name: string, namespace: string, sight: Sight): KubeObject | undefined {
  return sight.get(NETWORKS, name.includes('/') ? name : `${namespace}/${name}`)
}

function objectAt(value: JsonValue | undefined, path: string): JsonObject {
  const found = fieldAt(value, path)
  return isObject(found) ? found : {}
}
