import type { KubeObject } from '../../api.ts'
import type { Sighting } from './sight.ts'

// What every instance says of its pods and its disks, by which the console judges whether a disk may be exported (pkg/volumes/exportHolders.ts, claimUsers.ts).
// What pods and nodes are called is chance, so no record tells of it: each play is judged by what was seen in it, whoever plays. That an instance has a pod on its
// node, and knows the claims of its disks, KubeVirt writes with the very look that makes it Scheduled, and never without (pkg/virt-controller/watch/vmi/lifecycle.go
// updateStatus and setActivePods, storage.go updateVolumeStatus and processPVCInfo). Pods that come and go beside that, and volumes that are plugged in, it comes to
// a little later: they are asked for where nothing moves any more.

interface Volume { readonly name: string, readonly persistentVolumeClaim?: { readonly claimName: string, readonly hotpluggable?: boolean }, readonly dataVolume?: { readonly name: string, readonly hotpluggable?: boolean } }
interface VolumeStatus { readonly name: string, readonly reason?: string, readonly persistentVolumeClaimInfo?: { readonly claimName?: string } }
interface Moving { readonly startTimestamp?: string, readonly endTimestamp?: string, readonly targetPod?: string }
interface Status {
  readonly phase?: string
  readonly nodeName?: string
  readonly activePods?: Readonly<Record<string, string>>
  readonly volumeStatus?: readonly VolumeStatus[]
  readonly migrationState?: Moving
}

interface World {
  readonly instances: Map<string, KubeObject>
  readonly pods: Map<string, KubeObject>
  readonly claims: Map<string, KubeObject>
  /** Of each instance the claims behind its volumes, by their names: of those too that have left it. */
  readonly behind: Map<string, ReadonlyMap<string, string>>
}

/**
 * Where an instance kept to itself on which nodes its pods are, or which claim is behind a disk of its, in words; empty where it never did. `rests` are the
 * resource versions up to which all had been seen when nothing moved any more.
 */
export function untold(sightings: readonly Sighting[], rests: readonly number[]): string[] {
  const world: World = { instances: new Map(), pods: new Map(), claims: new Map(), behind: new Map() }
  const broken = new Set<string>()
  const waiting = [...rests]
  const rest = (version: number) => {
    while (waiting[0] !== undefined && waiting[0] < version) {
      waiting.shift()
      for (const instance of world.instances.values())
        keptAtRest(instance, world).forEach(words => broken.add(words))
    }
  }
  for (const { gone, object } of [...sightings].sort((a, b) => versionOf(a) - versionOf(b))) {
    rest(versionOf({ gone, object }))
    take(world, object, gone)
    if (object.kind === 'VirtualMachineInstance' && !gone)
      keptAtOnce(object, world).forEach(words => broken.add(words))
  }
  rest(Infinity)
  return [...broken]
}

const versionOf = ({ object }: Sighting): number => Number(object.metadata.resourceVersion)
const statusOf = ({ status }: KubeObject): Status => (status ?? {}) as Status
const ownersOf = ({ metadata }: KubeObject) => (metadata as { readonly ownerReferences?: readonly { readonly uid: string, readonly controller?: boolean }[] }).ownerReferences ?? []
const volumesOf = ({ spec }: KubeObject): readonly Volume[] => (spec?.volumes ?? []) as readonly Volume[]
const claimOf = (volume: Volume): string | undefined => volume.dataVolume?.name ?? volume.persistentVolumeClaim?.claimName
const isPlugged = (volume: Volume): boolean => Boolean(volume.dataVolume?.hotpluggable ?? volume.persistentVolumeClaim?.hotpluggable)
/** From the first of them on virt-handler looks after it, until it is over. */
const isOnNode = ({ phase }: Status): boolean => phase === 'Scheduled' || phase === 'Running'

/** A volume with the claim behind it, where there is one. */
function withClaim(volume: string, claim: string | undefined): (readonly [volume: string, claim: string])[] {
  return claim === undefined ? [] : [[volume, claim]]
}

function take({ instances, pods, claims, behind }: World, object: KubeObject, gone: boolean): void {
  const { name, uid } = object.metadata
  const put = (shelf: Map<string, KubeObject>, key: string) => gone ? shelf.delete(key) : shelf.set(key, object)
  if (object.kind === 'Pod')
    put(pods, uid)
  if (object.kind === 'PersistentVolumeClaim')
    put(claims, name)
  if (object.kind === 'VirtualMachineInstance') {
    put(instances, uid)
    behind.set(uid, new Map([...behind.get(uid) ?? [], ...volumesOf(object).flatMap(volume => withClaim(volume.name, claimOf(volume)))]))
  }
}

/** Its launchers; the pods with its plugged volumes are these launchers' own. */
function podsOf(instance: KubeObject, pods: ReadonlyMap<string, KubeObject>): KubeObject[] {
  return [...pods.values()].filter(pod => ownersOf(pod).some(owner => owner.controller && owner.uid === instance.metadata.uid))
}

function keptAtOnce(instance: KubeObject, { pods, behind }: World): string[] {
  const status = statusOf(instance)
  if (!isOnNode(status))
    return []
  const { activePods = {}, nodeName = '', volumeStatus = [], migrationState = {} } = status
  const name = `vmi ${instance.metadata.name}`
  // Once the pod is gone, the instance may be told to have none before it is told to have failed.
  const here = podsOf(instance, pods).filter(({ spec }) => spec?.nodeName === nodeName)
  const isMoving = migrationState.startTimestamp !== undefined && migrationState.endTimestamp === undefined
  const target = [...pods.values()].find(pod => isMoving && pod.metadata.name === migrationState.targetPod)
  const unnamed = volumeStatus.filter(told => told.reason !== 'FailedPvcNotFound' && told.persistentVolumeClaimInfo?.claimName !== behind.get(instance.metadata.uid)?.get(told.name))
  const missing = volumesOf(instance).filter(volume => claimOf(volume) && !isPlugged(volume) && !volumeStatus.some(told => told.name === volume.name))
  return [
    ...(here.length === 0 || here.some(({ metadata: { uid } }) => activePods[uid] === nodeName) ? [] : [`${name} names no pod on its node`]),
    ...(target && activePods[target.metadata.uid] !== target.spec?.nodeName ? [`${name} moves, and does not name the pod that it moves to`] : []),
    ...unnamed.map(told => `${name} does not say which claim is behind ${told.name}`),
    ...missing.map(volume => `${name} says nothing of ${volume.name}`),
  ]
}

function keptAtRest(instance: KubeObject, { pods, claims }: World): string[] {
  const status = statusOf(instance)
  const name = `vmi ${instance.metadata.name}`
  const there = podsOf(instance, pods).map(({ metadata, spec }) => `${metadata.uid} ${String(spec?.nodeName ?? '')}`).sort()
  const active = Object.entries(status.activePods ?? {}).map(([uid, node]) => `${uid} ${node}`).sort()
  const unsaid = isOnNode(status) ? volumesOf(instance).filter(volume => claims.has(claimOf(volume) ?? '') && !status.volumeStatus?.some(told => told.name === volume.name && told.persistentVolumeClaimInfo?.claimName === claimOf(volume))) : []
  return [
    ...(active.join() === there.join() ? [] : [`${name} does not name just its pods, each with its node`]),
    ...unsaid.map(volume => `${name} does not say which claim is behind ${volume.name}`),
  ]
}
