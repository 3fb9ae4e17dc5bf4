import type { ApiError } from '#kube/apiError.ts'
import type { KubeObject } from '#kube/object.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { ImageState } from '#images/imageState.ts'
import type { VirtualMachine } from './vm.ts'
import type { VmForm } from './vmPlan.ts'
import { objectKey } from '#kube/object.ts'
import { LARGEST_SECRET, TOO_MANY_GIB, bytesOf, isNamespaceGone } from '#kube/core.ts'
import { IMAGE_TYPE_LABEL } from '#images/image.ts'
import { isImported } from '#images/imageState.ts'
import { isMap, parseDocument } from 'yaml'

export interface VmFormWorld {
  readonly images: readonly VirtualMachineImage[]
  /** How an image stands, its copies looked at. */
  readonly stateOf: (image: VirtualMachineImage) => ImageState
  readonly vms: readonly VirtualMachine[]
  readonly networks: readonly KubeObject[]
}

export type VmFormField = 'name' | 'namespace' | 'cpu' | 'memoryGib' | 'image' | 'diskGib' | 'network' | 'userData' | 'networkData'
export type VmFormReason
  = | { readonly code: 'required' | 'too-long' | 'not-a-dns-label' | 'taken' | 'not-a-positive-number' | 'not-whole' | 'not-found' | 'image-not-ready' | 'image-lost' | 'image-without-class' | 'installer-iso' | 'no-cloud-config-header' | 'not-a-mapping' | 'no-memory-left' }
    | { readonly code: 'below-minimum', readonly minimumGib: number }
    | { readonly code: 'above-maximum', readonly maximum: number }
    | { readonly code: 'smaller-than-image' | 'no-room', readonly bytes: number }
    | { readonly code: 'not-yaml', readonly line: number, readonly message: string }
export type VmFormProblems = Partial<Record<VmFormField, VmFormReason>>

/** The smallest disk that Harvester's console offers for an image (harvester-ui-extension VirtualMachineVolume/type/vmImage.vue). */
const SMALLEST_DISK_GIB = 10
const GIB = 2 ** 30
/** Cores are counted in 32 bits (kubevirt.io/api/core/v1 CPU). */
const MOST_CORES = 2 ** 32 - 1
/** Of a VM's memory so much is not the guest's, where nothing else is reserved (harvester pkg/webhook/resources/virtualmachine/mutator.go). */
const RESERVED_GIB = 100 / 1024

/** What stands in the way of creating the VM, by field; empty when nothing does. */
export function checkVmForm(form: VmForm, world: VmFormWorld): VmFormProblems {
  const image = world.images.find(candidate => objectKey(candidate) === form.image)
  const room = checkRoom(form)
  const checked: Record<VmFormField, VmFormReason | undefined> = {
    name: checkName(form, world.vms),
    namespace: form.namespace ? undefined : { code: 'required' },
    cpu: checkNumber(form.cpu, MOST_CORES) ?? (Number.isInteger(form.cpu) ? undefined : { code: 'not-whole' }),
    memoryGib: checkNumber(form.memoryGib, TOO_MANY_GIB - 1) ?? (form.memoryGib > RESERVED_GIB ? undefined : { code: 'no-memory-left' }),
    image: checkImage(form.image, image, world.stateOf),
    diskGib: checkDisk(form.diskGib, image),
    network: form.network && !world.networks.some(network => objectKey(network) === form.network) ? { code: 'not-found' } : undefined,
    userData: room.userData ?? checkUserData(form.userData),
    networkData: room.networkData ?? checkYaml(form.networkData),
  }
  return Object.fromEntries(Object.entries(checked).filter(([, reason]) => reason))
}

function checkName({ name, namespace }: VmForm, vms: readonly VirtualMachine[]): VmFormReason | undefined {
  if (!name)
    return { code: 'required' }
  if (name.length > 63)
    return { code: 'too-long' }
  if (!/^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/.test(name))
    return { code: 'not-a-dns-label' }
  return vms.some(vm => vm.metadata.namespace === namespace && vm.metadata.name === name) ? { code: 'taken' } : undefined
}

function checkNumber(value: number, maximum: number): VmFormReason | undefined {
  if (!(value > 0 && Number.isFinite(value)))
    return { code: 'not-a-positive-number' }
  return value > maximum ? { code: 'above-maximum', maximum } : undefined
}

function checkImage(name: string, image: VirtualMachineImage | undefined, stateOf: VmFormWorld['stateOf']): VmFormReason | undefined {
  if (!name)
    return { code: 'required' }
  if (!image)
    return { code: 'not-found' }
  const state = stateOf(image)
  if (state.word === 'lost' || state.word === 'missing')
    return { code: 'image-lost' }
  if (!isImported(state))
    return { code: 'image-not-ready' }
  if (!image.status?.storageClassName)
    return { code: 'image-without-class' }
  // An installer needs an empty disk beside it, which this form does not make.
  return image.metadata.labels?.[IMAGE_TYPE_LABEL] === 'iso' ? { code: 'installer-iso' } : undefined
}

function checkDisk(diskGib: number, image: VirtualMachineImage | undefined): VmFormReason | undefined {
  const number = checkNumber(diskGib, TOO_MANY_GIB - 1)
  if (number)
    return number
  const bytes = image?.status?.virtualSize ?? 0
  if (diskGib * GIB < bytes)
    return { code: 'smaller-than-image', bytes }
  return diskGib < SMALLEST_DISK_GIB ? { code: 'below-minimum', minimumGib: SMALLEST_DISK_GIB } : undefined
}

/** User data of other kinds than cloud-config begins with a mark of its own (cloud-init: user-data formats). */
const OTHER_USER_DATA = /^(?:#!|#include|#cloud-boothook|#part-handler|## template:|Content-Type:|MIME-Version:)/

function checkUserData(text: string): VmFormReason | undefined {
  const [header = ''] = text.split('\n')
  if (!text.trim() || OTHER_USER_DATA.test(header))
    return undefined
  return header.trimEnd() === '#cloud-config' ? checkYaml(text) : { code: 'no-cloud-config-header' }
}

/** Both are kept in one Secret: where that has no room, the longer one is to be cut. */
function checkRoom({ userData, networkData }: VmForm): VmFormProblems {
  const [ofUser, ofNetwork] = [bytesOf(userData), bytesOf(networkData)]
  const bytes = ofUser + ofNetwork
  if (bytes <= LARGEST_SECRET)
    return {}
  const noRoom: VmFormReason = { code: 'no-room', bytes }
  return ofUser < ofNetwork ? { networkData: noRoom } : { userData: noRoom }
}

function checkYaml(text: string): VmFormReason | undefined {
  if (!text.trim())
    return undefined
  const document = parseDocument(text, { prettyErrors: true })
  const [error] = document.errors
  if (error)
    return { code: 'not-yaml', line: error.linePos?.[0].line ?? 1, message: error.message.split('\n')[0] ?? error.message }
  return document.contents === null || isMap(document.contents) ? undefined : { code: 'not-a-mapping' }
}

/** Where in the form a path of the manifests is decided. Harvester spells some of them in its own way (pkg/webhook/resources/virtualmachine/validator.go). */
const DECIDED: readonly (readonly [path: RegExp, field: VmFormField])[] = [
  [/^data$/, 'userData'],
  [/^metadata\.name$/, 'name'],
  [/^metadata\.namespace$/, 'namespace'],
  [/\.domain\.cpu\b|\.resources\.\w+\.cpu$/, 'cpu'],
  [/\.domain$|\.domain\.memory\b|\.resources\.\w+\.memory$|reservedMemory/, 'memoryGib'],
  [/\.networks\b|\.interfaces\b/, 'network'],
  [/^metadata\.annotations$|volumeClaimTemplates|\.volumes\b|\.disks\b/, 'diskGib'],
]

/** Harvester's webhooks look a VM's networks up, and answer with an error of theirs where one is not there (harvester pkg/webhook/resources/virtualmachine). */
const GONE_NETWORK = /network-attachment-definitions\.k8s\.cni\.cncf\.io "[^"]+" not found/

/**
 * What the cluster refused, by field of the form, in its words; what no field decides is left to be shown beside the button.
 * Three refusals name no path: RBAC's and that of a namespace that is gone, both about the namespace, and that of a name that somebody took meanwhile.
 */
export function refusalsOfVm({ status, message, causes }: Pick<ApiError, 'status' | 'message' | 'causes'>): Partial<Record<VmFormField, string>> {
  if ((status === 403 && message.includes('cannot create resource')) || isNamespaceGone({ status, message }))
    return { namespace: message }
  if (status === 409 && message.startsWith('virtualmachines.kubevirt.io '))
    return { name: message }
  if (GONE_NETWORK.test(message))
    return { network: message }
  const found: Partial<Record<VmFormField, string>> = {}
  for (const cause of causes) {
    const field = DECIDED.find(([path]) => path.test(cause.field))?.[1]
    if (field)
      found[field] = [found[field], cause.message].filter(Boolean).join(' ')
  }
  return found
}
