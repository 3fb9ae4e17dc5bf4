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
  /** The value is promised, but not this part of it. */
  readonly hides?: RegExp
  readonly why: string
}

const READY = /^condition Ready$/
const STATE = /^state/
const NOT_GOOD = /^(?!ready$)/
export const FLEETING: readonly Fleeting[] = [
  { object: /^vm /, facet: READY, value: /VMIConditionMissing/, why: 'The VM\'s controller comes between the creation of the instance and the first condition of it, or does not.' },
  { object: /^vm /, facet: READY, value: /VMINotExists/, after: /^$/, why: 'The VM\'s controller writes its first status before the instance is there, or after.' },
  { object: /^vm /, facet: READY, value: /VMINotExists/, before: /./, why: 'Of two instances, one after the other, the VM\'s controller sees that there is none in between, or does not. That there was none is told by the order.' },
  { object: /^vmi? /, facet: READY, value: /PodTerminating|PodNotExists/, why: 'Guest, pod and instance end within one another\'s writes: which of them the instance\'s controller sees first is chance. Where it is not, the states tell it.' },
  { object: /^vmi? /, facet: READY, value: /GuestNotRunning/, after: /^True/, why: 'As above.' },
  { object: /^vm /, facet: /^(ready|condition Ready)$/, value: /^false$|VMINotExists/, after: /./, before: /^$/, why: 'The last that is told of a VM that goes may come too late.' },

  { object: /^vm /, facet: STATE, value: /(Starting|Provisioning|WaitingForVolumeBinding|DataVolumeError) · not created/, before: / · created/, why: 'The VM\'s controller tells of the start with the look that makes the instance, or once it has seen it.' },
  { object: /^vm /, facet: STATE, value: /Running · created · not ready/, after: /Starting/, before: /Running · created · ready/, why: 'The instance is told to be ready soon after it runs, before the VM\'s controller looks again or after.' },
  { object: /^vm /, facet: STATE, value: /Running · created · not ready/, after: / Paused /, before: /Running · created · ready/, why: 'As above, of a guest that is resumed.' },
  { object: /^vm /, facet: STATE, value: /Stopped · not created/, after: /Stopped · created/, before: /Starting/, why: 'Of two instances, one after the other, the VM\'s controller sees that there is none in between, or does not. That there was none is told by the order.' },
  { object: /^vm /, facet: STATE, value: /Stopped · not created/, after: /CrashLoopBackOff · not created/, before: /Starting/, why: 'A start that does not wait for what failed before: the VM\'s controller says with the look that makes the instance that it starts, or looks once more before it sees it.' },
  { object: /^vm /, facet: STATE, value: /(Stopping|Stopped|Terminating) · created/, hides: /(not )?ready · /, why: 'The VM\'s controller copies from an instance that it is not ready any more when it comes to it: of a guest that obeys before its end or after. The instance\'s own states tell when it was.' },
  { object: /^vm /, facet: STATE, value: /Terminating · not created/, before: /^$/, why: 'The last that is told of a VM that goes may come too late.' },
  { object: /^vm /, facet: /^state, its instance left behind$/, value: /Terminating · created/, after: /Running/, before: /Terminating · not created/, why: 'The VM\'s controller comes before the collector of garbage has taken the instance from its VM, or after.' },
  { object: /^vm /, facet: STATE, value: / Stopping /, after: /· (Error\w+|WaitingForVolumeBinding|Provisioning) ·/, before: /· (Stopped|ErrorUnschedulable|Provisioning) ·/, why: 'An instance without a pod, or with one that has no place, is over with the look that sees it deleted.' },
  { object: /^vm /, facet: STATE, value: / Starting /, after: / WaitingForVolumeBinding /, before: / Stopp/, why: 'What waited for its disk and is Halted is Starting until its instance is deleted, which is at once.' },
  { object: /^vm /, facet: STATE, value: / WaitingForVolumeBinding /, after: / Error/, before: / Starting /, why: 'The disk that was missing is bound before the next look, or not.' },
  { object: /^vm /, facet: STATE, value: / ErrorUnschedulable /, after: / ErrorPvcNotFound /, before: / (Starting|WaitingForVolumeBinding) /, why: 'The pod of a disk that has come is told of as one without a place until the disk is bound, or is placed before the next look.' },
  { object: /^vm /, facet: STATE, value: / Starting /, after: / Stopped /, before: / Error/, why: 'A start that is held up at once may be told of with its trouble.' },

  { object: /^vmi /, facet: STATE, value: /^(Succeeded|Failed) /, hides: /(ready|PodTerminating|PodNotExists|GuestNotRunning) · /, why: 'Of a guest that is over, what is seen first of its pod and of its end is chance. What is said in the end of an instance that stays is told by its condition.' },
  { object: /^vmi /, facet: STATE, value: /^(Succeeded|Failed) /, hides: / · held by .*/, why: 'Of an instance that is over two controllers drop one finalizer each, in any order.' },
  { object: /^vmi /, facet: STATE, value: /held by foregroundDeletion/, hides: /foregroundDeletion and /, why: 'Of an instance whose VM is deleted in the foreground: whether the collector of garbage deletes it first, or the VM\'s controller.' },
  { object: /^vmi /, facet: STATE, value: /^Running · PodTerminating/, before: /^Succeeded/, why: 'A guest that obeys may be over before the instance\'s controller has looked at the pod that is to go. Of one that is cut off, which takes its grace, it is always told.' },
  { object: /^vmi /, facet: STATE, value: /^Running · PodTerminating/, after: /^Running · unsaid/, before: /^Failed/, why: 'A pod that is removed by force from a node that is lost is told to end and gone at once: the instance\'s controller looks in between, or does not.' },
  { object: /^vmi /, facet: STATE, value: /^Scheduled · PodTerminating/, before: /^Failed/, why: 'A guest that has not booted is over soon after its pod is deleted: before the instance\'s controller has looked at it, or after.' },
  { object: /^vmi /, facet: /^volumes$/, value: /Pending hotplug · PVCNotReady/, before: /AttachedToNode hotplug/, why: 'The instance\'s controller looks at a disk that has come before it is bound, or after.' },
  { object: /^vmi /, facet: /^volumes$/, value: /(Bound|Detaching) hotplug/, why: 'The instance\'s controller tells of a volume with the pod in sight that it has just made or deleted, or without.' },
  { object: /^file /, facet: /^copy on /, value: /^(""|starting|in-progress|null)$/, after: NOT_GOOD, why: 'Longhorn asks a file\'s process how far it is once a second or so; a small file is fetched between two questions, and one that has failed is gone between two tries. A good copy never goes so.' },
  { object: /^file /, facet: /^copy on /, value: /^pending$|^failed · failed to process sync file: (syncing file should be directly reused|failed to wait for processing begin)/, after: /^failed · ready file is modified/, why: 'A row of differences.md: when every copy is spoilt, Longhorn tries for minutes to make of each what is there, and how often it says that it failed is chance.' },
  { object: /^file /, facet: /^copy on /, value: /^unknown · Backing image manager pod is not running$/, after: /^unknown$/, why: 'Longhorn says so too of a copy that is unknown with its node when it sees the manager\'s pod gone before the node is back.' },
  { object: /^source /, facet: /^state$/, value: /^(starting|in-progress)$/, why: 'As above.' },
  { object: /^image /, facet: /^progress$/, value: /^(under way|null)$/, after: /^(?!100$)/, why: 'As above, and Harvester copies what Longhorn says when it comes to it.' },
  { object: /^image /, facet: /^condition Imported$/, value: /^Unknown · Importing · Image Importing$/, before: /^True/, why: 'Of a small file that CDI keeps Harvester tells how far it is, or finds it whole at its first look.' },
  { object: /^file /, facet: /^finalizers$/, value: /^\["[^"]*"\]$/, after: /foregroundDeletion/, why: 'The collector of garbage and Longhorn drop one each, in any order.' },
]

interface Promised {
  readonly told: readonly string[]
  /** The rules by which something is left out. */
  readonly by: ReadonlySet<Fleeting>
}

/** Of a facet's values what upstream promises, in order, and of each as much as is promised. The last that is seen of an object that stays is always promised. */
export function promisedOf(object: string, facet: string, words: readonly string[], isGone: boolean): Promised {
  const rules = FLEETING.filter(rule => rule.object.test(object) && rule.facet.test(facet))
  const by = new Set<Fleeting>()
  const isEnd = (index: number, all: readonly string[]) => index === all.length - 1 && !isGone
  const met = (kind: (rule: Fleeting) => boolean, around: Around) => rules.filter(rule => kind(rule) && isMet(rule, around))
  const use = (found: readonly Fleeting[]) => {
    found.forEach(rule => by.add(rule))
    return found
  }

  const plain: string[] = []
  words.forEach((word, index) => {
    const vague = met(isPart, ['', word, ''])
    const said = vague.reduce((left, { hides }) => hides ? left.replace(hides, '') : left, word)
    // What is the same but for that before the end is the end itself.
    if (said === plain.at(-1))
      plain.pop()
    if (!isEnd(index, words))
      use(vague)
    plain.push(isEnd(index, words) ? word : said)
  })

  const told: string[] = []
  plain.forEach((word, index) => {
    const fleeting = isEnd(index, plain) ? [] : use(met(rule => !isPart(rule), [told.at(-1) ?? '', word, plain[index + 1] ?? '']))
    if (fleeting.length === 0 && word !== told.at(-1))
      told.push(word)
  })
  return { told, by }
}

const isPart = ({ hides }: Fleeting) => hides !== undefined

type Around = readonly [last: string, word: string, next: string]

function isMet({ after = /^/, value, before = /^/ }: Fleeting, [last, word, next]: Around): boolean {
  return after.test(last) && value.test(word) && before.test(next)
}
