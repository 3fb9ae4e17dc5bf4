import { parseQuantity } from '#kube/quantity.ts'
import { sameJson } from '../equality.ts'
import type { JsonObject } from '../json.ts'
import { fieldAt, isObject } from '../json.ts'
import { metadataOf, metaText } from '../metadata.ts'
import type { ObjectStore } from '../objects.ts'
import type { StatusCause } from '../schema.ts'
import type { Strategy } from './strategy.ts'
import { forbiddenChange, immutable, section, withFinalizer } from './strategy.ts'

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class'
const FIXED = 'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims'

/** The default class, the youngest of several, as the admission plugin DefaultStorageClass picks it. */
function defaultClass(store: ObjectStore): string | undefined {
  const classes = store.of('storageclasses.storage.k8s.io').range('').map(stored => stored.object).filter(object => {
    const { annotations } = metadataOf(object)
    return isObject(annotations) && annotations[DEFAULT_CLASS] === 'true'
  })
  return classes.map(object => ({ name: metaText(object, 'name'), since: metaText(object, 'creationTimestamp') }))
    .sort((a, b) => (a.since === b.since ? (a.name < b.name ? -1 : 1) : a.since < b.since ? 1 : -1))[0]?.name
}

const SIZE = 'spec.resources.requests.storage'

/** A claim may ask for less again while its volume has not grown that far, and never for less than it has (ValidatePersistentVolumeClaimUpdate). */
function isShrunk(object: JsonObject, previous: JsonObject): boolean {
  const [size, before, capacity] = [fieldAt(object, SIZE), fieldAt(previous, SIZE), fieldAt(previous, 'status.capacity.storage')].map(quantity => parseQuantity(String(quantity)) ?? 0) as [number, number, number]
  return size < before && size <= capacity
}

function checkClaimUpdate(object: JsonObject, previous: JsonObject): StatusCause[] {
  const { resources, volumeAttributesClassName, ...after } = section(object, 'spec')
  const { resources: before, volumeAttributesClassName: classBefore, ...old } = section(previous, 'spec')
  void volumeAttributesClassName
  void classBefore
  const bound = fieldAt(previous, 'status.phase') === 'Bound'
  // The binder may name the volume, once.
  const expected: JsonObject = old['volumeName'] === undefined && after['volumeName'] !== undefined ? { ...old, volumeName: after['volumeName'] } : old
  const fixed = sameJson(after, expected) && (bound || sameJson(resources, before))
  return [
    ...(fixed ? [] : [forbiddenChange('spec', FIXED)]),
    ...(isShrunk(object, previous) ? [forbiddenChange(SIZE, 'field can not be less than status.capacity')] : []),
    ...(after['volumeMode'] === old['volumeMode'] ? [] : [immutable('volumeMode', after['volumeMode'])]),
  ]
}

/** The admission plugin PersistentVolumeClaimResize: a bound claim grows only where its class lets it. */
function forbidResize(object: JsonObject, previous: JsonObject, store: ObjectStore): string | undefined {
  const [size = 0, before = 0] = [fieldAt(object, SIZE), fieldAt(previous, SIZE)].map(quantity => parseQuantity(String(quantity)))
  if (fieldAt(previous, 'status.phase') !== 'Bound' || size <= before)
    return undefined
  const found = store.of('storageclasses.storage.k8s.io').get(String(fieldAt(object, 'spec.storageClassName')))
  return found && fieldAt(found.object, 'allowVolumeExpansion') === true ? undefined : 'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize'
}

export const CLAIMS: Strategy = {
  prepareCreate: (object, { store }) => {
    const spec = section(object, 'spec')
    const chosen = spec['storageClassName'] === undefined ? defaultClass(store) : undefined
    return withFinalizer({ ...object, spec: { ...spec, ...(chosen === undefined ? {} : { storageClassName: chosen }) }, status: { phase: 'Pending' } }, 'kubernetes.io/pvc-protection')
  },
  checkUpdate: checkClaimUpdate,
  forbid: forbidResize,
}

export const VOLUMES: Strategy = {
  prepareCreate: object => withFinalizer({ ...object, status: { phase: 'Pending' } }, 'kubernetes.io/pv-protection'),
}

export const STORAGE_CLASSES: Strategy = {
  checkUpdate: (object, previous) => [
    ...['parameters', 'provisioner'].filter(field => !sameJson(object[field], previous[field])).map(field => forbiddenChange(field, `updates to ${field} are forbidden.`)),
    ...['reclaimPolicy', 'volumeBindingMode'].filter(field => object[field] !== previous[field]).map(field => immutable(field, object[field])),
  ],
}

export const VOLUME_ATTACHMENTS: Strategy = {
  checkUpdate: (object, previous) => (sameJson(object['spec'], previous['spec']) ? [] : [immutable('spec', object['spec'])]),
}
