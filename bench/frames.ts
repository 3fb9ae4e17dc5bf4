/** In milliseconds. */
export interface Frames { readonly longest: number, readonly over50: number, readonly frames: number, readonly longTasks: number[], readonly p99: number }

/** Watches frames until it is told to stop. */
export function watchFrames(): () => Frames {
  const gaps: number[] = []
  const longTasks: number[] = []
  let last = performance.now()
  let running = true
  const observer = new PerformanceObserver(list => longTasks.push(...list.getEntries().map(entry => Math.round(entry.duration))))
  observer.observe({ entryTypes: ['longtask'] })
  const frame = (now: number): void => {
    gaps.push(now - last)
    last = now
    if (running)
      requestAnimationFrame(frame)
  }
  requestAnimationFrame(now => { last = now; requestAnimationFrame(frame) })
  return () => {
    running = false
    observer.disconnect()
    const sorted = [...gaps].sort((one, other) => one - other)
    return { longest: sorted.at(-1) ?? 0, over50: gaps.filter(gap => gap > 50).length, frames: gaps.length, longTasks, p99: sorted[Math.floor(sorted.length * 0.99)] ?? 0 }
  }
}
