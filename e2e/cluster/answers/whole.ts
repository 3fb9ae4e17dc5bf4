import type { Fields, KubeObject } from '../../api.ts'

// What of an accepted object two clusters that behave alike have alike.

/** What each API server makes up, or counts. */
const MADE_UP = new Set(['uid', 'resourceVersion', 'creationTimestamp', 'generation', 'managedFields', 'selfLink'])

/** An object without its state, which is told by the stories, and without what is made up. What an answer is a Status of is told. */
export function wholeOf(object: KubeObject): Fields {
  const { metadata, status, ...rest } = object as KubeObject & Fields
  const { finalizers, ...told } = Object.fromEntries(Object.entries(metadata).filter(([name]) => !MADE_UP.has(name)))
  return {
    ...rest,
    // Which of two controllers came first is chance.
    metadata: { ...told, ...(Array.isArray(finalizers) ? { finalizers: [...finalizers].sort() } : {}) },
    ...(typeof status === 'string' ? { status } : {}),
  }
}
