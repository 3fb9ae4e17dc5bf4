import type { Facets, Json } from './facets.ts'
import { facetsOf } from './facets.ts'
import { Names } from './names.ts'
import type { Sighting } from './sight.ts'
import { stateOf, toldTogether } from './states.ts'

/** An act, and what the caller was told. `text` is empty where all went well. */
export interface Said { readonly who: string, readonly act: string, readonly code: number, readonly reason?: string, readonly text?: string }

/** A change of one object: what is new of it, and null for what is no longer there. `life` says that it came or went. */
export type Change = readonly [what: string, changed: Facets]

/** What was said and seen in one play of a story, each in its order. A play alone knows what its instances kept to themselves (telling.ts); it is in no record. */
export interface Trace { readonly answers: readonly Said[], readonly changes: readonly Change[], readonly untold?: readonly string[] }

/**
 * The trace of a play, of what has been seen of its own objects. The watches of several kinds come beside each other, but one counter numbers all writes of a cluster:
 * by it the changes are put in the order in which they were made.
 */
export function traceOf(namespace: string, answers: readonly Said[], sightings: readonly Sighting[], claims: ReadonlyMap<string, string>): Trace {
  const names = new Names(namespace, claims)
  const known = new Map<string, Facets>()
  const ordered = [...sightings].sort((a, b) => Number(a.object.metadata.resourceVersion) - Number(b.object.metadata.resourceVersion))
  const changes: Change[] = []
  const placed = sightings.some(({ object }) => object.kind === 'Node')
  for (const { gone, object } of ordered) {
    const what = names.of(object)
    const before = known.get(what)
    const after: Facets = gone ? { ...before, life: 'gone' } : { life: 'there', ...plainly(names, facetsOf(object, placed)) }
    known.set(what, after)
    const changed = differenceOf(before ?? {}, after)
    if (Object.keys(changed).length > 0)
      changes.push([what, changed])
  }
  return { answers: answers.map(said => ({ ...said, act: names.plain(said.act), ...(said.text ? { text: names.plain(said.text) } : {}) })), changes }
}

function plainly(names: Names, facets: Facets): Facets {
  return JSON.parse(names.plain(JSON.stringify(facets))) as Facets
}

function differenceOf(before: Facets, after: Facets): Facets {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  return Object.fromEntries([...keys].filter(key => JSON.stringify(before[key]) !== JSON.stringify(after[key])).map(key => [key, after[key] ?? null] as [string, Json]))
}

/** Each facet of each object with its values in their order; of those that one write shows together the `state` instead. */
export function sequencesOf({ changes }: Trace): Map<string, Map<string, Json[]>> {
  const objects = new Map<string, Map<string, Json[]>>()
  const known = new Map<string, Facets>()
  for (const [what, changed] of changes) {
    const facets = objects.get(what) ?? new Map<string, Json[]>()
    objects.set(what, facets)
    const now = { ...known.get(what), ...changed }
    known.set(what, now)
    const state = changed.life === 'gone' ? undefined : stateOf(what, now)
    const states = facets.get('state') ?? []
    if (state !== undefined && state !== states.at(-1))
      facets.set('state', [...states, state])
    if (changed.life === 'gone' && isLeftBehind(what, known)) {
      facets.delete('state')
      facets.set('state, its instance left behind', states)
    }
    for (const [facet, value] of Object.entries(changed).filter(([facet]) => !toldTogether(what).includes(facet)))
      facets.set(facet, [...facets.get(facet) ?? [], value])
  }
  return objects
}

/** Whether the instance of a VM that has gone stays. */
function isLeftBehind(vm: string, known: ReadonlyMap<string, Facets>): boolean {
  return vm.startsWith('vm ') && [...known].some(([what, { life, deleting }]) => what.startsWith(`vmi ${vm.slice('vm '.length)} `) && life === 'there' && deleting !== true)
}

/** The phases that others wait for, by who has them. That a migration fails is told beside its guest's end, before or after. */
const AWAITED: Readonly<Record<string, readonly string[]>> = { 'vmi': ['Running', 'Succeeded', 'Failed'], 'migration': ['Running', 'Succeeded'], 'data volume': ['Succeeded'] }

/** With it a node is given up, and all that is on it. */
const FENCED = 'taint node.kubernetes.io/out-of-service'

/** What follows from what across objects: who came, whose guest was over or had moved, and who went, of those that hold each other, and when a disk was filled. */
export function orderOf({ changes }: Trace): string[] {
  const order = changes.flatMap(([what, changed]) => {
    const { life, phase } = changed
    if (what.startsWith('node '))
      return Object.keys(changed).filter(facet => facet === FENCED).map(() => `${what} ${changed[FENCED] ? 'is given up' : 'is taken back'}`)
    const role = /^(vmi?|launcher|target|plug|migration|data volume) /.exec(what)?.[1]
    if (role === undefined)
      return []
    return [
      ...(role !== 'data volume' && life === 'there' ? [`${what} comes`] : []),
      ...(AWAITED[role] ?? []).filter(word => word === phase).map(word => `${what} ${word}`),
      // A target that is not needed any more and a plug go beside the guest's own end, before or after.
      ...(!['data volume', 'target', 'plug'].includes(role) && life === 'gone' ? [`${what} goes`] : []),
    ]
  })
  // A guest that is killed with its pod: whether the kubelet's word or virt-handler's is first is chance.
  return order.map((word, index) => isKilled(word, order[index + 1]) ? order[index + 1] ?? '' : isKilled(order[index - 1], word) ? order[index - 1] ?? '' : word)
}

function isKilled(pod: string | undefined, instance: string | undefined): boolean {
  return /^launcher .* goes$/.test(pod ?? '') && instance === pod?.replace('launcher', 'vmi').replace('goes', 'Failed')
}

function isEarlier(instance: string | undefined, vm: string | undefined): boolean {
  return /^vmi .* comes$/.test(instance ?? '') && /^vm .* Stopped$/.test(vm ?? '')
}

/** When a VM is called off, beside the lives of its instances: KubeVirt says Stopped of one whose instance is still there, and lets that go afterwards. */
export function offOf({ changes }: Trace): string[] {
  const order = changes.flatMap(([what, { life, printableStatus }]) => [
    ...(what.startsWith('vm ') && (printableStatus === 'Stopped' || printableStatus === 'CrashLoopBackOff') ? [`${what} ${printableStatus}`] : []),
    ...(what.startsWith('vmi ') && life !== undefined ? [`${what} ${life === 'gone' ? 'goes' : 'comes'}`] : []),
  ])
  // A VM's controller makes the instance and writes the status of what it saw before: which of them is first is chance.
  const told = order.map((word, index) => isEarlier(word, order[index + 1]) ? order[index + 1] ?? '' : isEarlier(order[index - 1], word) ? order[index - 1] ?? '' : word)
  return told.filter((word, index) => !isOffAlready(word, told.slice(0, index)))
}

/** Whether a VM is called Stopped that waits in back-off: without an instance in between it is no news that it is off, and a start may come before KubeVirt says so. */
function isOffAlready(word: string, before: readonly string[]): boolean {
  const [, vm] = /^vm (\S+) Stopped$/.exec(word) ?? []
  return vm !== undefined && before.findLast(one => one.startsWith(`vm ${vm} `) || (one.startsWith(`vmi ${vm} `) && one.endsWith(' comes'))) === `vm ${vm} CrashLoopBackOff`
}

/** The disks that are let go while the guest runs, on the node that it came from or because they were unplugged. At any other time it is how an image gets torn. */
export function lettingGoOf({ changes }: Trace): string[] {
  const running = new Set<string>()
  return changes.flatMap(([what, { life, phase }]) => {
    if (what.startsWith('vmi ')) {
      if (phase === 'Running')
        running.add(what)
      else if (life === 'gone' || phase !== undefined)
        running.delete(what)
    }
    return what.startsWith('attachment ') && life === 'gone' && running.size > 0 ? [what] : []
  }).sort()
}

/**
 * What is said of an image beside the first good copy of its file, the first time that there is a second, and the last that is lost.
 * Harvester says Imported with the first: it would not be known from one that waits for all, if the second were not told.
 */
export function importOf({ changes }: Trace): string[] {
  const good = new Map<string, Set<string>>()
  const doubled = new Set<string>()
  return changes.flatMap(([what, changed]) => {
    if (what.startsWith('image '))
      return ['Imported', 'RetryLimitExceeded'].filter(type => String(changed[`condition ${type}`]).startsWith('True')).map(type => `${what} ${type}`)
    if (!what.startsWith('file '))
      return []
    const copies = good.get(what) ?? new Set<string>()
    good.set(what, copies)
    const before = copies.size
    for (const [facet, state] of Object.entries(changed).filter(([facet]) => facet.startsWith('copy on '))) {
      if (state === 'ready')
        copies.add(facet)
      else
        copies.delete(facet)
    }
    const isDoubled = copies.size > 1 && !doubled.has(what)
    if (isDoubled)
      doubled.add(what)
    return [
      ...((before === 0) === (copies.size === 0) ? [] : [`${what} ${before === 0 ? 'has a good copy' : 'has none'}`]),
      ...(isDoubled ? [`${what} has a second`] : []),
    ]
  })
}
