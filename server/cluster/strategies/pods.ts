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
  return { resources: {}, imagePullPolicy: latest ? 'Always' : 'IfNotPresent', ...container }
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
      status: { phase: 'Pending', qosClass: 'BestEffort' },
    }
  },
  check: object => (listOf(section(object, 'spec'), 'containers').length ? [] : [required('spec.containers')]),
  checkUpdate: (object, previous) => (sameJson(fixedSpec(object), fixedSpec(previous)) ? [] : [forbiddenChange('spec', NOT_THESE)]),
}
