import { useEventListener } from '@vueuse/core'
import { shallowRef } from 'vue'

/**
 * Keeps what is typed between the wish to find something and the box that takes it, which may still be on its way: the keys
 * would act on the page behind. Answers the text so far; Escape takes the wish back. Call in setup.
 */
export function useTypeAhead(isAwaited: () => boolean, takeBack: () => void) {
  const typed = shallowRef('')
  useEventListener(document, 'keydown', (event: KeyboardEvent) => {
    if (!isAwaited() || event.ctrlKey || event.metaKey || event.altKey)
      return
    event.preventDefault()
    event.stopPropagation()
    if (event.key === 'Escape')
      takeBack()
    else if (event.key === 'Backspace')
      typed.value = typed.value.slice(0, -1)
    else if (event.key.length === 1)
      typed.value += event.key
  }, { capture: true })
  return typed
}
