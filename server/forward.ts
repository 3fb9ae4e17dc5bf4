import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { ANSWER_PATIENCE } from './access.ts'
import type { AccessSource } from './access.ts'

/** Who takes an answer as it comes. After `start` come any number of `data` and then one `end` or `fail`; `fail` may come alone. */
export interface Sink {
  start(status: number, headers: IncomingHttpHeaders): void
  /** Answers false when it has enough for now; the flow's `resume` goes on. */
  data(chunk: Buffer): boolean
  end(): void
  fail(error: unknown): void
}

export interface Flow { resume(): void, abort(): void }

export interface Outgoing {
  readonly method: string
  /** Below the cluster's own path prefix, with query. */
  readonly path: string
  readonly headers: Record<string, string | string[]>
  readonly body?: Readable
  /** A watch, a followed log or an upload: the cluster may keep silent for ever. */
  readonly stream: boolean
}

/** A connection that the other side closed while it was idle: nothing was read of the request. */
function diedIdle(error: Error & { code?: string }): boolean {
  return error.code === 'UND_ERR_SOCKET' || error.code === 'ECONNRESET' || error.code === 'EPIPE'
}

/**
 * Sends a request to a cluster with the credentials of its context and hands the answer to the sink as it comes, nothing
 * kept. A read is tried once more when its idle connection died, or when a 401 may be mended by fresh credentials.
 */
export function forward(access: AccessSource, request: Outgoing, sink: Sink): Flow {
  const repeatable = request.body === undefined && ['GET', 'HEAD'].includes(request.method)
  let controller: Dispatcher.DispatchController | undefined
  let gone = false

  async function attempt(first: boolean): Promise<void> {
    const { headers, dispatcher } = await access.open()
    if (gone)
      return
    let started = false
    let again = false
    dispatcher.dispatch({
      origin: access.url.origin,
      path: access.url.pathname.replace(/\/$/, '') + request.path,
      method: request.method as Dispatcher.HttpMethod,
      headers: { ...request.headers, ...headers },
      body: request.body ?? null,
      headersTimeout: request.stream ? 0 : ANSWER_PATIENCE,
      bodyTimeout: 0,
    }, {
      onRequestStart(current) {
        controller = current
        if (gone)
          current.abort(new Error('the browser has gone'))
      },
      onResponseStart(current, status, answer) {
        if (status < 200)
          return
        again = status === 401 && access.renew() && first && repeatable
        if (again)
          return current.abort(new Error('asked again with fresh credentials'))
        started = true
        sink.start(status, answer)
      },
      onResponseData(current, chunk) {
        if (started && !sink.data(chunk))
          current.pause()
      },
      onResponseEnd() {
        if (started && !gone)
          sink.end()
      },
      onResponseError(_current, error) {
        if (gone)
          return
        if (again || (first && repeatable && !started && diedIdle(error)))
          attempt(false).catch(fail)
        else
          sink.fail(error)
      },
    })
  }

  function fail(error: unknown): void {
    if (!gone)
      sink.fail(error)
  }

  attempt(true).catch(fail)
  return {
    resume() { controller?.resume() },
    abort() {
      gone = true
      controller?.abort(new Error('the browser has gone'))
    },
  }
}
