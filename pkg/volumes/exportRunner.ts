import type { ApiError } from '#kube/apiError.ts'
import type { Write } from '#kube/write.ts'
import type { ExportIntent } from './exportIntent.ts'
import type { ExportStep, StepWorld } from './exportStep.ts'
import type { StepWord } from './exportTimeline.ts'
import { toApiError } from '#kube/apiError.ts'
import { amendIntent, readIntent } from './exportIntent.ts'
import { judgeWriteFailure } from './exportRefusal.ts'
import { nextExportStep } from './exportSteps.ts'

/** What the protocol needs of whoever carries it out: a browser, or the keeper in the server. */
export interface ExportPorts {
  /** What is followed: at hand, and perhaps a moment old. */
  readonly look: () => StepWorld
  /** The same with what decides (the VMs on the disk and their instances, at least) read again from the API server. */
  readonly readAnew: (intent: ExportIntent) => Promise<StepWorld>
  /** Sends one write; throws where it was not taken, or no answer came. */
  readonly send: (write: Write) => Promise<unknown>
  /** Epoch milliseconds. */
  readonly now: () => number
}

export interface ExportTurn {
  readonly step: ExportStep
  /** What did not pass and may pass later. What was sent before it stands. */
  readonly failed?: ApiError
}

/** These are not held back by the cluster when they come too late: the last look is the nearest one to the write. */
const DECISIVE: readonly StepWord[] = ['create-image', 'verify', 'force-stop', 'start-vm']
/** A refusal of these ends the export, in the cluster, so that its VMs come back whoever looks. Any other is the operator's to read. */
const ENDED_BY_REFUSAL: readonly StepWord[] = ['make-backup', 'stop-vm', 'create-image', 'mark-overtaken', 'verify']

/** Carries one export out, step by step. Anybody else may do the same at the same time without harm. */
export class ExportRunner {
  /** How often each write has failed in the same way. */
  private readonly tries = new Map<string, number>()
  private readonly ports: ExportPorts
  private readonly intent: ExportIntent

  constructor(ports: ExportPorts, intent: ExportIntent) {
    this.ports = ports
    this.intent = intent
  }

  /** Looks once, and sends what comes next. Throws what the cluster has refused for good and the export cannot end with. */
  async turn(): Promise<ExportTurn> {
    const { look, now } = this.ports
    const seen = nextExportStep(look(), this.intent, now())
    if (!seen.writes.length)
      return { step: seen }
    const again = await this.lookAgain(seen)
    if (again.failed)
      return again
    const { step } = again
    for (const write of step.writes) {
      const failure = await this.send(write)
      // What follows was decided together with what came too late.
      if (failure === 'faster')
        break
      if (failure) {
        if (failure.meaning === 'refused')
          await this.noteRefusal(step, failure.error)
        return { step, failed: failure.error }
      }
    }
    return { step }
  }

  private async lookAgain(seen: ExportStep): Promise<ExportTurn> {
    if (!DECISIVE.includes(seen.word))
      return { step: seen }
    try {
      const world = await this.ports.readAnew(this.intent)
      return { step: nextExportStep(world, this.intent, this.ports.now()) }
    }
    catch (thrown) {
      return { step: seen, failed: toApiError(thrown) }
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

  private async noteRefusal({ word }: ExportStep, error: ApiError): Promise<void> {
    const { namespace, name } = this.intent.claim
    const claim = this.ports.look().claims.objects.find(({ metadata }) => metadata.namespace === namespace && metadata.name === name)
    const current = claim && readIntent(claim)
    // A guest that may not be forced has the time that it had.
    if (word === 'force-stop')
      return
    if (!ENDED_BY_REFUSAL.includes(word) || !current || current === 'unreadable' || current.id !== this.intent.id)
      throw error
    await this.ports.send(amendIntent(claim, current, { refusal: error.message })).catch(() => { throw error })
  }
}

function nameOf(write: Write): string {
  return write.act === 'create' ? `create ${write.manifest.metadata.name}` : `${write.act} ${write.at.name}`
}
