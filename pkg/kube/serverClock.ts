/** The clock of the API server, as its answers tell it. */
export interface ServerClock {
  /** Its time when this machine's clock shows `local`, both in epoch milliseconds; undefined as long as no answer has told it. */
  readonly at: (local: number) => number | undefined
  /** An answer has come: what its `Date` said, and when the request left and the answer was here by this machine's clock. */
  readonly heard: (date: string | undefined, sentAt: number, receivedAt: number) => void
}

/** What a `Date` cannot say: it is cut to the second (RFC 9110 §5.6.7), and may have been made for the answer before. */
const GRAIN_MS = 1_000

/**
 * A clock that asks nobody: it is set by answers that come anyway. The second of a `Date` was written at some moment between
 * the request and its end, so that the offset is wrong by at most a second and half of the way. The nearest answer is kept
 * as long as no other contradicts it; one that does has found that a clock was set.
 */
export function createServerClock(): ServerClock {
  let known: { readonly offset: number, readonly error: number } | undefined
  return {
    at: local => known && Math.round(local + known.offset),
    heard(date = '', sentAt, receivedAt) {
      const second = Date.parse(date)
      const way = receivedAt - sentAt
      // This machine's clock was set back while the answer was on its way.
      if (Number.isNaN(second) || way < 0)
        return
      const offset = second + GRAIN_MS / 2 - (sentAt + receivedAt) / 2
      const error = GRAIN_MS + way / 2
      if (!known || error <= known.error || Math.abs(offset - known.offset) > error + known.error)
        known = { offset, error }
    },
  }
}
