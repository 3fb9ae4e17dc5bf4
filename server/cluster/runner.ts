import { setMaxListeners } from 'node:events'
import type { KubeClient } from '#kube/client.ts'
import { toApiError } from '#kube/apiError.ts'
import { follow } from '#kube/follow.ts'
import type { KubeObject } from '#kube/object.ts'
import { objectKey } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import { EVENTS } from './controllers/kinds.ts'
import type { Actor, Controller, Refusal, Write } from './controllers/step.ts'
import { World } from './controllers/world.ts'

/** The account under which each actor is known to a control plane that asks who writes. */
export const ACCOUNTS: Readonly<Record<Actor, string>> = {
  'kube': 'controller-manager', 'scheduler': 'scheduler', 'kubelet': 'kubelet', 'csi': 'longhorn', 'longhorn': 'longhorn', 'longhorn-engine': 'longhorn', 'cdi': 'cdi',
  'harvester': 'harvester', 'virt-controller': 'virt-controller', 'virt-handler': 'virt-handler',
}

export interface RunnerOptions {
  readonly controllers: readonly Controller[]
  /** Who writes for an actor; one client for all where the cluster does not mind. */
  readonly clientOf: (actor: Actor) => KubeClient
  /** Actors that are left to somebody else, e.g. `kube` beside a real kube-controller-manager. */
  readonly without?: readonly Actor[]
  /** How many times faster than real time things happen; 1 when absent. */
  readonly pace?: number
  /** Epoch milliseconds; Date.now when absent. */
  readonly now?: () => number
  /** Told of what cannot be done, in a line. */
  readonly log?: (line: string) => void
}

export interface Runner {
  readonly world: World
  /** Resolves when every kind has been listed (or found not to be served) and the steps begin. */
  readonly ready: Promise<void>
  /** How many writes the cluster has taken: does not grow while all is at rest. */
  readonly written: () => number
  /** Ends all watches and timers; resolves when the last write has been answered. */
  readonly stop: () => Promise<void>
}

const WORKERS = 6
const RETRY = { conflict: 25, first: 250, longest: 30_000 }

interface Job {
  readonly id: string
  readonly controller: Controller
  readonly key: string
  stage?: { readonly word: string, readonly since: number }
  refused?: Refusal
  failures: number
  /** When it may be looked at again. */
  free: number
  due?: number
  timer?: ReturnType<typeof setTimeout>
  busy?: boolean
}

/** Follows the kinds that the controllers name and carries out what their steps ask for, until stopped. Never throws: what fails is tried again. */
export function runControllers({ controllers: all, clientOf, without = [], pace = 1, now = Date.now, log = () => undefined }: RunnerOptions): Runner {
  const controllers = all.filter(controller => !without.includes(controller.actor))
  const kinds = [...new Set(controllers.flatMap(({ kind, wakes = [], reads = [] }) => [kind, ...wakes.map(wake => wake.kind), ...reads]))]
  const world = new World()
  const jobs = new Map<string, Job>()
  const queue = new Set<Job>()
  const told = new Set<string>()
  const missing = new Set(kinds)
  const abort = new AbortController()
  // One listener for each kind that is followed and each write under way.
  setMaxListeners(0, abort.signal)
  const under = new Set<Promise<void>>()
  let workers = 0
  let written = 0
  let start: () => void = () => undefined
  const ready = new Promise<void>(resolve => { start = resolve })
  const isReady = () => missing.size === 0

  function jobOf(controller: Controller, key: string): Job {
    const id = `${controller.name} ${key}`
    const job = jobs.get(id) ?? { id, controller, key, failures: 0, free: 0 }
    jobs.set(id, job)
    return job
  }

  function enqueue(job: Job, after = 0): void {
    const due = Math.max(now() + after, job.free)
    if (abort.signal.aborted || (job.due !== undefined && job.due <= due))
      return
    clearTimeout(job.timer)
    job.due = due
    job.timer = setTimeout(() => { queue.add(job); work() }, due - now())
  }

  function work(): void {
    while (isReady() && workers < WORKERS && !abort.signal.aborted) {
      const job = [...queue].find(one => !one.busy)
      if (!job)
        return
      queue.delete(job)
      workers++
      const run = perform(job).finally(() => { workers--; under.delete(run); work() })
      under.add(run)
    }
  }

  function wake(kind: Resource, objects: readonly KubeObject[]): void {
    const [before, after] = objects
    for (const controller of controllers) {
      const own = controller.kind === kind ? objects.map(objectKey) : []
      const heeded = (controller.wakes ?? []).filter(one => one.kind === kind && !(one.matters && before && after && one.matters(before) === one.matters(after)))
      const others = heeded.flatMap(one => objects.flatMap(object => one.keys(object, world)))
      for (const key of new Set([...own, ...others])) if (key !== undefined && world.get(controller.kind, key)) enqueue(jobOf(controller, key))
    }
  }

  function observe(kind: Resource, object: KubeObject): void {
    const old = world.get(kind, objectKey(object))
    if (world.put(kind, object))
      wake(kind, old ? [old, object] : [object])
  }

  function forget(kind: Resource, object: KubeObject): void {
    const old = world.drop(kind, object)
    if (old)
      wake(kind, [old])
  }

  function settle(kind: Resource): void {
    if (!missing.delete(kind) || !isReady())
      return
    start()
    work()
  }

  /** One look at one object: the step, its writes in order, and when to look again. */
  async function perform(job: Job): Promise<void> {
    job.due = undefined
    const { controller, key } = job
    const object = world.get(controller.kind, key)
    if (!object) {
      jobs.delete(job.id)
      return
    }
    job.busy = true
    const at = now()
    job.free = at + (controller.rest ?? 0) / pace
    const word = controller.stage?.(object, world) ?? ''
    if (job.stage?.word !== word)
      job.stage = { word, since: at }
    const { since } = job.stage
    const takes = (ms: number) => ms / pace
    try {
      const next = controller.step(object, world, { now: at, since, takes, left: ms => Math.max(0, Math.ceil(since + takes(ms) - at)), ...(job.refused ? { refused: job.refused } : {}) })
      if (await carryOut(job, next.writes))
        job.failures = 0
      if (next.again !== undefined)
        enqueue(job, Math.max(1, Math.ceil(next.again)))
    }
    catch (thrown) {
      log(`${job.id}: ${String(thrown)}`)
    }
    job.busy = false
  }

  /** False where one was not taken; then the rest is left, because it was thought of after it. */
  async function carryOut(job: Job, writes: readonly Write[]): Promise<boolean> {
    for (const write of writes) {
      if (abort.signal.aborted)
        return false
      try {
        await send(clientOf(job.controller.actor), write)
        if (job.refused?.kind === write.kind)
          job.refused = undefined
      }
      catch (thrown) {
        if (!recovers(job, write, thrown))
          return false
      }
    }
    return true
  }

  async function send(client: KubeClient, write: Write): Promise<void> {
    const { signal } = abort
    if (write.do === 'create') {
      const name = `${write.object.metadata.namespace}/${write.object.metadata.name}`
      if (write.kind === EVENTS && told.has(name))
        return
      if (write.kind === EVENTS)
        told.add(name)
      const { object } = await client.create(write.kind, write.object, { signal, ...(write.subresource ? { subresource: write.subresource } : {}) })
      written++
      if (!write.subresource)
        observe(write.kind, object)
    }
    else if (write.do === 'patch') {
      const body = write.expect === undefined ? write.body : { ...write.body, metadata: { ...(write.body as { metadata?: object }).metadata, resourceVersion: write.expect } }
      const { object } = await client.patch(write.kind, write.at, { type: 'merge', body }, { signal, ...(write.part === 'status' ? { subresource: 'status' } : {}) })
      written++
      observe(write.kind, object)
    }
    else {
      const { object } = await client.remove(write.kind, write.at, { signal, propagation: write.foreground ? 'Foreground' : 'Background', preconditions: { uid: write.uid }, ...(write.grace === undefined ? {} : { gracePeriodSeconds: write.grace }) })
      written++
      if (object?.metadata.deletionTimestamp)
        observe(write.kind, object)
    }
  }

  /** Whether the other writes may go on: what is there already, or gone already, is as wanted. */
  function recovers(job: Job, write: Write, thrown: unknown): boolean {
    const error = toApiError(thrown)
    if (abort.signal.aborted)
      return false
    const done = write.do === 'create' ? error.reason === 'AlreadyExists' : error.status === 404
    if (done)
      return true
    if (error.status === 409) {
      enqueue(job, RETRY.conflict)
      return false
    }
    job.failures++
    if (error.status >= 400 && error.status < 500 && error.status !== 429)
      job.refused = { kind: write.kind, message: error.message, at: now() }
    if (job.failures === 1 || job.failures % 10 === 0)
      log(`${job.id}: ${write.do} ${write.kind.plural}: ${error.status} ${error.message}`)
    enqueue(job, Math.max((error.retryAfter ?? 0) * 1000, Math.min(RETRY.longest, RETRY.first * 2 ** (job.failures - 1))))
    return false
  }

  function followKind(kind: Resource): Promise<void> {
    return follow(clientOf('kube'), kind, {
      listed: objects => {
        world.open(kind)
        const uids = new Set(objects.map(object => object.metadata.uid))
        for (const old of world.all(kind)) if (!uids.has(old.metadata.uid)) forget(kind, old)
        for (const object of objects) observe(kind, object)
        settle(kind)
      },
      changed: ({ type, object }) => type === 'DELETED' ? forget(kind, object) : observe(kind, object),
      live: () => undefined,
      // A kind that is not served is simply not driven.
      failed: ({ error, during }) => { if (during === 'list' && error.status === 404) settle(kind) },
    }, { signal: abort.signal })
  }

  const following = kinds.map(followKind)
  return {
    world, ready, written: () => written,
    stop: async () => {
      abort.abort()
      for (const job of jobs.values()) clearTimeout(job.timer)
      await Promise.allSettled([...following, ...under])
    },
  }
}
