import { setTimeout as sleep } from 'node:timers/promises'
import type { Api, Fields, KubeObject } from '../../api.ts'

// What an operator does to VMs and images by the API, in manifests as the console writes them, and how he waits for what comes.

export const NAMESPACE = 'staging'

const PATHS = {
  vms: `/apis/kubevirt.io/v1/namespaces/${NAMESPACE}/virtualmachines`,
  vmis: `/apis/kubevirt.io/v1/namespaces/${NAMESPACE}/virtualmachineinstances`,
  images: `/apis/harvesterhci.io/v1beta1/namespaces/${NAMESPACE}/virtualmachineimages`,
  claims: `/api/v1/namespaces/${NAMESPACE}/persistentvolumeclaims`,
  pods: `/api/v1/namespaces/${NAMESPACE}/pods`,
  backingImages: '/apis/longhorn.io/v1beta2/namespaces/longhorn-system/backingimages',
  sources: '/apis/longhorn.io/v1beta2/namespaces/longhorn-system/backingimagedatasources',
  volumes: '/apis/longhorn.io/v1beta2/namespaces/longhorn-system/volumes',
} as const
export type Shelf = keyof typeof PATHS

const GIB = '10Gi'

/** An image that is downloaded, and tried again three times. */
export function imageFrom(url: string, name: string): Fields {
  return { apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: { name, namespace: NAMESPACE }, spec: { displayName: name, sourceType: 'download', url, checksum: '', retry: 3 } }
}

/** An image of a claim of the same namespace. */
export function exportOf(claim: string, name: string): Fields {
  return { apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: { name, namespace: NAMESPACE }, spec: { displayName: name, sourceType: 'export-from-volume', pvcName: claim, pvcNamespace: NAMESPACE, retry: 3 } }
}

/** A VM whose boot disk, `NAME-disk`, comes from an image; without one, on a claim of that name that somebody else makes. */
export function vmOf(name: string, runStrategy: string, image?: KubeObject): Fields {
  const claimName = `${name}-disk`
  const template = image && {
    metadata: { name: claimName, annotations: { 'harvesterhci.io/imageId': `${NAMESPACE}/${image.metadata.name}` } },
    spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: GIB } }, volumeMode: 'Block', storageClassName: image.status?.storageClassName },
  }
  return {
    apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine',
    metadata: { name, namespace: NAMESPACE, labels: { 'harvesterhci.io/creator': 'harvester', 'harvesterhci.io/os': 'linux' }, annotations: { 'harvesterhci.io/volumeClaimTemplates': JSON.stringify(template ? [template] : []), 'network.harvesterhci.io/ips': '[]' } },
    spec: {
      runStrategy,
      template: {
        metadata: { annotations: { 'harvesterhci.io/sshNames': '[]' }, labels: { 'harvesterhci.io/vmName': name } },
        spec: {
          evictionStrategy: 'LiveMigrateIfPossible', hostname: name, networks: [{ name: 'default', pod: {} }],
          domain: {
            machine: { type: '' }, cpu: { cores: 1, sockets: 1, threads: 1 }, features: { acpi: { enabled: true } }, resources: { limits: { cpu: '1', memory: '1Gi' } },
            devices: { inputs: [{ bus: 'usb', name: 'tablet', type: 'tablet' }], interfaces: [{ name: 'default', model: 'virtio', masquerade: {} }], disks: [{ name: 'disk-0', disk: { bus: 'virtio' }, bootOrder: 1 }] },
          },
          volumes: [{ name: 'disk-0', persistentVolumeClaim: { claimName } }],
          affinity: {},
        },
      },
    },
  }
}

type Conditions = readonly { readonly type: string, readonly status: string, readonly message?: string }[]

/** Whether a condition of the object is True; one that is not told of is not. */
export function isTrue(object: { readonly status?: Fields } | undefined, type: string): boolean {
  return (object?.status?.conditions as Conditions | undefined)?.some(condition => condition.type === type && condition.status === 'True') ?? false
}

/** One person at a terminal. */
export class Operator {
  private readonly api: Api

  constructor(api: Api) {
    this.api = api
  }

  async create(shelf: Shelf, object: Fields): Promise<KubeObject> {
    return (await this.api.post(PATHS[shelf], object)).expect(201).object
  }

  /** The object, or undefined where there is none. */
  async find(shelf: Shelf, name: string): Promise<KubeObject | undefined> {
    const answer = await this.api.get(`${PATHS[shelf]}/${name}`)
    return answer.status === 404 ? undefined : answer.expect(200).object
  }

  async all(shelf: Shelf): Promise<readonly KubeObject[]> {
    return (await this.api.get(PATHS[shelf])).expect(200).list.items
  }

  async change(shelf: Shelf, name: string, body: Fields): Promise<void> {
    (await this.api.merge(`${PATHS[shelf]}/${name}`, body)).expect(200)
  }

  async remove(shelf: Shelf, name: string): Promise<void> {
    (await this.api.delete(`${PATHS[shelf]}/${name}`)).expect(200)
  }

  /** A power request, as the console sends it; answers the code and what was said. */
  async power(act: 'start' | 'stop' | 'restart', name: string, body: Fields = {}): Promise<{ readonly status: number, readonly text: string }> {
    const answer = await this.api.put(`/apis/subresources.kubevirt.io/v1/namespaces/${NAMESPACE}/virtualmachines/${name}/${act}`, body, { accept: '*/*' })
    return { status: answer.status, text: answer.status >= 400 ? answer.failure.message : '' }
  }

  /** Waits until the object (or its absence) is as wanted; throws with the object as it last was. */
  async until(shelf: Shelf, name: string, wanted: (object: KubeObject | undefined) => boolean, seconds = 60): Promise<KubeObject | undefined> {
    const deadline = Date.now() + seconds * 1000
    for (;;) {
      const object = await this.find(shelf, name)
      if (wanted(object))
        return object
      if (Date.now() > deadline)
        throw new Error(`${shelf} ${name} is not as wanted after ${seconds} s: ${JSON.stringify(object, undefined, 1) ?? 'not there'}`)
      await sleep(200)
    }
  }

  /** Waits until the VM shows that status. */
  untilShown(name: string, printableStatus: string, seconds = 60): Promise<KubeObject | undefined> {
    return this.until('vms', name, vm => vm?.status?.printableStatus === printableStatus, seconds)
  }
}
