import { defineStore } from 'pinia'
import { getCurrentScope, onScopeDispose, shallowRef } from 'vue'
import type { ControllerId } from './useController.ts'

export interface Question {
  /** The verb and the object: "Shut down web-01?" */
  readonly title: string
  /** What will happen, step by step. */
  readonly steps?: readonly string[]
  /** What cannot be undone. */
  readonly irreversible?: string
  /** The word on the primary button, the title's verb. */
  readonly verb: string
  /** Destroys something: the button is red and focus starts on the safe one. */
  readonly danger?: boolean
  /** Who carries it out once the cluster has taken it: said where nobody would hear it now. */
  readonly carriedOutBy?: ControllerId
  /** Must be typed before the button works; only where data is lost. */
  readonly typeToConfirm?: string
}

interface Asked extends Question { readonly answer: (yes: boolean) => void }

const useQuestions = defineStore('confirm', () => {
  const asked = shallowRef<Asked>()
  let queue = Promise.resolve()

  function confirm(question: Question, left: AbortSignal): Promise<boolean> {
    const turn = queue.then(() => new Promise<boolean>(resolve => {
      if (left.aborted)
        return resolve(false)
      const answer = (yes: boolean): void => {
        if (asked.value === mine)
          asked.value = undefined
        resolve(yes)
      }
      const mine: Asked = { ...question, answer }
      asked.value = mine
      left.addEventListener('abort', () => answer(false), { once: true })
    }))
    queue = turn.then(() => undefined)
    return turn
  }

  return { asked, confirm }
})

export interface Confirm {
  /** What is asked now; the host draws it and calls its `answer`. */
  readonly asked: Asked | undefined
  /** True when the operator said yes; closing the dialog is a no, and so is leaving the page that asked. */
  readonly confirm: (question: Question) => Promise<boolean>
}

/** Awaited questions, one on screen at a time. They end with the page that asks: on the next one they would be about another. Call in setup. */
export function useConfirm(): Confirm {
  const questions = useQuestions()
  const left = new AbortController()
  if (getCurrentScope())
    onScopeDispose(() => left.abort())
  return {
    get asked() { return questions.asked },
    confirm: question => questions.confirm(question, left.signal),
  }
}
