import type { Fields, KubeObject } from '../../api.ts'
import { NS } from './shelves.ts'

/** A claim for a disk of a VM. */
export function claimOf(name: string, { metadata = {}, spec = {} }: { readonly metadata?: Fields, readonly spec?: Fields } = {}) {
  return {
    metadata: { name, namespace: NS, ...metadata },
    spec: { accessModes: ['ReadWriteMany'], volumeMode: 'Block', storageClassName: 'harvester-longhorn', resources: { requests: { storage: '1Gi' } }, ...spec },
  }
}

/** Whether a claim has its volume. */
export const isBound = (claim: KubeObject) => claim.status?.phase === 'Bound'
