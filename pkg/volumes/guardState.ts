import type { CoverageReason, GuardCoverage } from './guardCoverage.ts'

// Whether the export guard stands: the admission webhooks that refuse an export of a disk in use, and a start under one.

/**
 * `absent`: nobody asks it, or it was told to let everything through. `elsewhere`: the cluster does not ask it in the namespace
 * that one looks at, or not of everything there. `alive`: it was heard a moment ago. `silent`: the cluster asks it and passes it
 * over, for nothing answers. `unknown`: nobody who could say does.
 */
export type GuardWord = 'absent' | 'elsewhere' | 'alive' | 'silent' | 'unknown'

export interface GuardFacts {
  /** What the cluster is told to ask. `partial`: something of the guard is missing in it. */
  readonly configuration: 'installed' | 'partial' | 'absent' | 'forbidden' | 'unread'
  /** What stood at the address in it when it was asked. `off`: the guard is, by its own word. `unasked`: there is no address, or it was not asked. */
  readonly answer: 'answered' | 'off' | 'none' | 'unasked'
  /** When this server last answered a review of the guard's, in epoch milliseconds. */
  readonly lastReviewAt?: number
  /** Whether it is asked in the namespace that one looks at; absent where none was named. */
  readonly coverage?: GuardCoverage<GuardReason>
}

export type GuardReason = CoverageReason | 'heard' | 'no-configuration' | 'incomplete-configuration' | 'configuration-forbidden' | 'configuration-unread' | 'no-answer' | 'not-asked' | 'switched-off' | 'answered' | 'reviewed'

export interface GuardState { readonly word: GuardWord, readonly because: readonly GuardReason[] }

/** So long a review proves that the API server finds the guard, in milliseconds. */
const FRESH = 5 * 60_000

/** Why nothing of the configuration is known. */
export const UNSEEN = { forbidden: 'configuration-forbidden', unread: 'configuration-unread' } as const

/** How the guard stands, from what was found out a moment ago. `now` in epoch milliseconds. */
export function judgeGuard(facts: GuardFacts, now: number): GuardState {
  const { coverage } = facts
  const state = judgeVoice(facts, now)
  if (!coverage || coverage.word === 'covered' || state.word === 'absent')
    return state
  // That it lives somewhere is no proof that it is asked here.
  return coverage.word === 'elsewhere' || state.word === 'alive' ? coverage : state
}

function judgeVoice({ configuration, answer, lastReviewAt }: GuardFacts, now: number): GuardState {
  if (configuration === 'absent')
    return { word: 'absent', because: ['no-configuration'] }
  if (configuration === 'partial')
    return { word: 'absent', because: ['incomplete-configuration'] }
  if (answer === 'off')
    return { word: 'absent', because: ['switched-off'] }
  // A review is more than an answer: the API server itself has come through.
  if (lastReviewAt !== undefined && now - lastReviewAt < FRESH)
    return { word: 'alive', because: ['reviewed'] }
  if (configuration !== 'installed')
    return { word: 'unknown', because: [UNSEEN[configuration]] }
  if (answer === 'answered')
    return { word: 'alive', because: ['answered'] }
  return answer === 'none' ? { word: 'silent', because: ['no-answer'] } : { word: 'unknown', because: ['not-asked'] }
}

/** What an answer on this page settles. Whether the guard is asked about starts too it does not. */
const SETTLED_BY_HEARING: readonly GuardReason[] = ['configuration-forbidden', 'configuration-unread', 'not-asked', 'no-answer']

/**
 * The same by who has had an answer of the guard himself, with a dry run, at `heardAt` (epoch milliseconds): the API server
 * finds it, whatever could be read of it. A guard that is told to be off, or was lifted, is not there all the same, and one
 * that is not asked of everything here, or may not be, has only answered about the image.
 */
export function judgeHeardGuard(state: GuardState, heardAt: number | undefined, now: number): GuardState {
  const isHeard = heardAt !== undefined && now - heardAt < FRESH
  const isOpen = state.word === 'unknown' || state.word === 'silent'
  return isHeard && isOpen && state.because.every(reason => SETTLED_BY_HEARING.includes(reason)) ? { word: 'alive', because: ['heard'] } : state
}

/** What is said of it: why, and, where it is for the cluster to be told otherwise, what to do. */
export function saidOf({ because }: Pick<GuardState, 'because'>): readonly (GuardReason | 'have-asked')[] {
  return because.some(reason => reason === 'exports-elsewhere' || reason === 'starts-elsewhere') ? [...because, 'have-asked'] : because
}

/** What a webhook says of its export guard to whoever asks its port: nothing about the cluster. */
export interface GuardReport {
  readonly version: string
  readonly guard: 'on' | 'off'
  /** Epoch milliseconds. */
  readonly startedAt: number
  readonly lastReviewAt?: number
  readonly reviews: { readonly allowed: number, readonly warned: number, readonly refused: number, readonly failed: number }
}

/** How the guard of a cluster stands. */
export interface GuardStanding extends GuardState {
  /** Whether the API server's word is taken for who asks for an export. */
  readonly requester: GuardFacts['configuration']
  /** What this server's own webhook says, where it has one that answers for that cluster. */
  readonly here?: GuardReport
  /** What answered at the address that the cluster asks. */
  readonly there?: GuardReport
}

/** Where one looks: the namespace of the volume and its VMs, and that of the image, which is the same where none is said. */
export interface GuardedPlace { readonly namespace: string, readonly images?: string }

/** Asks how the guard of that cluster stands, by the console's name of it; and, with a place, whether it is asked there. */
export function standingCall(cluster: string, place?: GuardedPlace): { readonly method: 'GET', readonly path: string, readonly answer?: GuardStanding } {
  return { method: 'GET', path: `/guard/exports?${new URLSearchParams({ cluster, ...place }).toString()}` }
}

/** What speaks, or spoke last: its version and when it was last asked by the API server. */
export function voiceOf({ here, there }: GuardStanding): Pick<GuardReport, 'version' | 'lastReviewAt'> | undefined {
  const voices = [there, here].filter(report => report !== undefined)
  return voices.toSorted((a, b) => (b.lastReviewAt ?? 0) - (a.lastReviewAt ?? 0))[0]
}
