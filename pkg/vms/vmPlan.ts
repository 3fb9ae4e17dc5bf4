import type { Secret } from '#kube/core.ts'
import type { Manifest } from '#kube/object.ts'
import type { Permission, Write } from '#kube/write.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { RunStrategy, VirtualMachine } from './vm.ts'
import { SECRETS } from '#kube/core.ts'
import { objectKey } from '#kube/object.ts'
import { createOf, patchOf } from '#kube/write.ts'
import { DESCRIPTION_ANNOTATION, IMAGE_ID_ANNOTATION, OS_TYPE_LABEL } from '#images/image.ts'
import { CLAIM_TEMPLATES_ANNOTATION, VMS } from './vm.ts'

export interface VmForm {
  readonly name: string
  readonly namespace: string
  readonly description: string
  /** Whole cores. */
  readonly cpu: number
  readonly memoryGib: number
  /** `namespace/name` of the image that the boot disk is made from. */
  readonly image: string
  readonly diskGib: number
  /** `namespace/name` of a NetworkAttachmentDefinition; empty for the cluster's own pod network. */
  readonly network: string
  /** cloud-init; empty for none. */
  readonly userData: string
  readonly networkData: string
  readonly runStrategy: RunStrategy
}

/** Random parts of names, given in: five characters of [a-z0-9] each. */
export interface VmSuffixes { readonly disk: string, readonly secret: string }

/** Labels and annotations that Harvester's console writes on a VM (harvester-ui-extension models/kubevirt.io.virtualmachine.js). */
const CREATOR_LABEL = 'harvesterhci.io/creator'
const OS_LABEL = 'harvesterhci.io/os'
const VM_NAME_LABEL = 'harvesterhci.io/vmName'
const SSH_NAMES_ANNOTATION = 'harvesterhci.io/sshNames'
const IPS_ANNOTATION = 'network.harvesterhci.io/ips'
const CLOUD_INIT_LABEL = 'harvesterhci.io/cloud-init-template'

/**
 * A VM from an image, as Harvester's console makes it: the Secret with cloud-init first, so that stopping half-way leaves
 * an idle Secret and never a VM that cannot boot; then the VM. `ownCloudInit` ties the Secret to the VM once that exists.
 * The boot disk is an entry of `volumeClaimTemplates`, for a BackingImage and for a CDI image alike: Harvester makes a
 * claim or a DataVolume of it, on the class that the image itself names.
 * Source: harvester pkg/controller/master/virtualmachine/vm_controller.go createPVCsFromAnnotation.
 */
export function planVm(form: VmForm, image: VirtualMachineImage, suffixes: VmSuffixes): readonly Write[] {
  const secret = planCloudInit(form, suffixes)
  return [...(secret ? [createOf(SECRETS, secret)] : []), createOf(VMS, vmOf(form, image, suffixes, secret?.metadata.name))]
}

/** What whoever makes the VM must be allowed: it, and its Secret where cloud-init is given. */
export function rightsOfVm(form: VmForm): readonly Permission[] {
  const where = { namespace: form.namespace }
  return (hasCloudInit(form) ? [SECRETS, VMS] : [VMS]).map(resource => ({ verb: 'create', resource, where }))
}

/** The Secret belongs to the VM from now on, and goes with it. Undefined where the plan has none. */
export function ownCloudInit(vm: VirtualMachine, secretName: string): Write {
  const owner = { apiVersion: vm.apiVersion, kind: vm.kind, name: vm.metadata.name, uid: vm.metadata.uid }
  return patchOf(SECRETS, { metadata: { namespace: vm.metadata.namespace ?? '', name: secretName } }, [{ op: 'add', path: '/metadata/ownerReferences', value: [owner] }])
}

/** The cloud-init Secret's name in a plan, or undefined where none is made. */
export function cloudInitNameOf(form: VmForm, suffixes: VmSuffixes): string | undefined {
  return planCloudInit(form, suffixes)?.metadata.name
}

function hasCloudInit({ userData, networkData }: VmForm): boolean {
  return Boolean(userData.trim() || networkData.trim())
}

function planCloudInit(form: VmForm, suffixes: VmSuffixes): Manifest<Secret> | undefined {
  if (!hasCloudInit(form))
    return undefined
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `${form.name}-${suffixes.secret}`, namespace: form.namespace, labels: { [CLOUD_INIT_LABEL]: 'harvester' } },
    type: 'secret',
    data: { userdata: base64(form.userData), networkdata: base64(form.networkData) },
  }
}

function base64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), byte => String.fromCharCode(byte)).join(''))
}

function vmOf(form: VmForm, image: VirtualMachineImage, suffixes: VmSuffixes, secretName: string | undefined): Manifest<VirtualMachine> {
  const claimName = `${form.name}-disk-0-${suffixes.disk}`
  const template = {
    metadata: { name: claimName, annotations: { [IMAGE_ID_ANNOTATION]: objectKey(image) } },
    spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: `${form.diskGib}Gi` } }, volumeMode: 'Block', storageClassName: image.status?.storageClassName },
  }
  const reference = secretName && { name: secretName }
  const disks = [{ name: 'disk-0', disk: { bus: 'virtio' }, bootOrder: 1 }, ...(reference ? [{ name: 'cloudinitdisk', disk: { bus: 'virtio' } }] : [])]
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: {
      name: form.name,
      namespace: form.namespace,
      labels: { [CREATOR_LABEL]: 'harvester', [OS_LABEL]: image.metadata.labels?.[OS_TYPE_LABEL] || 'linux' },
      annotations: { [CLAIM_TEMPLATES_ANNOTATION]: JSON.stringify([template]), [IPS_ANNOTATION]: '[]', ...(form.description && { [DESCRIPTION_ANNOTATION]: form.description }) },
    },
    spec: {
      runStrategy: form.runStrategy,
      template: {
        metadata: { annotations: { [SSH_NAMES_ANNOTATION]: '[]' }, labels: { [VM_NAME_LABEL]: form.name } },
        spec: {
          evictionStrategy: 'LiveMigrateIfPossible',
          hostname: form.name,
          networks: [{ name: 'default', ...(form.network ? { multus: { networkName: form.network } } : { pod: {} }) }],
          domain: {
            machine: { type: '' },
            cpu: { cores: form.cpu, sockets: 1, threads: 1 },
            features: { acpi: { enabled: true } },
            resources: { limits: { cpu: String(form.cpu), memory: `${form.memoryGib}Gi` } },
            devices: {
              inputs: [{ bus: 'usb', name: 'tablet', type: 'tablet' }],
              interfaces: [{ name: 'default', model: 'virtio', ...(form.network ? { bridge: {} } : { masquerade: {} }) }],
              disks,
            },
          },
          volumes: [
            { name: 'disk-0', persistentVolumeClaim: { claimName } },
            ...(reference ? [{ name: 'cloudinitdisk', cloudInitNoCloud: { secretRef: reference, networkDataSecretRef: reference } }] : []),
          ],
          affinity: {},
        },
      },
    },
  }
}
