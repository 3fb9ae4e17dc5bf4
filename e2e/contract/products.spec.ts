import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Fields } from '../api.ts'
import { stage } from './stage.ts'

// The kinds of Harvester, KubeVirt, CDI and Longhorn as far as the console meets them, by the definitions that this
// project writes. Everything here is tried without being kept, so that no controller acts on it.

const { admin, namespace } = stage('products')

const longhornNamespace = 'longhorn-system'
const collections = {
  vms: `/apis/kubevirt.io/v1/namespaces/${namespace}/virtualmachines`,
  vmis: `/apis/kubevirt.io/v1/namespaces/${namespace}/virtualmachineinstances`,
  images: `/apis/harvesterhci.io/v1beta1/namespaces/${namespace}/virtualmachineimages`,
  dataVolumes: `/apis/cdi.kubevirt.io/v1beta1/namespaces/${namespace}/datavolumes`,
  backingImages: `/apis/longhorn.io/v1beta2/namespaces/${longhornNamespace}/backingimages`,
  volumes: `/apis/longhorn.io/v1beta2/namespaces/${longhornNamespace}/volumes`,
}
type Collection = keyof typeof collections
const versions: Record<Collection, readonly [apiVersion: string, kind: string]> = {
  vms: ['kubevirt.io/v1', 'VirtualMachine'],
  vmis: ['kubevirt.io/v1', 'VirtualMachineInstance'],
  images: ['harvesterhci.io/v1beta1', 'VirtualMachineImage'],
  dataVolumes: ['cdi.kubevirt.io/v1beta1', 'DataVolume'],
  backingImages: ['longhorn.io/v1beta2', 'BackingImage'],
  volumes: ['longhorn.io/v1beta2', 'Volume'],
}

const tried = (collection: Collection, fields: Fields, query = 'dryRun=All&fieldValidation=Strict') => {
  const [apiVersion, kind] = versions[collection]
  return admin.post(`${collections[collection]}?${query}`, { apiVersion, kind, metadata: { name: 'tried' }, ...fields })
}

const template = { spec: { domain: { devices: {}, memory: { guest: '1Gi' } } } }
let own = false
beforeAll(async () => {
  own = (await admin.post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: longhornNamespace } })).status === 201
})
afterAll(async () => {
  if (own)
    await admin.delete(`/api/v1/namespaces/${longhornNamespace}`)
})

describe('virtual machines', () => {
  it('need a template', async () => {
    const { status, failure } = await tried('vms', { spec: { runStrategy: 'Halted' } })
    expect(status).toBe(422)
    expect(failure.details?.causes).toContainEqual({ reason: 'FieldValueRequired', message: 'Required value', field: 'spec.template' })
  })

  it('are taken as the console writes them', async () => {
    const volumes = [{ name: 'root', persistentVolumeClaim: { claimName: 'root' } }, { name: 'cloud-init', cloudInitNoCloud: { secretRef: { name: 's' }, networkDataSecretRef: { name: 's' } } }]
    const spec = {
      runStrategy: 'RerunOnFailure',
      template: {
        metadata: { annotations: { 'harvesterhci.io/sshNames': '[]' }, labels: { 'harvesterhci.io/vmName': 'tried' } },
        spec: {
          evictionStrategy: 'LiveMigrateIfPossible', hostname: 'tried', terminationGracePeriodSeconds: 120,
          domain: {
            cpu: { cores: 2, sockets: 1, threads: 1 }, machine: { type: 'q35' }, memory: { guest: '4Gi' }, features: { acpi: { enabled: true } },
            devices: { inputs: [{ bus: 'usb', name: 'tablet', type: 'tablet' }], interfaces: [{ name: 'default', model: 'virtio', bridge: {} }], disks: [{ name: 'root', bootOrder: 1, disk: { bus: 'virtio' } }, { name: 'cloud-init', disk: { bus: 'virtio' } }] },
            resources: { limits: { cpu: '2', memory: '4Gi' } },
          },
          networks: [{ name: 'default', multus: { networkName: 'production/vlan-100' } }],
          volumes,
        },
      },
    }
    const answer = await tried('vms', { spec })
    expect([answer.status, answer.warnings]).toEqual([201, []])
    expect(answer.object.spec?.runStrategy).toBe('RerunOnFailure')
  })

  it('have a status subresource', async () => {
    const { object } = await tried('vms', { spec: { runStrategy: 'Halted', template }, status: { printableStatus: 'Running' } }, 'dryRun=All')
    expect(object.status?.printableStatus).toBeUndefined()
  })

  it('show their status and readiness in tables', async () => {
    const { columnDefinitions } = (await admin.get(collections.vms, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' })).body as { columnDefinitions: { name: string }[] }
    expect(columnDefinitions.map(({ name }) => name)).toEqual(['Name', 'Age', 'Status', 'Ready'])
  })

  it('running instances show where they run', async () => {
    const { columnDefinitions } = (await admin.get(collections.vmis, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' })).body as { columnDefinitions: { name: string, priority: number }[] }
    expect(columnDefinitions.filter(({ priority }) => !priority).map(({ name }) => name)).toEqual(['Name', 'Age', 'Phase', 'IP', 'NodeName', 'Ready'])
  })
})

describe('images', () => {
  it('know their sources, and no other', async () => {
    const { status, failure } = await tried('images', { spec: { displayName: 'x', sourceType: 'carrier-pigeon' } })
    expect(status).toBe(422)
    expect(failure.details?.causes?.[0]).toMatchObject({ reason: 'FieldValueNotSupported', field: 'spec.sourceType', message: 'Unsupported value: "carrier-pigeon": supported values: "download", "upload", "export-from-volume", "restore", "clone"' })
  })

  it('need a display name and a source', async () => {
    const { failure } = await tried('images', { spec: {} })
    expect(failure.details?.causes?.map(({ reason, field }) => [reason, field])).toEqual(expect.arrayContaining([['FieldValueRequired', 'spec.displayName'], ['FieldValueRequired', 'spec.sourceType']]))
  })

  it('have no status subresource: whoever may write them writes their status', async () => {
    const { object } = await tried('images', { spec: { displayName: 'tried', sourceType: 'upload' }, status: { progress: 50 } }, 'dryRun=All')
    expect(object.status?.progress).toBe(50)
  })
})

describe('data volumes', () => {
  it('are taken with a source and a storage', async () => {
    const spec = { source: { http: { url: 'https://images.test/disk.img' } }, storage: { accessModes: ['ReadWriteMany'], volumeMode: 'Block', storageClassName: 'longhorn-v2', resources: { requests: { storage: '10Gi' } } } }
    expect((await tried('dataVolumes', { spec })).status).toBe(201)
  })
})

describe('Longhorn', () => {
  it('backing images are taken with their disks', async () => {
    const spec = { sourceType: 'download', sourceParameters: { url: 'https://images.test/disk.img' }, checksum: '', minNumberOfCopies: 3, dataEngine: 'v1', diskFileSpecMap: { 'uuid-1': { dataEngine: 'v1', evictionRequested: false } }, diskSelector: [], nodeSelector: [] }
    expect((await tried('backingImages', { spec })).status).toBe(201)
  })

  it('backing images know their data engines', async () => {
    const { status, failure } = await tried('backingImages', { spec: { sourceType: 'upload', dataEngine: 'v9' } })
    expect(status).toBe(422)
    expect(failure.details?.causes?.[0]).toMatchObject({ field: 'spec.dataEngine', reason: 'FieldValueNotSupported' })
  })

  it('volumes hold their size as a string of bytes', async () => {
    expect((await tried('volumes', { spec: { size: '10737418240', numberOfReplicas: 3, dataEngine: 'v1', frontend: 'blockdev' } })).status).toBe(201)
    expect((await tried('volumes', { spec: { size: 10737418240 } })).failure.details?.causes?.[0]).toMatchObject({ field: 'spec.size', reason: 'FieldValueTypeInvalid' })
  })
})
