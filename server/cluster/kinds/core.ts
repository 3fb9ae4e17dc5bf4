import type { Schema } from '../kind.ts'
import { POD } from './pod.ts'
import type { KindDefinition } from './shapes.ts'
import {
  byteCount, condition, flag, integer, intOrString, keyedList, labelSelector, listOf, mapOf, object, open, quantities, resources, shape, text, textList, textMap, texts, time,
} from './shapes.ts'

// core/v1: kinds, merge keys, defaults and selectable fields as in kubernetes/api core/v1/types.go and
// kubernetes/kubernetes pkg/apis/core/v1/{defaults,conversion}.go; descriptions ours.

const core = { group: '', versions: ['v1'] }
const int32 = { format: 'int32' }
const transition = { lastTransitionTime: time('When the status last changed.') }
const probed = { lastProbeTime: time('When it was last looked at.', { nullable: true }), ...transition }
const byType = (times: Readonly<Record<string, Schema>>) => keyedList('type', condition(times), 'What is known, one entry a type.')

const reference = (description: string) => shape(description, texts({
  apiVersion: 'API version.', fieldPath: 'Field.', kind: 'Kind.', name: 'Name.', namespace: 'Namespace.', resourceVersion: 'Version.', uid: 'Identity.',
}))

const namespace: KindDefinition = {
  ...core, kind: 'Namespace', plural: 'namespaces', shortNames: ['ns'], cluster: true, status: true, selectableFields: ['status.phase'],
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  subresources: [{ name: 'finalize', kind: 'Namespace', verbs: ['update'] }],
  schema: object('A space of names.', {
    spec: shape('What holds its deletion back.', { finalizers: textList('Who must be done first.') }),
    status: shape('Whether it is in use.', { phase: text('Active or Terminating.'), conditions: byType(transition) }, { default: { phase: 'Active' } }),
  }),
}

const node: KindDefinition = {
  ...core, kind: 'Node', plural: 'nodes', shortNames: ['no'], cluster: true, status: true, selectableFields: ['spec.unschedulable'],
  schema: object('A machine that runs pods.', {
    spec: shape('How it may be used.', {
      podCIDR: text('Addresses of its pods.'),
      podCIDRs: textList('Addresses of its pods.', { 'x-kubernetes-patch-strategy': 'merge' }),
      providerID: text('Its name where it comes from.'),
      taints: listOf(shape('', { 'key!': text('Key.'), 'effect!': text('NoSchedule, PreferNoSchedule or NoExecute.'), 'value': text('Value.'), 'timeAdded': time('Since when.') }), 'What keeps pods off.'),
      unschedulable: flag('Whether new pods are kept off.'),
      configSource: open('Unused.'),
      externalID: text('Unused.'),
    }),
    status: open('How it is.', {
      addresses: keyedList('type', shape('', { 'type!': text('Type.'), 'address!': text('Address.') }), 'Addresses.'),
      allocatable: quantities('What pods may use.'),
      capacity: quantities('What there is.'),
      conditions: byType({ lastHeartbeatTime: time('When it last reported.'), ...transition }),
      images: listOf(shape('', { names: textList('Names.'), sizeBytes: byteCount('Size in bytes.') }), 'Container images that it has.'),
      nodeInfo: open('Its software.', texts({
        architecture: 'Architecture.', bootID: 'Identity of this boot.', containerRuntimeVersion: 'Container runtime.', kernelVersion: 'Kernel.', kubeProxyVersion: 'Version of kube-proxy.',
        kubeletVersion: 'Version of the kubelet.', machineID: 'Identity of the machine.', operatingSystem: 'Operating system.', osImage: 'Distribution.', systemUUID: 'Identity of the hardware.',
      })),
      phase: text('Unused.'),
      volumesAttached: listOf(shape('', { 'name!': text('Volume.'), 'devicePath!': text('Device.') }), 'Volumes attached.'),
      volumesInUse: textList('Volumes in use.'),
    }),
  }),
}

const accessModes = textList('How it may be attached: ReadWriteOnce, ReadOnlyMany, ReadWriteMany or ReadWriteOncePod.')
const dataSource = { 'apiGroup': text('API group.'), 'kind!': text('Kind.'), 'name!': text('Name.') }

const claim: KindDefinition = {
  ...core, kind: 'PersistentVolumeClaim', plural: 'persistentvolumeclaims', shortNames: ['pvc'], status: true,
  schema: object('A wish for storage, and the hold on a volume.', {
    spec: shape('What is wished for.', {
      accessModes,
      dataSource: shape('What it is filled from.', dataSource),
      dataSourceRef: shape('What it is filled from, in any namespace.', { ...dataSource, namespace: text('Namespace.') }),
      resources: resources('Size asked for.'),
      selector: labelSelector('Labels of the volume.'),
      storageClassName: text('Storage class.'),
      volumeAttributesClassName: text('Class of attributes.'),
      volumeMode: text('Block or Filesystem.', { default: 'Filesystem' }),
      volumeName: text('The volume.'),
    }),
    status: shape('What became of it.', {
      accessModes,
      phase: text('Pending, Bound or Lost.'),
      capacity: quantities('Size of the volume.'),
      conditions: byType(probed),
      allocatedResources: quantities('Size set aside.'),
      allocatedResourceStatuses: textMap('How far growing is.'),
      currentVolumeAttributesClassName: text('Class of attributes in force.'),
      modifyVolumeStatus: open('How far a change of attributes is.'),
    }, { default: { phase: 'Pending' } }),
  }),
}

const sources = ['awsElasticBlockStore', 'azureDisk', 'azureFile', 'cephfs', 'cinder', 'fc', 'flexVolume', 'flocker', 'gcePersistentDisk', 'glusterfs', 'hostPath', 'iscsi', 'local', 'nfs', 'photonPersistentDisk', 'portworxVolume', 'quobyte', 'rbd', 'scaleIO', 'storageos', 'vsphereVolume']
const volume: KindDefinition = {
  ...core, kind: 'PersistentVolume', plural: 'persistentvolumes', shortNames: ['pv'], cluster: true, status: true,
  schema: object('A volume that there is.', {
    spec: shape('What it is.', {
      accessModes,
      capacity: quantities('Size.'),
      claimRef: reference('Claim that holds it.'),
      csi: open('Where it is.', { 'driver!': text('Driver.'), 'volumeHandle!': text('Its name in the storage.'), 'fsType': text('File system.'), 'readOnly': flag('For reading only.'), 'volumeAttributes': textMap('Attributes.') }),
      ...Object.fromEntries(sources.map(name => [name, open('')])),
      mountOptions: textList('Options.'),
      nodeAffinity: open('Nodes that can reach it.'),
      persistentVolumeReclaimPolicy: text('What becomes of it when the claim goes.', { default: 'Retain' }),
      storageClassName: text('Storage class.'),
      volumeAttributesClassName: text('Class of attributes.'),
      volumeMode: text('Block or Filesystem.', { default: 'Filesystem' }),
    }),
    status: shape('Whether it is held.', { ...texts({ phase: 'Pending, Available, Bound, Released or Failed.', reason: 'Reason in one word.', message: 'Reason for people.' }), lastPhaseTransitionTime: time('Since when.') }, { default: { phase: 'Pending' } }),
  }),
}

const secret: KindDefinition = {
  ...core, kind: 'Secret', plural: 'secrets', selectableFields: ['type'],
  schema: object('Data that not everybody may read.', {
    data: mapOf(text('', { format: 'byte' }), 'The data, in base64.'),
    stringData: textMap('The data as plain text, for writing only.'),
    immutable: flag('Whether it can no longer be changed.'),
    type: text('What it is for.', { default: 'Opaque' }),
  }),
}

const configMap: KindDefinition = {
  ...core, kind: 'ConfigMap', plural: 'configmaps', shortNames: ['cm'],
  schema: object('Data for others to read.', {
    data: textMap('The data.'),
    binaryData: mapOf(text('', { format: 'byte' }), 'Binary data, in base64.'),
    immutable: flag('Whether it can no longer be changed.'),
  }),
}

const event: KindDefinition = {
  ...core, kind: 'Event', plural: 'events', shortNames: ['ev'],
  selectableFields: [
    ...['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'].map(name => `involvedObject.${name}`),
    'reason', 'reportingComponent', 'type',
  ],
  schema: object('Something that happened to an object.', {
    'involvedObject!': reference('The object.'),
    'related': reference('Another object that is meant too.'),
    ...texts({ action: 'What was done.', reason: 'What happened, in one word.', message: 'What happened.', type: 'Normal or Warning.' }),
    'reportingComponent': text('Who says so.', { default: '' }),
    'reportingInstance': text('Which of them.', { default: '' }),
    'source': shape('Who says so.', { ...texts({ component: 'Component.', host: 'Node.' }) }, { default: {} }),
    'count': integer('How often.', int32),
    'firstTimestamp': time('When first.', { nullable: true, default: null }),
    'lastTimestamp': time('When last.', { nullable: true, default: null }),
    'eventTime': time('When.', { nullable: true, default: null }),
    'series': open('Repetitions.', { count: integer('How often.', int32), lastObservedTime: time('When last.') }),
  }),
}

const service: KindDefinition = {
  ...core, kind: 'Service', plural: 'services', shortNames: ['svc'], categories: ['all'], status: true,
  schema: object('An address for pods.', {
    spec: shape('Which pods and ports.', {
      type: text('ClusterIP, NodePort, LoadBalancer or ExternalName.', { default: 'ClusterIP' }),
      selector: textMap('Labels of the pods.'),
      ports: keyedList('port', shape('', {
        'port!': integer('Port.', int32),
        'targetPort': intOrString('Port of the pods.'),
        'nodePort': integer('Port of the nodes.', int32),
        'protocol': text('TCP, UDP or SCTP.', { default: 'TCP' }),
        ...texts({ name: 'Name.', appProtocol: 'What is spoken.' }),
      }), 'Ports.'),
      clusterIP: text('Address.'),
      clusterIPs: textList('Addresses.'),
      externalIPs: textList('Addresses outside.'),
      loadBalancerSourceRanges: textList('Who may come through the load balancer.'),
      ipFamilies: textList('IPv4 and IPv6.'),
      sessionAffinity: text('None or ClientIP.', { default: 'None' }),
      sessionAffinityConfig: open('How long clients stay.'),
      ...texts({
        externalName: 'Name outside.', externalTrafficPolicy: 'Where traffic from outside goes.', internalTrafficPolicy: 'Where traffic from inside goes.', ipFamilyPolicy: 'Which families it has.',
        loadBalancerIP: 'Address asked for.', loadBalancerClass: 'Class of load balancer.', trafficDistribution: 'How traffic is spread.',
      }),
      allocateLoadBalancerNodePorts: flag('Whether a load balancer gets ports of nodes.'),
      publishNotReadyAddresses: flag('Whether pods that are not ready count.'),
      healthCheckNodePort: integer('Port for health.', int32),
    }),
    status: shape('What became of it.', { loadBalancer: { ...open('The load balancer.'), default: {} }, conditions: byType(transition) }, { default: { loadBalancer: {} } }),
  }),
}

const serviceAccount: KindDefinition = {
  ...core, kind: 'ServiceAccount', plural: 'serviceaccounts', shortNames: ['sa'],
  schema: object('An account for pods.', {
    automountServiceAccountToken: flag('Mount a token.'),
    imagePullSecrets: keyedList('name', shape('', { name: text('Secret.') }), 'Secrets for registries.'),
    secrets: keyedList('name', reference(''), 'Secrets that it may use.'),
  }),
}

const limitRange: KindDefinition = {
  ...core, kind: 'LimitRange', plural: 'limitranges', shortNames: ['limits'],
  schema: object('Bounds of what a pod, container or claim of a namespace may ask for.', {
    spec: shape('The bounds.', {
      'limits!': listOf(shape('', {
        'type!': text('Pod, Container or PersistentVolumeClaim.'), 'default': quantities('Limit where none is given.'), 'defaultRequest': quantities('Request where none is given.'),
        'max': quantities('Most.'), 'min': quantities('Least.'), 'maxLimitRequestRatio': quantities('Most times the request.'),
      }), 'Each for one type.'),
    }),
  }),
}

const resourceQuota: KindDefinition = {
  ...core, kind: 'ResourceQuota', plural: 'resourcequotas', shortNames: ['quota'], status: true,
  schema: object('What all of a namespace may use together.', {
    spec: shape('The bounds.', { hard: quantities('Most of each resource.'), scopes: textList('What is counted.'), scopeSelector: open('What is counted.') }),
    status: shape('What is used.', { hard: quantities('Most of each resource.'), used: quantities('Used of each resource.') }, { default: {} }),
  }),
}

export const CORE_KINDS: readonly KindDefinition[] = [configMap, event, limitRange, namespace, node, claim, volume, POD, resourceQuota, secret, serviceAccount, service]
