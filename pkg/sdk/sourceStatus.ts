import type { ApiError } from '#kube/apiError.ts'
import type { CollectionState } from './collection.ts'

/** How one list+watch stands. */
export interface LineStatus {
  readonly state: CollectionState
  readonly error?: ApiError
  /** When the state began, in epoch milliseconds. */
  readonly since: number
  readonly retryAt?: number
}

/** How a source stands: by one line for all namespaces or, where that one is forbidden, by one for each namespace found. */
export interface SourceStatus {
  readonly everywhere: LineStatus
  readonly namespaces: ReadonlyMap<string, LineStatus>
  /** Still finding out which namespaces may be read. */
  readonly looking: boolean
}

export interface ViewStatus extends LineStatus {
  /** The namespaces that are seen, where that is not all that was wanted. */
  readonly partial?: readonly string[]
}

/** How a view of some namespaces (none named: of all) stands. What is loading is not counted as seen. */
export function statusOf({ everywhere, namespaces, looking }: SourceStatus, wanted: ReadonlySet<string>): ViewStatus {
  if (everywhere.state !== 'forbidden')
    return everywhere
  const lines = [...namespaces].filter(([name, line]) => (wanted.size === 0 || wanted.has(name)) && line.state !== 'forbidden')
  const seen = lines.filter(([, line]) => line.state !== 'loading')
  const worst = lines.find(([, line]) => line.state === 'stale') ?? seen[0] ?? lines[0]
  if (!worst)
    return looking ? { state: 'loading', since: everywhere.since } : everywhere
  const isWhole = wanted.size > 0 && seen.length === wanted.size
  return { ...worst[1], partial: isWhole ? undefined : seen.map(([name]) => name) }
}
