import type { PowerState, PowerWord } from './powerState.ts'
import type { Glance, Recorded, Standing } from './recordedStories.ts'
import { derivePowerState } from './powerState.ts'
import { glancesOf, isOver, RECORDS, vmOf, vmiOf } from './recordedStories.ts'

// Every VM of every story, in every state that KubeVirt's own control plane was seen in, and what its power state must be called
// then. That is read from the record as it stands and from what came after it in the same story, which nobody knows who looks
// at a cluster: whether another instance came without anybody asking, or none did. For the specs of what is judged about it.

const NOW = Date.parse('2026-05-04T03:00:00Z')

interface Request { readonly action: string, readonly uid?: string }
/** Whether another instance comes without anybody asking anew; undefined where somebody asked before it could be seen. */
type Comes = boolean | undefined

/** One state of one VM, and what is judged of it. */
export interface Moment {
  readonly story: string
  readonly change: Glance['change']
  readonly vm: Standing
  readonly instance: Standing | undefined
  readonly comes: Comes
  /** Whether the story itself shows that. */
  readonly isShown: boolean
  readonly state: PowerState
}

/** What a VM must be called, and the record's reason for it. More than one word where the record leaves out what decides. */
interface Reading { readonly words: readonly PowerWord[], readonly why: string }

const isOf = (kind: string, name: string) => ({ what }: Pick<Standing, 'what'>) => what === `${kind} ${name}` || what.startsWith(`${kind} ${name} `)
const requestsOf = ({ facets }: Standing) => (facets.stateChangeRequests ?? []) as readonly Request[]
const asksFor = (vm: Standing, action: string) => requestsOf(vm).some(request => request.action === action)
const strategyOf = ({ facets }: Standing) => String(facets['spec.runStrategy'])
const saysOf = ({ facets }: Standing, condition: string) => String(facets[`condition ${condition}`] ?? '')

/** The names of the VMs that a story tells of; `vm web 2` is one that was made after `vm web`, of the same name. */
function vmsIn({ changes }: Recorded): string[] {
  return [...new Set(changes.flatMap(([what]) => /^vm (\S+)/.exec(what)?.[1] ?? []))]
}

/** Every state of a VM while it is there. */
export function momentsOf(record: Recorded, name: string): Moment[] {
  const glances = glancesOf(record)
  return glances.flatMap(({ change, there }, index) => {
    const vm = there.find(isOf('vm', name))
    const instance = there.find(isOf('vmi', name))
    if (!vm)
      return []
    const seen = cameAfter(glances, index, name)
    const isShown = seen !== 'not shown'
    const comes = isShown ? seen : byTheBook(vm, instance)
    return [{ story: record.story, change, vm, instance, comes, isShown, state: derivePowerState(vmOf(vm), instance && vmiOf(instance), NOW) }]
  })
}

/** Whether the story shows another instance, or none to its end; it does not where somebody has a wish before that, or a start is still waited for at the end. */
function cameAfter(glances: readonly Glance[], index: number, name: string): boolean | 'not shown' {
  for (const [offset, { change: [what, changed], there }] of glances.slice(index + 1).entries()) {
    if (isOf('vmi', name)({ what }) && changed.life === 'there')
      return true
    if (!isOf('vm', name)({ what }))
      continue
    const before = glances[index + offset]?.there.find(isOf('vm', name))
    const after = there.find(isOf('vm', name))
    const isNew = before && after && requestsOf(after).some(({ action }) => !asksFor(before, action)) && !isKubeVirtsOwn(before, there.find(isOf('vmi', name)))
    if (['life', 'deleting', 'spec.runStrategy'].some(facet => facet in changed) || isNew)
      return 'not shown'
  }
  const last = glances.at(-1)?.there.find(isOf('vm', name))
  return last && asksFor(last, 'Start') ? 'not shown' : false
}

/** KubeVirt itself asks for the start of a RerunOnFailure VM whose guest has failed, unless somebody has asked for its stop. */
function isKubeVirtsOwn(before: Standing, instance: Standing | undefined): boolean {
  return strategyOf(before) === 'RerunOnFailure' && instance?.facets.phase === 'Failed' && !asksFor(before, 'Stop')
}

/** Where the story does not show it: what each run strategy does once its instance is over or gone (kubevirt pkg/virt-controller/watch/vm/vm.go). */
function byTheBook(vm: Standing, instance: Standing | undefined): Comes {
  if (asksFor(vm, 'Start'))
    return true
  switch (strategyOf(vm)) {
    case 'Halted': case 'Manual': return false
    case 'Always': return true
    case 'Once': return !instance || instance.facets.deleting === true
    default: return instance ? instance.facets.phase === 'Failed' && instance.facets.deleting !== true : undefined
  }
}

const ENDS: Readonly<Record<string, readonly PowerWord[]>> = { true: ['restarting'], false: ['stopping'], undefined: ['restarting', 'stopping'] }
const SAYS_COMES: Readonly<Record<string, string>> = { true: 'and another comes', false: 'and none comes after it', undefined: 'and whether another comes is not told' }

/** What the VM must be called at that moment, without the judgement. */
export function readingOf(moment: Moment): Reading {
  const { vm, instance } = moment
  if (vm.facets.deleting === true)
    return { words: ['terminating'], why: 'the VM is being deleted' }
  if (!instance)
    return vm.facets.created === true ? notNotedYet(vm) : withoutInstance(moment)
  if (isOver(instance.facets.phase))
    return afterTheGuest(moment, instance)
  if (isLeaving(vm, instance))
    return { words: ENDS[String(moment.comes)] ?? [], why: `its instance is to end, ${SAYS_COMES[String(moment.comes)]}` }
  return instance.facets.phase === 'Running' ? running(instance) : beginning(instance)
}

function isLeaving(vm: Standing, instance: Standing): boolean {
  const [first] = requestsOf(vm)
  return instance.facets.deleting === true || strategyOf(vm) === 'Halted' || (first?.action === 'Stop' && first.uid === instance.what)
}

function notNotedYet(vm: Standing): Reading {
  const why = 'KubeVirt says that it has an instance, and none is seen'
  return { words: strategyOf(vm) === 'Halted' ? ['stopping'] : ['unknown'], why }
}

/** KubeVirt's own words for a VM without an instance that it will start; any other it prints of the one before. */
const PRINTED: Readonly<Record<string, readonly PowerWord[]>> = {
  CrashLoopBackOff: ['crashed'], Provisioning: ['provisioning'], WaitingForVolumeBinding: ['provisioning'],
  ErrorPvcNotFound: ['failing'], ErrorUnschedulable: ['failing'], DataVolumeError: ['failing'], ErrImagePull: ['failing'], ImagePullBackOff: ['failing'],
}

function withoutInstance({ vm, comes }: Moment): Reading {
  // A start that is asked for forgets what failed before, a moment before KubeVirt prints anew (kubevirt pkg/virt-api/rest/lifecycle.go).
  const isForgotten = vm.facets.printableStatus === 'CrashLoopBackOff' && !vm.facets.startFailure
  const printed = isForgotten ? 'nothing new' : String(vm.facets.printableStatus ?? 'nothing')
  // A start that is asked for of a Halted VM makes it Always: how often it failed before counts no more then.
  const coming = saysOf(vm, 'Failure').startsWith('True') ? ['failing'] as const : strategyOf(vm) === 'Halted' ? ['starting'] as const : PRINTED[printed] ?? ['starting']
  if (comes === undefined)
    return { words: ['off', ...coming], why: 'it has no instance, and whether one comes is not told' }
  return comes ? { words: coming, why: `it has no instance, one comes, and KubeVirt prints ${printed}` } : { words: ['off'], why: 'it has no instance, and none comes' }
}

function afterTheGuest({ vm, comes }: Moment, instance: Standing): Reading {
  const failed = instance.facets.phase === 'Failed'
  const guest = failed ? 'its guest has failed' : 'its guest has shut down'
  // Deleted by somebody it stays off, by KubeVirt after a failure it comes back; of that order a record of one moment tells nothing.
  if (failed && instance.facets.deleting === true && strategyOf(vm) === 'RerunOnFailure' && !requestsOf(vm).length)
    return { words: ['restarting', 'stopping'], why: `${guest}, and who deletes its instance is not told` }
  const isKept = instance.facets.deleting !== true && ['Manual', 'Once'].includes(strategyOf(vm)) && !requestsOf(vm).length
  if (isKept)
    return { words: failed ? ['crashed'] : ['off'], why: `${guest}, and its instance is kept` }
  return { words: ENDS[String(comes)] ?? [], why: `${guest}, ${SAYS_COMES[String(comes)]}` }
}

function running(instance: Standing): Reading {
  const { started, ended } = (instance.facets.migrationState ?? {}) as { readonly started?: boolean, readonly ended?: boolean }
  if (started && !ended)
    return { words: ['migrating'], why: 'its guest is being migrated' }
  return saysOf(instance, 'Paused').startsWith('True') ? { words: ['paused'], why: 'its guest is paused' } : { words: ['running'], why: 'its guest runs' }
}

function beginning(instance: Standing): Reading {
  const held = holdOf(instance)
  return held ? { words: ['failing'], why: `its start is held by ${held}` } : { words: ['starting'], why: 'its instance is starting' }
}

/** KubeVirt's reason for which a start does not get on: what the instance cannot be made of comes before where it cannot run. */
function holdOf(instance: Standing): string | undefined {
  const says = [saysOf(instance, 'Synchronized'), saysOf(instance, 'PodScheduled')].find(one => one.startsWith('False'))
  return says?.split(' · ')[1]
}

/** What its reason must tell besides the word, or undefined: what KubeVirt counted, named and said. */
function untold({ vm, instance, state: { because, message } }: Moment): string | undefined {
  const said = [vm, ...(instance ? [instance] : [])].flatMap(standing => Object.keys(standing.facets).map(key => String(standing.facets[key])))
  if (message !== undefined && !said.some(text => text.endsWith(` · ${message}`)))
    return 'is told in words that KubeVirt did not say'
  switch (because.code) {
    case 'crash-loop': case 'crash-loop-waiting': return because.failures === vm.facets.startFailure ? undefined : `is said to have failed ${because.failures} times`
    case 'scheduling': return because.phase === instance?.facets.phase ? undefined : `is said to be in phase ${because.phase}`
    case 'cannot-start': return [instance ? holdOf(instance) : saysOf(vm, 'Failure').split(' · ')[1], ...(instance ? [] : [vm.facets.printableStatus])].includes(because.reason) ? undefined : `is said to be held by ${because.reason}`
    case 'guest-running': case 'guest-not-ready': return instance && saysOf(instance, 'Ready').startsWith('False') === (because.code === 'guest-not-ready') ? undefined : `is said to be ${because.code}`
    default: return undefined
  }
}

/** Where the judgement calls a VM what the trace does not, in words; empty where they agree. */
export function disagreementsIn(moments: readonly Moment[]): string[] {
  return moments.flatMap(moment => {
    const { words, why } = readingOf(moment)
    const at = `${moment.story}, ${moment.vm.what}, after ${JSON.stringify(moment.change)}`
    const other = untold(moment)
    return [
      ...(words.includes(moment.state.word) ? [] : [`${at}: is called ${moment.state.word}, and is ${words.join(' or ')}: ${why}`]),
      ...(other ? [`${at}: ${other}`] : []),
    ]
  })
}

/** Each VM of each story; those stories are left out that tell of instances alone. */
export const MACHINES: readonly { readonly story: string, readonly name: string, readonly record: Recorded }[] = RECORDS.flatMap(record => vmsIn(record).map(name => ({ story: record.story, name, record })))

/** For every state of every VM of every story. */
export function allDisagreements(): string[] {
  return MACHINES.flatMap(({ record, name }) => disagreementsIn(momentsOf(record, name)))
}
