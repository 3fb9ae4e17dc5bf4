import { useEventListener } from '@vueuse/core'

const TYPING = 'input, textarea, select, [contenteditable="true"]'

/** `/` and Ctrl-K find, `?` lists the keys; not while somebody types or a dialog is open. */
export function useFrameKeys(acts: { readonly find: () => void, readonly keys: () => void }): void {
  useEventListener(document, 'keydown', (event: KeyboardEvent) => {
    // Through a shadow root: the YAML view's editor is inside one.
    const target = event.composedPath()[0]
    const isTyping = target instanceof Element && target.matches(TYPING)
    const isInDialog = Boolean(document.querySelector('dialog[open], [role="dialog"]'))
    const isCommand = event.ctrlKey || event.metaKey
    if (event.defaultPrevented || event.altKey || isInDialog)
      return
    const act = isCommand && event.key.toLowerCase() === 'k' ? acts.find : isCommand || isTyping ? undefined : event.key === '/' ? acts.find : event.key === '?' ? acts.keys : undefined
    if (act) {
      event.preventDefault()
      act()
    }
  })
}
