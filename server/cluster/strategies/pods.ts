import { sameJson } from '../equality.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { isObject } from '../json.ts'
import type { Strategy } from './strategy.ts'
import { forbiddenChange, listOf, required, section } from './strategy.ts'

const NOT_THESE = 'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'
const NO_EXECUTE: readonly JsonObject[] = ['not-ready', 'unreachable'].map(key => ({ key: `node.kubernetes.io/${key}`, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }))

function completeContainer(container: JsonObject): JsonObject {
  const image = String(container['image'] ?? '')
  const latest = !image.includes('@') && (!/:[^/]+$/.test(image) || image.endsWith(':latest'))
  const resources = section(container, 'resources')
  const [limits, requests] = [section(resources, 'limits'), section(resources, 'requests')]
  // A limit without a request is a request too (kubernetes pkg/apis/core/v1/defaults.go SetDefaults_Pod).
  const asked = Object.keys(limits).length ? { ...resources, requests: { ...limits, ...requests } } : resources
  return { imagePullPolicy: latest ? 'Always' : 'IfNotPresent', ...container, resources: asked }
}

/** Guaranteed when every container asks for exactly what it may use, BestEffort when none asks for anything (kubernetes pkg/apis/core/helper/qos). */
function qosClassOf(containers: readonly JsonObject[]): string {
  const all = containers.map(container => section(container, 'resources'))
  const asksFor = (resources: JsonObject, part: string, name: string) => section(resources, part)[name]
  const counted = ['cpu', 'memory']
  if (!all.some(resources => counted.some(name => asksFor(resources, 'limits', name) !== undefined || asksFor(resources, 'requests', name) !== undefined))) return 'BestEffort'
  const exact = all.every(resources => counted.every(name => asksFor(resources, 'limits', name) !== undefined && String(asksFor(resources, 'limits', name)) === String(asksFor(resources, 'requests', name))))
  return exact ? 'Guaranteed' : 'Burstable'
}

function withoutImages(containers: JsonValue | undefined): JsonValue {
  return Array.isArray(containers) ? containers.map(container => (isObject(container) ? { ...container, image: '' } : container)) : []
}

/** What of a pod's spec is fixed once it exists. */
function fixedSpec(object: JsonObject): JsonObject {
  const { activeDeadlineSeconds, tolerations, containers, initContainers, ...rest } = section(object, 'spec')
  void activeDeadlineSeconds
  void tolerations
  return { ...rest, containers: withoutImages(containers), initContainers: withoutImages(initContainers) }
}

export const PODS: Strategy = {
  prepareCreate: object => {
    const sent = section(object, 'spec')
    const tolerations = listOf(sent, 'tolerations')
    const known = new Set(tolerations.map(toleration => toleration['key']))
    const containers = listOf(sent, 'containers').map(completeContainer)
    return {
      ...object,
      spec: { priority: 0, preemptionPolicy: 'PreemptLowerPriority', ...sent, containers, tolerations: [...tolerations, ...NO_EXECUTE.filter(({ key }) => !known.has(key))] },
      status: { phase: 'Pending', qosClass: qosClassOf(containers) },
    }
  },
  check: object => (listOf(section(object, 'spec'), 'containers').length ? [] : [required('spec.containers')]),
  checkUpdate: (object, previous) => (sameJson(fixedSpec(object), fixedSpec(previous)) ? [] : [forbiddenChange('spec', NOT_THESE)]),
}
