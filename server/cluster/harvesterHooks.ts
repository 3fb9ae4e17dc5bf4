import type { StorageClass } from '#kube/core.ts'
import { parseQuantity } from '#kube/quantity.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import { DISPLAY_NAME_LABEL, IMAGES } from '#images/image.ts'
import type { RemovalWorld } from '#images/imageUsers.ts'
import { refusalOfRemoval } from '#images/imageUsers.ts'
import { imageBackendOf, isDefaultClass } from '#images/storageClass.ts'
import { RUN_STRATEGY_ANNOTATION } from '#vms/vm.ts'
import type { AdmissionAnswer, AdmissionHook } from './cluster.ts'
import { sameJson } from './equality.ts'
import type { JsonObject } from './json.ts'
import { fieldAt, isObject } from './json.ts'

// Harvester's webhooks, as far as the console meets them: pkg/webhook/resources/{virtualmachine,virtualmachineimage}, pkg/image/common, pkg/image/backingimage/validate.go.

const MUTATOR = 'mutator.harvesterhci.io'
const VALIDATOR = 'validator.harvesterhci.io'
const CLASS_ANNOTATION = 'harvesterhci.io/storageClassName'
/** Setting default-vm-termination-grace-period-seconds. */
const GRACE_SECONDS = 120
/** Setting overcommit-config: 1600 % CPU, 150 % memory. */
const OVERCOMMIT = { cpu: 16, memory: 1.5 }
const MIB = 2 ** 20
const RESERVED = 100 * MIB
/** Parameters of the target class that the image's own class takes over. */
const TAKEN_OVER = ['nodeSelector', 'diskSelector', 'numberOfReplicas', 'staleReplicaTimeout', 'dataLocality', 'encrypted', 'migratable']

/** `object` with the field at that path set, everything on the way copied. */
function withField(object: JsonObject, path: readonly string[], value: JsonObject[string]): JsonObject {
  const [step = '', ...rest] = path
  const below = object[step]
  return { ...object, [step]: rest.length === 0 ? value : withField(isObject(below) ? below : {}, rest, value) }
}

const TEMPLATE = ['spec', 'template', 'spec']

/** A VM as Harvester's webhook would store it. A VM that leaves Halted gets the strategy that it had before, whatever was asked for. */
export function mutateVm(vm: JsonObject, old: JsonObject | undefined): JsonObject {
  // Without a template there is nothing to fill in: the schema has the word.
  if (!isObject(fieldAt(vm, 'spec.template')))
    return vm
  const grace = fieldAt(vm, 'spec.template.spec.terminationGracePeriodSeconds') ?? GRACE_SECONDS
  const graceful = withField(vm, [...TEMPLATE, 'terminationGracePeriodSeconds'], grace)
  const sized = withRequests(graceful)
  const asked = fieldAt(vm, 'spec.runStrategy')
  if (fieldAt(old, 'spec.runStrategy') !== 'Halted' || asked === undefined || asked === null || asked === 'Halted')
    return sized
  const annotations = fieldAt(vm, 'metadata.annotations')
  const remembered = isObject(annotations) ? annotations[RUN_STRATEGY_ANNOTATION] : undefined
  return withField(sized, ['spec', 'runStrategy'], typeof remembered === 'string' && remembered !== '' && remembered !== 'Halted' ? remembered : 'RerunOnFailure')
}

/** From limits: what is asked of the scheduler after overcommitment, and what the guest sees. */
function withRequests(vm: JsonObject): JsonObject {
  const limits = fieldAt(vm, 'spec.template.spec.domain.resources.limits')
  if (!isObject(limits))
    return vm
  const memory = parseQuantity(limits.memory as string | undefined)
  const cpu = parseQuantity(limits.cpu as string | undefined)
  const given = fieldAt(vm, 'spec.template.spec.domain.resources.requests')
  const requests: JsonObject = {
    ...(isObject(given) ? given : {}),
    ...(cpu ? { cpu: `${Math.floor(cpu * 1000 / OVERCOMMIT.cpu)}m` } : {}),
    ...(memory ? { memory: `${Math.floor(memory / OVERCOMMIT.memory / MIB)}Mi` } : {}),
  }
  const requested = withField(vm, [...TEMPLATE, 'domain', 'resources', 'requests'], requests)
  const guest = fieldAt(vm, 'spec.template.spec.domain.memory.guest')
  return memory && memory > RESERVED && !guest ? withField(requested, [...TEMPLATE, 'domain', 'memory', 'guest'], `${Math.floor((memory - RESERVED) / MIB)}Mi`) : requested
}

/** An image as Harvester's webhook would store it: its backend, its label, and the class on both places where it is kept. */
export function mutateImage(image: JsonObject, classes: readonly StorageClass[]): JsonObject {
  const spec = isObject(image.spec) ? image.spec : {}
  const metadata = isObject(image.metadata) ? image.metadata : {}
  const annotations = isObject(metadata.annotations) ? metadata.annotations : {}
  const labels = isObject(metadata.labels) ? metadata.labels : {}
  const named = spec.targetStorageClassName || annotations[CLASS_ANNOTATION] || classes.find(isDefaultClass)?.metadata.name
  const target = classes.find(kind => kind.metadata.name === named)
  const backend = spec.backend || 'backingimage'
  const own = isObject(spec.storageClassParameters) ? spec.storageClassParameters : {}
  const taken = backend === 'backingimage' && target && imageBackendOf(target) === 'backingimage'
    ? Object.fromEntries(TAKEN_OVER.flatMap(key => target.parameters?.[key] === undefined ? [] : [[key, target.parameters[key]]]))
    : {}
  const parameters = { ...taken, ...own } as JsonObject
  return {
    ...image,
    metadata: {
      ...metadata,
      labels: { ...labels, ...(typeof spec.displayName === 'string' ? { [DISPLAY_NAME_LABEL]: spec.displayName } : {}) },
      ...(named ? { annotations: { ...annotations, [CLASS_ANNOTATION]: named } } : {}),
    },
    spec: { ...spec, backend, ...(named ? { targetStorageClassName: named } : {}), ...(Object.keys(parameters).length > 0 ? { storageClassParameters: parameters } : {}) },
  }
}

/** What the hooks look at, as it is now. */
export interface HookWorld extends RemovalWorld { readonly classes: readonly StorageClass[] }

/** The fields that an image keeps for life, with Harvester's words on each; those of a volume only where it was exported from one (pkg/image/common/validator.go). */
const KEPT: readonly (readonly [field: string, words: string, exportsOnly?: true])[] = [
  ['spec.storageClassParameters', 'storageClassParameters of the VM Image cannot be modified'],
  ['spec.targetStorageClassName', 'storageClassName cannot be modified'],
  ['spec.sourceType', 'sourceType cannot be modified'],
  ['spec.pvcNamespace', 'pvcNamespace cannot be modified', true],
  ['spec.pvcName', 'pvcName cannot be modified', true],
  ['spec.url', 'url cannot be modified'],
  ['spec.securityParameters', 'securityParameters cannot be modified'],
  ['spec.displayName', 'displayName cannot be modified'],
]

/** Why Harvester refuses the change of an image: what it changes that an image keeps; undefined where it changes nothing of that. */
export function refusalOfChange(image: JsonObject, old: JsonObject): { readonly field: string, readonly words: string } | undefined {
  const isExport = fieldAt(old, 'spec.sourceType') === 'export-from-volume'
  const found = KEPT.find(([field, , exportsOnly]) => (isExport || !exportsOnly) && !sameJson(fieldAt(image, field) ?? null, fieldAt(old, field) ?? null))
  return found && { field: found[0], words: found[1] }
}

function refused(message: string, field: string): AdmissionAnswer {
  return { refusal: { code: 422, reason: 'Invalid', message, causes: [{ reason: 'FieldValueInvalid', message, field }] } }
}

/** The hooks that a Harvester cluster has on VMs and images. */
export function harvesterHooks(world: () => HookWorld): AdmissionHook[] {
  const mutate = (plural: string, operations: readonly string[], change: (object: JsonObject, old: JsonObject | undefined) => JsonObject): AdmissionHook => ({
    name: MUTATOR,
    phase: 'mutate',
    review: ({ operation, kind, subresource, object, old }) =>
      kind.plural === plural && subresource === '' && operations.includes(operation) && object && !fieldAt(object, 'metadata.deletionTimestamp') ? { object: change(object, old) } : undefined,
  })
  const validateImage: AdmissionHook = {
    name: VALIDATOR,
    phase: 'validate',
    review({ operation, kind, subresource, object, old }) {
      if (kind.plural !== IMAGES.plural || kind.group !== IMAGES.group || subresource !== '' || !old)
        return undefined
      if (operation === 'DELETE') {
        const words = refusalOfRemoval(old as unknown as VirtualMachineImage, world())
        return words === undefined ? undefined : refused(words, '')
      }
      const found = object && !fieldAt(object, 'metadata.deletionTimestamp') ? refusalOfChange(object, old) : undefined
      return found && refused(found.words, found.field)
    },
  }
  return [
    mutate('virtualmachines', ['CREATE', 'UPDATE'], mutateVm),
    mutate('virtualmachineimages', ['CREATE'], image => mutateImage(image, world().classes)),
    validateImage,
  ]
}
