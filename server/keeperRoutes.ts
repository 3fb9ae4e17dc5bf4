import type { FastifyInstance } from 'fastify'
import { toApiError } from '#kube/apiError.ts'
import type { KeeperMode, KeeperReport } from '#volumes/keeperStatus.ts'
import { clientOf } from './clusterClient.ts'
import { startExportKeeper } from './exportKeeper.ts'
import type { ExportKeeper, KeeperOptions } from './exportKeeper.ts'
import type { Cluster } from './kubeconfig.ts'
import { ownExportsInMemory } from './ownExports.ts'
import type { OwnExports } from './ownExports.ts'
import { statusOf } from './status.ts'

export interface KeeperSettings extends Pick<KeeperOptions, 'pace'> {
  /** `all` is meant for the default cluster; of any other only what was begun here. */
  readonly mode: KeeperMode
  /** Where the Lease is. */
  readonly namespace: string
  readonly own: OwnExports
}

const OFF: KeeperSettings = { mode: 'off', namespace: '', own: ownExportsInMemory() }
const LONGEST_BODY = 4 * 1024
/** A name of Kubernetes: no way up or aside in a path. */
const NAME = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/

interface Asked { readonly cluster?: unknown, readonly namespace?: unknown, readonly claim?: unknown, readonly id?: unknown }

const isName = (value: unknown): value is string => typeof value === 'string' && NAME.test(value)

/**
 * Adds the keeper: `GET /guard/keeper?cluster=ID` says how it stands, `POST /guard/keeper/jobs` gives it an export whose
 * intent is on its claim. Whoever has a session may do with the cluster's credentials what he likes, and so may have this
 * done with them. Answers what is to be closed at the end.
 */
export function addKeeper(app: FastifyInstance, clusters: Promise<readonly Cluster[]>, { mode, namespace, own, pace }: KeeperSettings = OFF): { close(): Promise<void> } {
  const keepers = new Map<string, ExportKeeper>()
  let closed = false

  // The context's name may come again in another kubeconfig, for another cluster.
  const nameOf = ({ title, server }: Cluster) => `${title} ${server}`

  function keeperOf(cluster: Cluster): ExportKeeper {
    const keeper = keepers.get(cluster.id) ?? startExportKeeper({
      client: clientOf(cluster), mode: mode === 'all' && !cluster.default ? 'own' : mode, namespace, cluster: nameOf(cluster), own, log: app.log, pace,
    })
    keepers.set(cluster.id, keeper)
    return keeper
  }

  async function find(id: unknown): Promise<Cluster | undefined> {
    return (await clusters).find(cluster => cluster.id === id)
  }

  // What was begun before the server was restarted is carried on without anybody asking.
  clusters.then(found => found.filter(cluster => (mode === 'all' && cluster.default) || own.of(nameOf(cluster)).length > 0).forEach(cluster => closed || keeperOf(cluster)))
    .catch((error: unknown) => app.log.error({ err: error }, 'the export keeper did not start'))

  app.get<{ Querystring: Asked }>('/guard/keeper', async ({ query }, reply): Promise<KeeperReport | undefined> => {
    const cluster = await find(query.cluster)
    return cluster ? keeperOf(cluster).report() : reply.code(404).send(statusOf(404, 'the console has no such cluster'))
  })

  app.post('/guard/keeper/jobs', { bodyLimit: LONGEST_BODY }, async ({ body }, reply) => {
    const { cluster: id, namespace: where, claim, id: export_ }: Asked = typeof body === 'object' && body !== null ? body : {}
    if (!isName(where) || !isName(claim) || !isName(export_))
      return reply.code(400).send(statusOf(400, 'namespace, claim and id name an export'))
    const cluster = await find(id)
    if (!cluster)
      return reply.code(404).send(statusOf(404, 'the console has no such cluster'))
    if (mode === 'off')
      return reply.code(409).send(statusOf(409, 'the export keeper is off'))
    const taken = await keeperOf(cluster).take({ namespace: where, name: claim }, export_).catch((thrown: unknown) => toApiError(thrown))
    if (typeof taken === 'object')
      return reply.code(taken.status || 502).send(statusOf(taken.status || 502, taken.message))
    return taken === 'taken' ? reply.code(202).send({}) : reply.code(409).send(statusOf(409, `no export ${export_} stands on volume ${where}/${claim}`))
  })

  return {
    async close() {
      closed = true
      await Promise.all([...keepers.values()].map(keeper => keeper.stop()))
    },
  }
}
