import { randomUUID } from 'node:crypto'
import type { FastifyBaseLogger } from 'fastify'
import { strongest } from '../pkg/images/checksumFile.ts'
import type { ChecksumAlgorithm } from '../pkg/images/checksumFile.ts'
import { isOver } from '../pkg/images/probe.ts'
import type { ExpectedChecksum, ImagePlace, ReadFailure, ReadJob, ReadRequest, ReadState } from '../pkg/images/probe.ts'
import { readThrough } from './longRead.ts'
import type { Digests, Outcome } from './longRead.ts'
import type { Outbound } from './outbound.ts'
import { shownHost } from './outbound.ts'
import { findChecksums, publishedOf } from './publishedChecksums.ts'

export interface ReadLimits {
  /** Reads that go on at the same time; further ones wait. */
  readonly atOnce: number
  /** Of these, reads of one session: whoever reads much keeps nobody else waiting. */
  readonly atOncePerSession: number
  /** Reads of one session that go on or wait. */
  readonly perSession: number
  /** Reads of all sessions that go on or wait. */
  readonly inAll: number
  /** Of one read, in bytes. */
  readonly most: number
  /** Of one read. */
  readonly hours: number
  /** Bytes a second, on average over `overSeconds`: a read that comes slower holds a place for nothing. */
  readonly slowest: number
  readonly overSeconds: number
}

export const READ_LIMITS: ReadLimits = { atOnce: 2, atOncePerSession: 1, perSession: 4, inAll: 16, most: 100 * 1024 ** 3, hours: 12, slowest: 64 * 1024, overSeconds: 60 }

/** How long a result can be looked at, in milliseconds, and how many of them are kept. */
const KEPT = 6 * 3_600_000
const MOST_KEPT = 100
const CHECKSUM_PATIENCE = 30_000
const RESUME_PATIENCE = 1_000

interface Job {
  /** What is shown of it; the read itself shows its progress here. */
  readonly view: { -readonly [Key in keyof ReadJob]: ReadJob[Key] }
  readonly owner: string
  readonly stop: AbortController
}

export interface ReadsOptions {
  readonly outbound: Outbound
  readonly limits: ReadLimits
  readonly log: Pick<FastifyBaseLogger, 'info' | 'warn'>
  readonly now?: () => number
  readonly resumePatience?: number
}

/** The long reads of this server, in its memory: a page that is loaded anew finds them again. */
export interface Reads {
  /** Begins a read, or answers the one that runs for the same request; undefined when there are too many. */
  begin(request: ReadRequest, owner: string): ReadJob | undefined
  find(id: string): ReadJob | undefined
  /** Of a namespace, the newest first. */
  list(place: ImagePlace): readonly ReadJob[]
  /** Cancels a read that runs, forgets one that is over. */
  end(id: string): ReadJob | undefined
  close(): void
}

function shownJob({ view }: Job): ReadJob {
  return { ...view }
}

function isSameRequest(a: ReadRequest, b: ReadRequest): boolean {
  return a.cluster === b.cluster && a.namespace === b.namespace && a.url === b.url
    && a.expected?.algorithm === b.expected?.algorithm && a.expected?.digest === b.expected?.digest
}

function judge(digests: Digests, expected: ExpectedChecksum | undefined): ReadState {
  if (!expected)
    return 'computed'
  return digests[expected.algorithm] === expected.digest ? 'verified' : 'mismatch'
}

/** Aborts when less came in a while than the least that must. */
function watchPace(view: Pick<ReadJob, 'bytes'>, { slowest, overSeconds }: ReadLimits): { readonly signal: AbortSignal, stop(): void } {
  const slow = new AbortController()
  let before = view.bytes
  const timer = setInterval(() => {
    if (view.bytes - before < slowest * overSeconds)
      slow.abort()
    before = view.bytes
  }, overSeconds * 1000)
  timer.unref()
  return { signal: slow.signal, stop: () => clearInterval(timer) }
}

/** Runs long reads within limits and keeps what came of them for some hours. */
export function createReads({ outbound, limits, log, now = Date.now, resumePatience = RESUME_PATIENCE }: ReadsOptions): Reads {
  const jobs = new Map<string, Job>()
  const stamp = () => new Date(now()).toISOString()
  const all = () => [...jobs.values()]

  function settle({ view, stop }: Job, state: ReadState, failure?: ReadFailure): void {
    // What was cancelled stays so, though its last bytes came meanwhile.
    Object.assign(view, stop.signal.aborted ? { state: 'cancelled' } : { state, ...failure && { failure } }, { ended: stamp() })
    log.info({ read: view.id, host: shownHost(new URL(view.url)), state: view.state, bytes: view.bytes, ...failure && { because: failure.code } }, 'a read has ended')
    startNext()
  }

  async function publishedFor(url: string, signal: AbortSignal) {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(CHECKSUM_PATIENCE)])
    return strongest(publishedOf(await findChecksums(outbound, url, patience), url))
  }

  async function readInTime(view: Job['view'], algorithms: readonly ChecksumAlgorithm[], signal: AbortSignal): Promise<Outcome> {
    const pace = watchPace(view, limits)
    try {
      return await readThrough(outbound, { url: new URL(view.url), algorithms, most: limits.most, signal: AbortSignal.any([signal, pace.signal]), patience: resumePatience }, view)
    }
    catch (error) {
      if (pace.signal.aborted && !signal.aborted)
        return { failure: { code: 'too-slow', least: limits.slowest, seconds: limits.overSeconds } }
      throw error
    }
    finally {
      pace.stop()
    }
  }

  async function work(job: Job, signal: AbortSignal): Promise<void> {
    const { view } = job
    const published = view.expected ? undefined : await publishedFor(view.url, signal)
    if (published)
      view.published = published
    const expected = view.expected ?? published
    const algorithms = [...new Set(['sha512' as const, ...expected ? [expected.algorithm] : []])]
    const outcome = await readInTime(view, algorithms, signal)
    if ('failure' in outcome)
      return settle(job, 'failed', outcome.failure)
    view.digests = outcome.digests
    settle(job, judge(outcome.digests, expected))
  }

  function run(job: Job): void {
    const end = AbortSignal.timeout(limits.hours * 3_600_000)
    Object.assign(job.view, { state: 'reading', started: stamp() })
    work(job, AbortSignal.any([job.stop.signal, end])).catch((error: unknown) => {
      if (job.stop.signal.aborted || end.aborted)
        return settle(job, 'failed', { code: 'too-long', hours: limits.hours })
      log.warn({ read: job.view.id, err: error }, 'a read failed for a reason of our own')
      settle(job, 'failed', { code: 'internal' })
    })
  }

  function startNext(): void {
    const running = () => all().filter(({ view }) => view.state === 'reading')
    for (const job of all().filter(({ view }) => view.state === 'queued')) {
      if (running().length < limits.atOnce && running().filter(({ owner }) => owner === job.owner).length < limits.atOncePerSession)
        run(job)
    }
  }

  function forgetOld(): void {
    const over = all().filter(({ view }) => isOver(view))
    for (const [index, { view }] of over.entries()) {
      if (now() - Date.parse(view.ended ?? '') > KEPT || over.length - index > MOST_KEPT)
        jobs.delete(view.id)
    }
  }

  return {
    begin(request, owner) {
      forgetOld()
      const active = all().filter(({ view }) => !isOver(view))
      const same = active.find(({ view }) => isSameRequest(view, request))
      if (same)
        return shownJob(same)
      if (active.length >= limits.inAll || active.filter(job => job.owner === owner).length >= limits.perSession)
        return undefined
      const job: Job = { view: { ...request, id: randomUUID(), state: 'queued', bytes: 0, file: {}, created: stamp(), resumed: 0 }, owner, stop: new AbortController() }
      jobs.set(job.view.id, job)
      startNext()
      return shownJob(job)
    },
    find(id) {
      forgetOld()
      const job = jobs.get(id)
      return job && shownJob(job)
    },
    list({ cluster, namespace }) {
      forgetOld()
      return all().filter(({ view }) => view.cluster === cluster && view.namespace === namespace).reverse().map(shownJob)
    },
    end(id) {
      const job = jobs.get(id)
      if (job && isOver(job.view)) {
        jobs.delete(id)
      }
      else if (job) {
        // One that runs settles again when its connection lets go; it is cancelled from now on all the same.
        job.stop.abort()
        Object.assign(job.view, { state: 'cancelled', ended: stamp() })
        startNext()
      }
      return job && shownJob(job)
    },
    close() {
      for (const { stop } of all())
        stop.abort()
    },
  }
}
