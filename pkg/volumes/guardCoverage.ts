import type { Labels, LabelSelector } from '#kube/labelSelector.ts'
import { choosesAll, matchLabels } from '#kube/labelSelector.ts'

// Of whom the cluster asks the export guard, by what stands in its configuration: a guard that is alive and never asked guards nothing.

interface GuardRule { readonly apiGroups?: readonly string[], readonly apiVersions?: readonly string[], readonly operations?: readonly string[], readonly resources?: readonly string[], readonly scope?: string }

/** What a webhook is asked about (k8s.io/api admissionregistration/v1 ValidatingWebhook). */
export interface GuardHook {
  readonly namespaceSelector?: LabelSelector
  readonly objectSelector?: LabelSelector
  readonly rules?: readonly GuardRule[]
  readonly matchConditions?: readonly { readonly expression: string }[]
}

/** The guard's two halves. Several webhooks may have the name of one, each in a configuration of its own. */
export interface GuardHooks { readonly exports: readonly GuardHook[], readonly starts: readonly GuardHook[] }

/** The labels of a namespace, or why they are not known. */
export type NamespaceSight = Labels | 'forbidden' | 'unread'

/** Certain: something passes unasked. `some-objects`: what does not carry certain labels. */
type Gap = 'exports-elsewhere' | 'starts-elsewhere' | 'some-objects'
/** Not certain, and so no proof. `other-conditions`: this version does not know what they leave out. */
type Doubt = 'namespace-forbidden' | 'namespace-unread' | 'selector-unknown' | 'other-conditions'
export type CoverageReason = Gap | Doubt

export type GuardCoverage<Reason extends string = CoverageReason> = { readonly word: 'covered' } | { readonly word: 'elsewhere' | 'unknown', readonly because: readonly Reason[] }

/**
 * Whether the guard is asked about all that it guards in a namespace: images where they are made, starts where the volume is.
 * `own`: the webhooks as this version writes them, for conditions that leave out nothing which the guard is about.
 */
export function judgeCoverage(found: GuardHooks, own: GuardHooks, { images, volume }: { readonly images: NamespaceSight, readonly volume: NamespaceSight }): GuardCoverage {
  const halves = [halfOf(found.exports, own.exports, images, 'exports-elsewhere'), halfOf(found.starts, own.starts, volume, 'starts-elsewhere')]
  const because = [...new Set(halves.flatMap(reason => reason ?? []))]
  if (!because.length)
    return { word: 'covered' }
  return { word: because.some(isGap) ? 'elsewhere' : 'unknown', because: because.toSorted((a, b) => Number(isGap(b)) - Number(isGap(a))) }
}

/** Whether those webhooks are asked about each thing that these are, in namespaces and for all that is said of selectors. */
export function asksAsMuch(found: readonly GuardHook[], own: readonly GuardHook[]): boolean {
  const asked = found.flatMap(({ rules }) => rules ?? []).filter(({ scope = '*' }) => scope !== 'Cluster')
  return own.flatMap(({ rules }) => rules ?? []).flatMap(thingsOf).every(thing => asked.some(rule => isWithin(thing, rule)))
}

const isGap = (reason: CoverageReason): reason is Gap => reason === 'exports-elsewhere' || reason === 'starts-elsewhere' || reason === 'some-objects'

/** Why one half is not asked, or may not be; undefined where it is. One webhook of several suffices. */
function halfOf(found: readonly GuardHook[], own: readonly GuardHook[], sight: NamespaceSight, elsewhere: Gap): CoverageReason | undefined {
  const reasons = found.map(hook => whyNot(hook, own, sight, elsewhere))
  return reasons.includes(undefined) ? undefined : reasons.find(reason => reason && !isGap(reason)) ?? reasons[0] ?? elsewhere
}

function whyNot({ namespaceSelector, objectSelector, matchConditions = [] }: GuardHook, own: readonly GuardHook[], sight: NamespaceSight, elsewhere: Gap): CoverageReason | undefined {
  if (sight === 'forbidden' || sight === 'unread')
    return sight === 'forbidden' ? 'namespace-forbidden' : 'namespace-unread'
  const match = matchLabels(namespaceSelector, sight)
  if (match !== 'chosen')
    return match === 'unknown' ? 'selector-unknown' : elsewhere
  // Whoever makes an object chooses its labels.
  if (!choosesAll(objectSelector))
    return 'some-objects'
  const known = new Set(own.flatMap(hook => hook.matchConditions ?? []).map(({ expression }) => expression))
  return matchConditions.every(({ expression }) => known.has(expression)) ? undefined : 'other-conditions'
}

interface Thing { readonly group: string, readonly version: string, readonly operation: string, readonly resource: string }

function thingsOf({ apiGroups = [], apiVersions = [], operations = [], resources = [] }: GuardRule): Thing[] {
  return apiGroups.flatMap(group => apiVersions.flatMap(version => operations.flatMap(operation => resources.map(resource => ({ group, version, operation, resource })))))
}

// `*` stands for all; of resources for all but subresources, and with a slash between two of them for these too.
function isWithin({ group, version, operation, resource }: Thing, { apiGroups = [], apiVersions = [], operations = [], resources = [] }: GuardRule): boolean {
  const within = (list: readonly string[], value: string) => list.includes(value) || list.includes('*')
  return within(apiGroups, group) && within(apiVersions, version) && within(operations, operation) && (within(resources, resource) || resources.includes('*/*'))
}
