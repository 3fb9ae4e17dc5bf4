import type { ApiError } from '#kube/apiError.ts'
import type { LineStatus } from '#kube/mirror.ts'

/** How a source stands: by one line for all namespaces or, where that one is forbidden, by one for each namespace found. */
export interface SourceStatus {
  readonly everywhere: LineStatus
  readonly namespaces: ReadonlyMap<string, LineStatus>
  /** Still finding out which namespaces may be read. */
  readonly looking: boolean
  /** Why that could not be found out, the last time. */
  readonly lookError?: ApiError
  /** How many namespaces there are, where they are too many to look into each. */
  readonly tooMany?: number
}

export interface ViewStatus extends LineStatus {
  /** The namespaces that are seen, where that is not all that was wanted. */
  readonly partial?: readonly string[]
  readonly tooMany?: number
}

/** How a view of some namespaces (none named: of all) stands. It is not live before each of its namespaces has been heard. */
export function statusOf({ everywhere, namespaces, looking, lookError, tooMany }: SourceStatus, wanted: ReadonlySet<string>): ViewStatus {
  if (everywhere.state !== 'forbidden')
    return everywhere
  const lines = [...namespaces].filter(([name, line]) => (wanted.size === 0 || wanted.has(name)) && line.state !== 'forbidden')
  const seen = lines.filter(([, line]) => line.state !== 'loading')
  const worst = lines.find(([, line]) => line.state === 'stale') ?? lines.find(([, line]) => line.state === 'loading') ?? seen[0]
  if (!worst) {
    const { since, retryAt, unread } = everywhere
    return looking ? { state: 'loading', since, unread } : lookError ? { state: 'stale', error: lookError, since, retryAt, unread } : { ...everywhere, tooMany }
  }
  const isWhole = wanted.size > 0 && seen.length === wanted.size
  const unread = lines.some(([, line]) => line.unread)
  return { ...worst[1], unread, partial: isWhole ? undefined : seen.map(([name]) => name), tooMany: isWhole ? undefined : tooMany }
}
