import { defineStore } from 'pinia'
import { shallowRef } from 'vue'

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
  /** Must be typed before the button works; only where data is lost. */
  readonly typeToConfirm?: string
}

interface Asked extends Question { readonly answer: (yes: boolean) => void }

/** Awaited questions, one on screen at a time. The host draws `asked` and calls its `answer`. */
export const useConfirm = defineStore('confirm', () => {
  const asked = shallowRef<Asked>()
  let queue = Promise.resolve()

  /** True when the operator said yes; closing the dialog is a no. */
  function confirm(question: Question): Promise<boolean> {
    const turn = queue.then(() => new Promise<boolean>(resolve => {
      const answer = (yes: boolean): void => {
        if (asked.value === mine)
          asked.value = undefined
        resolve(yes)
      }
      const mine: Asked = { ...question, answer }
      asked.value = mine
    }))
    queue = turn.then(() => undefined)
    return turn
  }

  return { asked, confirm }
})
