import { ref, shallowRef, watch } from 'vue'
import { useHost } from '#sdk/host.ts'
import { useOperator } from '#sdk/useOperator.ts'
import type { MutableAcknowledgement } from './image.ts'

/** A box by which something doubtful is accepted, and who ticked it when. What was acknowledged is this `subject`, a mutable URL or a wrong checksum, not the next one. Where the cluster does not say who that is, the context is what is known. Call in setup. */
export function useAcknowledgement(subject: () => string) {
  const operator = useOperator()
  const { cluster } = useHost()
  const acknowledged = ref(false)
  const acknowledgement = shallowRef<MutableAcknowledgement>()

  watch(subject, () => { acknowledged.value = false })
  watch(acknowledged, async (ticked, _, onCleanup) => {
    let stands = ticked
    onCleanup(() => { stands = false })
    acknowledgement.value = undefined
    const given = ticked ? { who: await operator() || `unknown operator (context ${cluster.title})`, when: new Date().toISOString() } : undefined
    if (stands)
      acknowledgement.value = given
  })
  return { acknowledged, acknowledgement }
}
