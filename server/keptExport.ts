import { ApiError, toApiError } from '#kube/apiError.ts'
import type { KubeClient } from '#kube/client.ts'
import { CLAIMS, PODS } from '#kube/core.ts'
import { objectKey } from '#kube/object.ts'
import { carryOut, permissionOf, permissionText } from '#kube/write.ts'
import type { Write } from '#kube/write.ts'
import { IMAGES } from '#images/image.ts'
import { askServer } from '#volumes/exportAnswer.ts'
import { exportImageKey, isImageOf } from '#volumes/exportedImage.ts'
import { readAnew } from '#volumes/exportFreshWorld.ts'
import type { ExportIntent } from '#volumes/exportIntent.ts'
import { exportReference, isClaimOf, readIntent } from '#volumes/exportIntent.ts'
import { rightsOfRequest } from '#volumes/exportRights.ts'
import { ExportRunner } from '#volumes/exportRunner.ts'
import type { ExportStep, StepWorld } from '#volumes/exportStep.ts'
import { nextExportStep } from '#volumes/exportSteps.ts'
import type { StepWord } from '#volumes/exportTimeline.ts'
import { judgeKeeperJob } from '#volumes/keeperStatus.ts'
import type { KeeperJob } from '#volumes/keeperStatus.ts'
import type { FollowedWorld } from './followedWorld.ts'
import { askedFor } from './ownExports.ts'
import { BARRED, demand, ownRefusal } from './requesterRights.ts'

/** All in milliseconds. */
export interface KeeperPace {
  /** What happens at once is looked at together. */
  readonly settle: number
  /** After so long it looks again though nothing was told: deadlines pass, and a write may have been lost. */
  readonly patience: number
  /** The first wait after a failure; it doubles each time. */
  readonly first: number
  readonly longest: number
  /** The longest wait where somebody must act: a right is missing. */
  readonly slowest: number
}
const PACE: KeeperPace = { settle: 200, patience: 5_000, first: 1_000, longest: 60_000, slowest: 300_000 }

export interface KeptExportOptions {
  readonly client: KubeClient
  readonly world: FollowedWorld
  /** As it was when it was taken on. */
  readonly intent: ExportIntent
  readonly onBehalfOf: KeeperJob['onBehalfOf']
  /** Whether it may still be acted on, asked before each write. */
  readonly mayAct: () => boolean
  readonly signal: AbortSignal
  /** Told after each turn, and what failed in it. */
  readonly tell: (job: KeeperJob, failed?: ApiError) => void
  /** A write was taken. */
  readonly acted: (step: StepWord, write: Write) => void
  readonly pace?: Partial<KeeperPace>
}

const CHANGED = 'Changed'

interface Looked { readonly step: ExportStep, readonly failed?: ApiError, readonly changed?: boolean }

/**
 * Carries one export out until its intent is off the claim (`ended`) or the signal is aborted (`left`). It does what a page
 * does, by the same core; on behalf of a requester each write is first held to what the cluster lets him do.
 */
export async function keepExport(options: KeptExportOptions): Promise<'ended' | 'left'> {
  const { world, intent, signal } = options
  const pace = { ...PACE, ...options.pace }
  const held = world.holdFor(intent)
  const turn = turnOf(options, held.look)
  let failures = 0
  let told: KeeperJob | undefined
  try {
    while (!signal.aborted) {
      const seen = world.changes
      const looked = await turn()
      if (signal.aborted)
        break
      if (await isOver(options, looked))
        return 'ended'
      told = describe(options, looked, told)
      options.tell(told, looked.failed)
      failures = looked.failed ? failures + 1 : 0
      await pauseAfter({ word: told.word, failures, seen }, pace, options)
    }
    return 'left'
  }
  finally {
    held.release()
  }
}

/** Where what was seen could not even be judged. */
const NOTHING_SEEN: ExportStep = { word: 'blind', writes: [], because: [], timeline: [] }

/** One look, and what comes next where that may be done. */
function turnOf({ client, intent, onBehalfOf, mayAct, acted }: KeptExportOptions, look: () => StepWorld): () => Promise<Looked> {
  const asked = askedFor(intent)
  const subject = onBehalfOf === 'requester' ? { requester: intent.requester, identity: intent.identity ?? {} } : undefined
  let word: StepWord = 'blind'

  const writtenIn = (seen: StepWorld) => seen.claims.objects.filter(each => objectKey(each) === exportReference(intent) && isClaimOf(each, intent)).map(readIntent)[0]
  // That the guests get no more time is decided by who stands before the screen. A session's rights are not for whoever may
  // write to the claim, and a requester's only for himself: the webhook vouches for who decided it.
  const mayForce = (written: ExportIntent): boolean => subject !== undefined && written.forcedBy === intent.requester

  async function send(write: Write): Promise<unknown> {
    const right = permissionOf(write)
    if (isTestimony(write))
      await demandOwnImage(client, intent, write)
    else if (subject)
      await demand(client, subject, right, write.act === 'create' ? undefined : write.at.name)
    if (!mayAct())
      throw new ApiError({ status: 0, reason: 'NotLeading', message: 'this keeper does not lead any more' })
    const taken = await carryOut(client, write).catch((thrown: unknown) => { throw subject ? ownRefusal(thrown, permissionText(right)) : thrown })
    acted(word, write)
    return taken
  }

  const isChanged = (seen: StepWorld): boolean => {
    const written = writtenIn(seen)
    return written === 'unreadable' || (written?.id === intent.id && askedFor(written) !== asked)
  }

  async function lookAnew(current: ExportIntent): Promise<StepWorld> {
    const seen = await readAnew(look(), current, client.get, async namespace => (await client.list(PODS, { namespace })).items)
    if (isChanged(seen))
      throw new ApiError({ status: 0, reason: CHANGED, message: 'what was asked for has been changed' })
    return seen
  }
  const ask = (write: Write) => askServer(client, write, exportReference(intent))
  const runner = new ExportRunner({ look, readAnew: lookAnew, send, ask, mayForce, now: client.time }, intent)

  return async () => {
    let step: ExportStep = NOTHING_SEEN
    try {
      step = nextExportStep(look(), intent, client.time())
      word = step.word
      if (isChanged(look()))
        return { step, changed: true }
      if (!mayAct())
        return { step: { ...step, writes: [] } }
      // Nobody is shut down on behalf of one who may not start him again.
      if (subject && word === 'stop-vm') {
        for (const right of rightsOfRequest(intent))
          await demand(client, subject, right)
      }
      const turned = await runner.turn()
      return turned.failed?.reason === CHANGED ? { step: turned.step, changed: true } : turned
    }
    catch (thrown) {
      return { step, failed: toApiError(thrown) }
    }
  }
}

/** What is said of an image that an export has made is the keeper's own word, and must not wait for anybody's right to write it. */
const isTestimony = (write: Write): write is Extract<Write, { readonly act: 'patch' }> => write.act === 'patch' && write.resource === IMAGES

/** Throws where it is not an image of this export, by the API server's word: of no other has the keeper anything to say. */
async function demandOwnImage(client: KubeClient, intent: ExportIntent, { at }: Pick<Extract<Write, { readonly act: 'patch' }>, 'at'>): Promise<void> {
  const key = `${at.namespace}/${at.name}`
  if (key !== exportImageKey(intent) || !isImageOf(await client.get(IMAGES, at), intent))
    throw new ApiError({ status: 0, reason: 'ImageOfOther', message: `image ${key} was not read from volume ${exportReference(intent)}` })
}

/** Whether nothing is left to do: the intent is off the claim, by the API server's word and not by a watch that may be behind. */
async function isOver({ client, intent }: KeptExportOptions, { step }: Looked): Promise<boolean> {
  if (step.word !== 'done' && !(step.word === 'stopped' && step.because.some(reason => reason.code === 'claim-gone')))
    return false
  try {
    const claim = await client.get(CLAIMS, intent.claim)
    const written = readIntent(claim)
    return written === undefined || !isClaimOf(claim, intent) || (written !== 'unreadable' && written.id !== intent.id)
  }
  catch (thrown) {
    return toApiError(thrown).status === 404
  }
}

function describe({ intent, onBehalfOf }: KeptExportOptions, { step, failed, changed }: Looked, before: KeeperJob | undefined): KeeperJob {
  const word = judgeKeeperJob({ step, changed, barred: failed?.reason === BARRED, failed: failed !== undefined })
  const same = before?.word === word && before.step === step.word && before.message === failed?.message
  return {
    claim: exportReference(intent), id: intent.id, onBehalfOf, word, step: step.word, because: step.because,
    ...(failed && { message: failed.message }), since: same ? before.since : new Date().toISOString(),
  }
}

interface Turned { readonly word: KeeperJob['word'], readonly failures: number, readonly seen: number }

/** Until something has changed since it looked, or it is time to look again; after a failure for longer each time, whatever changes. */
async function pauseAfter({ word, failures, seen }: Turned, pace: KeeperPace, { world, signal }: KeptExportOptions): Promise<void> {
  if (failures)
    return rest(Math.min(word === 'barred' ? pace.slowest : pace.longest, pace.first * 2 ** Math.min(failures - 1, 20)) * (0.5 + Math.random() / 2), signal)
  if (world.changes === seen)
    await rest(pace.patience, signal, end => world.onChange(end))
  await rest(pace.settle, signal)
}

/** Ends with the time, with the signal, or when it is woken. */
function rest(milliseconds: number, signal: AbortSignal, wake?: (end: () => void) => () => void): Promise<void> {
  return new Promise(resolve => {
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      stop?.()
      resolve()
    }
    const timer = setTimeout(end, milliseconds)
    const stop = wake?.(end)
    signal.addEventListener('abort', end)
    if (signal.aborted)
      end()
  })
}
