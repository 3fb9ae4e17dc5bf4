import type { KubeObject, Manifest } from '#kube/object.ts'
import { objectKey } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import { apiVersionOf } from '#kube/resource.ts'
import { EVENTS } from './kinds.ts'
import type { Controller, Refusal, Write } from './step.ts'
import { World } from './world.ts'

// For specs only: the steps on a stage without an API, and with a clock of its own.

type Body = Record<string, unknown>

/** A merge patch (RFC 7386) applied. */
function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch))
    return patch
  const base = typeof target === 'object' && target !== null && !Array.isArray(target) ? target as Body : {}
  const changed = Object.fromEntries(Object.entries(patch as Body).filter(([, value]) => value !== null).map(([key, value]) => [key, merged(base[key], value)]))
  return { ...Object.fromEntries(Object.entries(base).filter(([key]) => (patch as Body)[key] !== null)), ...changed }
}

/** A world that the controllers move, with no time but what a spec lets pass. */
export class Play {
  readonly world = new World()
  /** Every change, in order: `kind name` and the object as it then was, or undefined when it went. */
  readonly history: { readonly what: string, readonly object: KubeObject | undefined }[] = []
  now = Date.parse('2026-05-04T03:00:00Z')
  /** Refuses creations of a kind with this message, as admission would. */
  refuse: { readonly kind: Resource, readonly message: string } | undefined
  private version = 1
  private readonly controllers: readonly Controller[]
  private readonly stages = new Map<string, { word: string, since: number }>()
  private readonly refused = new Map<string, Refusal>()

  constructor(controllers: readonly Controller[]) {
    this.controllers = controllers
    for (const { kind, wakes = [], reads = [] } of controllers) [kind, ...wakes.map(wake => wake.kind), ...reads].forEach(one => this.world.open(one))
  }

  add<T extends KubeObject>(kind: Resource<T>, object: { readonly metadata: Body } & Body): T {
    const { name, namespace } = object.metadata as { name: string, namespace?: string }
    const uid = `uid-${kind.plural}-${namespace ?? ''}-${name}-${this.version}`
    const full = { apiVersion: apiVersionOf(kind), kind: kind.kind, ...object, metadata: { ...object.metadata, uid, creationTimestamp: this.stamp(), generation: 1 } }
    return this.store(kind, full as unknown as KubeObject) as T
  }

  get<T extends KubeObject>(kind: Resource<T>, key: string): T | undefined {
    return this.world.get(kind, key)
  }

  patch(kind: Resource, key: string, body: object): void {
    const object = this.world.get(kind, key)
    if (object)
      this.settle(kind, merged(object, body) as KubeObject)
  }

  remove(kind: Resource, key: string, grace?: number): void {
    const object = this.world.get(kind, key)
    if (!object)
      return
    const waits = kind.plural === 'pods' && Boolean((object as { spec?: { nodeName?: string } }).spec?.nodeName) && grace !== 0 && !['Succeeded', 'Failed'].includes((object as { status?: { phase?: string } }).status?.phase ?? '')
    if (waits || (object.metadata.finalizers?.length ?? 0) > 0)
      this.store(kind, { ...object, metadata: { ...object.metadata, deletionTimestamp: object.metadata.deletionTimestamp ?? this.stamp() } })
    else
      this.gone(kind, object)
  }

  carryOut(writes: readonly Write[]): void {
    for (const write of writes) this.perform(write)
  }

  /** Lets so much time pass; every step is asked as often as it wishes. */
  run(ms: number): void {
    const end = this.now + ms
    for (;;) {
      const next = this.settleAll()
      if (next === undefined || next > end)
        break
      this.now = next
    }
    this.now = end
  }

  /** What a function made of each state of an object, without repeats. */
  seen<T extends KubeObject>(kind: Resource<T>, key: string, word: (object: T) => string | undefined): string[] {
    const words = this.history.filter(entry => entry.what === `${kind.plural} ${key}`).map(entry => entry.object ? word(entry.object as T) ?? '' : 'gone')
    return words.filter((entry, index) => entry !== words[index - 1])
  }

  /** Asks every step until none writes; answers when the first wants to be asked again. */
  private settleAll(): number | undefined {
    for (let round = 0; ; round++) {
      if (round > 500)
        throw new Error('the steps never come to rest')
      const answers = this.controllers.flatMap(controller => this.world.all(controller.kind).map(object => this.ask(controller, object)))
      if (answers.some(answer => answer.busy))
        continue
      const times = answers.flatMap(({ again }) => again === undefined ? [] : [this.now + Math.max(1, Math.ceil(again))])
      return times.length > 0 ? Math.min(...times) : undefined
    }
  }

  private ask(controller: Controller, object: KubeObject): { again?: number | undefined, busy: boolean } {
    const id = `${controller.name} ${objectKey(object)} ${object.metadata.uid}`
    const word = controller.stage?.(object, this.world) ?? ''
    const stage = this.stages.get(id)
    const { since } = stage?.word === word ? stage : { since: this.now }
    this.stages.set(id, { word, since })
    const refused = this.refused.get(id)
    const next = controller.step(object, this.world, { now: this.now, since, takes: ms => ms, left: ms => Math.max(0, since + ms - this.now), ...(refused ? { refused } : {}) })
    let busy = false
    for (const write of next.writes) {
      if (this.refuse && write.do === 'create' && write.kind === this.refuse.kind) {
        this.refused.set(id, { ...this.refuse, at: this.now })
        return { again: 0, busy: true }
      }
      if (write.do === 'create')
        this.refused.delete(id)
      busy = this.perform(write) || busy
    }
    return { again: next.again, busy }
  }

  /** False where it changes nothing, or is late. */
  private perform(write: Write): boolean {
    if (write.do === 'create') {
      if (write.subresource === 'binding') {
        this.patch(write.kind, objectKey(write.object), { spec: { nodeName: (write.object as unknown as { target: { name: string } }).target.name } })
        return true
      }
      if (this.world.get(write.kind, objectKey(write.object)))
        return false
      this.add(write.kind, write.object as unknown as Manifest & { metadata: Body } & Body)
      return write.kind !== EVENTS
    }
    const key = write.at.namespace ? `${write.at.namespace}/${write.at.name}` : write.at.name
    const object = this.world.get(write.kind, key)
    if (!object)
      return false
    if (write.do === 'remove') {
      const before = object.metadata.deletionTimestamp
      this.remove(write.kind, key, write.grace)
      return !before || write.grace === 0
    }
    if (write.expect !== undefined && write.expect !== object.metadata.resourceVersion)
      return true
    const next = merged(object, write.body) as KubeObject
    if (JSON.stringify(next) === JSON.stringify(object))
      return false
    this.settle(write.kind, next)
    return true
  }

  private settle(kind: Resource, object: KubeObject): void {
    if (object.metadata.deletionTimestamp && (object.metadata.finalizers?.length ?? 0) === 0 && kind.plural !== 'pods')
      this.gone(kind, object)
    else
      this.store(kind, object)
  }

  private store(kind: Resource, object: KubeObject): KubeObject {
    const next = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.version) } }
    this.world.put(kind, next)
    this.history.push({ what: `${kind.plural} ${objectKey(next)}`, object: next })
    return next
  }

  private gone(kind: Resource, object: KubeObject): void {
    this.world.drop(kind, object)
    this.history.push({ what: `${kind.plural} ${objectKey(object)}`, object: undefined })
    const kinds = new Set(this.controllers.flatMap(controller => [controller.kind, ...(controller.wakes ?? []).map(wake => wake.kind)]))
    for (const other of kinds) for (const owned of this.world.owned(other, object.metadata.uid)) this.remove(other, objectKey(owned))
  }

  private stamp(): string {
    return `${new Date(this.now).toISOString().slice(0, 19)}Z`
  }
}
