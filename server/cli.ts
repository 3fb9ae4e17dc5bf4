import { isIP } from 'node:net'
import { parseArgs } from 'node:util'
import { firstLine, UsageError } from './usageError.ts'

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug'] as const
export type LogLevel = typeof LOG_LEVELS[number]

export interface ServeOptions {
  readonly kubeconfig?: string
  readonly context?: string
  readonly port: number
  readonly host: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly data?: string
  readonly logLevel: LogLevel
}

export type Command
  = | { readonly name: 'serve', readonly options: ServeOptions }
    | { readonly name: 'link', readonly port: number }
    | { readonly name: 'help' }

const FLAGS = {
  'kubeconfig': { type: 'string' },
  'context': { type: 'string' },
  'port': { type: 'string' },
  'host': { type: 'string' },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  'data': { type: 'string' },
  'log-level': { type: 'string' },
  'help': { type: 'boolean', short: 'h' },
} as const

/** Whether only this machine can reach an address to listen on; a name other than localhost is not trusted to be local. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}

function readFlags(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: FLAGS, allowPositionals: true, strict: true })
  }
  catch (error) {
    throw new UsageError(`${firstLine(error).split('. ')[0] ?? ''}; see npm start -- --help`)
  }
}

function readPort(text: string | undefined): number {
  const port = text === undefined ? 8090 : Number(text)
  if (!/^\d+$/.test(text ?? '0') || !Number.isInteger(port) || port > 65535)
    throw new UsageError(`--port ${text} is not a port: a number from 0 to 65535 (0 takes any free one)`)
  return port
}

function readLogLevel(text = 'info'): LogLevel {
  const level = LOG_LEVELS.find(known => known === text)
  if (!level)
    throw new UsageError(`--log-level ${text} is not known: ${LOG_LEVELS.join(', ')}`)
  return level
}

/**
 * What the operator asked for on the command line.
 * Throws UsageError, in one line, for what it does not understand or what is refused: beyond loopback, credentials of
 * a kubeconfig are only served over TLS.
 */
export function readCommand(argv: readonly string[]): Command {
  const { values, positionals } = readFlags(argv)
  const [name = 'serve', surplus] = positionals
  if (values.help)
    return { name: 'help' }
  if (name !== 'serve' && name !== 'link')
    throw new UsageError(`'${name}' is not a command: serve (the default) or link; see npm start -- --help`)
  if (surplus !== undefined)
    throw new UsageError(`'${surplus}' is one word too many; see npm start -- --help`)
  const empty = Object.entries(values).find(([, value]) => value === '')
  if (empty)
    throw new UsageError(`--${empty[0]} is empty`)
  const port = readPort(values.port)
  if (name === 'link')
    return { name, port }
  const options: ServeOptions = {
    kubeconfig: values.kubeconfig,
    context: values.context,
    port,
    host: values.host?.replace(/^\[(.*)\]$/, '$1') ?? '127.0.0.1',
    tlsCert: values['tls-cert'],
    tlsKey: values['tls-key'],
    data: values.data,
    logLevel: readLogLevel(values['log-level']),
  }
  refuseContradictions(options)
  return { name, options }
}

function refuseContradictions({ kubeconfig, context, host, tlsCert, tlsKey, data }: ServeOptions): void {
  if (context !== undefined && kubeconfig === undefined)
    throw new UsageError('--context needs --kubeconfig FILE')
  if (data !== undefined && kubeconfig !== undefined)
    throw new UsageError('--data keeps the demonstration cluster; with --kubeconfig there is none')
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new UsageError('--tls-cert and --tls-key go together')
  if (kubeconfig !== undefined && !isLoopback(host) && tlsCert === undefined)
    throw new UsageError(`--host ${host} would show your cluster's credentials' powers to the network in clear text: add --tls-cert and --tls-key, or keep to 127.0.0.1`)
}
