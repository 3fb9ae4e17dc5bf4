import type { ApiError } from '#kube/apiError.ts'
import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { Write } from '#kube/write.ts'
import type { ExportAnswer } from './exportAnswer.ts'
import type { ExportIntent } from './exportIntent.ts'
import type { ExportStep, StepWorld } from './exportStep.ts'
import type { StepWord } from './exportTimeline.ts'
import { toApiError } from '#kube/apiError.ts'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'
import { leaveForce } from './exportGuests.ts'
import { withLastPods } from './exportImage.ts'
import { amendIntent, readIntent } from './exportIntent.ts'
import { judgeWriteFailure } from './exportRefusal.ts'
import { nextExportStep } from './exportSteps.ts'

/** What the protocol needs of whoever carries it out: a browser, or the keeper in the server. */
export interface ExportPorts {
  /** What is followed: at hand, and perhaps a moment old. */
  readonly look: () => StepWorld
  /** The same with what decides read again from the API server: what `readAnew` of exportFreshWorld.ts reads, in its order. */
  readonly readAnew: (intent: ExportIntent) => Promise<StepWorld>
  /** Sends one write; throws where it was not taken, or no answer came. */
  readonly send: (write: Write) => Promise<unknown>
  /** Asks the server about an image that is not made yet, where it has a guard that answers: its word on the disk, and what it remembers of the pods on it. */
  readonly ask?: (write: Write) => Promise<Pick<ExportAnswer, 'word' | 'memory'> | undefined>
  /** Whether a guest's power may be cut for this export, as it is written now: who carries it out has decided that himself. */
  readonly mayForce: (written: ExportIntent) => boolean
  /** The API server's time in epoch milliseconds, never this machine's: every runner must judge a deadline alike. Undefined while it is not known. */
  readonly now: () => number | undefined
}

export interface ExportTurn {
  readonly step: ExportStep
  /** What did not pass and may pass later. What was sent before it stands. */
  readonly failed?: ApiError
}

/** A refusal of these ends the export, in the cluster, so that its VMs come back whoever looks. Any other is the operator's to read. */
const ENDED_BY_REFUSAL: readonly StepWord[] = ['make-backup', 'stop-vm', 'create-image', 'mark-overtaken', 'verify', 'note-end']
/** What is found out about the image, and written there. */
const TESTIMONY: readonly StepWord[] = ['mark-overtaken', 'verify', 'note-end']

/** Carries one export out, step by step. Anybody else may do the same at the same time without harm. */
export class ExportRunner {
  /** How often each write has failed in the same way. */
  private readonly tries = new Map<string, number>()
  /** It was not let write on the image: others may be. */
  private cannotTestify = false
  private readonly ports: ExportPorts
  private readonly intent: ExportIntent

  constructor(ports: ExportPorts, intent: ExportIntent) {
    this.ports = ports
    this.intent = intent
  }

  /** Looks once, and sends what comes next. Throws what the cluster has refused for good and the export cannot end with. */
  async turn(): Promise<ExportTurn> {
    const followed = this.ports.look()
    const noted = this.noteIn(followed)
    const seen = this.nextIn(followed)
    if (!seen.writes.length && !seen.ask)
      return { step: seen }
    const again = await this.lookAgain(seen, noted)
    if (again.failed)
      return again
    const asked = await this.askAbout(again.step)
    if (asked.failed)
      return asked
    const { step } = asked
    return this.sendAll(step)
  }

  private async sendAll(step: ExportStep): Promise<ExportTurn> {
    for (const write of step.writes) {
      const failure = await this.send(write)
      // What follows was decided together with what came too late.
      if (failure === 'faster')
        break
      if (failure) {
        const standing = failure.meaning === 'refused' ? await this.standingOf(write) : 'unseen'
        if (standing === 'over')
          break
        if (standing === 'next')
          await this.noteRefusal(step, failure.error)
        return { step, failed: failure.error }
      }
    }
    return { step }
  }

  /** What is followed may be behind, each kind by itself: the last look is the nearest one to the write. */
  private async lookAgain(seen: ExportStep, noted: string | undefined): Promise<ExportTurn> {
    try {
      const world = await this.ports.readAnew(this.intent)
      const step = this.nextIn(world)
      // What was read besides may be from before the note: with it in sight, the next turn reads again.
      return { step: this.noteIn(world) === noted ? step : { ...step, writes: [], ask: undefined } }
    }
    catch (thrown) {
      return { step: seen, failed: toApiError(thrown) }
    }
  }

  /**
   * Whether what was refused comes next all the same, or not any more, by what the API server says now: Harvester refuses a
   * second image of a name in words of its own, whoever made the first, and it may have been another runner.
   */
  private async standingOf(write: Write): Promise<'next' | 'over' | 'unseen'> {
    const world = await this.ports.readAnew(this.intent).catch(() => undefined)
    if (!world)
      return 'unseen'
    const next = this.nextIn(world)
    return [...next.writes, ...next.ask ? [next.ask] : []].some(other => nameOf(other) === nameOf(write)) ? 'next' : 'over'
  }

  /** With the server's word that the disk is at rest, what was only asked is what comes next. */
  private async askAbout(step: ExportStep): Promise<ExportTurn> {
    if (!step.ask)
      return { step }
    try {
      const answer = await this.ports.ask?.(step.ask)
      if (answer?.word !== 'at-rest')
        return { step }
      const { memory } = answer
      if (memory?.word === 'behind')
        return { step: { ...step, word: 'wait-detach', because: [{ code: 'longhorn-behind', volume: memory.volume }] } }
      return { step: { ...step, word: 'create-image', writes: [withLastPods(step.ask, memory?.lastPods)], because: [] } }
    }
    catch (thrown) {
      return { step, failed: toApiError(thrown) }
    }
  }

  private async send(write: Write): Promise<'faster' | { readonly meaning: 'later' | 'refused', readonly error: ApiError } | undefined> {
    try {
      await this.ports.send(write)
      return undefined
    }
    catch (thrown) {
      const error = toApiError(thrown)
      const key = `${nameOf(write)} ${error.message}`
      const tries = this.tries.get(key) ?? 0
      this.tries.set(key, tries + 1)
      const meaning = judgeWriteFailure(error, write, tries)
      return meaning === 'faster' ? meaning : { meaning, error }
    }
  }

  private nextIn(world: StepWorld): ExportStep {
    const step = nextExportStep({ ...world, cannotTestify: this.cannotTestify }, this.intent, this.ports.now())
    const claim = this.claimIn(world)
    const written = claim && readIntent(claim)
    const mayForce = written !== undefined && written !== 'unreadable' && this.ports.mayForce(written)
    return mayForce ? step : leaveForce(step, written === undefined || written === 'unreadable' ? this.intent : written)
  }

  private claimIn(world: StepWorld): PersistentVolumeClaim | undefined {
    const { namespace, name } = this.intent.claim
    return world.claims.objects.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name)
  }

  private noteIn(world: StepWorld): string | undefined {
    return this.claimIn(world)?.metadata.annotations?.[EXPORT_ANNOTATION]
  }

  private async noteRefusal({ word }: ExportStep, error: ApiError): Promise<void> {
    const claim = this.claimIn(this.ports.look())
    const current = claim && readIntent(claim)
    // Noted on the claim it would keep everybody from saying it. Who may not do it ends as his rights allow.
    if (TESTIMONY.includes(word) && error.status === 403) {
      this.cannotTestify = true
      return
    }
    // A guest that may not be forced has the time that it had.
    if (word === 'force-stop')
      return
    if (!ENDED_BY_REFUSAL.includes(word) || !current || current === 'unreadable' || current.id !== this.intent.id)
      throw error
    await this.ports.send(amendIntent(claim, current, { refusal: error.message })).catch(() => { throw error })
  }
}

/** How often what is put away may have changed on the way. */
const PUT_AWAY_TRIES = 5

/**
 * Takes the notes of an export away that has ended and was read, by what the API server has now: what is followed may not show
 * a note that stands on a VM, which would be left there for ever. What has changed on the way is judged anew. Does nothing where
 * something is left to be done after all.
 */
export async function putAway({ readAnew, send, now }: Pick<ExportPorts, 'readAnew' | 'send' | 'now'>, intent: ExportIntent): Promise<void> {
  for (let left = PUT_AWAY_TRIES - 1; ; left--) {
    const tooLate = await sendUntilTooLate(nextExportStep(await readAnew(intent), intent, now()).dismiss ?? [], send)
    if (!tooLate)
      return
    if (left === 0)
      throw tooLate
  }
}

/** What came too late, where one of them did: those after it were decided together with it, and are not sent. Throws any other failure. */
async function sendUntilTooLate(writes: readonly Write[], send: ExportPorts['send']): Promise<ApiError | undefined> {
  for (const write of writes) {
    try {
      await send(write)
    }
    catch (thrown) {
      const error = toApiError(thrown)
      if (judgeWriteFailure(error, write) !== 'faster')
        throw thrown
      return error
    }
  }
  return undefined
}

function nameOf(write: Write): string {
  return write.act === 'create' ? `create ${write.manifest.metadata.name}` : `${write.act} ${write.at.name}`
}
