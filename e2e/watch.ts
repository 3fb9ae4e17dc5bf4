import type { Readable } from 'node:stream'
import type { KubeObject } from './api.ts'

export interface WatchEvent { readonly type: string, readonly object: KubeObject }

const PATIENCE_MS = 15_000

/** The events of one watch, in the order in which they came. */
export class Watch {
  readonly contentType: string
  /** Settles when the server has ended the stream; rejects when the line was cut. */
  readonly ended: Promise<void>
  private readonly stream: Readable
  private readonly events: WatchEvent[] = []
  private taken = 0
  private wake = () => {}
  private over = false

  constructor(stream: Readable, contentType: string) {
    this.stream = stream
    this.contentType = contentType
    this.ended = this.follow()
    this.ended.catch(() => {})
  }

  /** The next event; throws with what has come so far when none comes. */
  async next(patience = PATIENCE_MS): Promise<WatchEvent> {
    const event = await this.poll(patience)
    if (!event)
      throw new Error(`no further event ${this.over ? 'before the end' : `within ${patience} ms`} after ${this.describe()}`)
    return event
  }

  /** The next `count` events. */
  async take(count: number): Promise<WatchEvent[]> {
    const events: WatchEvent[] = []
    while (events.length < count)
      events.push(await this.next())
    return events
  }

  /** The next events up to and with the first that fits. */
  async until(fits: (event: WatchEvent) => boolean): Promise<WatchEvent[]> {
    const events: WatchEvent[] = []
    do
      events.push(await this.next())
    while (!fits(events.at(-1) as WatchEvent))
    return events
  }

  /** Whether nothing comes for so many milliseconds. */
  async isSilent(milliseconds: number): Promise<boolean> {
    return await this.poll(milliseconds) === undefined
  }

  /** Everything that comes until the server ends the watch. */
  async rest(): Promise<WatchEvent[]> {
    await this.ended
    const events = this.events.slice(this.taken)
    this.taken = this.events.length
    return events
  }

  close(): void {
    this.stream.destroy()
  }

  private async poll(patience: number): Promise<WatchEvent | undefined> {
    const deadline = Date.now() + patience
    while (this.taken === this.events.length && !this.over && Date.now() < deadline)
      await new Promise<void>(done => {
        const timer = setTimeout(done, deadline - Date.now())
        this.wake = () => { clearTimeout(timer); done() }
      })
    const event = this.events[this.taken]
    if (event)
      this.taken++
    return event
  }

  private async follow(): Promise<void> {
    let rest = ''
    try {
      for await (const chunk of this.stream.setEncoding('utf8') as AsyncIterable<string>) {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop() ?? ''
        this.events.push(...lines.filter(Boolean).map(line => JSON.parse(line) as WatchEvent))
        this.wake()
      }
    }
    finally {
      this.over = true
      this.wake()
    }
  }

  private describe(): string {
    return this.events.map(({ type, object }) => `${type} ${object.metadata?.name ?? JSON.stringify(object)}`).join(', ') || 'nothing'
  }
}
