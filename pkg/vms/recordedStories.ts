import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Node } from '#kube/core.ts'
import type { Condition } from '#kube/object.ts'
import type { VirtualMachine, VirtualMachineInstance } from './vm.ts'

// Every state that KubeVirt's own control plane was seen in (e2e/cluster/stories/traces), in the order in which it was: for
// the specs of what is judged about a VM and its disks.

/** What a story looks at of an object; see e2e/cluster/stories/facets.ts. */
type Facets = Readonly<Record<string, unknown>>
export interface Recorded { readonly story: string, readonly changes: readonly (readonly [what: string, changed: Facets])[] }
/** One object that is there, by what the record calls it: `vm web`, `vmi web 1`, `launcher web 1`, `attachment web-disk`. */
export interface Standing { readonly what: string, readonly facets: Facets }
/** What there was after a change. */
export interface Glance { readonly change: Recorded['changes'][number], readonly there: readonly Standing[] }

const FOLDER = join(import.meta.dirname, '../../e2e/cluster/stories/traces')
/** All of them. */
export const STORIES = readdirSync(FOLDER).map(file => JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Recorded)
/** Those of VMs; the others tell of images. */
export const RECORDS = STORIES.filter(({ changes }) => changes.some(([what]) => /^vmi? /.test(what)))

export function glancesOf({ changes }: Recorded): Glance[] {
  const seen = new Map<string, Facets>()
  return changes.map(change => {
    const [what, changed] = change
    seen.set(what, { ...seen.get(what), ...changed })
    return { change, there: [...seen].filter(([, facets]) => facets.life === 'there').map(([name, facets]) => ({ what: name, facets })) }
  })
}

export const conditionsOf = (facets: Facets): Condition[] => Object.entries(facets).filter(([key, value]) => key.startsWith('condition ') && value !== null).map(([key, value]) => {
  const [status = '', reason, message] = String(value).split(' · ')
  return { type: key.slice('condition '.length), status: status as Condition['status'], ...(reason ? { reason } : {}), ...(message ? { message } : {}) }
})

/** The record's number of an object is no part of its name, and its uid here. */
export function metadataOf({ what, facets }: Standing) {
  const [, name = ''] = what.split(' ')
  return { name, namespace: 'lab', uid: what, resourceVersion: '1', creationTimestamp: '', ...(facets.deleting ? { deletionTimestamp: 'then' } : {}) }
}

/** The VM without what no record says of it: its disks. */
export function vmOf(standing: Standing): VirtualMachine {
  const { facets } = standing
  const failures = facets.startFailure
  return {
    apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', metadata: metadataOf(standing),
    spec: { runStrategy: facets['spec.runStrategy'], template: { spec: {} } },
    status: {
      printableStatus: facets.printableStatus, created: facets.created, ready: facets.ready, conditions: conditionsOf(facets), stateChangeRequests: facets.stateChangeRequests,
      ...(facets['status.runStrategy'] ? { runStrategy: facets['status.runStrategy'] } : {}), ...(failures ? { startFailure: { consecutiveFailCount: failures } } : {}),
    },
  } as VirtualMachine
}

export function vmiOf(standing: Standing): VirtualMachineInstance {
  const { facets } = standing
  return { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance', metadata: metadataOf(standing), spec: {}, status: { phase: facets.phase, reason: facets.reason, ...(facets.node ? { nodeName: facets.node } : {}), conditions: conditionsOf(facets), migrationState: migrationOf(facets.migrationState) } } as VirtualMachineInstance
}

function migrationOf(told: unknown): object | undefined {
  const { started, ended, ...rest } = (told ?? {}) as Facets
  return told ? { ...rest, ...(started ? { startTimestamp: 'then' } : {}), ...(ended ? { endTimestamp: 'then' } : {}) } : undefined
}

/** A node as a story of nodes tells of it, called as the record calls it. */
export function nodeOf(standing: Standing): Node {
  const taints = Object.entries(standing.facets).filter(([key, effects]) => key.startsWith('taint ') && effects !== null)
    .flatMap(([key, effects]) => String(effects).split(' ').map(effect => ({ key: key.slice('taint '.length), effect })))
  return { apiVersion: 'v1', kind: 'Node', metadata: { ...metadataOf(standing), name: standing.what }, spec: { taints }, status: { conditions: conditionsOf(standing.facets) } }
}

export const isOver = (phase: unknown) => phase === 'Succeeded' || phase === 'Failed'
