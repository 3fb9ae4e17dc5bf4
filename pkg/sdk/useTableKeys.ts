import { useEventListener } from '@vueuse/core'
import { computed, shallowRef } from 'vue'
import type { Ref } from 'vue'

export interface TableKeysInput<Row> {
  readonly shown: Readonly<Ref<readonly Row[]>>
  readonly grid: Readonly<Ref<HTMLElement | null>>
  readonly rowKey: (row: Row) => string
  readonly selectable: () => boolean
  readonly scrollTo: (index: number) => void
  readonly open: (row: Row) => void
}

const STEPS: Readonly<Record<string, number>> = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity }

/** The row under the cursor and the rows selected: both by key, so that they stay where they are when rows come and go. */
export function useTableKeys<Row>({ shown, grid, rowKey, selectable, scrollTo, open }: TableKeysInput<Row>) {
  const cursor = shallowRef<string>()
  const keys = shallowRef<ReadonlySet<string>>(new Set())
  // What a filter hides is not acted on.
  const selected = computed(() => keys.value.size ? shown.value.filter(row => keys.value.has(rowKey(row))) : [])

  const place = () => shown.value.findIndex(row => rowKey(row) === cursor.value)

  function toggle(key: string): void {
    const next = new Set(keys.value)
    if (!next.delete(key))
      next.add(key)
    keys.value = next
  }

  function toggleAll(): void {
    keys.value = selected.value.length === shown.value.length ? new Set() : new Set(shown.value.map(rowKey))
  }

  function clear(): void {
    keys.value = new Set()
  }

  function move(step: number): void {
    const last = shown.value.length - 1
    const at = place()
    const next = Math.max(0, Math.min(at < 0 ? 0 : at + step, last))
    const row = shown.value[step === Infinity ? last : next]
    if (row !== undefined) {
      cursor.value = rowKey(row)
      scrollTo(step === Infinity ? last : next)
    }
  }

  function act(key: string): boolean {
    const row = shown.value[place()]
    if (key === 'Enter' && row !== undefined)
      open(row)
    else if (key === ' ' && row !== undefined && selectable())
      toggle(rowKey(row))
    else if (key === 'Escape' && keys.value.size)
      clear()
    else
      return false
    return true
  }

  // A key on a control inside the table is the control's own; j and k work from anywhere on the page where nothing has the focus.
  function onKey(event: KeyboardEvent): void {
    const isHere = event.target === grid.value
    const isIdle = event.target === document.body && (event.key === 'j' || event.key === 'k')
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !(isHere || isIdle))
      return
    const step = STEPS[event.key]
    if (step !== undefined)
      move(step)
    if (isIdle)
      grid.value?.focus({ preventScroll: true })
    if (step !== undefined || act(event.key))
      event.preventDefault()
  }
  useEventListener(document, 'keydown', onKey)

  return { cursor, keys, selected, toggle, toggleAll, clear }
}
