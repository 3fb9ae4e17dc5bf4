import type { Kubectl } from './kubectl.ts'

/** A step of the session at the terminal: its name, and how it is taken. */
export type Step = readonly [name: string, take: readonly string[] | ((kubectl: Kubectl) => Promise<string>)]

const NAMESPACE = 'kubectl-contract'
const here = ['-n', NAMESPACE]
const apply = (manifest: string, ...more: string[]) => (kubectl: Kubectl) => kubectl.run(['apply', ...here, '-f', '-', ...more], { input: manifest })
const create = (manifest: string, ...more: string[]) => (kubectl: Kubectl) => kubectl.run(['create', ...here, '-f', '-', ...more], { input: manifest })
const sequence = (...runs: (readonly string[])[]) => async (kubectl: Kubectl) => {
  let printed = ''
  for (const args of runs)
    printed += await kubectl.run(args)
  return printed
}

const CONFIG = `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, labels: {app: web, tier: front}}
data: {color: red, size: "3"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: other, labels: {app: db}}
data: {a: "1"}
`
const SECRET = `
apiVersion: v1
kind: Secret
metadata: {name: cloud-init, labels: {app: web}}
stringData: {userdata: "#cloud-config"}
`
const POD = `
apiVersion: v1
kind: Pod
metadata: {name: idle, labels: {app: web}, annotations: {note: hello}}
spec:
  schedulerName: nobody
  containers:
  - {name: main, image: "registry.test/main:1", ports: [{containerPort: 80, name: http}], env: [{name: COLOR, value: red}], resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 128Mi}}, volumeMounts: [{name: data, mountPath: /data}]}
  - {name: side, image: "registry.test/side:1", command: [sh, -c, "sleep 1"]}
  volumes: [{name: data, persistentVolumeClaim: {claimName: disk}}]
`
const CLAIM = `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: disk, labels: {app: web}}
spec: {accessModes: [ReadWriteMany], volumeMode: Block, storageClassName: contract-class, resources: {requests: {storage: 10Gi}}}
`
const WRONG_IMAGE = `
apiVersion: harvesterhci.io/v1beta1
kind: VirtualMachineImage
metadata: {name: wrong}
spec: {sourceType: guess}
`
const CLASS = `
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: contract-class}
provisioner: nobody.test
parameters: {numberOfReplicas: "3"}
reclaimPolicy: Delete
volumeBindingMode: WaitForFirstConsumer
allowVolumeExpansion: true
`
const IMAGE = `
apiVersion: harvesterhci.io/v1beta1
kind: VirtualMachineImage
metadata: {name: noble, labels: {os: linux}, annotations: {harvesterhci.io/storageClassName: contract-class}}
spec: {displayName: noble, sourceType: upload, retry: 3}
`
const BACKING_IMAGE = `
apiVersion: longhorn.io/v1beta2
kind: BackingImage
metadata: {name: noble}
spec: {sourceType: upload, sourceParameters: {}, minNumberOfCopies: 2, dataEngine: v1, diskSelector: [ssd], diskFileSpecMap: {}}
`
const MACHINE = `
apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: {name: web-01, labels: {app: web}}
spec:
  runStrategy: Halted
  template:
    metadata: {labels: {app: web}}
    spec:
      domain:
        cpu: {cores: 2}
        memory: {guest: 2Gi}
        devices:
          disks: [{name: root, disk: {bus: virtio}, bootOrder: 1}]
          interfaces: [{name: default, masquerade: {}}]
        resources: {limits: {cpu: "2", memory: 2Gi}}
      networks: [{name: default, pod: {}}]
      volumes: [{name: root, persistentVolumeClaim: {claimName: disk}}]
`
const DEFINITION = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gears.kubectl.test}
spec:
  group: kubectl.test
  scope: Namespaced
  names: {plural: gears, singular: gear, kind: Gear, shortNames: [gr], categories: [machinery]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    additionalPrinterColumns: [{name: Teeth, type: integer, jsonPath: .spec.teeth}, {name: Maker, type: string, jsonPath: .spec.maker, priority: 1}, {name: Age, type: date, jsonPath: .metadata.creationTimestamp}]
    schema:
      openAPIV3Schema:
        type: object
        description: A gear turns others.
        properties:
          spec:
            type: object
            required: [teeth]
            description: What the gear shall be.
            properties:
              teeth: {type: integer, minimum: 3, description: How many teeth it has.}
              maker: {type: string, enum: [acme, other], description: Who makes it.}
              axle: {type: object, description: What it turns on., properties: {length: {type: number, description: In millimetres.}}}
              marks: {type: array, items: {type: string}}
          status: {type: object, properties: {turning: {type: boolean}, conditions: {type: array, items: {type: object, properties: {type: {type: string}, status: {type: string}}}}}}
`
const GEAR = (name: string, teeth: number | string, more = '') => `
apiVersion: kubectl.test/v1
kind: Gear
metadata: {name: ${name}, labels: {size: "${teeth}"}}
spec: {teeth: ${teeth}, maker: acme${more}}
`

export const SCRIPT: readonly Step[] = [
  ['create a namespace', ['create', 'namespace', NAMESPACE]],
  ['get the namespace', ['get', 'namespace', NAMESPACE]],
  ['get the namespace with labels', ['get', 'namespace', NAMESPACE, '--show-labels']],
  ['describe the namespace', ['describe', 'namespace', NAMESPACE]],

  ['auth whoami', ['auth', 'whoami']],
  ['auth can-i as administrator', ['auth', 'can-i', 'delete', 'virtualmachines', ...here]],
  ['auth can-i of a subresource', ['auth', 'can-i', 'get', 'pods', '--subresource=log', ...here]],
  ['auth can-i about an unknown kind', ['auth', 'can-i', 'get', 'sprockets', ...here]],
  ['auth can-i about a path', ['auth', 'can-i', 'get', '/version']],

  ['apply two objects', apply(CONFIG)],
  ['apply them again', apply(CONFIG)],
  ['apply a change', apply(CONFIG.replace('red', 'blue'))],
  ['apply without a field', apply(CONFIG.replace(', size: "3"', ''))],
  ['apply tried on the server', apply(CONFIG.replace('red', 'green'), '--dry-run=server')],
  ['apply tried on this side', apply(CONFIG.replace('red', 'green'), '--dry-run=client')],
  ['diff', kubectl => kubectl.run(['diff', ...here, '-f', '-'], { input: CONFIG.replace('red', 'green') })],
  ['get as YAML', ['get', 'configmap', 'settings', '-o', 'yaml', ...here]],
  ['get as JSON path', ['get', 'configmap', 'settings', '-o', 'jsonpath={.data.color}{"\\n"}', ...here]],
  ['get as names', ['get', 'configmaps,secrets', '-o', 'name', '-l', 'app', ...here]],
  ['get by label', ['get', 'cm', '-l', 'app=web', ...here]],
  ['get by labels that are not', ['get', 'cm', '-l', 'app!=web,app', ...here]],
  ['get by set of labels', ['get', 'cm', '-l', 'app in (web,db)', '--sort-by=.metadata.name', ...here]],
  ['get by field', ['get', 'cm', '--field-selector', 'metadata.name=other', ...here]],
  ['get by a field that there is not', ['get', 'cm', '--field-selector', 'data.color=red', ...here]],
  ['get with columns of labels', ['get', 'cm', '-l', 'app', '-L', 'app,tier', ...here]],
  ['get with columns of one\'s own', ['get', 'cm', '-l', 'app', '-o', 'custom-columns=NAME:.metadata.name,COLOR:.data.color', ...here]],
  ['get in pages', ['get', 'cm', '-l', 'app', '--chunk-size=1', ...here]],
  ['get nothing', ['get', 'services', ...here]],
  ['get what is not there', ['get', 'cm', 'ghost', ...here]],
  ['get a kind that is not there', ['get', 'sprockets', ...here]],
  ['describe a ConfigMap', ['describe', 'configmap', 'settings', ...here]],

  ['create a secret', create(SECRET)],
  ['create it again', create(SECRET)],
  ['get the secret', ['get', 'secret', 'cloud-init', ...here]],
  ['describe the secret', ['describe', 'secret', 'cloud-init', ...here]],

  ['create a class', create(CLASS)],
  ['get the class', ['get', 'storageclass', 'contract-class']],
  ['describe the class', ['describe', 'sc', 'contract-class']],
  ['create a claim', create(CLAIM)],
  ['get the claim', ['get', 'pvc', 'disk', ...here]],
  ['get the claim, wide', ['get', 'pvc', '-o', 'wide', ...here]],

  ['create a pod', create(POD)],
  ['get the pod', ['get', 'pods', ...here]],
  ['get the pod, wide', ['get', 'pods', '-o', 'wide', ...here]],
  ['get the pod by phase', ['get', 'pods', '--field-selector', 'status.phase=Pending', ...here]],
  ['describe the pod', ['describe', 'pod', 'idle', ...here]],
  ['describe the claim that it uses', async kubectl => (await kubectl.run(['describe', 'pvc', 'disk', ...here])).replace(/^Events:[^]*/m, '')],
  ['patch the pod strategically', ['patch', 'pod', 'idle', ...here, '-p', '{"spec":{"containers":[{"name":"side","image":"registry.test/side:2"}]}}']],
  ['get its images', ['get', 'pod', 'idle', '-o', 'jsonpath={.spec.containers[*].image}', ...here]],
  ['patch what may not be patched', async kubectl => (await kubectl.run(['patch', 'pod', 'idle', ...here, '-p', '{"spec":{"restartPolicy":"Never"}}'])).replace(/\n[^]*(?=\nexit)/, '')],
  ['label it', ['label', 'pod', 'idle', 'stage=test', ...here]],
  ['label it otherwise without saying so', ['label', 'pod', 'idle', 'stage=live', ...here]],
  ['annotate it', ['annotate', 'pod', 'idle', 'note=bye', '--overwrite', ...here]],
  ['wait in vain', ['wait', '--for=condition=Ready', 'pod/idle', '--timeout=1s', ...here]],
  ['wait for a value', ['wait', '--for=jsonpath={.status.phase}=Pending', 'pod/idle', '--timeout=5s', ...here]],
  ['delete the pod', ['delete', 'pod', 'idle', ...here]],
  ['wait for what is gone', ['wait', '--for=delete', 'pod/idle', '--timeout=5s', ...here]],

  ['create an image', create(IMAGE)],
  ['get images', ['get', 'virtualmachineimages', ...here]],
  ['get images by short name, wide', ['get', 'vmimage', '-o', 'wide', ...here]],
  ['get the image as YAML', ['get', 'vmimage', 'noble', '-o', 'yaml', ...here]],
  ['describe the image', ['describe', 'vmimage', 'noble', ...here]],
  ['create a backing image', create(BACKING_IMAGE)],
  ['get backing images', ['get', 'backingimages.longhorn.io', ...here]],

  ['create a machine', create(MACHINE)],
  ['get machines', ['get', 'vm', ...here]],
  ['get machines, wide', ['get', 'vms', '-o', 'wide', ...here]],
  ['get the machine\'s strategy', ['get', 'vm', 'web-01', '-o', 'jsonpath={.spec.runStrategy}', ...here]],
  ['patch the machine', ['patch', 'vm', 'web-01', '--type=merge', '-p', '{"metadata":{"annotations":{"field.cattle.io/description":"first"}}}', ...here]],
  ['patch the machine by JSON', ['patch', 'vm', 'web-01', '--type=json', '-p', '[{"op":"replace","path":"/spec/template/spec/domain/cpu/cores","value":4}]', ...here]],
  ['patch the machine with a failing test', ['patch', 'vm', 'web-01', '--type=json', '-p', '[{"op":"test","path":"/spec/runStrategy","value":"Always"}]', ...here]],
  ['patch the machine strategically', ['patch', 'vm', 'web-01', '--type=strategic', '-p', '{"spec":{"runStrategy":"Manual"}}', ...here]],
  ['patch nothing', ['patch', 'vm', 'web-01', '--type=merge', '-p', '{}', ...here]],
  ['get all over the cluster by field', ['get', 'vm', '-A', '--field-selector', `metadata.namespace=${NAMESPACE}`]],

  ['create a service', ['create', 'service', 'clusterip', 'front', '--tcp=80:8080', '--tcp=443:https', ...here]],
  ['get the service', sequence(['get', 'service', 'front', ...here], ['get', 'service', 'front', '-o', 'yaml', ...here], ['delete', 'service', 'front', ...here])],
  ['create a service without an address', sequence(['create', 'service', 'clusterip', 'headless', '--clusterip=None', '--tcp=80', ...here], ['get', 'service', 'headless', '-o', 'yaml', ...here], ['delete', 'service', 'headless', ...here])],
  ['create a service that is a name', sequence(['create', 'service', 'externalname', 'named', '--external-name=db.lab.test', ...here], ['get', 'service', 'named', '-o', 'yaml', ...here], ['delete', 'service', 'named', ...here])],
  ['create a quota', ['create', 'quota', 'bounds', '--hard=count/secrets=50,requests.cpu=1500m', ...here]],
  ['get the quota', sequence(['get', 'quota', 'bounds', '-o', 'yaml', ...here], ['delete', 'quota', 'bounds', ...here])],

  ['create an image that is wrong', create(WRONG_IMAGE, '--validate=false')],

  ['create a definition', create(DEFINITION)],
  ['wait for the definition', ['wait', '--for=condition=Established', 'crd/gears.kubectl.test', '--timeout=10s']],
  ['get the definition', ['get', 'crd', 'gears.kubectl.test']],
  ['api-resources of its group', ['api-resources', '--api-group=kubectl.test']],
  ['api-resources of its group, wide', ['api-resources', '--api-group=kubectl.test', '-o', 'wide']],
  ['api-resources of KubeVirt', ['api-resources', '--api-group=kubevirt.io', '-o', 'wide']],
  ['api-resources of Harvester', ['api-resources', '--api-group=harvesterhci.io', '-o', 'wide']],
  ['api-resources of Longhorn', ['api-resources', '--api-group=longhorn.io', '-o', 'wide']],
  ['api-resources of storage', async kubectl => (await kubectl.run(['api-resources', '--api-group=storage.k8s.io', '-o', 'name'])).replaceAll(/^(?!storageclasses|volumeattachments).*\n/gm, '')],
  ['create a gear', create(GEAR('big', 40, ', axle: {length: 2.5}, marks: [a, b]'))],
  ['create gears by apply', apply(GEAR('small', 8) + '---' + GEAR('tiny', 3))],
  ['get gears', ['get', 'gears', ...here]],
  ['get gears by short name, wide', ['get', 'gr', '-o', 'wide', ...here]],
  ['get gears by category', ['get', 'machinery', ...here]],
  ['get one gear of its full name', ['get', 'gears.v1.kubectl.test/big', ...here]],
  ['get gears in order', ['get', 'gears', '--sort-by=.spec.teeth', ...here]],
  ['describe a gear', ['describe', 'gear', 'big', ...here]],
  ['create a gear that is wrong', create(GEAR('wrong', 2, ', marks: x'))],
  ['create a gear with an unknown field', create(GEAR('unknown', 5, ', colour: red'))],
  ['create a gear with an unknown field all the same', create(GEAR('unknown', 5, ', colour: red'), '--validate=false')],
  ['create a gear with an unknown field with a warning', create(GEAR('unknown-too', 5, ', colour: red'), '--validate=warn')],
  ['apply a gear', apply(GEAR('small', 12))],
  ['apply a gear without a field', apply(GEAR('small', 12).replace(', maker: acme', ''))],
  ['get the gear as YAML', ['get', 'gear', 'small', '-o', 'yaml', ...here]],
  ['replace a gear', kubectl => kubectl.run(['replace', ...here, '-f', '-'], { input: GEAR('tiny', 4) })],
  ['replace a gear that is not there', kubectl => kubectl.run(['replace', ...here, '-f', '-'], { input: GEAR('ghost', 4) })],
  ['edit a gear', kubectl => kubectl.edit(['gear', 'big', ...here], 'teeth: 40', 'teeth: 41')],
  ['edit nothing', kubectl => kubectl.edit(['gear', 'big', ...here], 'no such', 'thing')],
  ['edit a built-in', kubectl => kubectl.edit(['configmap', 'settings', ...here], 'color: blue', 'color: violet')],
  ['see what was edited', sequence(['get', 'gear', 'big', '-o', 'jsonpath={.spec.teeth}', ...here], ['get', 'cm', 'settings', '-o', 'jsonpath={.data.color}', ...here])],
  ['patch the status of a gear', ['patch', 'gear', 'big', '--subresource=status', '--type=merge', '-p', '{"status":{"turning":true,"conditions":[{"type":"Ready","status":"True"}]}}', ...here]],
  ['wait for a gear\'s condition', ['wait', '--for=condition=Ready', 'gear/big', '--timeout=5s', ...here]],
  ['wait for a gear\'s field', ['wait', '--for=jsonpath={.status.turning}=true', 'gear/big', '--timeout=5s', ...here]],
  ['watch gears', kubectl => kubectl.watching(['get', 'gears', '-w', ...here], turnGear(kubectl, 'first'))],
  ['watch gears only', kubectl => kubectl.watching(['get', 'gears', '--watch-only', '-o', 'name', ...here], turnGear(kubectl, 'second'))],
  ['watch with events', kubectl => kubectl.watching(['get', 'gears', '-w', '--output-watch-events', '-l', 'size=8', ...here], turnGear(kubectl, 'third'))],

  ['explain the kind', ['explain', 'gear']],
  ['explain the spec', ['explain', 'gears.spec']],
  ['explain a field', ['explain', 'gear.spec.maker']],
  ['explain a field in a field', ['explain', 'gear.spec.axle.length']],
  ['explain a list', ['explain', 'gear.spec.marks']],
  ['explain all of it', ['explain', 'gear', '--recursive']],
  ['explain a field that there is not', ['explain', 'gear.spec.color']],
  ['explain a machine', ['explain', 'virtualmachine']],
  ['explain a machine\'s spec', ['explain', 'vm.spec']],
  ['explain a machine\'s strategy', ['explain', 'vm.spec.runStrategy']],
  ['explain an image, all of it', ['explain', 'virtualmachineimage', '--recursive']],
  ['explain a backing image\'s spec', ['explain', 'backingimage.spec']],
  ['explain a volume of Longhorn', ['explain', 'volumes.longhorn.io.spec']],

  ['delete by label', ['delete', 'gears', '-l', 'size=3', ...here]],
  ['delete tried on the server', ['delete', 'gear', 'big', '--dry-run=server', ...here]],
  ['delete two at once', ['delete', 'gear/big', 'gear/small', ...here]],
  ['delete what is not there', ['delete', 'gear', 'ghost', ...here]],
  ['delete what is not there, if it is', ['delete', 'gear', 'ghost', '--ignore-not-found', ...here]],
  ['delete from a file', kubectl => kubectl.run(['delete', ...here, '-f', '-'], { input: GEAR('unknown', 5) })],
  ['delete in the foreground', ['delete', 'gear', 'unknown-too', '--cascade=foreground', ...here]],
  ['delete the definition', ['delete', 'crd', 'gears.kubectl.test']],
  ['get its kind afterwards', ['get', 'gears', ...here]],
  ['delete the class', ['delete', 'sc', 'contract-class']],
  ['delete the namespace', ['delete', 'namespace', NAMESPACE, '--timeout=60s']],
  ['get the namespace afterwards', ['get', 'namespace', NAMESPACE]],
]

function turnGear(kubectl: Kubectl, name: string): () => Promise<unknown> {
  return async () => {
    await kubectl.run(['create', ...here, '-f', '-'], { input: GEAR(name, 8) })
    await kubectl.run(['patch', 'gear', name, '--type=merge', '-p', '{"spec":{"teeth":9}}', ...here])
    await kubectl.run(['delete', 'gear', name, ...here])
  }
}
