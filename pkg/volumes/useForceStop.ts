import { computed } from 'vue'
import { carryOut } from '#kube/write.ts'
import { useConfirm } from '#sdk/confirm.ts'
import { useI18n } from '#sdk/i18n.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import { useOperator } from '#sdk/useOperator.ts'
import { useSubmit } from '#sdk/useSubmit.ts'
import type { ExportIntent } from './exportIntent.ts'
import { forceStop } from './exportGuests.ts'
import { planForceStop, vmsKeptOff, vmsOf } from './exportRestart.ts'
import { useForceDecisions } from './useForceDecisions.ts'
import type { LiveExportWorld } from './useExportWorld.ts'

/** The second decision about a guest that does not shut down: its power is cut sooner. Asked for by name, and never made for anybody: this page carries the export out from there (`run`), and every other, and the keeper of a session, leaves the power to it. `isGivenUp`: there will be no image, and only the guest's end is waited for. Call in setup. */
export function useForceStop(intent: () => ExportIntent, world: LiveExportWorld, { run, isGivenUp }: { readonly run: (intent: ExportIntent) => void, readonly isGivenUp: () => boolean }) {
  const proxy = useProxyStore()
  const operator = useOperator()
  const { confirm } = useConfirm()
  const decisions = useForceDecisions()
  const { t } = useI18n()

  /** The VMs whose guests still have time; none once it was decided here. Where somebody else has, it may be decided once more. */
  const vms = computed(() => {
    const kept = new Set(vmsKeptOff(world, intent()))
    const ending = vmsOf(world, intent()).filter(({ entry, vmi }) => kept.has(`${intent().claim.namespace}/${entry.name}`) && vmi && forceStop(vmi).length > 0)
    return intent().forcedBy === undefined || !decisions.isMade(intent()) ? ending.map(({ entry }) => entry.name) : []
  })

  const submission = useSubmit(async () => {
    const { claim, ifCutOff } = intent()
    const image = isGivenUp() ? 'forceStarts' : ifCutOff === 'mark-crash-consistent' ? 'forceImage' : 'forceNoImage'
    const found = world.claims.find(`${claim.namespace}/${claim.name}`)
    const steps = [...vms.value.map(vm => t('volumes.export.forceStep', { vm })), t(`volumes.export.${image}`)]
    const yes = await confirm({ title: t('volumes.export.forceTitle', { vms: vms.value.join(', ') }), verb: t('volumes.export.forceVerb'), steps, irreversible: t('volumes.export.forceLost'), danger: true })
    if (!yes || !found)
      return
    if (intent().forcedBy === undefined)
      await carryOut(proxy, planForceStop(found, intent(), await operator()))
    decisions.decide(intent())
    run(intent())
  })
  return { vms, ...submission }
}
