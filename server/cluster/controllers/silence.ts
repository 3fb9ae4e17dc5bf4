import type { Node } from '#kube/core.ts'

// Who on a node is not heard of any more.

/** On a Kubernetes node: nothing that runs there is heard of any more, since that moment (RFC 3339), or since it was seen where the value is none. */
export const DOWN_ANNOTATION = 'guardrails.test/down'
/** The same of virt-handler alone: the kubelet and the guests are there. */
export const HANDLER_DOWN_ANNOTATION = 'guardrails.test/handler-down'

/** Whether the node's kubelet is silent, and all else there with it. */
export function isDown(node: Node | undefined): boolean {
  return Boolean(node?.metadata.annotations?.[DOWN_ANNOTATION])
}

/** Whether nobody there looks after the guests. */
export function isHandlerDown(node: Node | undefined): boolean {
  return isDown(node) || Boolean(node?.metadata.annotations?.[HANDLER_DOWN_ANNOTATION])
}

/** Since when nobody has heard of a node's virt-handler, in epoch milliseconds; undefined where it is not, or nobody has said. */
export function silentSince(node: Node): number | undefined {
  const { annotations = {} } = node.metadata
  const since = Date.parse(annotations[DOWN_ANNOTATION] ?? annotations[HANDLER_DOWN_ANNOTATION] ?? '')
  return Number.isNaN(since) ? undefined : since
}
