import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseAllDocuments } from 'yaml'
import type { Api, KubeObject } from '../../api.ts'
import { OwnConsole } from '../../embedded.ts'
import { freePorts } from '../ports.ts'
import { Track } from './race.ts'

const MAIN = resolve(import.meta.dirname, '../../../dist/server/main.js')
const ADMISSION = '/apis/admissionregistration.k8s.io/v1'
const EXPORTS = `${ADMISSION}/validatingwebhookconfigurations/exports.guardrails.harvesterhci.io`

interface Place { readonly kubeconfig: string, readonly folder: string, readonly namespace: string }

/** The product's own server as an operator starts it beside a cluster, and the configurations that it prints. */
export class Guard {
  private readonly api: Api
  private readonly server: OwnConsole
  private readonly environment: Readonly<Record<string, string>>
  private readonly namespace: string
  private readonly url: string
  private manifests: readonly KubeObject[] = []

  private constructor(api: Api, server: OwnConsole, { namespace, url, environment }: { readonly namespace: string, readonly url: string, readonly environment: Readonly<Record<string, string>> }) {
    this.api = api
    this.server = server
    this.namespace = namespace
    this.url = url
    this.environment = environment
  }

  /** Starts the server with webhook and keeper, for the cluster of a kubeconfig; the API server has not heard of it yet. */
  static async start(api: Api, { kubeconfig, folder, namespace }: Place): Promise<Guard> {
    const [port = 0, webhookPort = 0] = await freePorts(2)
    const environment = { XDG_STATE_HOME: join(folder, 'console-state') }
    const server = new OwnConsole(port, ['--kubeconfig', kubeconfig, '--webhook-port', String(webhookPort), '--keeper', 'all'], environment)
    const guard = new Guard(api, server, { namespace, environment, url: `https://127.0.0.1:${webhookPort}` })
    await server.start()
    return guard
  }

  /** The same, and has the API server ask it in that namespace alone. */
  static async install(api: Api, place: Place): Promise<Guard> {
    const guard = await Guard.start(api, place)
    await guard.install('exports')
    return guard
  }

  /** Has the API server ask it: who asks for an export, and of `exports` whether the disk is at rest. */
  async install(of: 'requesters' | 'exports'): Promise<void> {
    this.manifests = this.print(of === 'exports' ? ['--webhook-namespaces', this.namespace] : ['--webhook-no-export-guard'])
    for (const manifest of this.manifests)
      await this.put(manifest)
  }

  private print(flags: readonly string[]): KubeObject[] {
    const { stdout, stderr, status } = spawnSync(process.execPath, [MAIN, 'webhook-manifest', this.url, '--webhook-requester', ...flags], { encoding: 'utf8', env: { ...process.env, ...this.environment } })
    if (status !== 0)
      throw new Error(stderr)
    return parseAllDocuments(stdout).map(document => document.toJS() as KubeObject)
  }

  private async put(manifest: KubeObject): Promise<void> {
    const path = `${ADMISSION}/${manifest.kind.toLowerCase()}s`
    await this.api.delete(`${path}/${manifest.metadata.name}`)
    ;(await this.api.post(path, manifest)).expect(201)
  }

  /** Waits until the API server asks it, of a disk of that VM's that is at rest: a dry run is told its word, and nothing else says it. */
  async untilAsked(vm: string): Promise<void> {
    const image = new Track(this.api, this.namespace).imageOf(vm)
    for (const deadline = Date.now() + 30_000; ; await sleep(100)) {
      const { warnings } = await this.api.post(`/apis/harvesterhci.io/v1beta1/namespaces/${this.namespace}/virtualmachineimages?dryRun=All`, image)
      if (warnings.some(warning => warning.endsWith(': at-rest')))
        return
      if (Date.now() > deadline)
        throw new Error(`the guard was not asked within 30 s: ${warnings.join()}\n${this.server.output}`)
    }
  }

  /** Lifts the guard as the guide says; whoever asked for an export is still noted. */
  async lift(): Promise<void> {
    (await this.api.delete(EXPORTS)).expect(200)
  }

  /** The server goes, and all that was installed. */
  async remove(): Promise<void> {
    for (const { kind, metadata: { name } } of this.manifests)
      await this.api.delete(`${ADMISSION}/${kind.toLowerCase()}s/${name}`)
    await this.server.remove()
  }
}
