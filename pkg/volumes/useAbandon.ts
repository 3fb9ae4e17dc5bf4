import { computed } from 'vue'
import { useConfirm } from '#sdk/confirm.ts'
import { useI18n } from '#sdk/i18n.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import { useNow } from '#sdk/time.ts'
import { useSubmit } from '#sdk/useSubmit.ts'
import type { GivingUp } from './exportGiveUp.ts'
import { canBeAbandoned } from './exportGiveUp.ts'
import { holdOnClaim } from './exportHold.ts'
import type { ExportIntent } from './exportIntent.ts'
import { exportReference } from './exportIntent.ts'
import type { LiveExportWorld } from './useExportWorld.ts'

/** What becomes of the image. */
const ABANDONED = { 'no-image': 'abandonNoImage', 'torn-image': 'abandonTorn', 'torn-already': 'abandonStaysTorn', 'unverified-image': 'abandonRead', 'nothing': 'startNowOver' } as const

/** What abandoning an export needs to know: what it costs now, the VMs that it has off, in one text (empty where none), and how it is given up. */
interface Abandoning { readonly cost: () => GivingUp, readonly off: () => string, /** Why they are not started at once. */ readonly startsLater: () => readonly string[], readonly giveUp: () => Promise<void> }

/** The way out that the guard's refusals name: offered as long as it keeps the disk for the export, and asked for by what becomes of the image. Call in setup. */
export function useAbandon(intent: () => ExportIntent, world: LiveExportWorld, { cost, off, startsLater, giveUp }: Abandoning) {
  const { confirm } = useConfirm()
  const proxy = useProxyStore()
  const now = useNow()
  const { t } = useI18n()

  const hold = computed(() => {
    const claim = world.claims.find(exportReference(intent()))
    return claim && holdOnClaim(claim, { images: world.images.objects, dataVolumes: world.dataVolumes.objects }, proxy.time(now.value) ?? now.value)
  })
  const isOffered = computed(() => canBeAbandoned(intent(), cost(), hold.value))
  const isTorn = computed(() => cost() === 'torn-image')

  const submission = useSubmit(async () => {
    const steps = [
      t(`volumes.export.${ABANDONED[cost()]}`, { image: intent().image.displayName }),
      ...hold.value ? [t('volumes.export.abandonGuard')] : [],
      ...off() ? [t('volumes.export.abandonStarts', { vms: off() }), ...startsLater()] : [],
    ]
    const yes = await confirm({ title: t('volumes.export.abandonTitle', { name: exportReference(intent()) }), verb: t('volumes.export.abandonVerb'), steps, ...(isTorn.value && { irreversible: t('volumes.export.abandonLost') }), danger: true })
    if (yes)
      await giveUp()
  })
  return { isOffered, ...submission }
}
