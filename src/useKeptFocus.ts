import { useEventListener, useMutationObserver } from '@vueuse/core'
import type { Ref } from 'vue'

/** What may take the focus of something in it that is gone: parts of a page that a screen reader can name. */
const PART = 'section, form, main'

/**
 * Whoever works by keyboard stays where he was when what he was on is taken away: a form that became a timeline, a button
 * that is done with. The nearest part of the page around it has the focus then. Call in setup, with the element to look in.
 */
export function useKeptFocus(within: Readonly<Ref<HTMLElement | null>>): void {
  let around: readonly Element[] = []

  useEventListener(document, 'focusin', event => {
    const held = event.target instanceof Element && within.value?.contains(event.target) ? event.target : undefined
    around = held ? chainOf(held) : []
  })
  // Whoever has let go of the focus is given none; what is taken away may be told as let go of, a moment before.
  useEventListener(document, 'focusout', async ({ target }) => {
    await Promise.resolve()
    if (target === around[0] && around[0]?.isConnected)
      around = []
  })
  useMutationObserver(within, () => {
    const [held] = around
    const isLost = held && !held.isConnected && (document.activeElement === document.body || !document.activeElement)
    const heir = isLost ? around.find(element => element.isConnected && element.matches(PART)) : undefined
    if (heir instanceof HTMLElement && within.value?.contains(heir)) {
      if (!heir.hasAttribute('tabindex'))
        heir.tabIndex = -1
      heir.focus({ preventScroll: true })
    }
  }, { childList: true, subtree: true })
}

function chainOf(element: Element): Element[] {
  return element.parentElement ? [element, ...chainOf(element.parentElement)] : [element]
}
