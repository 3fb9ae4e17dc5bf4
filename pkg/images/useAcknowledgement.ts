import { ref, shallowRef, watch } from 'vue'
import { useOperator } from '#sdk/useOperator.ts'
import type { MutableAcknowledgement } from './imageFindings.ts'

/** A box by which something doubtful is accepted, and who ticked it when. What was acknowledged is this `subject`, a mutable URL or a wrong checksum, not the next one. Call in setup. */
export function useAcknowledgement(subject: () => string) {
  const operator = useOperator()
  const acknowledged = ref(false)
  const acknowledgement = shallowRef<MutableAcknowledgement>()

  watch(subject, () => { acknowledged.value = false })
  watch(acknowledged, async (ticked, _, onCleanup) => {
    let stands = ticked
    onCleanup(() => { stands = false })
    acknowledgement.value = undefined
    const given = ticked ? { who: await operator(), when: new Date().toISOString() } : undefined
    if (stands)
      acknowledgement.value = given
  })
  return { acknowledged, acknowledgement }
}
