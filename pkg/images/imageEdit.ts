import type { Patch } from '#kube/client.ts'
import type { VirtualMachineImage } from './image.ts'
import { LONGEST_ANNOTATION, bytesOf } from '#kube/core.ts'
import { DESCRIPTION_ANNOTATION, IMAGE_TYPE_LABEL, OS_TYPE_LABEL } from './image.ts'
import { isLabelValue } from './imageLabels.ts'

/** What of an image may be changed after it was made; all else Harvester refuses (pkg/image/common/validator.go). */
export interface ImageEdit {
  readonly description: string
  readonly osType: string
  /** Empty where nobody said. */
  readonly imageType: string
  readonly retry: number
}
export type ImageEditField = keyof ImageEdit
export type ImageEditReason = { readonly code: 'out-of-range' | 'not-a-label-value' | 'no-room' }

const FIELDS: readonly ImageEditField[] = ['description', 'osType', 'imageType', 'retry']

/** The fields as they are. A description is kept as an annotation; the spec's own counts where there is none. */
export function editOf({ metadata, spec }: VirtualMachineImage): ImageEdit {
  return {
    description: metadata.annotations?.[DESCRIPTION_ANNOTATION] ?? spec.description ?? '',
    osType: metadata.labels?.[OS_TYPE_LABEL] ?? '',
    imageType: metadata.labels?.[IMAGE_TYPE_LABEL] ?? '',
    retry: spec.retry ?? 3,
  }
}

/** What stands in the way of the change, by field. */
export function checkEdit({ description, osType, retry }: ImageEdit): Partial<Record<ImageEditField, ImageEditReason>> {
  return {
    ...(bytesOf(description) > LONGEST_ANNOTATION && { description: { code: 'no-room' } }),
    ...(!isLabelValue(osType) && { osType: { code: 'not-a-label-value' } }),
    ...(!(Number.isInteger(retry) && retry >= 0 && retry <= 10) && { retry: { code: 'out-of-range' } }),
  }
}

/** Which fields differ. */
export function differences(one: ImageEdit, other: ImageEdit): ImageEditField[] {
  return FIELDS.filter(field => one[field] !== other[field])
}

/** What was changed here, put upon what the cluster has now: fields that only somebody else has changed stay theirs. */
export function rebase(edit: ImageEdit, base: ImageEdit, now: ImageEdit): ImageEdit {
  const mine = differences(edit, base)
  return Object.fromEntries(FIELDS.map(field => [field, mine.includes(field) ? edit[field] : now[field]])) as unknown as ImageEdit
}

/** The fields that were changed here and by somebody else meanwhile, to something else. */
export function conflicts(edit: ImageEdit, base: ImageEdit, now: ImageEdit): ImageEditField[] {
  const theirs = differences(now, base)
  return differences(edit, base).filter(field => theirs.includes(field) && edit[field] !== now[field])
}

/**
 * The change as a merge patch that holds for the version read only: a version in between is a 409. An empty description or
 * label is taken away; the spec's own description follows where the image has one.
 */
export function planEdit(image: VirtualMachineImage, edit: ImageEdit): Patch {
  const changed = differences(edit, editOf(image))
  const has = (field: ImageEditField) => changed.includes(field)
  const labels = { ...(has('osType') && { [OS_TYPE_LABEL]: edit.osType || null }), ...(has('imageType') && { [IMAGE_TYPE_LABEL]: edit.imageType || null }) }
  const spec = { ...(has('retry') && { retry: edit.retry }), ...(has('description') && image.spec.description !== undefined && { description: edit.description }) }
  return {
    type: 'merge',
    body: {
      metadata: {
        resourceVersion: image.metadata.resourceVersion,
        ...(Object.keys(labels).length && { labels }),
        ...(has('description') && { annotations: { [DESCRIPTION_ANNOTATION]: edit.description || null } }),
      },
      ...(Object.keys(spec).length && { spec }),
    },
  }
}
