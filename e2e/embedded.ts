import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parse } from 'yaml'

const MAIN = resolve(import.meta.dirname, '../dist/server/main.js')

interface Kubeconfig {
  readonly clusters: { readonly name: string, readonly cluster: { readonly 'server': string, readonly 'certificate-authority-data'?: string } }[]
  readonly users: { readonly name: string, readonly user: { readonly token?: string } }[]
  readonly contexts: { readonly name: string, readonly context: { readonly cluster: string, readonly user: string } }[]
}

/** For what is no fault of the code that its stack would show. */
function withoutStack(message: string): Error {
  const error = new Error(message)
  error.stack = message
  return error
}

/** A console of one test's own, in a folder of its own: it can be stopped and started again on the same data. */
export class OwnConsole {
  readonly port: number
  private readonly args: readonly string[]
  private readonly environment: Readonly<Record<string, string>>
  private process?: ChildProcess
  private made?: string
  output = ''

  constructor(port: number, args: readonly string[] = [], environment: Readonly<Record<string, string>> = {}) {
    this.port = port
    this.args = args
    this.environment = environment
  }

  /** Made when it is first asked for: a file of tests that is only listed leaves none behind. */
  get folder(): string {
    return this.made ??= mkdtempSync(join(tmpdir(), 'guardrails-e2e-'))
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Ends when the console says it is ready; throws with what it printed when it ends first, and in one line where nobody has built it. */
  async start(): Promise<void> {
    if (!existsSync(MAIN))
      throw withoutStack('there is no console built yet: run npm run build first')
    const child = spawn(process.execPath, [MAIN, '--port', String(this.port), ...this.args], { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...this.environment } })
    this.process = child
    child.stdout.on('data', (chunk: Buffer) => { this.output += chunk.toString() })
    child.stderr.on('data', (chunk: Buffer) => { this.output += chunk.toString() })
    const deadline = Date.now() + 60_000
    while (Date.now() < deadline) {
      if (child.exitCode !== null)
        throw new Error(`the console ended with ${child.exitCode}: ${this.output}`)
      if (await fetch(`${this.url}/readyz`).then(answer => answer.ok, () => false))
        return
      await new Promise(done => setTimeout(done, 100))
    }
    throw new Error(`the console was not ready after 60 s: ${this.output}`)
  }

  stop(): Promise<void> {
    return this.end('SIGTERM')
  }

  /** As a power cut does, in the middle of whatever it is about. */
  kill(): Promise<void> {
    return this.end('SIGKILL')
  }

  private async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.process
    if (!child || child.exitCode !== null || child.signalCode !== null)
      return
    const ended = new Promise(done => child.once('exit', done))
    child.kill(signal)
    await ended
  }

  async remove(): Promise<void> {
    await this.stop()
    if (this.made)
      rmSync(this.made, { recursive: true, force: true })
    this.made = undefined
  }

  /** A request to the embedded API itself, past the console, as the administrator of demo.kubeconfig. */
  direct(method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<{ status: number, text: string }> {
    const config = parse(readFileSync(join(this.folder, 'demo.kubeconfig'), 'utf8')) as Kubeconfig
    const context = config.contexts.find(entry => entry.name === 'demo')?.context
    const cluster = config.clusters.find(entry => entry.name === context?.cluster)?.cluster
    const token = config.users.find(entry => entry.name === context?.user)?.user.token
    if (!cluster || !token)
      throw new Error('demo.kubeconfig names no administrator')
    const ca = Buffer.from(cluster['certificate-authority-data'] ?? '', 'base64')
    return new Promise((done, fail) => {
      const request = httpsRequest(cluster.server + path, { method, ca, headers: { 'authorization': `Bearer ${token}`, 'content-type': contentType } }, answer => {
        let text = ''
        answer.setEncoding('utf8').on('data', (chunk: string) => { text += chunk }).on('end', () => done({ status: answer.statusCode ?? 0, text }))
      })
      request.on('error', fail)
      request.end(body === undefined ? undefined : JSON.stringify(body))
    })
  }
}
