import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { STATUS_CODES } from 'node:http'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import type { Outgoing } from './resources.ts'
import type { Sink } from './watching.ts'

/** Bytes that a watcher may be behind before it is let go. */
const MOST_UNREAD = 16 * 1024 * 1024

const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false })

/**
 * The answer to a request that asks to become a WebSocket: a watch's events go one a message, as kube-apiserver sends
 * them (apiserver pkg/endpoints/handlers/watch.go HandleWS); any other answer refuses the upgrade with its own status.
 */
export function socketOutgoing(request: IncomingMessage, socket: Duplex, head: Buffer): Outgoing {
  let answered = false
  return {
    send: (code, { type, text }, headers = {}) => {
      if (answered) return
      answered = true
      const lines = Object.entries({ 'Content-Type': type, ...headers, 'Content-Length': String(Buffer.byteLength(text)), 'Connection': 'close' })
      socket.end(`HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ''}\r\n${lines.map(([name, value]) => `${name}: ${value}`).join('\r\n')}\r\n\r\n${text}`)
    },
    stream: () => {
      answered = true
      // With the bytes and the socket at hand the handshake is made within this call.
      let opened: WebSocket | undefined
      sockets.handleUpgrade(request, socket, head, made => { opened = made })
      return opened ? sinkOf(opened) : { write: () => false, end: () => undefined, closed: then => then() }
    },
  }
}

function sinkOf(socket: WebSocket): Sink {
  socket.on('error', () => socket.terminate())
  return {
    write: line => {
      if (socket.readyState !== socket.OPEN) return false
      socket.send(line.trimEnd(), { binary: false })
      if (socket.bufferedAmount <= MOST_UNREAD) return true
      socket.terminate()
      return false
    },
    end: () => socket.close(1000),
    closed: then => { socket.once('close', then) },
  }
}
