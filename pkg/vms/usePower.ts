import { carryOut } from '#kube/write.ts'
import type { Write } from '#kube/write.ts'
import { toApiError } from '#kube/apiError.ts'
import { useConfirm } from '#sdk/confirm.ts'
import { useI18n } from '#sdk/i18n.ts'
import { useNotices } from '#sdk/notices.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import type { RowAction } from '#sdk/tableColumn.ts'
import type { Offer } from './powerActions.ts'
import { planRestart, planStart, planStop, rememberedStrategy } from './powerActions.ts'
import { effectiveRunStrategy } from './vm.ts'
import type { VmRow } from './vmRow.ts'

// Harvester's mutator writes 120 s where a VM says nothing; KubeVirt's own default would be 30 s.
const DEFAULT_GRACE_SECONDS = 120

type Act = 'start' | 'stop' | 'restart'

/** Start, shut down and restart of a VM: asked, sent, and told in the cluster's words. Call in setup. */
export function usePower() {
  const proxy = useProxyStore()
  const notices = useNotices()
  const { confirm } = useConfirm()
  const { t } = useI18n()

  function planOf(act: Act, row: VmRow): readonly Write[] {
    if (act === 'start')
      return planStart(row.vm)
    return [act === 'stop' ? planStop(row.vm) : planRestart(row.vm)]
  }

  function stepsOf(act: Act, { vm, exporting }: VmRow): string[] {
    const name = vm.metadata.name
    const seconds = vm.spec.template.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS
    const strategy = effectiveRunStrategy(vm)
    const held = exporting ? [t('vms.confirm.exporting', { claim: exporting })] : []
    if (act === 'start')
      return [...held, t('vms.confirm.start', { name, strategy: strategy === 'Halted' ? rememberedStrategy(vm) : strategy })]
    const down = [t('vms.confirm.asked', { name }), t('vms.confirm.cut', { seconds })]
    return act === 'stop' ? [...down, t('vms.confirm.halted', { strategy })] : [...down, t('vms.confirm.again')]
  }

  /** Asks, then does it. What the cluster refuses is shown in its own words. */
  async function power(act: Act, row: VmRow): Promise<void> {
    const { name, namespace } = row.vm.metadata
    const yes = await confirm({ title: t(`vms.confirm.${act}Title`, { name }), verb: t(`vms.action.${act}`), steps: stepsOf(act, row), danger: act !== 'start' })
    if (!yes)
      return
    const link = { text: name, path: `/virtual-machines/${namespace}/${name}` }
    try {
      for (const write of planOf(act, row))
        await carryOut(proxy, write)
      notices.notify({ tone: 'progress', text: t(`vms.done.${act}`, { name }), link })
    }
    catch (thrown) {
      notices.notify({ tone: 'bad', text: t('vms.done.refused', { name, message: toApiError(thrown).message }), link })
    }
  }

  const disabled = (offer: Offer) => offer.offered ? undefined : t(`vms.refused.${offer.because}`)

  /** The acts as a table's row offers them: the likely one first. */
  function actionsOf(row: VmRow): RowAction<VmRow>[] {
    const all: RowAction<VmRow>[] = (['stop', 'start', 'restart'] as const).map(act => ({
      id: act, label: t(`vms.action.${act}`), disabled: disabled(row.actions[act]), run: target => void power(act, target),
    }))
    return all.sort((a, b) => Number(Boolean(a.disabled)) - Number(Boolean(b.disabled)))
  }

  return { actionsOf, power }
}
