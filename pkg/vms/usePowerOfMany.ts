import { carryOut } from '#kube/write.ts'
import type { Write } from '#kube/write.ts'
import { toApiError } from '#kube/apiError.ts'
import { objectKey } from '#kube/object.ts'
import { useConfirm } from '#sdk/confirm.ts'
import { useI18n } from '#sdk/i18n.ts'
import { useNotices } from '#sdk/notices.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import type { BulkAction } from '#sdk/tableColumn.ts'
import { planStart, planStop, rememberedStrategy } from './powerActions.ts'
import { effectiveRunStrategy } from './vm.ts'
import type { VmRow } from './vmRow.ts'

type Act = 'start' | 'stop'

/** Shut down and start of several VMs at once: asked for all by name, sent one after the other, each refusal told by itself. Call in setup. */
export function usePowerOfMany() {
  const proxy = useProxyStore()
  const notices = useNotices()
  const { confirm } = useConfirm()
  const { t } = useI18n()

  const planOf = (act: Act, { vm }: VmRow): readonly Write[] => act === 'start' ? planStart(vm) : [planStop(vm)]

  function stepsOf(act: Act, rows: readonly VmRow[]): string[] {
    const each = rows.map(({ vm, exporting }) => {
      const strategy = effectiveRunStrategy(vm)
      const words = { name: objectKey(vm), strategy: t(`vms.strategy.${strategy === 'Halted' ? rememberedStrategy(vm) : strategy}`) }
      const held = exporting ? ` ${t('vms.confirm.exporting', { claim: exporting })}` : ''
      return t(act === 'start' ? 'vms.confirm.start' : 'vms.confirm.asked', words) + held
    })
    return act === 'start' ? each : [...each, t('vms.many.cut'), t('vms.many.halted')]
  }

  /** Why not all of them can be acted on: the first that cannot, and why. */
  function refusalOf(act: Act, rows: readonly VmRow[]): string | undefined {
    for (const { vm, actions } of rows) {
      const offer = actions[act]
      if (!offer.offered)
        return `${vm.metadata.name}: ${t(`vms.refused.${offer.because}`)}`
    }
    return undefined
  }

  async function send(act: Act, row: VmRow): Promise<boolean> {
    const { name, namespace } = row.vm.metadata
    try {
      for (const write of planOf(act, row))
        await carryOut(proxy, write)
      return true
    }
    catch (thrown) {
      const link = { text: name, path: `/virtual-machines/${namespace}/${name}` }
      notices.notify({ tone: 'bad', text: t('vms.done.refused', { name, message: toApiError(thrown).message }), link })
      return false
    }
  }

  async function power(act: Act, rows: readonly VmRow[]): Promise<void> {
    const yes = await confirm({ title: t(`vms.many.${act}Title`, { n: rows.length }), verb: t(`vms.action.${act}`), steps: stepsOf(act, rows), danger: act === 'stop' })
    if (!yes)
      return
    const done: string[] = []
    for (const row of rows) {
      if (await send(act, row))
        done.push(row.vm.metadata.name)
    }
    if (done.length)
      notices.notify({ tone: 'progress', text: t(`vms.done.${act}`, { name: done.join(', ') }) })
  }

  /** What the bar below the list offers for the selected rows. */
  const bulkActions = (): BulkAction<VmRow>[] => (['stop', 'start'] as const).map(act => ({
    id: act, label: t(`vms.action.${act}`), refuses: rows => refusalOf(act, rows), run: rows => void power(act, rows),
  }))

  return { bulkActions }
}
