import { BACKING_IMAGES, LONGHORN_NAMESPACE, LONGHORN_NODES, LONGHORN_REPLICAS, LONGHORN_VOLUMES } from '#health/longhorn.ts'
import type { BackingImage, LonghornNode, LonghornVolume } from '#health/longhorn.ts'
import { parseQuantity } from '#kube/quantity.ts'
import type { JsonObject } from '../json.ts'
import { finalizersOf, metadataOf } from '../metadata.ts'
import type { Asked, Refusal, Rule, Sight } from './rule.ts'
import { invalid, refusing, withField } from './rule.ts'

// longhorn-manager webhook/resources/{backingimage,volume,node}: what imports, exports, volumes and evictions meet.

const FINALIZER = 'longhorn.io'
/** Setting default-min-number-of-backing-image-copies. */
const COPIES = 3
const MOST_REPLICAS = 20

/** webhook/common: Longhorn holds what it has until its controllers have cleared up. */
function withFinalizer(object: JsonObject): JsonObject {
  const finalizers = finalizersOf(object)
  return finalizers.includes(FINALIZER) ? object : { ...object, metadata: { ...metadataOf(object), finalizers: [...finalizers, FINALIZER] } }
}

const FILE_LABELS = { 'longhorn.io/component': 'backing-image', 'longhorn.io/managed-by': 'longhorn-manager' }

/** What is enciphered or deciphered has other bytes than anybody could tell of before. */
function checksumOf({ sourceType, checksum = '' }: Pick<BackingImage['spec'], 'sourceType' | 'checksum'>): string {
  return sourceType === 'clone' ? '' : checksum.trim()
}

/** What nobody said is said to be empty. */
function mutateBackingImage({ object }: Asked): { readonly object: JsonObject } {
  const { minNumberOfCopies, sourceType, sourceParameters = {}, ...given } = asBackingImage(object).spec
  const parameters = Object.fromEntries(Object.entries(sourceParameters).map(([name, value]) => [name, value.trim()]))
  const spec = {
    disks: {}, diskFileSpecMap: {}, ...object.spec as JsonObject, checksum: checksumOf({ sourceType, ...given }), minNumberOfCopies: minNumberOfCopies || COPIES,
    sourceParameters: { ...parameters, ...(sourceType === 'export-from-volume' && !parameters['export-type'] ? { 'export-type': 'raw' } : {}) },
  }
  return { object: withField({ ...withFinalizer(object), spec }, ['metadata', 'labels'], { ...metadataOf(object).labels as JsonObject | undefined, ...FILE_LABELS }) }
}

const asBackingImage = (object: JsonObject) => object as unknown as BackingImage

/** What Longhorn refuses of a file that is to be made. */
export function refusalOfFile(spec: BackingImage['spec'], sight: Sight): Refusal | undefined {
  const { dataEngine, minNumberOfCopies = COPIES, sourceType = '', sourceParameters = {} } = spec
  const checksum = checksumOf(spec)
  // Since Longhorn 1.12, whose images of v2 are CDI's claims.
  if (dataEngine === 'v2')
    return invalid('v2 backing image is not supported')
  if (checksum && !/^[a-f0-9]{128}$/.test(checksum))
    return invalid(`invalid checksum ${checksum}`)
  if (minNumberOfCopies < 1)
    return invalid(`minimum number of backing image copies ${minNumberOfCopies} must larger than 0`)
  const source = `${LONGHORN_NAMESPACE}/${sourceParameters['backing-image'] ?? ''}`
  const isLost = sourceType === 'clone' && sight.has(BACKING_IMAGES) && !sight.get(BACKING_IMAGES, source)
  if ((sourceType === 'download' && !sourceParameters.url) || isLost)
    return invalid(`invalid parameter ${mapOfGo(sourceParameters)} for source type ${sourceType}`)
  return sourceType === 'export-from-volume' ? refusalOfExport(sourceParameters, sight) : undefined
}

function refusalOfExport(parameters: Readonly<Record<string, string>>, sight: Sight): Refusal | undefined {
  const { 'volume-name': name = '', 'export-type': type = 'raw' } = parameters
  if (!name)
    return invalid(`invalid parameter ${mapOfGo(parameters)} for source type export-from-volume`)
  const volume = sight.get(LONGHORN_VOLUMES, `${LONGHORN_NAMESPACE}/${name}`)
  if (!volume)
    return sight.has(LONGHORN_VOLUMES) ? invalid(`failed to get volume ${name} before exporting backing image`) : undefined
  if (volume.spec.dataEngine === 'v2')
    return invalid('exported from a v2 volume is not supported')
  if (volume.status?.robustness === 'faulted')
    return invalid(`cannot export a backing image from faulted volume ${name}`)
  return type === 'raw' || type === 'qcow2' ? undefined : invalid(`unsupported export type ${type}`)
}

/** As Go prints a map: its keys in order. */
function mapOfGo(map: Readonly<Record<string, string>>): string {
  return `map[${Object.entries(map).sort(([one], [other]) => one < other ? -1 : 1).map(([key, value]) => `${key}:${value}`).join(' ')}]`
}

function refusalOfDeletion({ object, sight }: Asked): Refusal | undefined {
  const { name } = asBackingImage(object).metadata
  return sight.all(LONGHORN_REPLICAS).some(({ spec }) => spec.backingImage === name) ? invalid(`cannot delete backing image ${name} since there are replicas using it`) : undefined
}

function refusalOfVolume({ object, sight }: Asked): Refusal | undefined {
  const { numberOfReplicas = 3, backingImage, size } = (object as unknown as LonghornVolume).spec
  if (numberOfReplicas < 1 || numberOfReplicas > MOST_REPLICAS)
    return invalid(`replica count value ${numberOfReplicas} must between 1 to ${MOST_REPLICAS}`, 'spec.numberOfReplicas')
  const virtualSize = sight.get(BACKING_IMAGES, `${LONGHORN_NAMESPACE}/${backingImage}`)?.status?.virtualSize ?? 0
  return (parseQuantity(size) ?? 0) < virtualSize ? invalid('volume size should be larger than the backing image size') : undefined
}

/** What is emptied takes nothing new. */
function refusalOfEviction({ object }: Asked): Refusal | undefined {
  const { metadata: { name }, spec: { allowScheduling, evictionRequested, disks = {} } } = object as unknown as LonghornNode
  const words = (what: string, name: string) => invalid(`need to disable scheduling on ${what} ${name} for ${what} eviction, or cancel eviction to enable scheduling on this ${what}`)
  if (evictionRequested && allowScheduling)
    return words('node', name)
  const disk = Object.entries(disks).find(([, spec]) => spec.evictionRequested && spec.allowScheduling)
  return disk && words('disk', disk[0])
}

export const LONGHORN_MUTATIONS: readonly Rule[] = [
  { kind: BACKING_IMAGES, operations: ['CREATE'], judge: mutateBackingImage },
  { kind: LONGHORN_VOLUMES, operations: ['CREATE'], judge: ({ object }) => ({ object: withFinalizer(object) }) },
]
export const LONGHORN_RULES: readonly Rule[] = [
  refusing(BACKING_IMAGES, ['CREATE'], ({ object, sight }) => refusalOfFile(asBackingImage(object).spec, sight)),
  refusing(BACKING_IMAGES, ['DELETE'], refusalOfDeletion),
  refusing(LONGHORN_VOLUMES, ['CREATE'], refusalOfVolume),
  refusing(LONGHORN_NODES, ['UPDATE'], refusalOfEviction),
]
