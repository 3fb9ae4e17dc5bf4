import type { ExportStep, StepReason } from './exportStep.ts'
import type { StepWord } from './exportTimeline.ts'

// What the export keeper of the console's server says of itself, and the calls by which the page asks it.

/** Whose exports it carries out: of its own sessions, everybody's whose requester the cluster vouches for, or none. */
export type KeeperMode = 'off' | 'own' | 'all'

/**
 * `own`: carries out what was begun or taken up in this console. `leading`: everybody's, as the one that does.
 * `standing-by`: as `own`, and ready to lead when the leader is gone. `without-rights`: it wants to lead, and may not.
 */
type KeeperWord = 'off' | 'own' | 'leading' | 'standing-by' | 'without-rights'

/** Why it does not lead. `rights` in the words of RBAC. */
type KeeperReason
  = | { readonly code: 'led-by', readonly holder: string }
    | { readonly code: 'no-requester-webhook' | 'requester-webhook-unread' | 'lease-unread' }
    | { readonly code: 'rights-missing', readonly rights: readonly string[] }

export interface KeeperFacts {
  readonly mode: KeeperMode
  /** Of the Lease; `unread`: no answer, or none yet. */
  readonly lease: 'held' | 'held-by-other' | 'unread'
  readonly holder?: string
  /** The webhook that says who asked for an export. Without it anybody may have written any name. */
  readonly requesterWebhook: 'installed' | 'absent' | 'unread'
  /** What the cluster has refused to it, in the words of RBAC. */
  readonly missing: readonly string[]
}

export interface KeeperState { readonly word: KeeperWord, readonly because: readonly KeeperReason[] }

/** How a keeper stands, in one word, and why it does not lead where it is to. */
export function judgeKeeper({ mode, lease, holder, requesterWebhook, missing }: KeeperFacts): KeeperState {
  if (mode !== 'all')
    return { word: mode, because: [] }
  const rights = missing.length ? [{ code: 'rights-missing' as const, rights: missing }] : []
  if (lease === 'held' && requesterWebhook === 'installed')
    return { word: rights.length ? 'without-rights' : 'leading', because: rights }
  if (rights.length)
    return { word: 'without-rights', because: rights }
  if (requesterWebhook !== 'installed')
    return { word: 'standing-by', because: [{ code: requesterWebhook === 'absent' ? 'no-requester-webhook' : 'requester-webhook-unread' }] }
  return { word: 'standing-by', because: [lease === 'held-by-other' && holder ? { code: 'led-by', holder } : { code: 'lease-unread' }] }
}

const TONES = { 'own': 'ok', 'leading': 'ok', 'off': 'attention', 'without-rights': 'bad', 'led-by': 'ok', 'no-requester-webhook': 'attention', 'requester-webhook-unread': 'unknown', 'lease-unread': 'unknown', 'rights-missing': 'bad' } as const satisfies Record<Exclude<KeeperWord, 'standing-by'> | KeeperReason['code'], string>

/** The sign that goes with how it stands: standing by is well only while another leads. */
export function toneOfKeeper({ word, because: [reason] }: KeeperState): typeof TONES[keyof typeof TONES] {
  return word !== 'standing-by' ? TONES[word] : reason ? TONES[reason.code] : 'unknown'
}

/**
 * `working`: something was written. `waiting`: for what `because` names. `barred`: who asked for it may not do what comes
 * next. `failing`: what comes next did not pass, and is tried again. `changed`: it is no longer what was asked for, so that
 * it is left alone. `over`: its end waits to be read.
 */
type KeeperJobWord = 'working' | 'waiting' | 'barred' | 'failing' | 'changed' | 'over'

/** An export that the keeper carries out. */
export interface KeeperJob {
  /** `namespace/name`. */
  readonly claim: string
  readonly id: string
  /** With whose rights: a session's of this console, or what the cluster would let the requester do. */
  readonly onBehalfOf: 'session' | 'requester'
  readonly word: KeeperJobWord
  readonly step: StepWord
  readonly because: readonly StepReason[]
  /** What was refused or failed, in the cluster's words. */
  readonly message?: string
  /** Since when it stands so (ISO 8601). */
  readonly since: string
}

/** What a turn has shown. `changed`: the intent is another than the one that was taken on. */
interface Turn { readonly step: Pick<ExportStep, 'word' | 'writes'>, readonly changed?: boolean, readonly barred?: boolean, readonly failed?: boolean }

/** How a job stands after a turn, in one word. */
export function judgeKeeperJob({ step, changed, barred, failed }: Turn): KeeperJobWord {
  if (changed)
    return 'changed'
  if (barred)
    return 'barred'
  if (failed)
    return 'failing'
  if (step.word === 'stopped')
    return 'over'
  return step.writes.length ? 'working' : 'waiting'
}

/** What `GET /guard/keeper` answers. */
export interface KeeperReport extends KeeperState {
  readonly version: string
  /** The last write that it sent and that was taken. */
  readonly lastAct?: { readonly at: string, readonly claim: string, readonly step: StepWord }
  readonly jobs: readonly KeeperJob[]
}

export interface KeeperTask {
  /** The console's name of the cluster. */
  readonly cluster: string
  readonly namespace: string
  readonly claim: string
  /** Of the intent. */
  readonly id: string
}

/** Gives an export, whose intent is on its claim, to the server to carry out. The page may do the same meanwhile. */
export const keepCall = (task: KeeperTask): { readonly method: 'POST', readonly path: string, readonly body: object } => ({ method: 'POST', path: '/guard/keeper/jobs', body: task })

/** Asks how the keeper of that cluster stands, and what it carries out. */
export const keeperCall = (cluster: string): { readonly method: 'GET', readonly path: string, readonly answer?: KeeperReport } => ({ method: 'GET', path: `/guard/keeper?cluster=${encodeURIComponent(cluster)}` })

/** Whether the keeper carries on what a page of this console begins. */
export function keepsOwn({ word }: KeeperState): boolean {
  return word === 'own' || word === 'leading' || word === 'standing-by'
}

/** A guest whose time was taken and whom the keeper does not force is left to a page. */
function isGoingOn({ word, step }: KeeperJob): boolean {
  return word === 'working' || word === 'over' || (word === 'waiting' && step !== 'force-stop')
}

/** Who carries an export out, as far as this console knows. `held-up`: its server would, and cannot. `elsewhere`: another keeper leads, and whether it does is not seen from here. */
export type Carrier = 'here' | 'server' | 'held-up' | 'elsewhere' | 'nobody'

/** `isHere`: this page does. */
export function carrierOf(isHere: boolean, report: Pick<KeeperReport, 'word' | 'because' | 'jobs'> | undefined, claim: string, id: string): Carrier {
  if (isHere)
    return 'here'
  const job = report?.jobs.find(one => one.claim === claim && one.id === id)
  if (job)
    return isGoingOn(job) ? 'server' : 'held-up'
  return report?.because.some(reason => reason.code === 'led-by') ? 'elsewhere' : 'nobody'
}
