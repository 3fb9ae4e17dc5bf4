import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { getProxyForUrl } from 'proxy-from-env'
import { version } from '../package.json'
import { parseMirror } from './addressRules.ts'
import { createApp } from './app.ts'
import { isLoopback } from './cli.ts'
import type { ServeOptions } from './cli.ts'
import { loadKubeconfig, readKubeconfigFile } from './kubeconfig.ts'
import type { Cluster, Kubeconfig } from './kubeconfig.ts'
import { linkCommand, linkSocket, offerLinks } from './link.ts'
import { addressOf, doorNames, listen, readTls } from './listen.ts'
import { ownExportsIn, ownExportsInMemory } from './ownExports.ts'
import type { OwnExports } from './ownExports.ts'
import { reach } from './reach.ts'
import { createSessions } from './session.ts'
import { sessionKey, stateFolder } from './stateFolder.ts'
import { firstLine, UsageError } from './usageError.ts'
import type { RunningWebhook } from './webhook.ts'

/** What the server has of the world around it. */
export interface Surroundings {
  readonly say: (line: string) => void
  readonly complain: (line: string) => void
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly consoleRoot: string
  readonly now: () => number
}

export interface Running {
  readonly url: string
  readonly port: number
  /** A link that opens a session; the plain address where nobody has to log in. */
  makeLink(): string
  stop(): Promise<void>
}

interface Supply { readonly clusters: readonly Cluster[], readonly mirror: string | undefined, stop(): Promise<void> }

/** The demonstration cluster, its kubeconfig written into the working directory for kubectl (mode 0600). */
async function startDemonstration({ data }: ServeOptions, { cwd, complain }: Surroundings): Promise<Supply> {
  const { startEmbeddedCluster } = await import('./cluster/main.ts')
  const demo = await startEmbeddedCluster({ seed: true, ...data !== undefined && { dataDir: resolve(cwd, data) } }).catch((error: NodeJS.ErrnoException) => {
    throw data !== undefined && error.code !== undefined ? new UsageError(`--data ${data} cannot be used: ${firstLine(error)}`) : error
  })
  const file = join(cwd, 'demo.kubeconfig')
  try {
    rmSync(`${file}.new`, { force: true })
    writeFileSync(`${file}.new`, demo.kubeconfig, { mode: 0o600 })
    renameSync(`${file}.new`, file)
  }
  catch (error) {
    complain(`demo.kubeconfig could not be written, kubectl must do without: ${firstLine(error)}`)
  }
  const { clusters } = loadKubeconfig(demo.kubeconfig, file, undefined)
  // The embedded cluster answers for Harvester's own API too, at its root.
  return { clusters: clusters.map(cluster => ({ ...cluster, harvester: cluster.access })), mirror: demo.mirror, stop: () => demo.stop() }
}

function describeClusters({ clusters }: Kubeconfig): string {
  const first = clusters.find(cluster => cluster.default)
  const others = clusters.length - 1
  return `${first?.title} at ${first?.server}${others > 0 ? ` and ${others} more` : ''}`
}

/** Says on the terminal when the first cluster does not answer; the console runs on and says it too. */
async function complainWhenUnreachable({ clusters }: Kubeconfig, { complain }: Surroundings): Promise<void> {
  const first = clusters.find(cluster => cluster.default)
  const found = first && await reach(first)
  if (found?.state === 'unreachable')
    complain(`warning: ${found.message}`)
}

interface Announcement {
  readonly url: string
  readonly port: number
  readonly link: string
  readonly needsLogin: boolean
  readonly kubeconfig: Kubeconfig | undefined
  readonly webhook: RunningWebhook | undefined
  /** Where the demonstration's images may be had. */
  readonly mirror: string | undefined
  /** The folder in which the demonstration is kept; in memory where there is none. */
  readonly data: string | undefined
}

function announce({ url, port, link, needsLogin, kubeconfig, webhook, mirror, data }: Announcement, { say, complain }: Surroundings): void {
  const noLogin = needsLogin ? '' : '; no login, because only this machine can reach it'
  say(`Harvester Guardrails ${version}`)
  say(`  console  ${link}`)
  if (needsLogin)
    say(`           this link works once, within five minutes; another: ${linkCommand(port)}`)
  say(`  cluster  ${kubeconfig ? describeClusters(kubeconfig) : `a demonstration ${data === undefined ? 'in memory' : `kept in ${data}`}${noLogin}`}`)
  if (!kubeconfig)
    say('  kubectl  kubectl --kubeconfig demo.kubeconfig get virtualmachines -A')
  if (mirror !== undefined)
    say(`  images   a mirror of publishers, to try URLs on: ${mirror}`)
  if (webhook)
    say(`  webhook  ${webhook.url}`)
  say('  stop     Ctrl-C')
  for (const line of kubeconfig?.leftOut ?? [])
    complain(`warning: ${line}; left out`)
  if (needsLogin && url.startsWith('http:') && !kubeconfig)
    complain('warning: without --tls-cert the session travels in clear text')
}

/** Where `npm start -- link` asks; a console that cannot offer it says so and goes on. */
async function openLinks(port: number, makeLink: () => string, { env, complain }: Surroundings): Promise<{ close(): void } | undefined> {
  try {
    return await offerLinks(linkSocket(stateFolder(env), port), makeLink)
  }
  catch (error) {
    complain(`warning: npm start -- link will not work: ${firstLine(error)}`)
    return undefined
  }
}

/** What this console's sessions have begun: a cluster that ends with the server has nothing to remember. */
function ownExports(kubeconfig: Kubeconfig | undefined, { data, keeper }: ServeOptions, { env }: Surroundings): OwnExports {
  if (keeper.mode === 'off' || (!kubeconfig && data === undefined))
    return ownExportsInMemory()
  const folder = join(stateFolder(env), 'exports')
  try {
    return ownExportsIn(folder)
  }
  catch (error) {
    throw new UsageError(`the folder ${folder} cannot be used: ${firstLine(error)}; --keeper off does without`)
  }
}

/**
 * Starts the console: with a kubeconfig on its clusters, behind a login, otherwise on the demonstration cluster.
 * The port is taken first, so that a second start cannot disturb the first. Throws UsageError for what the operator can mend.
 */
export async function serve(options: ServeOptions, around: Surroundings): Promise<Running> {
  const { host, context } = options
  const path = (file: string | undefined) => file === undefined ? undefined : resolve(around.cwd, file)
  const tls = readTls(path(options.tlsCert), path(options.tlsKey))
  const webhookTls = readTls(path(options.webhook?.tlsCert), path(options.webhook?.tlsKey), '--webhook-tls')
  const webhook = options.webhook && { options: options.webhook, folder: stateFolder(around.env) }
  const file = path(options.kubeconfig)
  const kubeconfig = file === undefined ? undefined : loadKubeconfig(readKubeconfigFile(file), file, context, around.now, options.harvesterUrl)
  // Without a login everybody who reaches the port is the administrator: only of a demonstration, only on this machine.
  const needsLogin = kubeconfig !== undefined || !isLoopback(host)
  const secure = tls !== undefined
  let port = options.port
  const sessions = needsLogin ? createSessions({ key: sessionKey(stateFolder(around.env)), port: () => port, secure, real: kubeconfig !== undefined, now: around.now }) : undefined

  let supply: (clusters: readonly Cluster[]) => void = () => undefined
  const clusters = new Promise<readonly Cluster[]>(done => { supply = done })
  const names = doorNames(host, tls)
  const mirrors = [...options.mirrors]
  const app = createApp({
    clusters, tls, sessions, real: kubeconfig !== undefined, consoleRoot: around.consoleRoot, logLevel: options.logLevel,
    door: () => ({ names, port, secure }),
    guard: { mirrors, proxyFor: getProxyForUrl, limits: options.reads },
    // What asks for it waits for the clusters, which are supplied when the webhook is there.
    webhookReport: () => hook?.report(),
    keeper: { ...options.keeper, own: ownExports(kubeconfig, options, around) },
  })
  port = await listen(app.fastify, host, port)
  const abandon = async (error: unknown) => {
    await app.stop()
    throw error
  }
  const hook = webhook && await (await import('./webhook.ts')).startWebhook(webhook.options, { clusters, folder: webhook.folder, tls: webhookTls, now: around.now, logLevel: options.logLevel }).catch(abandon)
  const demonstration = kubeconfig
    ? undefined
    : await startDemonstration(options, around).catch(async (error: unknown) => {
        await hook?.stop()
        return abandon(error)
      })
  // The demonstration's own mirror is the one thing on this machine that its images come from.
  mirrors.push(...[demonstration?.mirror].flatMap(mirror => mirror === undefined ? [] : parseMirror(new URL(mirror).host) ?? []))
  supply(kubeconfig?.clusters ?? demonstration?.clusters ?? [])

  const url = addressOf(host, port, secure)
  const makeLink = () => sessions ? `${url}session?code=${sessions.issueCode()}` : url
  const links = await openLinks(port, makeLink, around)
  announce({ url, port, link: makeLink(), needsLogin, kubeconfig, webhook: hook, mirror: demonstration?.mirror, data: path(options.data) }, around)
  if (kubeconfig)
    void complainWhenUnreachable(kubeconfig, around)

  return {
    url, port, makeLink,
    async stop() {
      links?.close()
      await hook?.stop()
      await app.stop()
      await demonstration?.stop()
    },
  }
}
