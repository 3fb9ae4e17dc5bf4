import type { Schema } from '../kind.ts'
import type { KindDefinition } from './shapes.ts'
import {
  byteCount, condition, flag, flags, integer, intOrString, keyedList, listOf, mapOf, object, oneOf, open, resources, shape, text, textList, textMap, texts, time,
} from './shapes.ts'

// core/v1 Pod. Merge keys and defaults as in kubernetes/api core/v1/types.go; descriptions ours.

const int32 = { format: 'int32' }
const localReference = (description: string) => shape(description, { name: text('Name.'), optional: flag('Whether it may be absent.') })

const probe = (description: string) => shape(description, {
  exec: shape('Run a command.', { command: textList('Command.') }),
  grpc: open('Ask by gRPC.'),
  httpGet: open('Ask by HTTP.', { 'path': text('Path.', { default: '/' }), 'scheme': text('HTTP or HTTPS.', { default: 'HTTP' }), 'port!': intOrString('Port.') }),
  tcpSocket: open('Open a connection.', { 'port!': intOrString('Port.') }),
  failureThreshold: integer('Failures in a row that count.', { ...int32, default: 3 }),
  initialDelaySeconds: integer('Seconds before the first try.', int32),
  periodSeconds: integer('Seconds between tries.', { ...int32, default: 10 }),
  successThreshold: integer('Successes in a row that count.', { ...int32, default: 1 }),
  terminationGracePeriodSeconds: byteCount('Seconds to end in when it fails.'),
  timeoutSeconds: integer('Seconds that a try may take.', { ...int32, default: 1 }),
})

const container: Schema = shape('', {
  'name!': text('Name.'),
  'image': text('Container image.'),
  'imagePullPolicy': oneOf('When to pull.', 'Always', 'Never', 'IfNotPresent'),
  'command': textList('Command in place of the image\'s.'),
  'args': textList('Arguments of the command.'),
  'workingDir': text('Working directory.'),
  'env': keyedList('name', shape('', { 'name!': text('Name.'), 'value': text('Value.'), 'valueFrom': open('Where the value comes from.') }), 'Environment.'),
  'envFrom': listOf(shape('', { prefix: text('Prefix of the names.'), configMapRef: localReference('ConfigMap.'), secretRef: localReference('Secret.') }), 'Environment from ConfigMaps and Secrets.'),
  'ports': keyedList('containerPort', shape('', {
    'containerPort!': integer('Port.', int32),
    'hostPort': integer('Port of the node.', int32),
    'hostIP': text('Address of the node.'),
    'name': text('Name.'),
    'protocol': text('TCP, UDP or SCTP.', { default: 'TCP' }),
  }), 'Ports.'),
  'resources': shape('Compute resources.', { ...resources().properties, claims: listOf(open(''), 'Devices.') }, { default: {} }),
  'resizePolicy': listOf(open(''), 'What a change of resources does.'),
  'restartPolicy': text('For init containers: Always makes a sidecar.'),
  'volumeMounts': keyedList('mountPath', shape('', {
    'name!': text('Volume.'),
    'mountPath!': text('Path in the container.'),
    ...texts({ subPath: 'Path in the volume.', subPathExpr: 'Path in the volume, with variables.', mountPropagation: 'How mounts are seen outside.', recursiveReadOnly: 'Whether all below is for reading only.' }),
    'readOnly': flag('For reading only.'),
  }), 'File systems.'),
  'volumeDevices': keyedList('devicePath', shape('', { 'name!': text('Volume.'), 'devicePath!': text('Path in the container.') }), 'Block devices.'),
  'livenessProbe': probe('Restarts the container when it fails.'),
  'readinessProbe': probe('Whether the container serves.'),
  'startupProbe': probe('Holds the other probes back.'),
  'lifecycle': open('What is done after start and before end.'),
  'securityContext': open('Rights of the container.'),
  ...flags({ stdin: 'Keep standard input open.', stdinOnce: 'Close it after the first client.', tty: 'Give it a terminal.' }),
  'terminationMessagePath': text('File with its last words.', { default: '/dev/termination-log' }),
  'terminationMessagePolicy': text('Where its last words come from.', { default: 'File' }),
})

const files = { defaultMode: integer('Mode of the files.', { ...int32, default: 420 }), optional: flag('Whether it may be absent.'), items: listOf(open('', { 'key!': text('Key.'), 'path!': text('File.') }), 'Keys to take.') }
const elsewhere = ['awsElasticBlockStore', 'azureDisk', 'azureFile', 'cephfs', 'cinder', 'csi', 'downwardAPI', 'ephemeral', 'fc', 'flexVolume', 'flocker', 'gcePersistentDisk', 'gitRepo', 'glusterfs', 'image', 'iscsi', 'nfs', 'photonPersistentDisk', 'portworxVolume', 'projected', 'quobyte', 'rbd', 'scaleIO', 'storageos', 'vsphereVolume']
const volume: Schema = shape('', {
  'name!': text('Name.'),
  'persistentVolumeClaim': shape('A claim.', { 'claimName!': text('Name of the claim.'), 'readOnly': flag('For reading only.') }),
  'configMap': shape('A ConfigMap.', { name: text('Name.'), ...files }),
  'secret': shape('A Secret.', { secretName: text('Name.'), ...files }),
  'emptyDir': shape('An empty directory.', { medium: text('Memory, or empty for the disk.'), sizeLimit: intOrString('Most bytes.') }),
  'hostPath': shape('A path of the node.', { 'path!': text('Path.'), 'type': text('What must be there.', { default: '' }) }),
  ...Object.fromEntries(elsewhere.map(name => [name, open('')])),
})

const podSpec: Schema = shape('What runs and where.', {
  'containers!': keyedList('name', container, 'Containers.'),
  'initContainers': keyedList('name', container, 'Containers that run before.'),
  'ephemeralContainers': keyedList('name', open('', { 'name!': text('Name.'), 'image': text('Container image.'), 'targetContainerName': text('Container to look into.') }), 'Containers for debugging.'),
  'volumes': keyedList('name', volume, 'Volumes.', 'merge,retainKeys'),
  'nodeName': text('Node that it is on.'),
  'nodeSelector': textMap('Labels that the node must have.'),
  'affinity': open('Where it likes to run.'),
  'tolerations': listOf(shape('', { ...texts({ effect: 'Effect.', key: 'Key.', operator: 'Exists or Equal.', value: 'Value.' }), tolerationSeconds: byteCount('For how long.') }), 'Taints that are borne.'),
  'topologySpreadConstraints': keyedList('topologyKey', open('', { 'topologyKey!': text('Label of nodes.') }), 'How pods are spread.'),
  'restartPolicy': text('When containers are started again.', { default: 'Always' }),
  'terminationGracePeriodSeconds': integer('Seconds to end in.', { format: 'int64', default: 30 }),
  'activeDeadlineSeconds': byteCount('Seconds that it may run.'),
  'dnsPolicy': text('Where name servers come from.', { default: 'ClusterFirst' }),
  'dnsConfig': open('Name servers.'),
  'schedulerName': text('Scheduler.', { default: 'default-scheduler' }),
  'securityContext': { ...open('Rights of all containers.'), default: {} },
  'imagePullSecrets': keyedList('name', shape('', { name: text('Secret.', { default: '' }) }), 'Secrets for registries.'),
  'hostAliases': keyedList('ip', shape('', { 'ip!': text('Address.'), 'hostnames': textList('Names.') }), 'Names to add.'),
  'readinessGates': listOf(shape('', { 'conditionType!': text('Condition.') }), 'Conditions that must hold to be ready.'),
  'resourceClaims': keyedList('name', open('', { 'name!': text('Name.') }), 'Devices.', 'merge,retainKeys'),
  'schedulingGates': keyedList('name', shape('', { 'name!': text('Name.') }), 'What holds scheduling back.'),
  'enableServiceLinks': flag('Put services into the environment.', { default: true }),
  'priority': integer('Priority.', int32),
  'os': shape('Operating system.', { 'name!': text('linux or windows.') }),
  'overhead': mapOf(intOrString(''), 'Resources of the runtime.'),
  'resources': resources('Resources of the whole pod.'),
  ...flags({
    automountServiceAccountToken: 'Mount a token.', hostIPC: 'Share IPC with the node.', hostNetwork: 'Share the network of the node.', hostPID: 'Share processes with the node.',
    hostUsers: 'Share users with the node.', setHostnameAsFQDN: 'Full name as host name.', shareProcessNamespace: 'Share processes among containers.',
  }),
  ...texts({
    hostname: 'Host name.', hostnameOverride: 'Host name in place of the pod\'s.', subdomain: 'Subdomain.', preemptionPolicy: 'Whether it drives others out.', priorityClassName: 'Class of priority.',
    runtimeClassName: 'Class of runtime.', serviceAccount: 'Older name of serviceAccountName.', serviceAccountName: 'Account that it runs as.',
  }),
})

const state = (description: string) => shape(description, {
  running: shape('It runs.', { startedAt: time('Since when.') }),
  terminated: shape('It ended.', {
    'exitCode!': integer('Exit code.', int32),
    'signal': integer('Signal.', int32),
    ...texts({ reason: 'Reason in one word.', message: 'Reason for people.', containerID: 'Container.' }),
    'startedAt': time('When it began.'),
    'finishedAt': time('When it ended.'),
  }),
  waiting: shape('It does not run yet.', texts({ reason: 'Reason in one word.', message: 'Reason for people.' })),
})

const containerStatuses = (description: string) => listOf(open('', {
  'name!': text('Container.'),
  'ready!': flag('Whether it serves.'),
  'restartCount!': integer('How often it was started again.', int32),
  'image!': text('Image.'),
  'imageID!': text('Image by digest.'),
  'containerID': text('Container.'),
  'started': flag('Whether it has started.'),
  'state': state('Now.'),
  'lastState': state('Before.'),
}), description)

export const POD: KindDefinition = {
  group: '', versions: ['v1'], kind: 'Pod', plural: 'pods', shortNames: ['po'], categories: ['all'], status: true,
  selectableFields: ['spec.nodeName', 'spec.restartPolicy', 'spec.schedulerName', 'spec.serviceAccountName', 'spec.hostNetwork', 'status.phase', 'status.podIP', 'status.nominatedNodeName'],
  subresources: [{ name: 'binding', kind: 'Binding', verbs: ['create'] }, { name: 'eviction', group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] }],
  schema: object('Containers that run together on a node.', {
    spec: podSpec,
    status: shape('What it does.', {
      ...texts({
        phase: 'Pending, Running, Succeeded, Failed or Unknown.', reason: 'Reason in one word.', message: 'Reason for people.', hostIP: 'Address of the node.', podIP: 'Address.',
        nominatedNodeName: 'Node that is being cleared for it.', qosClass: 'Quality of service.', resize: 'State of a change of resources.',
      }),
      conditions: keyedList('type', condition({ lastProbeTime: time('When it was last looked at.', { nullable: true }), lastTransitionTime: time('When the status last changed.'), observedGeneration: byteCount('Generation that was seen.') }), 'What is known, one entry a type.'),
      containerStatuses: containerStatuses('Containers.'),
      initContainerStatuses: containerStatuses('Containers that run before.'),
      ephemeralContainerStatuses: containerStatuses('Containers for debugging.'),
      hostIPs: keyedList('ip', shape('', texts({ ip: 'Address.' })), 'Addresses of the node.'),
      podIPs: keyedList('ip', shape('', texts({ ip: 'Address.' })), 'Addresses.'),
      observedGeneration: byteCount('Generation that was seen.'),
      resourceClaimStatuses: listOf(open(''), 'Devices.'),
      startTime: time('When it was taken up by the node.'),
    }, { default: { phase: 'Pending' } }),
  }),
}
