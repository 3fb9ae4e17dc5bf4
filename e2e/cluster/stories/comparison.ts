import { brokenRules } from './attaching.ts'
import type { Json } from './facets.ts'
import type { Said, Trace } from './trace.ts'
import { importOf, lettingGoOf, offOf, orderOf, sequencesOf } from './trace.ts'

/** A value that may be seen or not, because upstream writes a status when it comes to it, and not at each change. */
interface Fleeting {
  readonly object: RegExp
  readonly facet: RegExp
  readonly value: RegExp
  /** Only where the value before it is so; '' stands for none. */
  readonly after?: RegExp
  /** Only where the value after it is so. */
  readonly before?: RegExp
  readonly why: string
}

const READY = /^condition Ready$/
const NOT_GOOD = /^(?!ready$)/
const FLEETING: readonly Fleeting[] = [
  { object: /^vm /, facet: READY, value: /VMIConditionMissing/, why: 'The VM\'s controller comes between the creation of the instance and the first condition of it, or does not.' },
  { object: /^vm /, facet: READY, value: /VMINotExists/, after: /^$/, why: 'The VM\'s controller writes its first status before the instance is there, or after.' },
  { object: /^vm /, facet: READY, value: /VMINotExists/, before: /./, why: 'Of two instances, one after the other, the VM\'s controller sees that there is none in between, or does not. That there was none is told by the order.' },
  { object: /^vm /, facet: /^created$/, value: /^false$/, after: /^true$/, before: /^true$/, why: 'As above.' },
  { object: /^vmi? /, facet: READY, value: /PodTerminating|PodNotExists/, why: 'Guest, pod and instance end within one another\'s writes: which of them the instance\'s controller sees first is chance. That the VM is not ready is told by `ready`.' },
  { object: /^vmi? /, facet: READY, value: /GuestNotRunning/, after: /^True/, why: 'As above.' },
  { object: /^vmi /, facet: /^finalizers$/, value: /^\["[^"]*"\]$/, before: /./, why: 'Two controllers drop one each, in any order.' },
  { object: /^vm /, facet: /^(created|ready|printableStatus|condition Ready)$/, value: /^false$|^Terminating$|VMINotExists/, after: /./, before: /^$/, why: 'The last that is told of a VM that goes may come too late.' },
  { object: /^vm /, facet: /^printableStatus$/, value: /^Stopping$/, after: /^Error|^WaitingForVolumeBinding$|^Provisioning$/, before: /^Stopped$|^ErrorUnschedulable$|^Provisioning$/, why: 'An instance without a pod, or with one that has no place, is over with the look that sees it deleted.' },
  { object: /^vm /, facet: /^printableStatus$/, value: /^Starting$/, after: /^WaitingForVolumeBinding$/, before: /^Stopp/, why: 'What waited for its disk and is Halted is Starting until its instance is deleted, which is at once.' },
  { object: /^vm /, facet: /^printableStatus$/, value: /^WaitingForVolumeBinding$/, after: /^Error/, before: /^Starting$/, why: 'The disk that was missing is bound before the next look, or not.' },
  { object: /^vm /, facet: /^printableStatus$/, value: /^ErrorUnschedulable$/, after: /^ErrorPvcNotFound$/, before: /^Starting$|^WaitingForVolumeBinding$/, why: 'The pod of a disk that has come is told of as one without a place until the disk is bound, or is placed before the next look.' },
  { object: /^vm /, facet: /^printableStatus$/, value: /^Starting$/, after: /^Stopped$/, before: /^Error/, why: 'A start that is held up at once may be told of with its trouble.' },
  { object: /^vmi /, facet: /^volumes$/, value: /Pending hotplug · PVCNotReady/, before: /AttachedToNode hotplug/, why: 'The instance\'s controller looks at a disk that has come before it is bound, or after.' },
  { object: /^vmi /, facet: /^volumes$/, value: /(Bound|Detaching) hotplug/, why: 'The instance\'s controller tells of a volume with the pod in sight that it has just made or deleted, or without.' },
  { object: /^file /, facet: /^copy on /, value: /^(""|starting|in-progress|null)$/, after: NOT_GOOD, why: 'Longhorn asks a file\'s process how far it is once a second or so; a small file is fetched between two questions, and one that has failed is gone between two tries. A good copy never goes so.' },
  { object: /^file /, facet: /^copy on /, value: /^failed · failed to process sync file: (syncing file should be directly reused|failed to wait for processing begin)/, after: /^failed · ready file is modified/, why: 'A row of differences.md: when every copy is spoilt, Longhorn tries for minutes to make of each what is there, and how often it says that it failed is chance.' },
  { object: /^source /, facet: /^state$/, value: /^(starting|in-progress)$/, why: 'As above.' },
  { object: /^image /, facet: /^progress$/, value: /^(under way|null)$/, after: /^(?!100$)/, why: 'As above, and Harvester copies what Longhorn says when it comes to it.' },
  { object: /^file /, facet: /^finalizers$/, value: /^\["[^"]*"\]$/, after: /foregroundDeletion/, why: 'The collector of garbage and Longhorn drop one each, in any order.' },
]

/** What is compared by one value alone, and why. */
const BY_ONE: readonly { readonly object: RegExp, readonly facet: RegExp, readonly value: 'first' | 'last', /** Only of objects that go. */ readonly ofGone?: boolean, readonly why: string }[] = [
  { object: /^attachment /, facet: /./, value: 'last', why: 'Whether a disk is let go between two instances is a race of its detaching with the next pod, upstream as here. What holds whoever wins, attaching.ts asks of each trace by itself.' },
  { object: /^vmi /, facet: /^finalizers$/, value: 'first', ofGone: true, why: 'As above, and the object may go with the last. That the instance outlives its pod is told by the order.' },
]

export interface Difference { readonly where: string, readonly one: string, readonly other: string }

/** Where two traces of one story differ, or one shows what none may; empty where they tell the same. */
export function differencesOf(one: Trace, other: Trace): Difference[] {
  return [
    ...answersApart(one.answers, other.answers),
    ...sequencesApart(one, other),
    ...apart('order', orderOf(one).join(' › '), orderOf(other).join(' › ')),
    ...apart('disks let go under a running guest', lettingGoOf(one).join(' › '), lettingGoOf(other).join(' › ')),
    ...apart('order of images and copies', importOf(one).join(' › '), importOf(other).join(' › ')),
    ...apart('order of the word off', offOf(one).join(' › '), offOf(other).join(' › ')),
    ...forbidden(one, other),
  ]
}

/** Both may show it: that they are alike does not excuse it. */
function forbidden(...traces: readonly [Trace, Trace]): Difference[] {
  const [one, other] = traces.map(trace => brokenRules(trace).join('; '))
  return one || other ? [{ where: 'what no trace may show', one: one || 'nothing', other: other || 'nothing' }] : []
}

function apart(where: string, one: string, other: string): Difference[] {
  return one === other ? [] : [{ where, one, other }]
}

function answersApart(one: readonly Said[], other: readonly Said[]): Difference[] {
  const acts = Array.from({ length: Math.max(one.length, other.length) }, (_none, index) => index)
  const words = (said: Said | undefined) => said ? [said.who, said.act, said.code, said.reason, said.text].filter(Boolean).join(' · ') : 'nothing'
  return acts.flatMap(index => apart(`answer ${index + 1}`, words(one[index]), words(other[index])))
}

function sequencesApart(one: Trace, other: Trace): Difference[] {
  const [mine, theirs] = [sequencesOf(one), sequencesOf(other)]
  return [...new Set([...mine.keys(), ...theirs.keys()])].flatMap(object => {
    const [here = NONE, there = NONE] = [mine.get(object), theirs.get(object)]
    return [...new Set([...here.keys(), ...there.keys()])].flatMap(facet => apart(`${object} · ${facet}`, promised(object, facet, here), promised(object, facet, there)))
  })
}

const NONE: ReadonlyMap<string, readonly Json[]> = new Map()

/** Of a facet's values what upstream promises, in order. */
function promised(object: string, facet: string, facets: ReadonlyMap<string, readonly Json[]>): string {
  const words = (facets.get(facet) ?? []).map(value => typeof value === 'string' ? value || '""' : JSON.stringify(value))
  const isGone = facets.get('life')?.at(-1) === 'gone'
  const one = BY_ONE.find(rule => rule.object.test(object) && rule.facet.test(facet) && (isGone || !rule.ofGone))
  if (one)
    return words.at(one.value === 'first' ? 0 : -1) ?? 'never'
  const told: string[] = []
  words.forEach((word, index) => {
    const isEnd = index === words.length - 1 && !isGone
    if ((isEnd || !isFleeting(object, facet, [told.at(-1) ?? '', word, words[index + 1] ?? ''])) && word !== told.at(-1))
      told.push(word)
  })
  return told.join(' › ') || 'never'
}

function isFleeting(object: string, facet: string, [last, word, next]: readonly [string, string, string]): boolean {
  return FLEETING.some(({ after = /^/, value, before = /^/, ...one }) => one.object.test(object) && one.facet.test(facet) && after.test(last) && value.test(word) && before.test(next))
}

/** Differences as a person reads them. */
export function describe(differences: readonly Difference[], [one, other]: readonly [string, string]): string {
  return differences.map(({ where, ...words }) => `  ${where}\n    ${one}: ${words.one}\n    ${other}: ${words.other}`).join('\n')
}
