import type { Fields, KubeObject } from '../../api.ts'
import { NS } from './shelves.ts'
import type { Shelf } from './shelves.ts'
import type { Part } from '../parts.ts'

/** A request as somebody sends it. Kept out of the cluster (`dryRun=All`) unless `kept`. */
export interface Request {
  readonly verb: 'get' | 'create' | 'merge' | 'json' | 'strategic' | 'put' | 'delete'
  readonly shelf: Shelf
  readonly name?: string
  readonly subresource?: string
  readonly body?: Fields | readonly Fields[]
  /** More query parameters, e.g. `fieldValidation=Strict`. */
  readonly query?: string
  readonly kept?: boolean
  readonly accept?: string
}

/** What must stand before a group is asked, in its order. Its namespace is the group's own. */
export interface Fixture {
  readonly shelf: Shelf
  readonly name: string
  /** Made by the administrator; without it somebody else makes it, or an earlier fixture has. */
  readonly object?: Fields
  /** Written after it. */
  readonly status?: Fields
  /** Sent once `until` holds. */
  readonly then?: Request
  readonly until?: (object: KubeObject) => boolean
  /** Words for what a cluster makes up: in the rows the word stands for the value at that path, in the answers too. */
  readonly words?: Readonly<Record<string, (object: KubeObject) => unknown>>
}

/** An answer without what differs between two clusters that behave alike. */
export interface Told {
  readonly code: number
  readonly reason?: string
  readonly message?: string
  readonly causes?: readonly object[]
  readonly warnings?: readonly string[]
  /** An accepted object, whole but for its state and for what each cluster makes up. */
  readonly object?: Fields
  readonly shows?: Readonly<Record<string, unknown>>
  /** What was said of an act that is done or tried, which is nothing. */
  readonly text?: ''
  /** What is another way after an act that was only tried: nothing, unless upstream does more than it was asked. */
  readonly changed?: readonly string[]
}

export interface Row {
  /** What is asked, in a sentence; unique in the table. */
  readonly says: string
  readonly who?: 'admin' | 'editor' | 'viewer'
  readonly asks: Request
  /** Whose answer it is: it is upstream's where all of these are really there, and Kubernetes' own where none is named. Its group's when absent. */
  readonly needs?: readonly Part[]
  /** What of an accepted object's state is compared too: paths whose steps are joined by dots, those in quotes with dots of their own. */
  readonly shows?: readonly string[]
  /** What alone of it is compared, where the rest is the furniture of each cluster or comes by chance. */
  readonly only?: readonly string[]
  /** Upstream refuses far more than a stage needs: its answer is recorded, and the console's wording of it tested. */
  readonly unplayed?: true
  /** What the embedded cluster answers where it differs and stays so, as a row of `differences.md` says. */
  readonly embedded?: Told
}

/** A row; an administrator asks unless `more` says who. */
export const row = (says: string, asks: Request, more: Partial<Row> = {}): Row => ({ says, asks, ...more })

/** For a row that stands alone in that. */
export const UNPLAYED = { unplayed: true } as const

export interface Group {
  readonly name: string
  /** Whose answers these are; of all parts that answer when absent. */
  readonly needs?: readonly Part[]
  readonly standing: readonly Fixture[]
  readonly rows: readonly Row[]
}

/** What answers a row beside Kubernetes: KubeVirt, Harvester, and Longhorn's webhook. */
const ANSWERING: readonly Part[] = ['kubevirt', 'longhorn-webhook', 'harvester']

/** Whether upstream answers a row where these parts are really there. */
export function isAnsweredBy(parts: readonly string[], row: Row, group: Group): boolean {
  return (row.needs ?? group.needs ?? ANSWERING).every(part => parts.includes(part))
}

const API = 'rbac.authorization.k8s.io'

/** What the demonstration's editors may do in their namespaces, given in the group's own. */
export const EDITORS: readonly Fixture[] = ['edit', 'kubevirt.io:edit', 'cdi.kubevirt.io:edit', 'harvesterhci.io:edit'].map(role => ({
  shelf: 'roleBindings',
  name: `ops-editors:${role}`,
  object: { metadata: { name: `ops-editors:${role}`, namespace: NS }, roleRef: { apiGroup: API, kind: 'ClusterRole', name: role }, subjects: [{ kind: 'Group', apiGroup: API, name: 'ops-editors' }] },
}))
