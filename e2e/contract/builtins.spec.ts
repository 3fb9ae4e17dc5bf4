import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Fields } from '../api.ts'
import { eventually, stage } from './stage.ts'

const { admin, namespace, core } = stage('builtins')

const cluster: string[] = []
async function make(path: string, body: Fields) {
  const answer = await admin.post(path, body)
  if (answer.status === 201 && !path.includes('/namespaces/'))
    cluster.push(`${path}/${answer.object.metadata.name}`)
  return answer
}
afterAll(async () => {
  for (const path of cluster) {
    await admin.delete(path, { gracePeriodSeconds: 0 })
    await admin.merge(path, { metadata: { finalizers: null } })
  }
})

const node = `node-${namespace}`
const pods = `${core}/pods`
const claims = `${core}/persistentvolumeclaims`
const storage = '/apis/storage.k8s.io/v1'
const pod = (name: string, spec: Fields = {}, metadata: Fields = {}) => ({
  apiVersion: 'v1', kind: 'Pod', metadata: { name, ...metadata }, spec: { schedulerName: 'nobody', containers: [{ name: 'c', image: 'registry.test/image:1' }], ...spec },
})
const claim = (name: string, spec: Fields = {}) => ({
  apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'nobody-provides', ...spec },
})

beforeAll(async () => {
  (await make('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: node } })).expect(201)
})

describe('pods', () => {
  it('get what a pod is without saying', async () => {
    const { object } = await make(pods, pod('defaulted'))
    expect(object).toMatchObject({
      spec: { restartPolicy: 'Always', dnsPolicy: 'ClusterFirst', terminationGracePeriodSeconds: 30, containers: [{ name: 'c', imagePullPolicy: 'IfNotPresent', terminationMessagePath: '/dev/termination-log' }] },
      status: { phase: 'Pending', qosClass: 'BestEffort' },
    })
  })

  it('need a container', async () => {
    const { status, failure } = await make(pods, pod('empty', { containers: [] }))
    expect(status).toBe(422)
    expect(failure.details?.causes).toContainEqual({ reason: 'FieldValueRequired', message: 'Required value', field: 'spec.containers' })
  })

  it('cannot be changed where they run but for a few fields', async () => {
    await make(pods, pod('fixed'))
    const { status, failure } = await admin.merge(`${pods}/fixed`, { spec: { restartPolicy: 'Never' } })
    expect(status).toBe(422)
    expect(failure.message).toContain('spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`')
    expect((await admin.merge(`${pods}/fixed`, { metadata: { labels: { a: 'b' } } })).status).toBe(200)
  })

  it('without a node go at once', async () => {
    await make(pods, pod('unscheduled'))
    expect((await admin.delete(`${pods}/unscheduled`)).status).toBe(200)
    expect((await admin.get(`${pods}/unscheduled`)).status).toBe(404)
  })

  it('are given to a node by a binding', async () => {
    await make(pods, pod('bound'))
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'bound' }, target: { apiVersion: 'v1', kind: 'Node', name: node } }
    const { status, body } = await admin.post(`${pods}/bound/binding`, binding)
    expect([status, (body as Fields).status]).toEqual([201, 'Success'])
    const { object } = await admin.get(`${pods}/bound`)
    expect(object.spec?.nodeName).toBe(node)
    expect(object.status?.conditions).toContainEqual(expect.objectContaining({ type: 'PodScheduled', status: 'True' }))
    const again = await admin.post(`${pods}/bound/binding`, binding)
    expect(again.status).toBe(409)
    expect(again.failure.message).toContain(`pod bound is already assigned to node "${node}"`)
  })

  it('on a node end in two steps: a grace period for the kubelet, then gone', async () => {
    await make(pods, pod('graceful', { nodeName: node, terminationGracePeriodSeconds: 7 }))
    const { status, object } = await admin.delete(`${pods}/graceful`)
    expect(status).toBe(200)
    expect(object.metadata).toMatchObject({ deletionGracePeriodSeconds: 7, deletionTimestamp: expect.any(String) as string })
    const left = Date.parse(object.metadata.deletionTimestamp ?? '') - Date.now()
    expect(left).toBeGreaterThan(4000)
    expect(left).toBeLessThan(9000)
    expect((await admin.get(`${pods}/graceful`)).status).toBe(200)
    expect((await admin.delete(`${pods}/graceful`, { gracePeriodSeconds: 0 })).status).toBe(200)
    expect((await admin.get(`${pods}/graceful`)).status).toBe(404)
  })

  it('show another grace period of a deletion that asks for it', async () => {
    await make(pods, pod('hasty', { nodeName: node }))
    expect((await admin.delete(`${pods}/hasty`, { gracePeriodSeconds: 3 })).object.metadata.deletionGracePeriodSeconds).toBe(3)
    await admin.delete(`${pods}/hasty`, { gracePeriodSeconds: 0 })
  })

  it('keep a status written by the kubelet apart from the rest', async () => {
    await make(pods, pod('status', { nodeName: node }))
    const { object } = await admin.merge(`${pods}/status/status`, { status: { phase: 'Running', podIP: '10.1.2.3' }, metadata: { labels: { ignored: 'no' } } })
    expect(object.status).toMatchObject({ phase: 'Running', podIP: '10.1.2.3' })
    expect((await admin.merge(`${pods}/status`, { status: { phase: 'Failed' } })).object.status?.phase).toBe('Running')
    await admin.delete(`${pods}/status`, { gracePeriodSeconds: 0 })
  })
})

describe('secrets', () => {
  it('turn stringData into data and forget it', async () => {
    const { object } = await make(`${core}/secrets`, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'plain' }, stringData: { userdata: '#cloud-config\n' } })
    expect(object).toMatchObject({ type: 'Opaque', data: { userdata: Buffer.from('#cloud-config\n').toString('base64') } })
    expect(object).not.toHaveProperty('stringData')
  })

  it('refuse data that is not base64', async () => {
    const { status, failure } = await make(`${core}/secrets`, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'broken' }, data: { a: '***' } })
    expect(status).toBe(400)
    expect(failure.message).toContain('illegal base64 data at input byte 0')
  })

  it('that are immutable stay as they are', async () => {
    await make(`${core}/secrets`, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'set' }, immutable: true, stringData: { a: '1' } })
    const { status, failure } = await admin.merge(`${core}/secrets/set`, { stringData: { a: '2' } })
    expect(status).toBe(422)
    expect(failure.message).toContain('data: Forbidden: field is immutable when `immutable` is set')
  })

  it('keep their type', async () => {
    await make(`${core}/secrets`, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'typed' }, stringData: { a: '1' } })
    expect((await admin.merge(`${core}/secrets/typed`, { type: 'other' })).failure).toMatchObject({ code: 422, message: expect.stringContaining('type: Invalid value: "other": field is immutable') as string })
  })
})

describe('config maps', () => {
  it('refuse keys that are no file names', async () => {
    const { status, failure } = await make(`${core}/configmaps`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'keys' }, data: { 'a b': '1' } })
    expect(status).toBe(422)
    expect(failure.message).toContain('data[a b]: Invalid value: "a b": a valid config key must consist of alphanumeric characters, \'-\', \'_\' or \'.\'')
  })
})

describe('claims', () => {
  it('are Pending, Filesystem, and guarded by a finalizer', async () => {
    const { object } = await make(claims, claim('fresh'))
    expect(object).toMatchObject({ metadata: { finalizers: ['kubernetes.io/pvc-protection'] }, spec: { volumeMode: 'Filesystem' }, status: { phase: 'Pending' } })
  })

  it('need an access mode and a size', async () => {
    const { status, failure } = await make(claims, claim('bare', { accessModes: [], resources: {} }))
    expect(status).toBe(422)
    expect(failure.details?.causes?.map(({ reason, field }) => [reason, field])).toEqual(expect.arrayContaining([['FieldValueRequired', 'spec.accessModes'], ['FieldValueRequired', 'spec.resources[storage]']]))
  })

  it('refuse a size that is none', async () => {
    const { status, failure } = await make(claims, claim('odd', { resources: { requests: { storage: 'big' } } }))
    expect(status).toBe(400)
    expect(failure.message).toContain('quantities must match the regular expression')
  })

  it('are fixed once they are made', async () => {
    await make(claims, claim('fixed'))
    const { status, failure } = await admin.merge(`${claims}/fixed`, { spec: { volumeMode: 'Block' } })
    expect(status).toBe(422)
    expect(failure.message).toContain('spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims')
  })

  it('stay while a pod uses them', async () => {
    await make(claims, claim('used'))
    await make(pods, pod('user', { nodeName: node, volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'used' } }] }))
    const { object } = await admin.delete(`${claims}/used`)
    expect(object.metadata.deletionTimestamp).toBeTruthy()
    expect((await admin.get(`${claims}/used`)).status).toBe(200)
    await admin.delete(`${pods}/user`, { gracePeriodSeconds: 0 })
    await eventually('the claim is gone', async () => (await admin.get(`${claims}/used`)).status === 404)
  })

  it('get the default class where they name none', async () => {
    const { list } = await admin.get(`${storage}/storageclasses`)
    const standing = list.items.find(item => item.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true')
    const name = standing?.metadata.name ?? `default-${namespace}`
    if (!standing)
      await make(`${storage}/storageclasses`, { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } }, provisioner: 'nobody.test' })
    const chosen = await eventually('the class is filled in', async () => (await admin.post(`${claims}?dryRun=All`, claim('classless', { storageClassName: undefined }))).object.spec?.storageClassName)
    expect(chosen).toBe(name)
  })

  /** A claim of 10Gi of a class, and a volume made for it. */
  async function meet(name: string, storageClassName: string) {
    const volume = {
      apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: `pv-${name}-${namespace}` },
      spec: { capacity: { storage: '10Gi' }, accessModes: ['ReadWriteOnce'], storageClassName, persistentVolumeReclaimPolicy: 'Retain', csi: { driver: 'driver.test', volumeHandle: 'h1' }, claimRef: { namespace, name } },
    }
    const made = await make('/api/v1/persistentvolumes', volume)
    expect(made.object).toMatchObject({ metadata: { finalizers: ['kubernetes.io/pv-protection'] }, status: { phase: 'Pending' } })
    const { object } = await make(claims, claim(name, { storageClassName, resources: { requests: { storage: '10Gi' } } }))
    // Who provisions does so itself on the embedded cluster; binding is kube-controller-manager's on the real one.
    await admin.merge(`${claims}/${name}`, { spec: { volumeName: `pv-${name}-${namespace}` } })
    await admin.merge(`/api/v1/persistentvolumes/pv-${name}-${namespace}`, { spec: { claimRef: { uid: object.metadata.uid } } })
    return eventually('both are bound', async () => {
      const { object: bound } = await admin.get(`${claims}/${name}`)
      return bound.status?.phase === 'Bound' && bound
    })
  }

  it('are handed to the provisioner of their class, unless that waits for a pod', async () => {
    const now = `now-${namespace}`
    const later = `later-${namespace}`
    await make(`${storage}/storageclasses`, { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: now }, provisioner: 'nobody.test' })
    await make(`${storage}/storageclasses`, { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: later }, provisioner: 'nobody.test', volumeBindingMode: 'WaitForFirstConsumer' })
    await make(claims, claim('later', { storageClassName: later }))
    await make(claims, claim('now', { storageClassName: now }))
    const annotations = async (name: string) => (await admin.get(`${claims}/${name}`)).object.metadata.annotations
    expect(await eventually('the claim is handed over', () => annotations('now'))).toEqual({ 'volume.beta.kubernetes.io/storage-provisioner': 'nobody.test', 'volume.kubernetes.io/storage-provisioner': 'nobody.test' })
    expect(await annotations('later')).toBeUndefined()
  })

  it('and the volume made for them come together', async () => {
    const bound = await meet('meets', 'nobody-provides')
    expect(bound.metadata.annotations).toMatchObject({ 'pv.kubernetes.io/bind-completed': 'yes' })
    expect(bound.status).toMatchObject({ capacity: { storage: '10Gi' } })
  })

  it('never ask for less than they have, and for less again than they wanted', async () => {
    const name = `grows-${namespace}`
    await make(`${storage}/storageclasses`, { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name }, provisioner: 'nobody.test', allowVolumeExpansion: true })
    await meet('grows', name)
    const ask = async (size: string) => {
      const { status, failure } = await admin.merge(`${claims}/grows`, { spec: { resources: { requests: { storage: size } } } })
      return status === 200 ? 200 : [status, failure.details?.causes]
    }
    const refused = [422, [{ reason: 'FieldValueForbidden', message: 'Forbidden: field can not be less than status.capacity', field: 'spec.resources.requests.storage' }]]
    expect(await ask('5Gi')).toEqual(refused)
    expect(await ask('12Gi')).toBe(200)
    expect(await ask('11Gi')).toBe(200)
    expect(await ask('10Gi')).toEqual(refused)
  })
})

describe('storage classes', () => {
  it('get their defaults and are fixed', async () => {
    const name = `class-${namespace}`
    const { object } = await make(`${storage}/storageclasses`, { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name }, provisioner: 'nobody.test', parameters: { a: '1' } })
    expect(object).toMatchObject({ reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' })
    const { status, failure } = await admin.merge(`${storage}/storageclasses/${name}`, { parameters: { a: '2' } })
    expect(status).toBe(422)
    expect(failure.message).toContain('parameters: Forbidden: updates to parameters are forbidden.')
  })
})

describe('volume attachments', () => {
  it('keep their status apart and their spec fixed', async () => {
    const name = `attached-${namespace}`
    const path = `${storage}/volumeattachments`
    ;(await make(path, { apiVersion: 'storage.k8s.io/v1', kind: 'VolumeAttachment', metadata: { name }, spec: { attacher: 'driver.test', nodeName: node, source: { persistentVolumeName: 'pv' } } })).expect(201)
    expect((await admin.merge(`${path}/${name}/status`, { status: { attached: true } })).object.status).toMatchObject({ attached: true })
    expect((await admin.merge(`${path}/${name}`, { spec: { nodeName: 'other' } })).failure).toMatchObject({ code: 422, message: expect.stringContaining('field is immutable') as string })
  })
})

describe('services', () => {
  it('get an address and their defaults', async () => {
    const { status, object } = await make(`${core}/services`, { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } })
    expect(status).toBe(201)
    expect(object.spec).toMatchObject({ type: 'ClusterIP', sessionAffinity: 'None', ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }] })
    expect(object.spec?.clusterIP).toMatch(/^\d+\.\d+\.\d+\.\d+$/)
  })
})

describe('events', () => {
  it('are found by the object that they are about', async () => {
    const about = { apiVersion: 'v1', kind: 'Pod', namespace, name: 'subject', uid: 'u-1' }
    await make(`${core}/events`, { apiVersion: 'v1', kind: 'Event', metadata: { name: 'subject.1' }, involvedObject: about, reason: 'Tested', message: 'It was tested.', type: 'Normal', count: 1, source: { component: 'contract' } })
    await make(`${core}/events`, { apiVersion: 'v1', kind: 'Event', metadata: { name: 'other.1' }, involvedObject: { ...about, name: 'other' }, reason: 'Tested', message: 'It was tested.', type: 'Warning' })
    expect((await admin.get(`${core}/events?fieldSelector=involvedObject.name%3Dsubject,involvedObject.uid%3Du-1`)).names).toEqual(['subject.1'])
    expect((await admin.get(`${core}/events?fieldSelector=type%3DWarning,involvedObject.name%3Dother`)).names).toEqual(['other.1'])
  })
})

describe('nodes', () => {
  it('keep their status apart', async () => {
    const { object } = await admin.merge(`/api/v1/nodes/${node}/status`, { status: { conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }] } })
    expect(object.status?.conditions).toMatchObject([{ type: 'Ready', status: 'True' }])
  })
})

describe('leases', () => {
  it('are how programs take turns', async () => {
    const leases = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`
    const { object } = await make(leases, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: 'turn' }, spec: { holderIdentity: 'a', leaseDurationSeconds: 15, renewTime: '2026-01-02T03:04:05.678901Z' } })
    expect(object.spec?.renewTime).toBe('2026-01-02T03:04:05.678901Z')
    const taken = await admin.put(`${leases}/turn`, { ...object, spec: { ...object.spec, holderIdentity: 'b' } })
    expect(taken.status).toBe(200)
    expect((await admin.put(`${leases}/turn`, { ...object, spec: { ...object.spec, holderIdentity: 'c' } })).status).toBe(409)
  })
})
