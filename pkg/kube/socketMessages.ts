import { CutLineError } from './jsonLines.ts'

/** The server did not take the WebSocket; a page is not told why. */
export class SocketRefusedError extends Error {
  constructor() {
    super('the WebSocket was refused')
    this.name = 'SocketRefusedError'
  }
}

/**
 * The JSON values that a WebSocket brings, one per message. Ends when the server closes it in good order; throws
 * `SocketRefusedError` when it never opened and `CutLineError` when it broke. Closes it when the reader stops early.
 */
export async function* socketMessages(url: string, signal: AbortSignal, onOpen: () => void): AsyncGenerator<unknown> {
  const socket = new WebSocket(url)
  const texts: string[] = []
  let opened = false
  let end: 'clean' | Error | undefined
  let wake = (): void => undefined
  const finish = (how: 'clean' | Error): void => { end ??= how; wake() }
  const abort = (): void => finish(new CutLineError(signal.reason))

  socket.onopen = () => { opened = true; onOpen() }
  socket.onmessage = (event: MessageEvent<unknown>) => { texts.push(String(event.data)); wake() }
  socket.onerror = () => undefined // the close that follows says it
  socket.onclose = event => finish(!opened ? new SocketRefusedError() : event.wasClean ? 'clean' : new CutLineError())
  signal.addEventListener('abort', abort)
  if (signal.aborted)
    abort()
  try {
    for (;;) {
      for (const text of texts.splice(0))
        yield JSON.parse(text)
      if (end instanceof Error)
        throw end
      if (end && texts.length === 0)
        return
      if (texts.length === 0)
        await new Promise<void>(resolve => { wake = resolve })
    }
  }
  finally {
    signal.removeEventListener('abort', abort)
    socket.onmessage = socket.onclose = socket.onopen = null
    socket.close()
  }
}

/** The WebSocket's address of a path below the page, or of an http URL. */
export function socketUrl(path: string): string {
  const url = new URL(path, globalThis.location?.href)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return url.href
}
