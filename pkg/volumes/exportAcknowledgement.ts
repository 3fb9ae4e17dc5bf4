import type { Manifest } from '#kube/object.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { MutableAcknowledgement } from '#images/imageFindings.ts'
import { acknowledgementOf } from '#images/imageFindings.ts'

/** On an image: that it was read from a disk in use knowingly, and is only as whole as after a power cut; as JSON `{who, when}`. */
export const RUNNING_ACKNOWLEDGED_ANNOTATION = 'guardrails.harvesterhci.io/export-running-acknowledged'

/**
 * Who wants the image though the disk is in use. Only of Longhorn v1: CDI does not begin to read a disk that a pod holds
 * (containerized-data-importer pkg/controller/clone/common.go CloneSourceInUse), so there it would be a promise of nothing.
 */
export function runningAcknowledgementOf({ metadata, spec }: Pick<Manifest<VirtualMachineImage>, 'metadata' | 'spec'>): MutableAcknowledgement | undefined {
  return spec.backend === 'cdi' ? undefined : acknowledgementOf({ metadata }, RUNNING_ACKNOWLEDGED_ANNOTATION)
}
