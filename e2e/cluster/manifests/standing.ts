import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PersistentVolumeClaim, StorageClass } from '#kube/core.ts'
import { CLAIMS, NAMESPACES, SECRETS, STORAGE_CLASSES } from '#kube/core.ts'
import type { Lease } from '#kube/lease.ts'
import { LEASES } from '#kube/lease.ts'
import type { KubeObject } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import { collectionPath } from '#kube/resource.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import { IMAGES } from '#images/image.ts'
import { NETWORKS } from '#vms/network.ts'
import type { VirtualMachine } from '#vms/vm.ts'
import { VMIS, VMS } from '#vms/vm.ts'
import { EXPORT_ANNOTATION } from '#volumes/exportIntentText.ts'
import { leaseManifest } from '../../../server/exportLease.ts'
import type { Answer, Api, Fields } from '../../api.ts'
import type { Sent, Standing } from './catalogue.ts'
import { exportOf } from './catalogue.ts'

const parametersOf = (engine: Fields) => ({ numberOfReplicas: '3', staleReplicaTimeout: '30', migratable: 'true', ...engine })
const classOf = (engine: Fields) => ({ provisioner: 'driver.longhorn.io', parameters: parametersOf(engine), reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate', allowVolumeExpansion: true })
const SETTLING = 2_000

/** Sends one write as the console sends it at first: tried and not kept, every field known. */
export function send(api: Api, write: Sent, query = 'dryRun=All&fieldValidation=Strict'): Promise<Answer> {
  if (write.act === 'create')
    return api.post(`${collectionPath(write.resource, write.manifest.metadata.namespace)}?${query}`, write.manifest)
  if (write.act === 'replace')
    return api.put(`${collectionPath(write.resource, write.manifest.metadata.namespace)}/${write.manifest.metadata.name}?${query}`, write.manifest)
  const path = `${collectionPath(write.resource, write.at.namespace)}/${write.at.name}`
  // virt-api reads the dry run from the body alone.
  if (write.act === 'call')
    return api.put(`${path}/${write.subresource}`, { ...write.body, dryRun: ['All'] }, { accept: '*/*' })
  return api.send('PATCH', `${path}?${query}`, write.patch.body, { 'content-type': write.patch.type === 'json' ? 'application/json-patch+json' : 'application/merge-patch+json' })
}

/** Puts what the catalogue speaks of into a cluster, in a namespace of its own; with `isMoving` its VM runs and its claim is bound. */
export async function stand(api: Api, isMoving: boolean): Promise<Standing> {
  const namespace = `manifests-${randomBytes(3).toString('hex')}`
  const make = async <T extends KubeObject>(kind: Resource<T>, name: string, fields: Fields, metadata: Fields = {}): Promise<T> => {
    const object = { apiVersion: kind.group ? `${kind.group}/${kind.version}` : kind.version, kind: kind.kind, metadata: { name, ...(kind.namespaced ? { namespace } : {}), ...metadata }, ...fields }
    return (await api.post(collectionPath(kind, kind.namespaced ? namespace : undefined), object)).expect(201).object as unknown as T
  }
  const read = async <T extends KubeObject>(kind: Resource<T>, name: string): Promise<T> => (await api.get(`${collectionPath(kind, namespace)}/${name}`)).expect(200).object as unknown as T
  await make(NAMESPACES, namespace, {})
  const classes = {
    v1: await make<StorageClass>(STORAGE_CLASSES, `${namespace}-v1`, classOf({})),
    v2: await make<StorageClass>(STORAGE_CLASSES, `${namespace}-v2`, classOf({ dataEngine: 'v2' })),
  }
  await make(NETWORKS, 'vlan-7', { spec: { config: '{"cniVersion":"0.3.1","name":"vlan-7","type":"bridge","bridge":"mgmt-br","vlan":7,"ipam":{}}' } }, { labels: { 'network.harvesterhci.io/clusternetwork': 'mgmt' } })
  await make(SECRETS, 'cloud-init', { type: 'secret', data: {} })
  const lease = await make<Lease>(LEASES, 'held', { spec: leaseManifest('create', { at: { namespace, name: 'held' }, me: 'server_2', duration: 15_000, now: new Date() }).spec })
  for (const name of ['disk', 'begun'])
    await make(CLAIMS, name, { spec: { accessModes: ['ReadWriteMany'], volumeMode: 'Block', storageClassName: 'harvester-longhorn', resources: { requests: { storage: '1Gi' } } } })
  await image('noble-v1', 'backingimage', classes.v1)
  await image('noble-v2', 'cdi', classes.v2)
  await machine('on', { runStrategy: 'RerunOnFailure' }, 'begun')
  await machine('off', { runStrategy: 'Halted' })
  await machine('old', { running: false })
  await machine('stopped', { runStrategy: 'Halted' }, undefined, { [EXPORT_ANNOTATION]: `${namespace}/begun` })
  if (isMoving) {
    await until('the VM runs', async () => (await read(VMS, 'on')).status?.printableStatus === 'Running')
    await until('the claim is bound', async () => (await read(CLAIMS, 'disk')).status?.phase === 'Bound')
  }
  const [first] = exportOf(await read<PersistentVolumeClaim>(CLAIMS, 'begun'), namespace, classes.v1.metadata.name, await read(VMS, 'on'), undefined).writes
  if (first)
    (await send(api, first, '')).expect(200)
  await sleep(SETTLING) // upstream's validators read caches
  return {
    namespace, classes, images: { v1: await read(IMAGES, 'noble-v1'), v2: await read(IMAGES, 'noble-v2') }, network: `${namespace}/vlan-7`, secret: 'cloud-init', lease,
    claim: await read(CLAIMS, 'disk'), begun: await read(CLAIMS, 'begun'),
    vms: { on: await read(VMS, 'on'), off: await read(VMS, 'off'), old: await read(VMS, 'old'), stopped: await read(VMS, 'stopped') },
    vmi: isMoving ? await read(VMIS, 'on') : undefined,
  }

  /** An image as Harvester leaves it once it is imported. */
  function image(name: string, backend: string, storageClass: StorageClass): Promise<VirtualMachineImage> {
    const target = storageClass.metadata.name
    return make(IMAGES, name, {
      spec: { displayName: name, sourceType: 'download', url: 'https://images.answers.test/noble.img', backend, targetStorageClassName: target, retry: 3 },
      status: { progress: 100, size: 2 ** 21, virtualSize: 2 ** 31, failed: 0, storageClassName: target, conditions: ['Initialized', 'Imported'].map(type => ({ type, status: 'True', reason: type })) },
    }, { labels: { 'harvesterhci.io/os-type': 'ubuntu', 'harvesterhci.io/image-type': 'raw_qcow2' }, annotations: { 'harvesterhci.io/storageClassName': target, 'field.cattle.io/description': 'noted' } })
  }

  function machine(name: string, strategy: Fields, claim?: string, annotations: Fields = {}): Promise<VirtualMachine> {
    const devices = claim ? { disks: [{ name: 'root', disk: { bus: 'virtio' } }] } : {}
    const volumes = claim ? [{ name: 'root', persistentVolumeClaim: { claimName: claim } }] : []
    return make(VMS, name, { spec: { ...strategy, template: { spec: { domain: { cpu: { cores: 1 }, resources: { limits: { cpu: '1', memory: '256Mi' } }, devices }, volumes } } } }, { annotations })
  }
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000
  while (!await isSo()) {
    if (Date.now() > deadline)
      throw new Error(`not within a minute: ${what}`)
    await sleep(300)
  }
}
