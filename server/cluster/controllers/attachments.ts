import type { Node, PersistentVolumeClaim, Pod, VolumeAttachment } from '#kube/core.ts'
import { CLAIMS, NODES, PODS, VOLUME_ATTACHMENTS } from '#kube/core.ts'
import { LONGHORN_NAMESPACE, LONGHORN_VOLUMES } from '#health/longhorn.ts'
import { objectKey } from '#kube/object.ts'
import { CLAIMS_BY_VOLUME, PODS_BY_CLAIM, hasEnded } from './claimIndexes.ts'
import { OUT_OF_SERVICE, hasTaint } from './fencing.ts'
import { hex } from './hash.ts'
import { EXPORTS_BY_VOLUME } from './imageSources.ts'
import { PERSISTENT_VOLUMES } from './kinds.ts'
import { ATTACHMENTS_BY_VOLUME } from './longhornVolumes.ts'
import { isDown } from './silence.ts'
import type { Controller, Write } from './step.ts'
import { NOTHING, addFinalizer, create, dropFinalizer, on, remove, setStatus, wait, write, writeOr } from './step.ts'
import { TAKES } from './takes.ts'
import type { World } from './world.ts'

// kube-controller-manager's attach/detach controller (never run without nodes) and Longhorn's CSI attacher.

const DRIVER = 'driver.longhorn.io'
export const ATTACHER_FINALIZER = 'external-attacher/driver-longhorn-io'

/** The claims that a pod mounts, as keys. */
function claimKeysOf(pod: Pod): string[] {
  return (pod.spec?.volumes ?? []).flatMap(volume => volume.persistentVolumeClaim ? [`${pod.metadata.namespace}/${volume.persistentVolumeClaim.claimName}`] : [])
}

/** The name that Kubernetes gives to an attachment (kubernetes pkg/volume/csi/csi_attacher.go). */
export function attachmentName(volume: string, node: string): string {
  return `csi-${hex(`${volume}${DRIVER}${node}`, 64)}`
}

/** Whether every claim of the pod is bound and attached to its node: before that its containers do not start. */
export function isAttached(pod: Pod, world: World): boolean {
  return claimKeysOf(pod).every(key => {
    const volume = world.get(CLAIMS, key)?.spec?.volumeName
    if (!volume)
      return false
    if (world.get(PERSISTENT_VOLUMES, volume)?.spec.csi?.driver !== DRIVER)
      return true
    return world.find(ATTACHMENTS_BY_VOLUME, volume).some(attachment => attachment.spec.nodeName === pod.spec?.nodeName && attachment.status?.attached && !attachment.metadata.deletionTimestamp)
  })
}

/** A pod on a node needs its volumes there. */
export const attacher: Controller<Pod> = {
  name: 'attach-detach',
  actor: 'csi',
  kind: PODS,
  reads: [PERSISTENT_VOLUMES],
  wakes: [
    on(CLAIMS, (claim, world) => world.find(PODS_BY_CLAIM, objectKey(claim)).map(objectKey)),
    on(VOLUME_ATTACHMENTS, (attachment, world) => world.find(CLAIMS_BY_VOLUME, attachment.spec.source.persistentVolumeName).flatMap(claim => world.find(PODS_BY_CLAIM, objectKey(claim)).map(objectKey))),
  ],
  step(pod, world) {
    const nodeName = pod.spec?.nodeName
    if (!nodeName || hasEnded(pod) || pod.metadata.deletionTimestamp)
      return NOTHING
    const claims = claimKeysOf(pod).map(key => world.get(CLAIMS, key)).filter((claim): claim is PersistentVolumeClaim => claim?.spec?.volumeName !== undefined)
    return write(claims.flatMap((claim): Write[] => {
      const volume = claim.spec?.volumeName ?? ''
      if (world.get(PERSISTENT_VOLUMES, volume)?.spec.csi?.driver !== DRIVER)
        return []
      const others = world.find(ATTACHMENTS_BY_VOLUME, volume)
      const shared = claim.spec?.accessModes?.includes('ReadWriteMany')
      if (others.some(attachment => attachment.spec.nodeName === nodeName) || (!shared && others.length > 0))
        return []
      return [create(VOLUME_ATTACHMENTS, { metadata: { name: attachmentName(volume, nodeName) }, spec: { attacher: DRIVER, nodeName, source: { persistentVolumeName: volume } } })]
    }))
  },
}

/** Attached once Longhorn says so; removed some seconds after the last pod that needed it; gone when Longhorn has let the volume go. */
export const attachments: Controller<VolumeAttachment> = {
  name: 'csi-attacher',
  actor: 'csi',
  kind: VOLUME_ATTACHMENTS,
  wakes: [
    on(LONGHORN_VOLUMES, (volume, world) => world.find(ATTACHMENTS_BY_VOLUME, volume.metadata.name).map(objectKey)),
    on(PODS, (pod, world) => claimKeysOf(pod).flatMap(key => world.find(ATTACHMENTS_BY_VOLUME, world.get(CLAIMS, key)?.spec?.volumeName).map(objectKey))),
    on(CLAIMS, (claim, world) => world.find(ATTACHMENTS_BY_VOLUME, claim.spec?.volumeName).map(objectKey)),
    on(NODES, (node, world) => world.all(VOLUME_ATTACHMENTS).filter(({ spec }) => spec.nodeName === node.metadata.name).map(objectKey), node => String(patienceWith(node))),
  ],
  stage: (attachment, world) => String(isNeeded(attachment, world)),
  step(attachment, world, time) {
    if (attachment.spec.attacher !== DRIVER)
      return NOTHING
    const name = attachment.spec.source.persistentVolumeName ?? ''
    const volume = world.get(LONGHORN_VOLUMES, `${LONGHORN_NAMESPACE}/${name}`)
    if (attachment.metadata.deletionTimestamp) {
      const heldByOthers = world.find(ATTACHMENTS_BY_VOLUME, name).some(other => !other.metadata.deletionTimestamp) || world.find(EXPORTS_BY_VOLUME, name).length > 0
      const free = !volume || volume.status?.state === 'detached' || heldByOthers
      return free ? write(dropFinalizer(VOLUME_ATTACHMENTS, attachment, ATTACHER_FINALIZER)) : NOTHING
    }
    const finalize = addFinalizer(VOLUME_ATTACHMENTS, attachment, ATTACHER_FINALIZER)
    if (finalize.length > 0)
      return write(finalize)
    if (!isNeeded(attachment, world)) {
      const left = time.left(patienceWith(world.get(NODES, attachment.spec.nodeName)))
      return left > 0 ? wait(left) : write(remove(VOLUME_ATTACHMENTS, attachment))
    }
    const here = volume?.spec.nodeID === attachment.spec.nodeName || volume?.spec.accessMode === 'rwx'
    const attached = volume?.status?.state === 'attached' && here
    return writeOr(setStatus(VOLUME_ATTACHMENTS, attachment, { ...attachment.status, attached }), NOTHING)
  },
}

/** From the end of the last pod that needed the disk there to its removal, in milliseconds. Of a node that is silent nobody knows whether it has let go, unless it is said to be out of service (kubernetes pkg/controller/volume/attachdetach/reconciler). */
function patienceWith(node: Node | undefined): number {
  return isDown(node) && !hasTaint(node, OUT_OF_SERVICE) ? TAKES.forceDetach : TAKES.detachAfterPod
}

function isNeeded(attachment: VolumeAttachment, world: World): boolean {
  return world.find(CLAIMS_BY_VOLUME, attachment.spec.source.persistentVolumeName)
    .some(claim => world.find(PODS_BY_CLAIM, objectKey(claim)).some(pod => pod.spec?.nodeName === attachment.spec.nodeName && !hasEnded(pod)))
}
