import { isIP } from 'node:net'
import { parseArgs } from 'node:util'
import { IMAGE_FINDING_CODES } from '#images/imageFindings.ts'
import type { ImageFindingCode } from '#images/imageFindings.ts'
import type { KeeperMode } from '#volumes/keeperStatus.ts'
import { readHarvesterUrl } from './harvester.ts'
import { parseMirror } from './addressRules.ts'
import type { Mirror } from './addressRules.ts'
import { USUAL_PORT } from './link.ts'
import type { ReadLimits } from './reads.ts'
import { firstLine, UsageError } from './usageError.ts'
import type { ManifestOptions } from './webhookManifest.ts'

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug'] as const
export type LogLevel = typeof LOG_LEVELS[number]
/** RFC 1123 label, as Kubernetes names namespaces. */
const NAMESPACE = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** The export keeper. */
interface KeeperChoice {
  readonly mode: KeeperMode
  /** Where its Lease is. */
  readonly namespace: string
}

/** The admission webhook, where it is asked for. */
export interface WebhookOptions {
  readonly port: number
  readonly host: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  /** What is refused instead of warned of. */
  readonly refuse: readonly ImageFindingCode[]
  readonly refuseHarvester: boolean
  /** Whether exports of disks in use, and starts under an export, are judged. */
  readonly guard: boolean
  /** Accounts that are refused nothing. */
  readonly warnOnly: readonly string[]
}

export interface ServeOptions {
  readonly kubeconfig?: string
  readonly context?: string
  readonly harvesterUrl?: URL
  readonly port: number
  readonly host: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly data?: string
  readonly logLevel: LogLevel
  readonly webhook?: WebhookOptions
  readonly keeper: KeeperChoice
  /** What the probe may ask beyond the public internet. */
  readonly mirrors: readonly Mirror[]
  /** Limits of long reads that differ from the usual ones. */
  readonly reads: Partial<ReadLimits>
}

export type Command
  = | { readonly name: 'serve', readonly options: ServeOptions }
    | { readonly name: 'link', readonly port: number }
    | ManifestOptions & { readonly name: 'webhook-manifest', readonly place: string, readonly ca?: string }
    | { readonly name: 'help' }

const FLAGS = {
  'kubeconfig': { type: 'string' },
  'context': { type: 'string' },
  'harvester-url': { type: 'string' },
  'port': { type: 'string' },
  'host': { type: 'string' },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  'data': { type: 'string' },
  'log-level': { type: 'string' },
  'webhook-port': { type: 'string' },
  'webhook-host': { type: 'string' },
  'webhook-tls-cert': { type: 'string' },
  'webhook-tls-key': { type: 'string' },
  'webhook-ca': { type: 'string' },
  'webhook-no-export-guard': { type: 'boolean' },
  'webhook-namespaces': { type: 'string' },
  'webhook-requester': { type: 'boolean' },
  'webhook-warn-only': { type: 'string', multiple: true },
  'refuse': { type: 'string' },
  'refuse-harvester': { type: 'boolean' },
  'allow-mirror': { type: 'string', multiple: true },
  'keeper': { type: 'string' },
  'keeper-namespace': { type: 'string' },
  'reads': { type: 'string' },
  'read-size': { type: 'string' },
  'read-hours': { type: 'string' },
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

function readPort(text = String(USUAL_PORT), flag = '--port'): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65535)
    throw new UsageError(`${flag} ${text} is not a port: a number from 0 to 65535 (0 takes any free one)`)
  return port
}

function readLogLevel(text = 'info'): LogLevel {
  const level = LOG_LEVELS.find(known => known === text)
  if (!level)
    throw new UsageError(`--log-level ${text} is not known: ${LOG_LEVELS.join(', ')}`)
  return level
}

type Flags = ReturnType<typeof readFlags>['values']

function readFindings(text: string | undefined): ImageFindingCode[] {
  return (text?.split(',') ?? []).map(name => {
    const code = IMAGE_FINDING_CODES.find(known => known === name.trim())
    if (!code)
      throw new UsageError(`--refuse ${name} is not known: ${IMAGE_FINDING_CODES.join(', ')}`)
    return code
  })
}

function readHost(text = '127.0.0.1'): string {
  return text.replace(/^\[(.*)\]$/, '$1')
}

function readWebhook(values: Flags): WebhookOptions | undefined {
  const { 'webhook-port': port, 'webhook-tls-cert': tlsCert, 'webhook-tls-key': tlsKey } = values
  const [idle] = (['webhook-host', 'webhook-tls-cert', 'webhook-tls-key', 'refuse', 'refuse-harvester', 'webhook-no-export-guard', 'webhook-warn-only'] as const).filter(flag => values[flag] !== undefined)
  if (values['webhook-ca'] !== undefined)
    throw new UsageError('--webhook-ca is about webhook-manifest; a server is given its certificate with --webhook-tls-cert')
  const [printed] = (['webhook-namespaces', 'webhook-requester'] as const).filter(flag => values[flag] !== undefined)
  if (printed)
    throw new UsageError(`--${printed} is about webhook-manifest: it says what the cluster asks, and a server answers what it is asked`)
  if (port === undefined && idle)
    throw new UsageError(`--${idle} is about the admission webhook: it needs --webhook-port PORT`)
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new UsageError('--webhook-tls-cert and --webhook-tls-key go together')
  return port === undefined
    ? undefined
    : {
        port: readPort(port, '--webhook-port'), host: readHost(values['webhook-host']), tlsCert, tlsKey, refuse: readFindings(values.refuse), refuseHarvester: values['refuse-harvester'] ?? false,
        guard: !values['webhook-no-export-guard'], warnOnly: values['webhook-warn-only'] ?? [],
      }
}

function readManifestOptions(values: Flags): ManifestOptions {
  const namespaces = values['webhook-namespaces']?.split(',').map(name => name.trim())
  const wrong = namespaces?.find(name => !NAMESPACE.test(name))
  if (wrong !== undefined)
    throw new UsageError(`--webhook-namespaces ${wrong} is not the name of a namespace`)
  const guard = !values['webhook-no-export-guard']
  if (!guard && namespaces)
    throw new UsageError('--webhook-namespaces is about the export guard, which --webhook-no-export-guard leaves out')
  return { guard, ...(namespaces && { namespaces }), requester: values['webhook-requester'] ?? false }
}

const KEEPER_MODES: readonly KeeperMode[] = ['own', 'all', 'off']
/** Where Harvester's own programs are. */
const KEEPER_NAMESPACE = 'harvester-system'
const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/

function readKeeper({ keeper = 'own', 'keeper-namespace': namespace }: Flags): KeeperChoice {
  const mode = KEEPER_MODES.find(known => known === keeper)
  if (!mode)
    throw new UsageError(`--keeper ${keeper} is not known: ${KEEPER_MODES.join(', ')}`)
  if (namespace !== undefined && mode !== 'all')
    throw new UsageError('--keeper-namespace is where the Lease of --keeper all is')
  if (namespace !== undefined && !DNS_LABEL.test(namespace))
    throw new UsageError(`--keeper-namespace ${namespace} is not the name of a namespace`)
  return { mode, namespace: namespace ?? KEEPER_NAMESPACE }
}

const COMMANDS = ['serve', 'link', 'webhook-manifest'] as const

function readMirrors(texts: readonly string[] = []): Mirror[] {
  return texts.map(text => {
    const mirror = parseMirror(text)
    if (!mirror)
      throw new UsageError(`--allow-mirror ${text} is not a host, an address or a block of addresses, with a port or without: mirror.lan, mirror.lan:8080, 10.0.0.0/8`)
    return mirror
  })
}

function readCount(flag: string, text: string | undefined, most: number): number | undefined {
  if (text !== undefined && !(/^\d{1,6}$/.test(text) && Number(text) >= 1 && Number(text) <= most))
    throw new UsageError(`--${flag} ${text} is not a whole number from 1 to ${most}`)
  return text === undefined ? undefined : Number(text)
}

function readReadLimits(values: { 'reads'?: string, 'read-size'?: string, 'read-hours'?: string }): Partial<ReadLimits> {
  const atOnce = readCount('reads', values.reads, 16)
  const size = readCount('read-size', values['read-size'], 100_000)
  const hours = readCount('read-hours', values['read-hours'], 168)
  return { ...atOnce && { atOnce }, ...size && { most: size * 1024 ** 3 }, ...hours && { hours } }
}

/**
 * What the operator asked for on the command line.
 * Throws UsageError, in one line, for what it does not understand or what is refused: beyond loopback, credentials of
 * a kubeconfig are only served over TLS.
 */
export function readCommand(argv: readonly string[]): Command {
  const { values, positionals } = readFlags(argv)
  const [word = 'serve', ...words] = positionals
  if (values.help)
    return { name: 'help' }
  const name = COMMANDS.find(known => known === word)
  if (!name)
    throw new UsageError(`'${word}' is not a command: serve (the default), link or webhook-manifest; see npm start -- --help`)
  const [place, surplus] = name === 'webhook-manifest' ? words : [undefined, ...words]
  if (surplus !== undefined)
    throw new UsageError(`'${surplus}' is one word too many; see npm start -- --help`)
  const empty = Object.entries(values).find(([, value]) => [value].flat().includes(''))
  if (empty)
    throw new UsageError(`--${empty[0]} is empty`)
  if (name === 'webhook-manifest') {
    if (place === undefined)
      throw new UsageError('webhook-manifest needs to know where the webhook is found: https://HOST:PORT or NAMESPACE/SERVICE[:PORT]')
    return { name, place, ca: values['webhook-ca'], ...readManifestOptions(values) }
  }
  const port = readPort(values.port)
  if (name === 'link')
    return { name, port }
  const options: ServeOptions = {
    kubeconfig: values.kubeconfig,
    context: values.context,
    harvesterUrl: values['harvester-url'] === undefined ? undefined : readHarvesterUrl(values['harvester-url']),
    port,
    host: readHost(values.host),
    tlsCert: values['tls-cert'],
    tlsKey: values['tls-key'],
    data: values.data,
    logLevel: readLogLevel(values['log-level']),
    webhook: readWebhook(values),
    keeper: readKeeper(values),
    mirrors: readMirrors(values['allow-mirror']),
    reads: readReadLimits(values),
  }
  refuseContradictions(options)
  return { name, options }
}

function refuseContradictions({ kubeconfig, context, harvesterUrl, host, tlsCert, tlsKey, data }: ServeOptions): void {
  if (context !== undefined && kubeconfig === undefined)
    throw new UsageError('--context needs --kubeconfig FILE')
  if (harvesterUrl !== undefined && kubeconfig === undefined)
    throw new UsageError('--harvester-url needs --kubeconfig FILE; the demonstration takes uploads by itself')
  if (data !== undefined && kubeconfig !== undefined)
    throw new UsageError('--data keeps the demonstration cluster; with --kubeconfig there is none')
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new UsageError('--tls-cert and --tls-key go together')
  if (kubeconfig !== undefined && !isLoopback(host) && tlsCert === undefined)
    throw new UsageError(`--host ${host} would show your cluster's credentials' powers to the network in clear text: add --tls-cert and --tls-key, or keep to 127.0.0.1`)
}
