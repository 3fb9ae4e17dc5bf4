import { Agent, fetch } from 'undici'
import { createKubeClient } from '#kube/client.ts'
import type { KubeClient } from '#kube/client.ts'
import { pursueLease } from '../exportLease.ts'
import type { FileTaker } from './cdiDoor.ts'
import { fileTaker } from './cdiUpload.ts'
import type { ActionRoute, AdmissionHook, EvictionHook, SubresourceRoute } from './cluster.ts'
import { VMIS } from '#vms/vm.ts'
import { CONTROLLERS } from './controllers/all.ts'
import { MIGRATIONS } from './controllers/migration.ts'
import type { Actor } from './controllers/step.ts'
import { guestRoutes } from './guestActs.ts'
import { harvesterHooks } from './harvesterHooks.ts'
import { BLIND } from './hooks/rule.ts'
import { evictionHook } from './hooks/evictions.ts'
import { instanceHook } from './hooks/instances.ts'
import { migrationHooks } from './hooks/migrations.ts'
import { powerRoutes } from './power.ts'
import type { RealPart } from './real.ts'
import { actorsOf } from './real.ts'
import type { Runner } from './runner.ts'
import { ACCOUNTS, runControllers } from './runner.ts'
import type { Layer, SeedWriter } from './seed/seed.ts'
import { applySeed, remoteWriter } from './seed/seed.ts'
import { uploadAction } from './uploads.ts'

export interface LifeOptions {
  /** What is made first, and who puts it there (over the wire when absent); nothing when absent. */
  readonly seed?: readonly Layer[]
  readonly writer?: SeedWriter
  /** Whether anything moves afterwards; true when absent. */
  readonly controllers?: boolean
  /** What is really there, and so is not played. */
  readonly real?: readonly RealPart[]
  /** How many times faster than real time; 1 when absent. */
  readonly pace?: number
  readonly log?: (line: string) => void
}

/** What there must be of a cluster to live in it. */
export interface Habitat {
  readonly url: string
  readonly caPem: string
  readonly users: Readonly<Record<string, { readonly token: string }>>
  readonly registerSubresource: (route: SubresourceRoute) => void
  /** Absent where Harvester's own API is not served. */
  readonly registerAction?: (route: ActionRoute) => void
  readonly registerHook: (hook: AdmissionHook) => void
  /** Absent where virt-api is really there. */
  readonly registerEvictionHook?: (hook: EvictionHook) => void
  /** Absent where virt-api is played: it needs nobody else to act on a guest. */
  readonly registerGuestAct?: (route: SubresourceRoute) => void
  /** Absent where Harvester is played: it needs nobody else to take a file. */
  readonly registerFileTaker?: (take: FileTaker) => void
}

export interface Life {
  /** Undefined without controllers. */
  readonly runner?: Runner
  readonly stop: () => Promise<void>
}

/** The Lease by which the console knows that virt-controller works (kubevirt pkg/virt-controller/leaderelectionconfig). */
const VIRT_CONTROLLER = { namespace: 'harvester-system', name: 'virt-controller', me: 'virt-controller' }

/** Gives an embedded API its inhabitants: Harvester's hooks and uploads, KubeVirt's subresources, the seed, and the controllers. Throws where the seed cannot be applied. */
export async function bringToLife(cluster: Habitat, { seed = [], writer, controllers = true, real = [], pace = 1, log }: LifeOptions = {}): Promise<Life> {
  const agent = new Agent({ connect: { ca: cluster.caPem }, connections: 64 })
  const clients = new Map<string, KubeClient>()
  const clientFor = (account: string): KubeClient => {
    const made = clients.get(account) ?? createKubeClient({
      baseUrl: cluster.url,
      token: cluster.users[account]?.token ?? '',
      fetch: (url, init) => fetch(url, { ...init, dispatcher: agent } as Parameters<typeof fetch>[1]) as unknown as Promise<Response>,
    })
    clients.set(account, made)
    return made
  }
  let runner: Runner | undefined
  // Without controllers nothing is followed, and the hooks see nothing; nor do they while the seed is applied.
  const hooks = harvesterHooks(() => runner?.world ?? BLIND)
  for (const hook of real.includes('harvester') ? [] : hooks) cluster.registerHook(hook)
  if (!real.includes('kubevirt')) {
    cluster.registerHook(instanceHook(Date.now))
    cluster.registerEvictionHook?.(evictionHook(clientFor('virt-api')))
  }
  const ofMigrations = migrationHooks({
    vmi: (namespace, name) => runner?.world.get(VMIS, `${namespace}/${name}`),
    migrations: (namespace, vmi) => (runner?.world.all(MIGRATIONS) ?? []).filter(one => one.metadata.namespace === namespace && one.spec.vmiName === vmi),
  })
  for (const hook of real.includes('kubevirt') ? [] : ofMigrations) cluster.registerHook(hook)
  for (const route of real.includes('kubevirt') ? [] : powerRoutes(clientFor('virt-api'))) cluster.registerSubresource(route)
  for (const route of guestRoutes(clientFor(ACCOUNTS['virt-handler']))) cluster.registerGuestAct?.(route)
  cluster.registerFileTaker?.(fileTaker(clientFor))
  cluster.registerAction?.(uploadAction({ clientFor, takes: ms => ms / pace }))
  await applySeed(writer ?? remoteWriter(clientFor('admin')), seed)
  if (controllers)
    runner = runControllers({ controllers: CONTROLLERS, clientOf: (actor: Actor) => clientFor(ACCOUNTS[actor]), without: actorsOf(real), pace, ...(log ? { log } : {}) })
  const left = new AbortController()
  // Not a step: it is no answer to anything, and the cluster is at rest while it goes on.
  const lease = runner && !real.includes('kubevirt') ? pursueLease(clientFor(ACCOUNTS['virt-controller']), { ...VIRT_CONTROLLER, signal: left.signal, changed: () => undefined }) : undefined
  return {
    ...(runner ? { runner } : {}),
    stop: async () => {
      left.abort()
      await Promise.all([runner?.stop(), lease?.ended])
      await agent.destroy()
    },
  }
}
