import { connect, createServer } from 'node:net'
import type { Server, Socket } from 'node:net'

/** A line between a browser and a server that can be cut: what is open breaks off, and nothing new gets through. */
export class Line {
  private readonly to: number
  private readonly open = new Set<Socket>()
  private server?: Server

  constructor(to: number) {
    this.to = to
  }

  /** Lets the bytes through again, at that port of loopback. */
  join(port: number): Promise<void> {
    const server = createServer(near => {
      const far = connect(this.to, '127.0.0.1')
      for (const socket of [near, far]) {
        this.open.add(socket)
        socket.on('error', () => socket.destroy()).once('close', () => { this.open.delete(socket); near.destroy(); far.destroy() })
      }
      near.pipe(far).pipe(near)
    })
    this.server = server
    return new Promise((done, fail) => server.once('error', fail).listen(port, '127.0.0.1', () => done()))
  }

  cut(): Promise<void> {
    const { server } = this
    return new Promise(done => {
      if (server)
        server.close(() => done())
      else
        done()
      this.open.forEach(socket => socket.destroy())
    })
  }
}
