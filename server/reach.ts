import { forward } from './forward.ts'
import type { Cluster } from './kubeconfig.ts'
import { describeFailure } from './status.ts'

/** Whether a cluster answers at all; `reason` and `message` say why it does not. */
export type Reach
  = | { readonly state: 'reachable', readonly version?: string }
    | { readonly state: 'unreachable', readonly reason: string, readonly message: string }

const PATIENCE = 8_000

/** Asks a cluster for its version. An answer of any kind, a refusal too, means that it is there. */
export function reach(cluster: Cluster): Promise<Reach> {
  return new Promise(done => {
    const pieces: Buffer[] = []
    const unreachable = (error: unknown) => {
      const { message, details } = describeFailure(error, cluster)
      done({ state: 'unreachable', reason: details?.causes[0]?.reason ?? 'UNKNOWN', message })
    }
    const flow = forward(cluster.access, { method: 'GET', path: '/version', headers: { accept: 'application/json' }, stream: false }, {
      start: () => undefined,
      data: chunk => pieces.push(chunk) < 64,
      end() {
        const gitVersion = /"gitVersion":\s*"([^"]+)"/.exec(String(Buffer.concat(pieces)))?.[1]
        done({ state: 'reachable', ...gitVersion && { version: gitVersion } })
      },
      fail: unreachable,
    })
    setTimeout(() => {
      flow.abort()
      unreachable(Object.assign(new Error('no answer'), { code: 'UND_ERR_HEADERS_TIMEOUT' }))
    }, PATIENCE).unref()
  })
}
