import { barOf, carryOut, permissionOf, permissionText } from '#kube/write.ts'
import { isRefusal, toApiError } from '#kube/apiError.ts'
import { objectKey } from '#kube/object.ts'
import { useConfirm } from '#sdk/confirm.ts'
import { useI18n } from '#sdk/i18n.ts'
import { useNotices } from '#sdk/notices.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import type { BulkAction, RowAction } from '#sdk/tableColumn.ts'
import type { VmAct } from './powerActions.ts'
import { planPower, rememberedStrategy } from './powerActions.ts'
import { effectiveRunStrategy, graceSecondsOf } from './vm.ts'
import type { VmRow } from './vmRow.ts'

/** What bars an act on a VM, in words; the same for one VM and for many. Call in setup. */
function useRefusal() {
  const proxy = useProxyStore()
  const { t } = useI18n()

  /** Why the act is not to be had: by the VM's state, else by the first of its writes that the cluster does not serve or the user may not make. */
  return function refusalOf(act: VmAct, { vm, actions }: VmRow): string | undefined {
    const offer = actions[act]
    if (!offer.offered)
      return t(`vms.refused.${offer.because}`)
    // What is certain is said first.
    const bar = barOf(planPower(act, vm).map(permissionOf), ({ verb, resource, where }) => proxy.can(verb, resource, where).state, 'absent', 'denied', 'unknown')
    return bar && t(`sdk.barred.${bar.state}`, { permission: permissionText(bar.permission) })
  }
}

/** What is told of an act that did not succeed: what nobody has answered for was not refused, and may have been done. Call in setup. */
function useFailure() {
  const { t } = useI18n()

  return function failureOf(name: string, thrown: unknown): string {
    const error = toApiError(thrown)
    // Without an answer there are no words of the cluster's either.
    return t(`vms.done.${isRefusal(error) ? 'refused' : 'unanswered'}`, { name, message: error.status ? error.message : '' }).trim()
  }
}

/** Start, shut down and restart of a VM: asked, sent, and told in the cluster's words. Call in setup. */
export function usePower() {
  const proxy = useProxyStore()
  const notices = useNotices()
  const { confirm } = useConfirm()
  const { t } = useI18n()
  const refusalOf = useRefusal()
  const failureOf = useFailure()

  function stepsOf(act: VmAct, { vm, vmi, exporting }: VmRow): string[] {
    const name = vm.metadata.name
    const seconds = graceSecondsOf(vm, vmi)
    const own = effectiveRunStrategy(vm)
    const strategy = t(`vms.strategy.${act === 'start' && own === 'Halted' ? rememberedStrategy(vm) : own}`)
    const held = exporting ? [t('vms.confirm.exporting', { claim: exporting })] : []
    if (act === 'start')
      return [...held, t('vms.confirm.start', { name, strategy })]
    const down = [t('vms.confirm.asked', { name }), t('vms.confirm.cut', { seconds })]
    return act === 'stop' ? [...down, t('vms.confirm.halted', { strategy })] : [...down, t('vms.confirm.again')]
  }

  /** Asks, then does it. What the cluster refuses is shown in its own words. */
  async function power(act: VmAct, row: VmRow): Promise<void> {
    const { name, namespace } = row.vm.metadata
    const yes = await confirm({ title: t(`vms.confirm.${act}Title`, { name: objectKey(row.vm) }), verb: t(`vms.action.${act}`), steps: stepsOf(act, row), danger: act !== 'start', carriedOutBy: 'kubevirt' })
    if (!yes)
      return
    const link = { text: name, path: `/virtual-machines/${namespace}/${name}` }
    try {
      for (const write of planPower(act, row.vm))
        await carryOut(proxy, write)
      notices.notify({ tone: 'progress', text: t(`vms.done.${act}`, { name }), link })
    }
    catch (thrown) {
      notices.notify({ tone: 'bad', text: failureOf(name, thrown), link })
    }
  }

  /** The acts as a table's row offers them: the likely one first, by the VM's state. */
  function actionsOf(row: VmRow): RowAction<VmRow>[] {
    const acts = (['stop', 'start', 'restart'] as const).toSorted((a, b) => Number(row.actions[b].offered) - Number(row.actions[a].offered))
    return acts.map(act => ({ id: act, label: t(`vms.action.${act}`), disabled: refusalOf(act, row), run: target => void power(act, target) }))
  }

  return { actionsOf, power }
}

type ManyAct = Exclude<VmAct, 'restart'>

/** Shut down and start of several VMs at once: asked for all by name, sent one after the other, each refusal told by itself. Call in setup. */
export function usePowerOfMany() {
  const proxy = useProxyStore()
  const notices = useNotices()
  const { confirm } = useConfirm()
  const { t } = useI18n()
  const refusalOf = useRefusal()
  const failureOf = useFailure()

  function stepsOf(act: ManyAct, rows: readonly VmRow[]): string[] {
    const each = rows.map(({ vm, exporting }) => {
      const strategy = effectiveRunStrategy(vm)
      const words = { name: objectKey(vm), strategy: t(`vms.strategy.${strategy === 'Halted' ? rememberedStrategy(vm) : strategy}`) }
      const held = exporting ? ` ${t('vms.confirm.exporting', { claim: exporting })}` : ''
      return t(act === 'start' ? 'vms.confirm.start' : 'vms.confirm.asked', words) + held
    })
    return act === 'start' ? each : [...each, t('vms.many.cut'), t('vms.many.halted')]
  }

  /** Why not all of them can be acted on: the first that cannot, and why. */
  function refusalOfAny(act: ManyAct, rows: readonly VmRow[]): string | undefined {
    for (const row of rows) {
      const refusal = refusalOf(act, row)
      if (refusal)
        return `${row.vm.metadata.name}: ${refusal}`
    }
    return undefined
  }

  async function send(act: ManyAct, row: VmRow): Promise<boolean> {
    const { name, namespace } = row.vm.metadata
    try {
      for (const write of planPower(act, row.vm))
        await carryOut(proxy, write)
      return true
    }
    catch (thrown) {
      const link = { text: name, path: `/virtual-machines/${namespace}/${name}` }
      notices.notify({ tone: 'bad', text: failureOf(name, thrown), link })
      return false
    }
  }

  async function power(act: ManyAct, rows: readonly VmRow[]): Promise<void> {
    const yes = await confirm({ title: t(`vms.many.${act}Title`, { n: rows.length }), verb: t(`vms.action.${act}`), steps: stepsOf(act, rows), danger: act === 'stop', carriedOutBy: 'kubevirt' })
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
    id: act, label: t(`vms.action.${act}`), refuses: rows => refusalOfAny(act, rows), run: rows => void power(act, rows),
  }))

  return { bulkActions }
}
