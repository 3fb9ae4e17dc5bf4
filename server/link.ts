import { createHash } from 'node:crypto'
import { chmodSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UsageError } from './usageError.ts'

/** The port where none is named. */
export const USUAL_PORT = 8090

/** A Unix socket's path has room for some 100 bytes; a longer one moves to the temporary folder under a name made of it. */
const LONGEST = 100

/** The socket through which the console on a port hands out links: its folder is the owner's alone. */
export function linkSocket(folder: string, port: number): string {
  const path = join(folder, `link-${port}.sock`)
  return Buffer.byteLength(path) <= LONGEST ? path : join(tmpdir(), `guardrails-${createHash('sha256').update(path).digest('hex').slice(0, 24)}.sock`)
}

/** What prints another link of the console on a port. */
export function linkCommand(port: number): string {
  return `npm start -- link${port === USUAL_PORT ? '' : ` --port ${port}`}`
}

/** Answers every caller on the socket with one new link and a newline; who may open the socket is who may read the terminal. */
export function offerLinks(path: string, makeLink: () => string): Promise<{ close(): void }> {
  rmSync(path, { force: true })
  const server = createServer(caller => {
    caller.on('error', () => caller.destroy())
    caller.end(`${makeLink()}\n`)
  })
  return new Promise((done, fail) => {
    const umask = process.umask(0o177)
    server.once('error', error => {
      process.umask(umask)
      fail(error)
    })
    server.listen(path, () => {
      process.umask(umask)
      chmodSync(path, 0o600)
      server.unref()
      done({ close: () => { server.close(); rmSync(path, { force: true }) } })
    })
  })
}

/** Another link of the console that runs on this port; throws UsageError when none of yours does. */
export function askForLink(path: string, port: number): Promise<string> {
  return new Promise((done, fail) => {
    let answer = ''
    const caller = connect(path)
    caller.setTimeout(5_000, () => caller.destroy(new Error('no answer')))
    caller.on('data', chunk => { answer += String(chunk) })
    caller.on('error', () => fail(new UsageError(`no console of yours runs on port ${port}: start one with npm start, or name its port with --port`)))
    caller.on('end', () => done(answer.trim()))
  })
}
