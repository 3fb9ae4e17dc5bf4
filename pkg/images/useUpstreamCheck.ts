import { computed, shallowRef } from 'vue'
import type { ApiError } from '#kube/apiError.ts'
import { toApiError } from '#kube/apiError.ts'
import type { BackingImage } from '#health/longhorn.ts'
import { useGuard } from '#sdk/guard.ts'
import { useHost } from '#sdk/host.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import { useSubmit } from '#sdk/useSubmit.ts'
import type { UpstreamCheck, VirtualMachineImage } from './image.ts'
import { IMAGES, upstreamCheckOf } from './image.ts'
import { probeCall } from './probe.ts'
import { judgeUpstream, judgeUpstreamRead, keepCheck, recordOf } from './upstream.ts'
import { useImageRead } from './useImageRead.ts'

/** Looks whether an image's URL still serves what was imported, and keeps what it found on the image for every console. Call in setup. */
export function useUpstreamCheck(subject: () => { readonly image: VirtualMachineImage, readonly backingImage?: BackingImage }) {
  const host = useHost()
  const guard = useGuard()
  const proxy = useProxyStore()
  const own = shallowRef<UpstreamCheck>()
  /** Why the last look of this page could not be kept: the right that is missing, or what the cluster said. */
  const unkept = shallowRef<'denied' | ApiError>()

  const url = () => subject().image.spec.url ?? ''
  const namespace = () => subject().image.metadata.namespace ?? ''
  const record = computed(() => recordOf(subject().image, subject().backingImage))
  const check = computed(() => {
    const kept = upstreamCheckOf(subject().image)
    return own.value && (!kept || Date.parse(own.value.at) >= Date.parse(kept.at)) ? own.value : kept
  })

  async function keep(found: UpstreamCheck): Promise<void> {
    own.value = found
    unkept.value = undefined
    const { name } = subject().image.metadata
    if (proxy.can('patch', IMAGES, { namespace: namespace() }).state === 'denied') {
      unkept.value = 'denied'
      return
    }
    unkept.value = await proxy.patch(IMAGES, { name, namespace: namespace() }, keepCheck(found)).then(() => undefined, toApiError)
  }

  const submission = useSubmit(async () => {
    const report = await guard.ask(probeCall({ url: url(), namespace: namespace(), cluster: host.cluster.id }))
    await keep({ ...judgeUpstream(record.value, report), at: new Date().toISOString() })
  })
  const reading = useImageRead(
    () => ({ url: url(), namespace: namespace(), cluster: host.cluster.id }),
    job => {
      // A read that the form began compares with something else.
      const answer = job.expected && job.expected.digest === record.value.sha512 ? judgeUpstreamRead(job, record.value.before) : undefined
      if (answer)
        void keep({ ...answer, at: job.ended ?? new Date().toISOString() })
    },
  )
  /** Reads all of it and compares with the recorded SHA-512; for an image of which none is recorded there is nothing to compare with. */
  const readWhole = () => record.value.sha512 ? reading.begin({ algorithm: 'sha512', digest: record.value.sha512 }) : undefined
  return { check, unkept, submission, record, job: reading.job, readError: reading.error, readWhole, cancelRead: reading.cancel, available: guard.available }
}
