import { computed } from 'vue'
import type { ComputedRef } from 'vue'
import type { Written } from '#kube/client.ts'
import type { Manifest } from '#kube/object.ts'
import { useHost } from '#sdk/host.ts'
import type { Digests } from './fileDigest.ts'
import type { ImageBackend, VirtualMachineImage } from './image.ts'
import type { ImageFormat } from './imageFormat.ts'
import type { UploadObstacle } from './uploadPlan.ts'
import { readImageFormat } from './imageFormat.ts'
import { judgeUpload } from './uploadPlan.ts'
import { useFileDigest } from './useFileDigest.ts'
import { useImageUpload } from './useImageUpload.ts'

/** What is known of the file so far, and how its upload begins. */
export interface FileSource {
  readonly format?: ImageFormat
  readonly digests: Digests
  /** Per cent, while it is read. */
  readonly progress?: number
  readonly obstacles: readonly UploadObstacle[]
  readonly begin: (manifest: Manifest<VirtualMachineImage>, file: File) => Promise<Written<VirtualMachineImage>>
}

/** Reads the chosen file, judges it for the backend, and can send it. Call in setup. */
export function useFileSource(facts: () => { readonly file?: File, readonly checksum: string, readonly backend: ImageBackend }): ComputedRef<FileSource> {
  const host = useHost()
  const { begin } = useImageUpload()
  const { head, tail, digests, state, progress, unreadable } = useFileDigest(() => facts().file, () => facts().checksum)
  const format = computed(() => head.value && readImageFormat(head.value, tail.value))
  return computed(() => {
    const { file, checksum, backend } = facts()
    const obstacles = judgeUpload({ offer: host.cluster.upload, backend, file, format: format.value, digests: digests.value, unreadable: unreadable.value, expected: checksum })
    return { format: format.value, digests: digests.value, obstacles, begin, ...(state.value === 'reading' && { progress: progress.value }) }
  })
}
