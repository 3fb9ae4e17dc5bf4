import type { JsonPatchOperation } from '#kube/client.ts'
import type { KubeObject, Manifest } from '#kube/object.ts'
import type { Requester } from '#volumes/exportRequester.ts'
import type { ImageBackend, ImageSourceType, VirtualMachineImage } from '#images/image.ts'

// AdmissionReview of admission.k8s.io/v1, as kube-apiserver sends and takes it (k8s.io/api/admission/v1/types.go).

/** What is asked, as far as the judgements look at it. */
export interface AdmissionRequest {
  readonly uid: string
  readonly operation: string
  /** `virtualmachineimages.harvesterhci.io`, `persistentvolumeclaims`, with `/status` behind it for a subresource. */
  readonly resource: string
  readonly namespace: string
  /** Who writes. */
  readonly user: Requester
  /** Nothing will be kept of it; it is judged like any other. */
  readonly dryRun: boolean
  readonly object: unknown
  /** As it was before an update. */
  readonly oldObject: unknown
}

interface AdmissionCause { readonly reason: 'FieldValueInvalid', readonly field: string, readonly message: string }

/** The Status of a refusal (meta/v1): its causes stand beside the fields, in kubectl and in the form. */
export interface Refusal {
  readonly status: 'Failure'
  /** 422 is about what was written, 403 about when. */
  readonly code: 422 | 403
  readonly reason: 'Invalid' | 'Forbidden'
  readonly message: string
  readonly details: { readonly group: string, readonly kind: string, readonly name: string, readonly causes: readonly AdmissionCause[] }
}

export interface AdmissionAnswer {
  readonly warnings: readonly string[]
  readonly refusal?: Refusal
  /** What a mutating webhook changes. */
  readonly patch?: readonly JsonPatchOperation[]
}

/** A refusal in which each sentence stands beside its field; those that are about none have the message alone. */
export function refuse(code: Refusal['code'], message: string, details: Omit<Refusal['details'], 'causes'>, sentences: readonly { readonly field: string, readonly text: string }[] = []): Refusal {
  const causes = sentences.map(({ field, text }) => ({ reason: 'FieldValueInvalid' as const, field, message: text }))
  return { status: 'Failure', code, reason: code === 422 ? 'Invalid' : 'Forbidden', message, details: { ...details, causes } }
}

type Fields = Readonly<Record<string, unknown>>

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function fieldsAt(value: unknown, name: string): Fields {
  const found = isFields(value) ? value[name] : undefined
  return isFields(found) ? found : {}
}

function textAt(value: unknown, name: string): string | undefined {
  const found = isFields(value) ? value[name] : undefined
  return typeof found === 'string' ? found : undefined
}

/** The request of an AdmissionReview, or what is wrong with the body in one sentence. */
export function readReview(body: unknown): AdmissionRequest | { readonly problem: string } {
  if (!isFields(body) || body.kind !== 'AdmissionReview')
    return { problem: 'the body is not an AdmissionReview' }
  if (body.apiVersion !== 'admission.k8s.io/v1')
    return { problem: `only admission.k8s.io/v1 is spoken here, not ${textAt(body, 'apiVersion') ?? 'an AdmissionReview without apiVersion'}` }
  const { request } = body
  const uid = textAt(request, 'uid')
  const operation = textAt(request, 'operation')
  const { group, resource } = fieldsAt(request, 'resource')
  if (!uid)
    return { problem: 'the AdmissionReview has no request.uid' }
  if (!operation || typeof group !== 'string' || typeof resource !== 'string')
    return { problem: 'the AdmissionReview does not say request.operation and request.resource' }
  const subresource = textAt(request, 'subResource')
  return {
    uid,
    operation,
    resource: `${resource}${group && `.${group}`}${subresource ? `/${subresource}` : ''}`,
    namespace: textAt(request, 'namespace') ?? '',
    user: readUser(fieldsAt(request, 'userInfo')),
    dryRun: isFields(request) && request.dryRun === true,
    object: isFields(request) ? request.object : undefined,
    oldObject: isFields(request) ? request.oldObject : undefined,
  }
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter(each => typeof each === 'string') : []
}

function readUser(info: Fields): Requester {
  const [uid, groups, extra] = [textAt(info, 'uid'), textsOf(info.groups), Object.entries(fieldsAt(info, 'extra'))]
  return {
    name: textAt(info, 'username') ?? '',
    ...(uid && { uid }),
    ...(groups.length > 0 && { groups }),
    ...(extra.length > 0 && { extra: Object.fromEntries(extra.map(([key, values]) => [key, textsOf(values)])) }),
  }
}

/** The AdmissionReview that answers the request of that uid. */
export function answerReview(uid: string, { warnings, refusal, patch }: AdmissionAnswer): object {
  const changes = !refusal && patch?.length ? { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') } : {}
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid, allowed: refusal === undefined, ...(refusal && { status: refusal }), ...(warnings.length > 0 && { warnings }), ...changes },
  }
}

const SOURCE_TYPES: readonly ImageSourceType[] = ['download', 'upload', 'export-from-volume', 'restore', 'clone']
const BACKENDS: readonly ImageBackend[] = ['backingimage', 'cdi']

/** The reviewed object as an image; undefined where it is none that its definition would take. */
export function readImage(object: unknown, namespace: string): Manifest<VirtualMachineImage> | undefined {
  const [metadata, spec] = [fieldsAt(object, 'metadata'), fieldsAt(object, 'spec')]
  const displayName = textAt(spec, 'displayName')
  const sourceType = SOURCE_TYPES.find(known => known === spec.sourceType)
  const backend = BACKENDS.find(known => known === spec.backend)
  if (displayName === undefined || !sourceType || (spec.backend && !backend))
    return undefined
  const annotations = Object.entries(fieldsAt(metadata, 'annotations')).filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return {
    apiVersion: 'harvesterhci.io/v1beta1',
    kind: 'VirtualMachineImage',
    metadata: { name: textAt(metadata, 'name') || textAt(metadata, 'generateName'), namespace, annotations: Object.fromEntries(annotations) },
    spec: { displayName, sourceType, backend, url: textAt(spec, 'url'), checksum: textAt(spec, 'checksum'), pvcName: textAt(spec, 'pvcName'), pvcNamespace: textAt(spec, 'pvcNamespace'), targetStorageClassName: textAt(spec, 'targetStorageClassName') },
  }
}

/** A reviewed object in its own type; undefined where there is none. The API server has checked it against its definition. */
export function readObject<T extends KubeObject>(object: unknown, namespace: string): T | undefined {
  if (!isFields(object) || !isFields(object.metadata) || !isFields(object.spec))
    return undefined
  const read: unknown = { ...object, metadata: { ...object.metadata, namespace } }
  return read as T
}
