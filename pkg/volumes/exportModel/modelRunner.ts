import type { KubeObject } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import type { Seen } from '#kube/seen.ts'
import type { KubeClient } from '#kube/client.ts'
import type { Write } from '#kube/write.ts'
import type { ExportIntent } from '../exportIntent.ts'
import type { ExportPorts, ExportTurn } from '../exportRunner.ts'
import type { StepWorld } from '../exportStep.ts'
import type { Chance } from './chance.ts'
import type { Field, ModelApi } from './modelApi.ts'
import { ApiError } from '#kube/apiError.ts'
import { readAnew } from '../exportFreshWorld.ts'
import { ExportRunner, putAway } from '../exportRunner.ts'
import { worldOf } from './modelApi.ts'

/** How long a watch that has gone silent is taken for one that has nothing to say. */
const SILENCE_MS = 60_000
const NO_ANSWER = new ApiError({ status: 0, reason: 'Unreachable', message: 'no answer' })

/** A request on its way: what it writes, if it does, when it can arrive at the earliest, what it does then, and whoever waits for the answer. */
interface Request { readonly write?: Write, readonly notBefore: number, readonly arrive: () => unknown, readonly answered: (value: unknown) => void, readonly failed: (error: unknown) => void }

/**
 * A browser, or the keeper, that carries an export out with the product's own code. Its requests are on their way until the
 * scheduler lets them arrive; what it follows may be a minute old, each kind by itself.
 */
export class ModelRunner {
  readonly requests: Request[] = []
  /** What it does until it looks next; undefined while it does nothing. */
  private doing: Promise<unknown> | undefined
  last: ExportTurn | undefined
  /** `gone`: closed. `over`: it has come to the end of the export, or has given up. */
  state: 'open' | 'gone' | 'over' = 'open'
  isCalm = false
  /** Whether it may never read what Longhorn keeps, also when all is calm. */
  isBlind = false
  private readonly views = new Map<Field, { readonly at: number, readonly seen: Seen }>()
  private readonly api: ModelApi
  private readonly chance: Chance
  private runner: ExportRunner | undefined
  /** How often what it follows has nothing new to say, though there is. */
  private readonly lag: number
  /** How often a request of it takes long. */
  private readonly lateness: number
  /** Whether it may not read what Longhorn keeps. */
  private readonly isShutOut: boolean
  private readonly onCrash: (error: unknown) => void

  /** `onCrash` is told of what no cluster has answered: it is the product's own fault. `shutOut`: how often it may not read what Longhorn keeps. */
  constructor(api: ModelApi, chance: Chance, onCrash: (error: unknown) => void = () => {}, shutOut = 0.1) {
    this.lag = chance.of([0.1, 0.5, 0.9])
    this.lateness = chance.of([0.06, 0.06, 0.4])
    this.isShutOut = chance.happens(shutOut)
    this.api = api
    this.chance = chance
    this.onCrash = onCrash
  }

  get isIdle(): boolean {
    return this.doing === undefined && this.state === 'open'
  }

  /** Whether a request of it may arrive now. */
  get isHeard(): boolean {
    return this.state === 'open' && this.requests.some(request => request.notBefore <= this.api.time)
  }

  /** Whether a write that it has decided on, of that kind of object, has not arrived yet. */
  isWriting(act: Write['act'], resource: Resource): boolean {
    return this.requests.some(({ write }) => write?.act === act && write.resource.plural === resource.plural)
  }

  look(): StepWorld {
    return worldOf(field => {
      if (field === 'longhornVolumes' && (this.isBlind || (this.isShutOut && !this.isCalm)))
        return { objects: [], state: 'forbidden' }
      const view = this.views.get(field)
      if (view && !this.isCalm && this.api.time - view.at < SILENCE_MS && this.chance.happens(this.lag))
        return view.seen as ReturnType<typeof this.api.seen<typeof field>>
      const seen = this.api.seen(field)
      this.views.set(field, { at: this.api.time, seen: seen as Seen })
      return seen
    })
  }

  private request<T>(arrive: () => T, write?: Write): Promise<T> {
    return new Promise((answered, failed) => {
      const late = !this.isCalm && this.chance.happens(this.lateness) ? this.chance.between(20_000, 85_000) : 0
      this.requests.push({ ...(write && { write }), notBefore: this.api.time + late, arrive, answered: answered as (value: unknown) => void, failed })
    })
  }

  private ports(): ExportPorts {
    const get = (<T extends KubeObject>(resource: Resource<T>, at: { readonly name: string }) => this.request(() => this.api.get(resource as unknown as Resource, at.name) as T)) as KubeClient['get']
    return {
      look: () => this.look(),
      readAnew: intent => readAnew(this.look(), intent, get, () => this.request(() => this.api.list('pods'))),
      send: write => this.request(() => this.api.send(write), write),
      ask: () => this.request(() => this.api.guard?.answer()),
      mayForce: () => true,
      now: () => this.api.time,
    }
  }

  /** Takes one turn of the export; it ends once its requests were let through. */
  take(intent: ExportIntent): void {
    this.runner ??= new ExportRunner(this.ports(), intent)
    this.does(this.runner.turn().then(turn => {
      this.last = turn
      if (['done', 'stopped'].includes(turn.step.word))
        this.state = 'over'
    }))
  }

  /** Forgets the export it was at. */
  forget(): void {
    this.runner = undefined
  }

  /** Puts an export away whose end was read. */
  putAway(intent: ExportIntent): void {
    this.does(putAway(this.ports(), intent))
  }

  /** Sends writes in order, until one fails. */
  sendAll(writes: readonly Write[], then: (sent: boolean) => void = () => {}): void {
    this.does(writes.reduce<Promise<unknown>>((before, write) => before.then(() => this.request(() => this.api.send(write), write)), Promise.resolve()).then(() => then(true), () => then(false)))
  }

  private does(work: Promise<unknown>): void {
    this.doing = work.catch((thrown: unknown) => {
      this.state = 'over'
      if (!(thrown instanceof ApiError))
        this.onCrash(thrown)
    }).finally(() => { this.doing = undefined })
  }

  /** Lets one request arrive. `lost`: it was carried out and no answer came. `cut`: it never arrived. */
  async arrive(fate: 'answered' | 'lost' | 'cut'): Promise<void> {
    const index = this.requests.findIndex(({ notBefore }) => notBefore <= this.api.time)
    const [request] = index < 0 ? [] : this.requests.splice(index, 1)
    if (!request)
      return
    let answer: { readonly value: unknown } | { readonly error: unknown } = { error: NO_ANSWER }
    if (fate !== 'cut') {
      try {
        answer = { value: request.arrive() }
      }
      catch (error) {
        answer = { error }
      }
    }
    if ('error' in answer || fate === 'lost')
      request.failed('error' in answer ? answer.error : NO_ANSWER)
    else
      request.answered(answer.value)
    await settled()
  }

  /** The browser is closed, or the server killed: what was on its way may still arrive, and nobody hears of it. */
  close(arrives: () => boolean): void {
    this.state = 'gone'
    for (const request of this.requests.splice(0)) {
      if (!arrives())
        continue
      try {
        request.arrive()
      }
      catch {
        // Nobody hears of it.
      }
    }
  }
}

/** Until everything that follows from an answer has been done. */
export function settled(): Promise<void> {
  return new Promise(done => setImmediate(done))
}
