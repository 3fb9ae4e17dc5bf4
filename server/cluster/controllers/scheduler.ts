import type { Node, Pod } from '#kube/core.ts'
import { NODES, PODS } from '#kube/core.ts'
import { findCondition, objectKey } from '#kube/object.ts'
import { isTrue, withCondition } from './conditions.ts'
import { hasEnded } from './claimIndexes.ts'
import { parseQuantity } from '#kube/quantity.ts'
import type { Controller } from './step.ts'
import { NOTHING, on, setStatus, wait, write, writeOr } from './step.ts'
import { TAKES } from './takes.ts'
import type { Index, World } from './world.ts'

interface Expression { readonly key: string, readonly operator: string, readonly values?: readonly string[] }
interface PodSpec {
  readonly nodeName?: string
  readonly nodeSelector?: Readonly<Record<string, string>>
  readonly affinity?: {
    readonly nodeAffinity?: { readonly requiredDuringSchedulingIgnoredDuringExecution?: { readonly nodeSelectorTerms?: readonly { readonly matchExpressions?: readonly Expression[] }[] } }
    readonly podAntiAffinity?: { readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly { readonly labelSelector?: { readonly matchLabels?: Readonly<Record<string, string>> } }[] }
  }
  readonly containers?: readonly { readonly resources?: { readonly requests?: Readonly<Record<string, string>> } }[]
}

const PODS_BY_NODE: Index<Pod> = { kind: PODS, keys: pod => [pod.spec?.nodeName] }
const UNPLACED: Index<Pod> = { kind: PODS, keys: pod => [pod.spec?.nodeName ? undefined : 'unplaced'] }

/** kube-scheduler, as far as one looks: memory, node selector, cordons and taints; the node with most memory left. */
export const scheduler: Controller<Pod> = {
  name: 'scheduler',
  actor: 'scheduler',
  kind: PODS,
  wakes: [on(NODES, (_node, world) => world.find(UNPLACED, 'unplaced').map(objectKey))],
  step(pod, world, time) {
    if (pod.spec?.nodeName || pod.metadata.deletionTimestamp || hasEnded(pod))
      return NOTHING
    const left = time.left(TAKES.schedulePod)
    if (left > 0)
      return wait(left)
    const nodes = world.all(NODES)
    const need = requestOf(pod)
    const refusals = nodes.map(node => refusalOf(pod, node, need, world))
    const [best] = nodes.filter((_node, index) => refusals[index] === undefined).sort((a, b) => free(b, world) - free(a, world) || (a.metadata.name < b.metadata.name ? -1 : 1))
    if (best) {
      const { name, namespace, uid } = pod.metadata
      const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace, uid }, target: { apiVersion: 'v1', kind: 'Node', name: best.metadata.name } }
      return write({ do: 'create', kind: PODS, subresource: 'binding', object: binding })
    }
    const message = `0/${nodes.length} nodes are available: ${counted(refusals)}. preemption: 0/${nodes.length} nodes are available: ${nodes.length} Preemption is not helpful for scheduling.`
    const finding = { type: 'PodScheduled', status: 'False' as const, reason: 'Unschedulable', message }
    const told = findCondition(pod.status?.conditions, 'PodScheduled')?.message === message
    return told ? wait(time.takes(30_000)) : writeOr(setStatus(PODS, pod, { ...pod.status, phase: 'Pending', conditions: withCondition(pod.status?.conditions, finding, time.now) }), NOTHING)
  },
}

function requestOf(pod: Pod): number {
  const { containers = [] } = pod.spec as PodSpec
  return containers.reduce((total, container) => total + (parseQuantity(container.resources?.requests?.memory) || 0), 0)
}

function free(node: Node, world: World): number {
  const allocatable = parseQuantity((node.status as { allocatable?: Record<string, string> } | undefined)?.allocatable?.memory) || 0
  return allocatable - world.find(PODS_BY_NODE, node.metadata.name).filter(pod => !hasEnded(pod)).reduce((total, pod) => total + requestOf(pod), 0)
}

/** In the scheduler's words why the pod cannot go there, undefined where it can. */
function refusalOf(pod: Pod, node: Node, need: number, world: World): string | undefined {
  const taint = node.spec?.taints?.find(one => one.effect !== 'PreferNoSchedule')
  if (taint)
    return `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`
  if (node.spec?.unschedulable)
    return 'node(s) were unschedulable'
  if (!isTrue(node.status?.conditions, 'Ready'))
    return 'node(s) were not ready'
  const { nodeSelector = {} } = pod.spec as PodSpec
  if (Object.entries(nodeSelector).some(([label, value]) => node.metadata.labels?.[label] !== value) || !isLiked(pod, node))
    return 'node(s) didn\'t match Pod\'s node affinity/selector'
  if (free(node, world) < need)
    return 'Insufficient memory'
  return isShunned(pod, node, world) ? 'node(s) didn\'t match pod anti-affinity rules' : undefined
}

/** Whether one of the terms holds; none asked for is none missed. */
function isLiked(pod: Pod, node: Node): boolean {
  const terms = (pod.spec as PodSpec).affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []
  return terms.length === 0 || terms.some(({ matchExpressions = [] }) => matchExpressions.every(one => matches(node.metadata.labels?.[one.key], one)))
}

function matches(value: string | undefined, { operator, values = [] }: Expression): boolean {
  switch (operator) {
    case 'In': return value !== undefined && values.includes(value)
    case 'NotIn': return value === undefined || !values.includes(value)
    case 'Exists': return value !== undefined
    default: return value === undefined
  }
}

/** Whether a pod is there that this one keeps away from. The topology is the host: KubeVirt asks for no other. */
function isShunned(pod: Pod, node: Node, world: World): boolean {
  const rules = (pod.spec as PodSpec).affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
  const there = rules.length > 0 ? world.find(PODS_BY_NODE, node.metadata.name).filter(other => !hasEnded(other) && other.metadata.namespace === pod.metadata.namespace) : []
  return rules.some(({ labelSelector }) => there.some(other => Object.entries(labelSelector?.matchLabels ?? {}).every(([label, value]) => other.metadata.labels?.[label] === value)))
}

function counted(refusals: readonly (string | undefined)[]): string {
  const counts = new Map<string, number>()
  for (const refusal of refusals) counts.set(refusal ?? '', (counts.get(refusal ?? '') ?? 0) + 1)
  return [...counts].map(([text, count]) => `${count} ${text}`).sort().join(', ')
}
