import { computed } from 'vue'
import { blindSpot } from '#kube/seen.ts'
import { carryOut, permissionOf } from '#kube/write.ts'
import { objectKey } from '#kube/object.ts'
import { useI18n } from '#sdk/i18n.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import { useNow } from '#sdk/time.ts'
import { useBar } from '#sdk/useBar.ts'
import { useOperator } from '#sdk/useOperator.ts'
import { useSubmit } from '#sdk/useSubmit.ts'
import type { VerdictRemedy } from '#sdk/verdict.ts'
import { costOfGivingUp } from './exportGiveUp.ts'
import type { ExportIntent } from './exportIntent.ts'
import { readAnew } from './exportFreshWorld.ts'
import { leaveForce } from './exportGuests.ts'
import { exportReference } from './exportIntent.ts'
import { planStartNow, vmsKeptOff } from './exportRestart.ts'
import { rightsOfExport, rightsOfForce, rightsOfStart } from './exportRights.ts'
import { putAway } from './exportRunner.ts'
import { blindnessOf, sightQuestion } from './exportSight.ts'
import { nextExportStep } from './exportSteps.ts'
import { toneOfExport } from './exportTone.ts'
import { VMIS } from '#vms/vm.ts'
import { carrierOf } from './keeperStatus.ts'
import { useAbandon } from './useAbandon.ts'
import { useExportRunner } from './useExportRunner.ts'
import type { LiveExportWorld } from './useExportWorld.ts'
import { useForceDecisions } from './useForceDecisions.ts'
import { useForceStop } from './useForceStop.ts'
import { useKeeper } from './useStanding.ts'

const ABANDON_HELP = { 'no-image': 'volumes.export.abandonHelp', 'torn-image': 'volumes.export.abandonTears', 'torn-already': 'volumes.export.abandonIsTorn', 'unverified-image': 'volumes.export.abandonUnverified', 'nothing': 'volumes.export.startNowOver' } as const
const START_HELP = { 'no-image': 'volumes.export.startNowHelp', 'torn-image': 'volumes.export.startNowTears', 'torn-already': 'volumes.export.startNowTorn', 'unverified-image': 'volumes.export.startNowUnverified', 'nothing': 'volumes.export.startNowOver' } as const

/** An export under way: how far it is, who carries it out, and what any operator may do about it now. Call in setup. */
export function useExportActs(intent: () => ExportIntent, world: LiveExportWorld) {
  const { t } = useI18n()
  const proxy = useProxyStore()
  const now = useNow()
  const runner = useExportRunner()
  const operator = useOperator()
  const barredBy = useBar()
  const keeper = useKeeper()
  const decisions = useForceDecisions()
  const force = useForceStop(intent, world, { run: runner.run, isGivenUp: () => step.value.result === 'given-up' })

  const step = computed(() => {
    const next = nextExportStep(world, intent(), proxy.time(now.value))
    return decisions.isMade(intent()) ? next : leaveForce(next, intent())
  })
  const carrier = computed(() => carrierOf(runner.isRunning(intent().claim), keeper.value.answer, exportReference(intent()), intent().id))
  const job = computed(() => keeper.value.answer?.jobs.find(one => one.claim === exportReference(intent()) && one.id === intent().id))
  // An import goes on by itself; every other step needs somebody.
  const isCarriedOut = computed(() => carrier.value === 'here' || carrier.value === 'server')
  const keptOff = computed(() => vmsKeptOff(world, intent()).map(key => world.vms.objects.find(vm => objectKey(vm) === key)?.metadata.name ?? key))
  const tone = computed(() => toneOfExport(step.value, isCarriedOut.value ? 'carried' : keeper.value.state === 'asking' ? 'asking' : 'left', cost.value))
  const title = computed(() => t(`volumes.export.state.${step.value.word === 'stopped' ? 'stopped' : keeper.value.state === 'asking' && carrier.value !== 'here' ? 'asking' : carrier.value}`, { name: exportReference(intent()) }))

  /** What it waits for as long as something cannot be seen, by whoever carries it out. */
  const question = computed(() => {
    const asked = sightQuestion(step.value, intent())
    return asked ? [t(`volumes.sight.${asked.to}`), ...asked.isEndless ? [t(asked.to === 'start' ? 'volumes.sight.endless-start' : 'volumes.sight.endless')] : []].join(' ') : ''
  })
  const unseenByKeeper = computed(() => carrier.value !== 'here' && job.value ? blindnessOf(job.value) : [])
  // What is pressed starts nothing as long as an old instance may be there.
  const startsLater = computed(() => {
    const { namespace } = intent().claim
    const spot = keptOff.value.length ? blindSpot(VMIS, world.vmis, namespace) : undefined
    const word = spot?.state === 'forbidden' ? 'before-start-forbidden' : 'before-start'
    return spot && spot.state !== 'loading' ? [t(`volumes.sight.${word}`, { namespace, state: t(`volumes.fact.state.${spot.state}`) })] : []
  })
  const helpOf = (help: string) => [help, ...startsLater.value].join(' ')

  const failure = computed(() => runner.failureOf(intent().claim))
  // Once the image is being read, giving up saves nothing; starting what is off still does.
  const cost = computed(() => costOfGivingUp(step.value, intent()))
  const isMade = computed(() => cost.value !== 'no-image')
  // What is being started needs no second start.
  const isStarting = computed(() => cost.value === 'nothing' && isCarriedOut.value)
  const canStart = computed(() => intent().abandonedBy === undefined && !isStarting.value && keptOff.value.length > 0)
  const names = computed(() => new Intl.ListFormat(t('volumes.export.listLanguage')).format(keptOff.value))

  // A guest that is still ending can only be started once it is gone: from here on this console sees to it.
  async function giveUp(): Promise<void> {
    for (const write of planStartNow(world, intent(), await operator()))
      await carryOut(proxy, write)
    runner.run(intent())
  }
  const startNow = useSubmit(giveUp)
  const abandon = useAbandon(intent, world, { cost: () => cost.value, off: () => keptOff.value.length ? names.value : '', startsLater: () => startsLater.value, giveUp })
  const dismiss = useSubmit(() => putAway({ readAnew: one => readAnew(world, one, proxy.get), send: write => carryOut(proxy, write), now: proxy.time }, intent()))

  const remedies = computed<VerdictRemedy[]>(() => [
    ...!isCarriedOut.value && step.value.word !== 'stopped' ? [{ id: 'resume', label: t('volumes.export.resume'), recommended: true, disabled: barredBy(rightsOfExport(intent(), isMade.value)) }] : [],
    ...step.value.dismiss ? [{ id: 'dismiss', ...step.value.word === 'stopped' ? { label: t('volumes.export.dismiss'), recommended: true } : { label: t('volumes.export.endHere'), help: t('volumes.export.endHereHelp') }, disabled: barredBy(step.value.dismiss.map(permissionOf)) }] : [],
    ...canStart.value ? [{ id: 'startNow', label: t('volumes.export.startNow', { vms: names.value }), help: helpOf(t(START_HELP[cost.value])), disabled: barredBy(rightsOfStart(intent())) }] : [],
    ...abandon.isOffered.value ? [{ id: 'abandon', label: t('volumes.export.abandon'), help: helpOf(t(ABANDON_HELP[cost.value])), disabled: barredBy(rightsOfStart(intent())) }] : [],
    // Last: it comes and goes with the guest, and moves no other button under somebody's pointer.
    ...(!isMade.value || step.value.result === 'given-up') && force.vms.value.length ? [{ id: 'force', label: t('volumes.export.force'), help: t('volumes.export.forceHelp'), disabled: barredBy(rightsOfForce(intent())) }] : [],
  ])
  const submissions = { dismiss, startNow, force, abandon }
  const pending = computed(() => Object.entries(submissions).find(([, submission]) => submission.pending.value)?.[0])
  const refusal = computed(() => Object.values(submissions).find(submission => submission.error.value)?.error.value)
  function act(id: string): void {
    if (id === 'resume')
      runner.run(intent())
    else
      void (id === 'dismiss' ? dismiss : id === 'force' ? force : id === 'abandon' ? abandon : startNow).submit()
  }
  return { step, question, unseenByKeeper, carrier, job, isCarriedOut, keptOff, names, tone, title, failure, remedies, pending, refusal, act }
}
