import type { KubeObject } from '../../api.ts'
import type { Written } from '../auditLog.ts'

// Tells torn exports by the writes alone that the API server has taken, in its own order. It shares nothing with what it
// watches: neither the guard's judgement nor the keeper's, but for the mark that the one leaves for people to see.

const OVERTAKEN = 'guardrails.harvesterhci.io/export-overtaken'

/** An image for which a disk was read while an instance had it. */
export interface Torn {
  readonly image: string
  readonly instance: string
  /** Whether the image says so. */
  readonly isMarked: boolean
}

/** From one write to another, by their places in the cluster's order. */
interface Span { readonly name: string, readonly claim: string, readonly from: number, to: number, isMarked: boolean }

/** The images that were taken, and those of them that are torn. */
export interface Observed { readonly images: number, readonly instances: number, readonly torn: readonly Torn[] }

/**
 * What came of exports and starts. A disk is read from the image's creation until it is imported or has failed for good; an
 * instance has a disk from the write by which it names it until its guest is over. Any overlap is a torn image.
 */
export function observe(writes: readonly Written[]): Observed {
  const readings = spansOf(writes.filter(({ resource }) => resource === 'virtualmachineimages'), exportedClaim, isRead)
  const takings = spansOf(writes.filter(({ resource }) => resource === 'virtualmachineinstances'), claimsOf, isOver)
  const torn = readings.flatMap(reading => {
    const taking = takings.find(({ claim, from, to }) => claim === reading.claim && from < reading.to && to > reading.from)
    return taking ? { image: reading.name, instance: taking.name, isMarked: reading.isMarked } : []
  })
  return { images: readings.length, instances: takings.length, torn }
}

function spansOf(writes: readonly Written[], claims: (object: KubeObject) => readonly string[], isEnd: (object: KubeObject) => boolean): Span[] {
  const spans = new Map<string, Span>()
  for (const { object, version } of writes) {
    for (const claim of claims(object)) {
      const key = `${object.metadata.uid} ${claim}`
      const span = spans.get(key) ?? { name: object.metadata.name, claim, from: version, to: Infinity, isMarked: false }
      spans.set(key, span)
      if (isEnd(object))
        span.to = Math.min(span.to, version)
      span.isMarked ||= object.metadata.annotations?.[OVERTAKEN] !== undefined
    }
  }
  return [...spans.values()]
}

interface Volume { readonly persistentVolumeClaim?: { readonly claimName: string }, readonly dataVolume?: { readonly name: string } }
interface Condition { readonly type: string, readonly status: string }

function claimsOf({ spec }: KubeObject): string[] {
  return ((spec?.volumes ?? []) as readonly Volume[]).flatMap(({ persistentVolumeClaim, dataVolume }) => persistentVolumeClaim?.claimName ?? dataVolume?.name ?? [])
}

function exportedClaim({ spec }: KubeObject): string[] {
  return spec?.sourceType === 'export-from-volume' ? [String(spec.pvcName)] : []
}

function isRead({ status }: KubeObject): boolean {
  return ((status?.conditions ?? []) as readonly Condition[]).some(({ type, status: is }) => (type === 'Imported' || type === 'RetryLimitExceeded') && is === 'True')
}

function isOver({ status }: KubeObject): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed'
}
