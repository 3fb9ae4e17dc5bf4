import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { KubeObject } from '../api.ts'

// What the API server itself writes down of every write to an image or an instance: who looks on there needs nobody's word.

const POLICY = {
  apiVersion: 'audit.k8s.io/v1', kind: 'Policy', omitStages: ['RequestReceived'], omitManagedFields: true,
  rules: [
    {
      level: 'RequestResponse', verbs: ['create', 'update', 'patch', 'delete', 'deletecollection'],
      resources: [{ group: 'harvesterhci.io', resources: ['virtualmachineimages'] }, { group: 'kubevirt.io', resources: ['virtualmachineinstances'] }],
    },
    { level: 'None' },
  ],
}
/** More than a day of tests writes: a file is never exchanged for another while it is read. In MB. */
const LARGEST = 4_096

/** Writes the policy into the folder of an API server and answers the flags by which it keeps `audit.log` there. */
export function auditFlags(folder: string): string[] {
  const policy = join(folder, 'audit-policy.yaml')
  writeFileSync(policy, stringify(POLICY))
  return [`--audit-policy-file=${policy}`, `--audit-log-path=${join(folder, 'audit.log')}`, `--audit-log-maxsize=${LARGEST}`]
}

/** A write that was taken. */
export interface Written {
  readonly resource: 'virtualmachineimages' | 'virtualmachineinstances'
  /** As it was left. */
  readonly object: KubeObject
  /** Its place among all writes of the cluster: etcd counts them as it takes them. */
  readonly version: number
}

interface Event {
  readonly requestURI: string
  readonly objectRef?: { readonly resource: string, readonly namespace?: string, readonly subresource?: string }
  readonly responseStatus?: { readonly code?: number }
  readonly responseObject?: KubeObject & { readonly kind?: string }
}

/** The writes in that namespace that were taken, in the order in which the cluster took them. */
export function readWrites(folder: string, namespace: string): Written[] {
  const files = readdirSync(folder).filter(name => /^audit.*\.log$/.test(name))
  return files.flatMap(name => readFileSync(join(folder, name), 'utf8').split('\n')).flatMap(line => line ? writtenOf(JSON.parse(line) as Event, namespace) : []).sort((a, b) => a.version - b.version)
}

function writtenOf({ requestURI, objectRef, responseStatus, responseObject }: Event, namespace: string): Written[] {
  const { resource } = objectRef ?? {}
  const isTaken = (responseStatus?.code ?? 0) < 300 && !requestURI.includes('dryRun=')
  if (!isTaken || objectRef?.namespace !== namespace || !responseObject || responseObject.kind === 'Status' || (resource !== 'virtualmachineimages' && resource !== 'virtualmachineinstances'))
    return []
  return [{ resource, object: responseObject, version: Number(responseObject.metadata.resourceVersion) }]
}
