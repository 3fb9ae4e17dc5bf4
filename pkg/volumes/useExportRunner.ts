import { computed, effectScope, watch } from 'vue'
import { ApiError } from '#kube/apiError.ts'
import { PODS } from '#kube/core.ts'
import type { Write } from '#kube/write.ts'
import { carryOut } from '#kube/write.ts'
import { useGuard } from '#sdk/guard.ts'
import { useHost } from '#sdk/host.ts'
import { useI18n } from '#sdk/i18n.ts'
import { useNotices } from '#sdk/notices.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import { useTasks } from '#sdk/tasks.ts'
import type { TaskProgress } from '#sdk/tasks.ts'
import { useNow } from '#sdk/time.ts'
import { askServer } from './exportAnswer.ts'
import { readAnew } from './exportFreshWorld.ts'
import type { ExportIntent } from './exportIntent.ts'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'
import { exportImageKey } from './exportedImage.ts'
import { ExportRunner } from './exportRunner.ts'
import type { ExportStep } from './exportStep.ts'
import { nextExportStep } from './exportSteps.ts'
import { exportTimeline } from './exportTimeline.ts'
import { keepCall } from './keeperStatus.ts'
import { exportTaskId, useExportTasks } from './useExportTasks.ts'
import { useExportWords } from './useExportWords.ts'
import { useForceDecisions } from './useForceDecisions.ts'
import { useExportWorld } from './useExportWorld.ts'

/** How long an answer of the watch is awaited before a write is tried again. */
const PATIENCE_MS = 5_000
const FIRST_SIGHT_MS = 30_000

/** Carries exports out from this console, in the background: leaving the page does not end them. Call in setup. */
export function useExportRunner() {
  const proxy = useProxyStore()
  const tasks = useTasks()
  const guard = useGuard()
  const host = useHost()
  const notices = useNotices()
  const decisions = useForceDecisions()
  const { t } = useI18n()
  const { reasonOf, inOneLine } = useExportWords()

  const { isRunning, failureOf } = useExportTasks()

  /** Follows the protocol to its end, and has the console's server do the same, which stays when the page is closed. */
  function run(intent: ExportIntent): void {
    const { claim: { namespace, name: claim }, id } = intent
    // Where no keeper takes it the page goes on by itself; how the keeper stands is told elsewhere.
    if (guard.available)
      guard.ask(keepCall({ cluster: host.cluster.id, namespace, claim, id })).catch(() => undefined)
    const path = `/volumes/${intent.claim.namespace}/${intent.claim.name}/export`
    const steps = exportTimeline({ word: 'stop-vm' }, intent).map(({ step }) => ({ id: step, label: t(`volumes.export.step.${step}`) }))
    void tasks.run({ id: exportTaskId(intent.claim), title: t('volumes.export.task', { name: intent.claim.name }), path, steps, work: progress => follow(intent, progress) })
  }

  const wordsOf = (step: ExportStep) => inOneLine(step.because.map(reasonOf))

  async function follow(intent: ExportIntent, progress: TaskProgress): Promise<void> {
    const live = progress.within(() => {
      const world = useExportWorld(() => intent.claim.namespace, proxy)
      const now = useNow()
      return { world, step: computed(() => nextExportStep(world, intent, proxy.time(now.value))) }
    })
    // The answer to the first write may be faster than the watch: until the intent is seen there is nothing to follow.
    const isSeen = () => live.world.claims.find(`${intent.claim.namespace}/${intent.claim.name}`)?.metadata.annotations?.[EXPORT_ANNOTATION] !== undefined
    for (const deadline = Date.now() + FIRST_SIGHT_MS; !isSeen() && Date.now() < deadline && !progress.signal.aborted;)
      await change(() => String(isSeen()), progress.signal)
    const ask = (write: Write) => askServer(proxy, write, `${intent.claim.namespace}/${intent.claim.name}`)
    const listPods = async (namespace: string) => (await proxy.list(PODS, { namespace })).items
    let shown = ''
    const runner = new ExportRunner({ look: () => live.world, readAnew: () => readAnew(live.world, intent, proxy.get, listPods), send: write => carryOut(proxy, write), ask, mayForce: decisions.isMade, now: proxy.time }, intent)
    while (!progress.signal.aborted) {
      const { step, failed } = await runner.turn()
      const current = step.timeline.find(entry => entry.state === 'now')?.step
      if (current && current !== shown)
        progress.begin(shown = current)
      progress.say({ message: failed?.message ?? wordsOf(step), progress: step.progress })
      if (step.word === 'done')
        return tell(intent, step)
      if (step.word === 'stopped')
        throw new ApiError({ status: 0, reason: 'Stopped', message: wordsOf(step) })
      await change(() => JSON.stringify(live.step.value), progress.signal)
    }
    progress.signal.throwIfAborted()
  }

  function tell(intent: ExportIntent, step: ExportStep): void {
    const link = { text: intent.image.displayName, path: `/exports/${exportImageKey(intent)}` }
    const { result = 'given-up' } = step
    notices.notify({ tone: result === 'exported' ? 'ok' : 'attention', text: t(`volumes.export.told.${result}`, { name: intent.claim.name }), ...(result !== 'given-up' && { link }) })
  }

  return { run, isRunning, failureOf }
}

/** Ends when what is watched changes, when patience does, or with the signal. */
function change(read: () => string, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const scope = effectScope(true)
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      scope.stop()
      resolve()
    }
    const timer = setTimeout(end, PATIENCE_MS)
    signal.addEventListener('abort', end)
    scope.run(() => watch(read, end))
  })
}
