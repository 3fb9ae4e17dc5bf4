/** Work named by keys: each key waits once, is done soon after, and again a little later when the work failed. */
export class WorkQueue {
  private readonly waiting = new Set<string>()
  private readonly timers = new Set<NodeJS.Timeout>()
  private readonly work: (key: string) => void
  private readonly log: (message: string) => void
  private stopped = false

  constructor(work: (key: string) => void, log: (message: string) => void) {
    this.work = work
    this.log = log
  }

  add(key: string, after = 0): void {
    if (this.stopped || (after === 0 && this.waiting.has(key))) return
    if (after === 0) this.waiting.add(key)
    const timer = setTimeout(() => {
      this.timers.delete(timer)
      this.waiting.delete(key)
      this.run(key)
    }, after)
    this.timers.add(timer)
  }

  stop(): void {
    this.stopped = true
    for (const timer of this.timers) clearTimeout(timer)
  }

  private run(key: string): void {
    try {
      this.work(key)
    }
    catch (error) {
      this.log(`${key}: ${error instanceof Error ? error.message : String(error)}`)
      this.add(key, 1000)
    }
  }
}
