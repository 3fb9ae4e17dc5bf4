// What upstream promises of a facet's values, and what is chance there.

/** A value that may be seen or not, because upstream writes a status when it comes to it, and not at each change. */
export interface Fleeting {
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
export const FLEETING: readonly Fleeting[] = [
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
  { object: /^file /, facet: /^copy on /, value: /^pending$|^failed · failed to process sync file: (syncing file should be directly reused|failed to wait for processing begin)/, after: /^failed · ready file is modified/, why: 'A row of differences.md: when every copy is spoilt, Longhorn tries for minutes to make of each what is there, and how often it says that it failed is chance.' },
  { object: /^file /, facet: /^copy on /, value: /^unknown · Backing image manager pod is not running$/, after: /^unknown$/, why: 'Longhorn says so too of a copy that is unknown with its node when it sees the manager\'s pod gone before the node is back.' },
  { object: /^source /, facet: /^state$/, value: /^(starting|in-progress)$/, why: 'As above.' },
  { object: /^image /, facet: /^progress$/, value: /^(under way|null)$/, after: /^(?!100$)/, why: 'As above, and Harvester copies what Longhorn says when it comes to it.' },
  { object: /^file /, facet: /^finalizers$/, value: /^\["[^"]*"\]$/, after: /foregroundDeletion/, why: 'The collector of garbage and Longhorn drop one each, in any order.' },
]

interface Promised {
  readonly told: readonly string[]
  /** The rules by which something is left out. */
  readonly by: ReadonlySet<Fleeting>
}

/** Of a facet's values what upstream promises, in order. The last that is seen of an object that stays is always promised. */
export function promisedOf(object: string, facet: string, words: readonly string[], isGone: boolean): Promised {
  const told: string[] = []
  const by = new Set<Fleeting>()
  words.forEach((word, index) => {
    const isEnd = index === words.length - 1 && !isGone
    const rules = isEnd ? [] : FLEETING.filter(rule => isMet(rule, object, facet, [told.at(-1) ?? '', word, words[index + 1] ?? '']))
    rules.forEach(rule => by.add(rule))
    if (rules.length === 0 && word !== told.at(-1))
      told.push(word)
  })
  return { told, by }
}

function isMet({ after = /^/, value, before = /^/, ...one }: Fleeting, object: string, facet: string, [last, word, next]: readonly [string, string, string]): boolean {
  return one.object.test(object) && one.facet.test(facet) && after.test(last) && value.test(word) && before.test(next)
}
