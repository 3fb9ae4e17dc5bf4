import { onScopeDispose, shallowRef, watch } from 'vue'
import type { Write } from '#kube/write.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import type { ExportAnswer } from './exportAnswer.ts'
import { askServer } from './exportAnswer.ts'

/** So long nothing changes before it is asked, and so long an answer counts. */
const SETTLED_MS = 400
const ANEW_MS = 10_000

/** An answer, and when it came (epoch milliseconds). */
export interface HeardAnswer extends ExportAnswer { readonly at: number }

export type AnswerState = 'not-needed' | 'asking' | 'answered' | 'silent'

interface Question { readonly write: Write, readonly claim: string }

/** What the server says of a disk that the operator may not look at: asked by a dry run as long as there is a question, and again when it changes or grows old. Call in setup. */
export function useServerAnswer(question: () => Question | undefined) {
  const proxy = useProxyStore()
  const answer = shallowRef<HeardAnswer>()
  /** `silent`: asked, and nobody answered. */
  const state = shallowRef<AnswerState>('not-needed')
  let timer: ReturnType<typeof setTimeout> | undefined
  let turn = 0

  async function ask({ write, claim }: Question): Promise<void> {
    const mine = ++turn
    const heard = await askServer(proxy, write, claim).catch(() => undefined)
    if (mine !== turn)
      return
    answer.value = heard && { ...heard, at: Date.now() }
    state.value = heard ? 'answered' : 'silent'
    timer = setTimeout(() => void ask({ write, claim }), ANEW_MS)
  }

  watch(() => JSON.stringify(question()), () => {
    clearTimeout(timer)
    turn++
    const asked = question()
    if (!asked) {
      answer.value = undefined
      state.value = 'not-needed'
      return
    }
    if (state.value !== 'answered')
      state.value = 'asking'
    timer = setTimeout(() => void ask(asked), SETTLED_MS)
  }, { immediate: true })
  onScopeDispose(() => {
    clearTimeout(timer)
    turn++
  })
  return { answer, state }
}
