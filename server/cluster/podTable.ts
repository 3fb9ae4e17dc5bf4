import { ageOf } from './humanDuration.ts'
import type { JsonObject, JsonValue } from './json.ts'
import { fieldAt, isObject } from './json.ts'

// How a pod is summed up in a line (kubernetes/kubernetes pkg/printers/internalversion/printers.go printPod).

/** Ready, status, restarts, age, address, node, nominated node and readiness gates. */
export function podCells(pod: JsonObject, now: number): JsonValue[] {
  const { containers, ready, status, restarts } = sumUp(pod, now)
  const gates = objectsAt(pod, 'spec.readinessGates')
  const open = gates.filter(({ conditionType }) => condition(pod, String(conditionType))?.status === 'True').length
  return [
    `${ready}/${containers}`, status, restarts, ageOf(fieldAt(pod, 'metadata.creationTimestamp'), now),
    textAt(objectsAt(pod, 'status.podIPs')[0] ?? {}, 'ip') || textAt(pod, 'status.podIP') || '<none>',
    textAt(pod, 'spec.nodeName') || '<none>', textAt(pod, 'status.nominatedNodeName') || '<none>', gates.length > 0 ? `${open}/${gates.length}` : '<none>',
  ]
}

/** Marks the row of a pod that has ended. */
export function podConditions(pod: JsonObject): { readonly conditions?: JsonValue } {
  const phase = textAt(pod, 'status.phase')
  if (phase === 'Succeeded') return { conditions: [{ type: 'Completed', status: 'True', reason: 'Succeeded', message: 'The pod has completed successfully.' }] }
  return phase === 'Failed' ? { conditions: [{ type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' }] } : {}
}

interface Summary { readonly containers: number, readonly ready: number, readonly status: string, readonly restarts: string }

function sumUp(pod: JsonObject, now: number): Summary {
  const inits = objectsAt(pod, 'spec.initContainers')
  const sidecars = new Set(inits.filter(({ restartPolicy }) => restartPolicy === 'Always').map(({ name }) => name))
  const statuses = objectsAt(pod, 'status.containerStatuses')
  const initStatuses = objectsAt(pod, 'status.initContainerStatuses')
  const waitingAt = initStatuses.findIndex(status => !isInitDone(status, sidecars.has(status.name)))
  const blocked = waitingAt >= 0 && condition(pod, 'Initialized')?.status !== 'True'
  const sidecarStatuses = initStatuses.filter(({ name }) => sidecars.has(name))

  const counted = blocked ? initStatuses : [...sidecarStatuses, ...statuses]
  const running = blocked ? [] : statuses.filter(status => status.ready === true && isObject(fieldAt(status, 'state.running')))
  const readySidecars = sidecarStatuses.filter(({ started, ready }) => started === true && ready === true).length
  return {
    containers: objectsAt(pod, 'spec.containers').length + sidecars.size,
    ready: running.length + readySidecars,
    status: statusOf(pod, blocked ? initReason(initStatuses[waitingAt] ?? {}, waitingAt, inits.length) : undefined, statuses, running.length > 0),
    restarts: restartText(counted, now),
  }
}

function isInitDone(status: JsonObject, sidecar: boolean): boolean {
  return fieldAt(status, 'state.terminated.exitCode') === 0 || (sidecar && status.started === true)
}

function initReason(status: JsonObject, index: number, total: number): string {
  const terminated = fieldAt(status, 'state.terminated')
  if (isObject(terminated)) return `Init:${endReason(terminated)}`
  const waiting = textAt(status, 'state.waiting.reason')
  return waiting && waiting !== 'PodInitializing' ? `Init:${waiting}` : `Init:${index}/${total}`
}

function endReason(terminated: JsonObject): string {
  if (terminated.reason) return String(terminated.reason)
  return terminated.signal ? `Signal:${String(terminated.signal)}` : `ExitCode:${String(terminated.exitCode ?? 0)}`
}

function statusOf(pod: JsonObject, blocked: string | undefined, statuses: readonly JsonObject[], hasRunning: boolean): string {
  const phase = textAt(pod, 'status.phase')
  const reason = textAt(pod, 'status.reason')
  if (fieldAt(pod, 'metadata.deletionTimestamp')) {
    if (reason === 'NodeLost') return 'Unknown'
    if (phase !== 'Succeeded' && phase !== 'Failed') return 'Terminating'
  }
  const gated = condition(pod, 'PodScheduled')?.reason === 'SchedulingGated' ? 'SchedulingGated' : undefined
  const shown = blocked ?? statuses.map(containerReason).find(Boolean) ?? gated ?? (reason || phase)
  if (shown !== 'Completed' || !hasRunning) return shown
  return condition(pod, 'Ready')?.status === 'True' ? 'Running' : 'NotReady'
}

function containerReason(status: JsonObject): string | undefined {
  const waiting = textAt(status, 'state.waiting.reason')
  if (waiting) return waiting
  const terminated = fieldAt(status, 'state.terminated')
  return isObject(terminated) ? endReason(terminated) : undefined
}

function restartText(statuses: readonly JsonObject[], now: number): string {
  const restarts = statuses.reduce((sum, { restartCount }) => sum + Number(restartCount ?? 0), 0)
  const last = statuses.map(status => textAt(status, 'lastState.terminated.finishedAt')).sort().at(-1)
  return restarts > 0 && last ? `${restarts} (${ageOf(last, now)} ago)` : String(restarts)
}

function condition(pod: JsonObject, type: string): JsonObject | undefined {
  return objectsAt(pod, 'status.conditions').find(candidate => candidate.type === type)
}

function objectsAt(object: JsonObject, path: string): JsonObject[] {
  const value = fieldAt(object, path)
  return Array.isArray(value) ? value.filter(isObject) : []
}

function textAt(object: JsonObject, path: string): string {
  const value = fieldAt(object, path)
  return typeof value === 'string' ? value : ''
}
