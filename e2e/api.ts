import { Agent, FormData, request } from 'undici'
import type { Dispatcher } from 'undici'
import type { Access } from './kubeconfig.ts'
import { Watch } from './watch.ts'

export type Fields = Record<string, unknown>

export interface Metadata extends Fields {
  readonly name: string
  readonly namespace?: string
  readonly uid: string
  readonly resourceVersion: string
  readonly generation?: number
  readonly creationTimestamp: string
  readonly deletionTimestamp?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly finalizers?: readonly string[]
}

export interface KubeObject extends Fields {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Metadata
  readonly spec?: Fields
  readonly status?: Fields
}

export interface KubeList {
  readonly kind: string
  readonly metadata: { readonly resourceVersion: string, readonly continue?: string, readonly remainingItemCount?: number }
  readonly items: readonly KubeObject[]
}

interface Cause { readonly reason?: string, readonly message?: string, readonly field?: string }

export interface Failure {
  readonly code: number
  readonly reason?: string
  readonly message: string
  readonly details?: { readonly causes?: readonly Cause[], readonly [field: string]: unknown }
  readonly metadata: { readonly continue?: string }
}

/** What a server said, as it said it. */
export class Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string

  constructor(status: number, headers: Answer['headers'], text: string) {
    this.status = status
    this.headers = headers
    this.text = text
  }

  get body(): unknown { return JSON.parse(this.text) }
  get object(): KubeObject { return this.body as KubeObject }
  get list(): KubeList { return this.body as KubeList }
  get failure(): Failure { return this.body as Failure }
  get names(): string[] { return this.list.items.map(item => item.metadata.name) }

  /** The texts of the Warning headers, their quotes and code taken off. */
  get warnings(): string[] {
    const lines = [this.headers.warning ?? []].flat()
    return lines.flatMap(line => [...line.matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map(match => (match[1] ?? '').replaceAll(/\\(.)/g, '$1')))
  }

  /** Itself when the status is the one expected; throws with the server's words otherwise. */
  expect(status: number): this {
    if (this.status !== status)
      throw new Error(`expected HTTP ${status}, got ${this.status}: ${this.text.slice(0, 2000)}`)
    return this
  }
}

type Headers = Readonly<Record<string, string>>

/** One user's plain HTTP to a Kubernetes API: nothing is retried, cached or understood. */
export class Api {
  private readonly access: Access
  private readonly dispatcher: Agent

  constructor(access: Access) {
    this.access = access
    const { ca, cert, key } = access
    // Watches are idle for long, and a body of a page may take its time.
    this.dispatcher = new Agent({ connect: { ca, cert, key }, headersTimeout: 60_000, bodyTimeout: 0 })
  }

  get server(): string { return this.access.server }

  /** The same server without any credentials, or with another token. */
  withToken(token: string | undefined): Api {
    return new Api({ ...this.access, token, cert: undefined, key: undefined })
  }

  async send(method: Dispatcher.HttpMethod, path: string, body?: unknown, headers: Headers = {}): Promise<Answer> {
    const { statusCode, headers: answered, body: stream } = await this.open(method, path, body, headers)
    return new Answer(statusCode, answered, await stream.text())
  }

  get(path: string, headers?: Headers): Promise<Answer> { return this.send('GET', path, undefined, headers) }
  post(path: string, body: unknown, headers?: Headers): Promise<Answer> { return this.send('POST', path, body, headers) }
  put(path: string, body: unknown, headers?: Headers): Promise<Answer> { return this.send('PUT', path, body, headers) }
  delete(path: string, body?: unknown, headers?: Headers): Promise<Answer> { return this.send('DELETE', path, body, headers) }

  merge(path: string, body: unknown): Promise<Answer> { return this.patch(path, body, 'merge-patch') }
  json(path: string, operations: readonly Fields[]): Promise<Answer> { return this.patch(path, operations, 'json-patch') }
  strategic(path: string, body: unknown): Promise<Answer> { return this.patch(path, body, 'strategic-merge-patch') }

  /** Sends a file as a form of a browser does, in one request; to another server with the same credentials where one is named. */
  async sendFile(path: string, field: string, file: Uint8Array<ArrayBuffer>, server = this.access.server): Promise<Answer> {
    const form = new FormData()
    form.append(field, new Blob([file]), 'disk.img')
    const { statusCode, headers, body } = await request(server + path, { method: 'POST', dispatcher: this.dispatcher, headers: this.identity, body: form })
    return new Answer(statusCode, headers, await body.text())
  }

  /** Opens a watch and answers once the server has sent its headers; throws with the server's words when it refuses. */
  async watch(path: string, headers: Headers = {}): Promise<Watch> {
    const { statusCode, headers: answered, body } = await this.open('GET', path, undefined, headers)
    if (statusCode !== 200)
      new Answer(statusCode, answered, await body.text()).expect(200)
    return new Watch(body, String(answered['content-type']))
  }

  close(): Promise<void> {
    return this.dispatcher.destroy()
  }

  private patch(path: string, body: unknown, type: string): Promise<Answer> {
    return this.send('PATCH', path, body, { 'content-type': `application/${type}+json` })
  }

  private get identity(): Headers {
    const { token } = this.access
    return token === undefined ? {} : { authorization: `Bearer ${token}` }
  }

  private open(method: Dispatcher.HttpMethod, path: string, body: unknown, headers: Headers): Promise<Dispatcher.ResponseData> {
    const { server } = this.access
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
    return request(server + path, {
      method,
      dispatcher: this.dispatcher,
      headers: {
        accept: 'application/json',
        ...this.identity,
        ...(text === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(text === undefined ? {} : { body: text }),
    })
  }
}
