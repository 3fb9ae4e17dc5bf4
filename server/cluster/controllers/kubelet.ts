import { LONGHORN_NAMESPACE } from '#health/longhorn.ts'
import type { Node, Pod } from '#kube/core.ts'
import { CLAIMS, NODES, PODS, VOLUME_ATTACHMENTS } from '#kube/core.ts'
import type { Condition } from '#kube/object.ts'
import { findCondition, objectKey } from '#kube/object.ts'
import type { VirtualMachineInstance } from '#vms/vm.ts'
import { VMIS } from '#vms/vm.ts'
import { isAttached } from './attachments.ts'
import { PODS_BY_CLAIM, CLAIMS_BY_VOLUME, hasEnded } from './claimIndexes.ts'
import type { Finding } from './conditions.ts'
import { isTrue, stamp, withCondition } from './conditions.ts'
import { ACT_ANNOTATION, isLauncher } from './launcher.ts'
import { isLeft } from './migration.ts'
import { isDown, isHandlerDown } from './silence.ts'
import type { Controller, Next, Time, Write } from './step.ts'
import { NOTHING, change, on, remove, setStatus, wait, write, writeOr } from './step.ts'
import { TAKES } from './takes.ts'
import type { World } from './world.ts'

/** A registry that nobody has: images from there are never pulled. */
export const UNPULLABLE = 'registry.invalid'

const NOT_READY_TAINTS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']

/** A node says that it is ready, or is said to be unknown; what it offers is filled in where nobody did. */
export const nodes: Controller<Node> = {
  name: 'kubelet-node',
  actor: 'kubelet',
  kind: NODES,
  step(node, _world, time) {
    const down = isDown(node)
    const conditions = withCondition(node.status?.conditions, down
      ? { type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.' }
      : { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }, time.now)
    const offer = { cpu: '32', memory: '131072Mi', pods: '200' }
    const status = setStatus(NODES, node, {
      capacity: offer, allocatable: offer,
      addresses: [{ type: 'Hostname', address: node.metadata.name }],
      ...node.status, conditions,
    })
    if (status.length > 0)
      return write(status)
    const others = (node.spec?.taints ?? []).filter(taint => !NOT_READY_TAINTS.includes(taint.key))
    const wanted = down ? ['NoSchedule', 'NoExecute'].map(effect => ({ key: 'node.kubernetes.io/unreachable', effect })) : []
    const has = (node.spec?.taints ?? []).filter(taint => NOT_READY_TAINTS.includes(taint.key)).map(taint => `${taint.key}:${taint.effect}`).sort().join()
    if (has === wanted.map(taint => `${taint.key}:${taint.effect}`).sort().join())
      return NOTHING
    return write(change(NODES, node, { spec: { taints: [...others, ...wanted] } }))
  },
}

/** A pod on a node: starts when its volumes are there, ends when what runs in it ends, and is removed when it was deleted. */
export const pods: Controller<Pod> = {
  name: 'kubelet-pod',
  actor: 'kubelet',
  kind: PODS,
  wakes: [
    on(VMIS, (vmi, world) => world.owned(PODS, vmi.metadata.uid).map(objectKey)),
    on(VOLUME_ATTACHMENTS, (attachment, world) => world.find(CLAIMS_BY_VOLUME, attachment.spec.source.persistentVolumeName).flatMap(claim => world.find(PODS_BY_CLAIM, objectKey(claim)).map(objectKey))),
    on(CLAIMS, (claim, world) => world.find(PODS_BY_CLAIM, objectKey(claim)).map(objectKey)),
    on(NODES, (node, world) => world.all(PODS).filter(pod => pod.spec?.nodeName === node.metadata.name).map(objectKey)),
  ],
  stage: (pod, world) => `${pod.status?.phase} ${Boolean(pod.metadata.deletionTimestamp)} ${isAttached(pod, world)} ${endOf(pod, world)}`,
  step(pod, world, time) {
    const nodeName = pod.spec?.nodeName
    const node = world.get(NODES, nodeName)
    if (!nodeName || !node || isLonghorns(pod))
      return NOTHING
    if (isDown(node))
      return write(unheardOf(pod, time))
    if (hasEnded(pod))
      return pod.metadata.deletionTimestamp ? after(time, TAKES.forgetPod, () => write(remove(PODS, pod, 0))) : NOTHING
    const end = endOf(pod, world)
    if (end)
      return after(time, TAKES.endContainers, () => write(finished(pod, end, time)))
    if (pod.metadata.deletionTimestamp && !isLauncher(pod))
      return after(time, TAKES.endContainers, () => write(finished(pod, 'Succeeded', time)))
    const grace = pod.metadata.deletionGracePeriodSeconds
    const patience = pod.metadata.deletionTimestamp && grace !== undefined ? time.left(grace * 1000) : undefined
    if (patience === 0)
      return write(finished(pod, 'Failed', time)) // its grace is over: killed, and the guest with it
    if (pod.status?.phase === 'Running' || pod.metadata.deletionTimestamp)
      return writeOr(running(pod, node, world, time), patience ? wait(patience) : NOTHING)
    if (!isAttached(pod, world))
      return writeOr(setStatus(PODS, pod, { ...pod.status, phase: 'Pending', hostIP: addressOfNode(node), conditions: creating(pod, time), containerStatuses: containersOf(pod, false, { waiting: { reason: 'ContainerCreating' } }) }), NOTHING)
    return after(time, TAKES.startContainers, () => write(isPullable(pod) ? running(pod, node, world, time) : pulling(pod, time)))
  },
}

function after(time: Time, ms: number, next: () => Next): Next {
  return time.left(ms) > 0 ? wait(time.left(ms)) : next()
}

/** What is said of a pod on a node that is not heard of: all that it was, and that it is not ready (kubernetes pkg/controller/util/node MarkPodsNotReady). */
function unheardOf(pod: Pod, time: Time): Write[] {
  const ready = findCondition(pod.status?.conditions, 'Ready')
  return ready?.status === 'True' ? setStatus(PODS, pod, { ...pod.status, conditions: withCondition(pod.status?.conditions, { ...ready, status: 'False' }, time.now) }) : []
}

/** Where Longhorn's own controllers are, the pods that they make run as programs of their own, and who runs them tells how they are. */
function isLonghorns(pod: Pod): boolean {
  return pod.metadata.namespace === LONGHORN_NAMESPACE
}

function instanceOf(pod: Pod, world: World): VirtualMachineInstance | undefined {
  const owner = pod.metadata.ownerReferences?.find(reference => reference.kind === 'VirtualMachineInstance')
  const vmi = owner && world.get(VMIS, `${pod.metadata.namespace}/${owner.name}`)
  return vmi?.metadata.uid === owner?.uid ? vmi : undefined
}

/** How the launcher ended: with its guest, or when that left it by migration; or cut short where it was deleted before a guest ran in it. Undefined while it runs on. */
function endOf(pod: Pod, world: World): 'Succeeded' | 'Failed' | undefined {
  if (!isLauncher(pod))
    return undefined
  const vmi = instanceOf(pod, world)
  const phase = vmi?.status?.phase
  if (!vmi)
    return 'Failed'
  const began = pod.status?.phase === 'Running'
  const act = vmi.metadata.annotations?.[ACT_ANNOTATION]
  // Where virt-handler tells nothing of its guest, the pod is seen to end all the same.
  if (began && phase === 'Running' && (act === 'crash' || act === 'shutdown') && isHandlerDown(world.get(NODES, pod.spec?.nodeName)))
    return act === 'crash' ? 'Failed' : 'Succeeded'
  if (phase === 'Succeeded' || phase === 'Failed')
    return began ? phase : 'Failed'
  if (isLeft(pod, vmi))
    return 'Succeeded'
  const holds = (phase === 'Running' || phase === 'Scheduled') && pod.spec?.nodeName === vmi.status?.nodeName
  if (pod.metadata.deletionTimestamp && !holds)
    return began ? 'Succeeded' : 'Failed'
  return undefined
}

function containersOf(pod: Pod, ready: boolean, state: object): object[] {
  const { containers = [] } = pod.spec as { containers?: readonly { name: string, image?: string }[] }
  return containers.map(({ name, image = '' }) => ({ name, image, imageID: '', ready, started: ready, restartCount: 0, state }))
}

interface Containers { readonly containers?: readonly { readonly image?: string }[] }

function isPullable(pod: Pod): boolean {
  return !(pod.spec as Containers).containers?.some(container => container.image?.startsWith(`${UNPULLABLE}/`))
}

function pulling(pod: Pod, time: Time): Write[] {
  const [image = ''] = ((pod.spec as Containers).containers ?? []).map(container => container.image)
  return setStatus(PODS, pod, { ...pod.status, phase: 'Pending', conditions: creating(pod, time), containerStatuses: containersOf(pod, false, { waiting: { reason: 'ImagePullBackOff', message: `Back-off pulling image "${image}"` } }) })
}

function withFindings(pod: Pod, findings: readonly Finding[], time: Time): readonly Condition[] {
  return findings.reduce<readonly Condition[]>((conditions, finding) => withCondition(conditions, finding, time.now), pod.status?.conditions ?? [])
}

const PLACED: readonly Finding[] = [{ type: 'PodScheduled', status: 'True' }, { type: 'Initialized', status: 'True' }]

function creating(pod: Pod, time: Time): readonly Condition[] {
  const reason = { reason: 'ContainersNotReady', message: 'containers with unready status: [compute]' }
  return withFindings(pod, [...PLACED, { type: 'ContainersReady', status: 'False', ...reason }, { type: 'Ready', status: 'False', ...reason }], time)
}

const UNPAUSED = 'kubevirt.io/virtual-machine-unpaused'

function running(pod: Pod, node: Node, world: World, time: Time): Write[] {
  const gated = isLauncher(pod)
  const paused = gated && isTrue(instanceOf(pod, world)?.status?.conditions, 'Paused')
  const gate: Finding[] = gated ? [paused ? { type: UNPAUSED, status: 'False', reason: 'Paused', message: 'the virtual machine is paused' } : { type: UNPAUSED, status: 'True', reason: 'NotPaused', message: 'the virtual machine is not paused' }] : []
  const ready: Finding = paused ? { type: 'Ready', status: 'False', reason: 'ReadinessGatesNotReady', message: `corresponding condition of pod readiness gate "${UNPAUSED}" is not "True"` } : { type: 'Ready', status: 'True' }
  const status = pod.status as { podIP?: string, startTime?: string } | undefined
  const [hostIP, podIP] = [addressOfNode(node), status?.podIP ?? podAddress(pod)]
  return setStatus(PODS, pod, {
    ...pod.status, phase: 'Running', conditions: withFindings(pod, [...PLACED, { type: 'ContainersReady', status: 'True' }, ...gate, ready], time),
    hostIP, hostIPs: [{ ip: hostIP }], podIP, podIPs: [{ ip: podIP }], startTime: status?.startTime ?? stamp(time.now),
    containerStatuses: pod.status?.phase === 'Running' ? pod.status.containerStatuses : containersOf(pod, true, { running: { startedAt: stamp(time.now) } }),
  })
}

export function addressOfNode(node: Node): string {
  return node.status?.addresses?.find(address => address.type === 'InternalIP')?.address ?? '127.0.0.1'
}

/** An address in the pod network that belongs to the pod's uid. */
export function podAddress(pod: Pod): string {
  const digits = Number.parseInt(pod.metadata.uid.replace(/\D/g, '').slice(0, 9) || '1', 10)
  return `10.52.${digits % 4}.${10 + Math.floor(digits / 4) % 240}`
}

function finished(pod: Pod, phase: 'Succeeded' | 'Failed', time: Time): Write[] {
  const exitCode = phase === 'Succeeded' ? 0 : 1
  const reason = phase === 'Succeeded' ? 'PodCompleted' : 'PodFailed'
  const conditions = withFindings(pod, [{ type: 'ContainersReady', status: 'False', reason }, { type: 'Ready', status: 'False', reason }], time)
  return setStatus(PODS, pod, { ...pod.status, phase, conditions, containerStatuses: containersOf(pod, false, { terminated: { exitCode, reason: phase === 'Succeeded' ? 'Completed' : 'Error', finishedAt: stamp(time.now) } }) })
}
