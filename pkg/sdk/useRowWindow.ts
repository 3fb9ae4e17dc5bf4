import { useElementSize, useScroll } from '@vueuse/core'
import { computed, ref, watch } from 'vue'
import type { ComputedRef, Ref } from 'vue'

/** Height of every row, in pixels; `--row` in theme.css. */
const ROW_HEIGHT = 36
/** Rows drawn above and below what is seen, so that a fast scroll shows no gap. */
const OVERSCAN = 8
/** The window moves in steps of so many rows: a scroll by less draws nothing anew. */
const STEP = 4

export interface RowWindow<Row> {
  /** The rows that are drawn, each with its place among all. */
  readonly drawn: ComputedRef<readonly { readonly row: Row, readonly index: number }[]>
  /** Pixels above the first of them. */
  readonly offset: ComputedRef<number>
  readonly height: ComputedRef<number>
  readonly scrollTo: (index: number) => void
  /** Whether columns lie beyond the right edge. */
  readonly isCut: ComputedRef<boolean>
}

/** Draws only the rows that can be seen of a long list. `tracks`: the columns' widths, which say how wide a row is. */
export function useRowWindow<Row>(rows: Ref<readonly Row[]>, scroller: Readonly<Ref<HTMLElement | null>>, tracks: Ref<string>): RowWindow<Row> {
  const { y, arrivedState, measure } = useScroll(scroller)
  const { height: seen, width } = useElementSize(scroller)
  watch([width, tracks], measure, { flush: 'post' })
  const first = computed(() => {
    const top = Math.min(Math.floor(y.value / ROW_HEIGHT), rows.value.length - 1) - OVERSCAN
    return Math.max(0, top - top % STEP)
  })
  // What is seen is drawn first: a page that opens beside heavy work has one frame for it.
  const ahead = ref(0)
  watch(scroller, element => {
    ahead.value = 0
    if (element)
      requestAnimationFrame(() => requestAnimationFrame(() => { ahead.value = OVERSCAN }))
  }, { flush: 'post' })
  const count = computed(() => Math.ceil((seen.value || 600) / ROW_HEIGHT) + 2 * ahead.value + STEP)

  function scrollTo(index: number): void {
    const element = scroller.value
    if (!element)
      return
    // The head is sticky: a row just below the upper edge would lie under it.
    const top = index * ROW_HEIGHT
    const bottom = top + 2 * ROW_HEIGHT
    if (top < element.scrollTop)
      element.scrollTop = top
    else if (bottom > element.scrollTop + element.clientHeight)
      element.scrollTop = bottom - element.clientHeight
  }
  return {
    drawn: computed(() => rows.value.slice(first.value, first.value + count.value).map((row, at) => ({ row, index: first.value + at }))),
    offset: computed(() => first.value * ROW_HEIGHT),
    height: computed(() => rows.value.length * ROW_HEIGHT),
    scrollTo,
    isCut: computed(() => !arrivedState.right),
  }
}
