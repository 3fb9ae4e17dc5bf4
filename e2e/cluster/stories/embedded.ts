import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Plugin } from 'vite'
import { runnerImport } from 'vite'
import { Api } from '../../api.ts'
import { contextsOf, readAccess } from '../../kubeconfig.ts'
import { afterWebhooks, beforePrograms, furnish } from '../furniture.ts'

const root = resolve(import.meta.dirname, '../../..')

interface Running { readonly kubeconfig: string, stop(): Promise<void> }
interface Main { startEmbeddedCluster(options: { readonly controllers: boolean, readonly mirror: boolean, readonly pace: number, readonly log: (line: string) => void }): Promise<Running> }

/** An embedded cluster of its own, furnished as the real one is. `plugins` may change its source as it is loaded; `kubeconfig` is a file. */
export async function startEmbedded({ pace = 1, plugins = [], log = () => {} }: { readonly pace?: number, readonly plugins?: readonly Plugin[], readonly log?: (line: string) => void } = {}): Promise<Running> {
  const { module: { startEmbeddedCluster } } = await runnerImport<Main>('/server/cluster/main.ts', { root, configFile: false, logLevel: 'error', plugins: [...plugins] })
  const cluster = await startEmbeddedCluster({ controllers: true, mirror: true, pace, log })
  const folder = mkdtempSync(join(tmpdir(), 'guardrails-stories-'))
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, cluster.kubeconfig, { mode: 0o600 })
  const stop = async () => {
    try {
      await cluster.stop()
    }
    finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  const api = new Api(readAccess(kubeconfig, contextsOf(kubeconfig)[0] ?? ''))
  try {
    await furnish(api, [...beforePrograms(), ...afterWebhooks(folder, [])])
  }
  catch (error) {
    await stop()
    throw error
  }
  finally {
    await api.close()
  }
  return { kubeconfig, stop }
}
