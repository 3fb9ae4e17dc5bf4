/** Runs the work once, soon; asking again before it ran changes nothing. */
export type Schedule = (work: () => void) => void

/** A hidden page gets no frames, but work that waits for the cluster (a task under way) must go on. */
const HIDDEN_MS = 200

/** Before the next frame of the page, or within 200 ms where there are none. */
export function createFrameSchedule(): Schedule {
  let waiting: (() => void) | undefined
  let frame = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  function run(): void {
    const work = waiting
    waiting = undefined
    clearTimeout(timer)
    globalThis.cancelAnimationFrame?.(frame)
    work?.()
  }

  return work => {
    if (!waiting) {
      frame = globalThis.requestAnimationFrame?.(run) ?? 0
      timer = setTimeout(run, HIDDEN_MS)
    }
    waiting = work
  }
}
