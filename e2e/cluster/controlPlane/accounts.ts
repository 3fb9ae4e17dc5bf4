import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parse, stringify } from 'yaml'
import { expect } from '@playwright/test'
import type { Kubectl } from '../kubectl.ts'

// Accounts as the guides have them: the roles of docs/roles are applied, service accounts bound to them, tokens the API server's own.

const FILES = ['console', 'keeper', 'export-guard'].flatMap(name => ['-f', resolve(import.meta.dirname, `../../../docs/roles/${name}.yaml`)])
const LOOKUP = 'guardrails-lookup'
const KEEPER = 'harvester-system:guardrails-keeper'

/** Roles of somebody's: in the whole cluster, and in the one namespace. `lookup`: namespaces and storage classes, as a form needs them. */
interface Bound { readonly everywhere?: readonly ('viewer' | 'lookup')[], readonly here: readonly ('viewer' | 'exporter' | 'operator')[] }

export class Accounts {
  private readonly kubectl: Kubectl
  private readonly kubeconfig: string
  private readonly folder: string
  private readonly namespace: string

  /** `kubeconfig` is the administrator's; those of the accounts are written into `folder`. */
  constructor(kubectl: Kubectl, { kubeconfig, folder, namespace }: { readonly kubeconfig: string, readonly folder: string, readonly namespace: string }) {
    this.kubectl = kubectl
    this.kubeconfig = kubeconfig
    this.folder = folder
    this.namespace = namespace
  }

  /** Applies the roles, and answers a kubeconfig of the keeper's own account, which the export guard reads with too. */
  async employKeeper(): Promise<string> {
    await this.do('apply', ...FILES)
    await this.bindEverywhere('export-guard', KEEPER)
    return this.write('keeper', { keeper: await this.tokenOf(KEEPER) })
  }

  /** Makes a service account for each, and answers one kubeconfig with a context for each. */
  async invite(people: Readonly<Record<string, Bound>>): Promise<string> {
    await this.do('create', 'clusterrole', LOOKUP, '--verb=get,list,watch', '--resource=namespaces,storageclasses.storage.k8s.io')
    const tokens: Record<string, string> = {}
    for (const [name, { everywhere = [], here }] of Object.entries(people)) {
      const account = `${this.namespace}:${name}`
      await this.do('create', 'serviceaccount', name, '-n', this.namespace)
      for (const role of everywhere)
        await this.bindEverywhere(role, account)
      for (const role of here)
        await this.do('create', 'rolebinding', `${role}-${name}`, `--clusterrole=guardrails-${role}`, `--serviceaccount=${account}`, '-n', this.namespace)
      tokens[name] = await this.tokenOf(account)
    }
    return this.write('people', tokens)
  }

  /** Takes away roles and bindings; the people's accounts go with their namespace. */
  async dismiss(): Promise<void> {
    await this.kubectl.run(['delete', 'clusterrolebinding', '-l', `invited-by=${this.namespace}`])
    await this.kubectl.run(['delete', 'clusterrole', LOOKUP])
    await this.kubectl.run(['delete', '--wait=false', ...FILES])
  }

  private async bindEverywhere(role: string, account: string): Promise<void> {
    const name = `${role}-${account.replace(':', '-')}`
    await this.do('create', 'clusterrolebinding', name, `--clusterrole=guardrails-${role}`, `--serviceaccount=${account}`)
    await this.do('label', 'clusterrolebinding', name, `invited-by=${this.namespace}`)
  }

  private async tokenOf(account: string): Promise<string> {
    const [namespace = '', name = ''] = account.split(':')
    return (await this.do('create', 'token', name, '-n', namespace)).trim()
  }

  private async do(...args: readonly string[]): Promise<string> {
    const printed = await this.kubectl.run(args)
    expect(printed, `kubectl ${args.join(' ')}`).not.toContain('exit code')
    return printed
  }

  private write(file: string, tokens: Readonly<Record<string, string>>): string {
    const { clusters: [cluster] } = parse(readFileSync(this.kubeconfig, 'utf8')) as { readonly clusters: readonly { readonly name: string }[] }
    const path = join(this.folder, `kubeconfig.${file}`)
    const names = Object.keys(tokens)
    writeFileSync(path, stringify({
      'apiVersion': 'v1', 'kind': 'Config', 'clusters': [cluster], 'current-context': names[0],
      'users': names.map(name => ({ name, user: { token: tokens[name] } })),
      'contexts': names.map(name => ({ name, context: { cluster: cluster?.name, user: name } })),
    }), { mode: 0o600 })
    return path
  }
}
