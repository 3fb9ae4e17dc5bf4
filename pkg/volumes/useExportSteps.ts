import { computed } from 'vue'
import type { PersistentVolumeClaim } from '#kube/core.ts'
import { useI18n } from '#sdk/i18n.ts'
import { DEFAULT_GRACE_SECONDS, graceSecondsOf } from '#vms/vm.ts'
import type { ExportForming } from './useExportForm.ts'
import type { LiveExportWorld } from './useExportWorld.ts'

/** Seconds that the guest of a VM has to shut down, as the cluster has them now. */
export function graceIn(world: LiveExportWorld, key: string): number {
  const [vm, vmi] = [world.vms.find(key), world.vmis.find(key)]
  return vm ? graceSecondsOf(vm, vmi) : vmi?.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS
}

/** What the button will do, step by step, in words. Call in setup. */
export function useExportSteps(forming: () => ExportForming, claim: () => PersistentVolumeClaim, world: LiveExportWorld) {
  const { t } = useI18n()

  return computed(() => {
    const { form, running, awaited, stops, way, isBackedUp } = forming()
    const made = t('volumes.export.will.image', { name: form.displayName, namespace: form.namespace })
    if (way.value === 'while-running')
      return [t('volumes.export.will.running'), made, t('volumes.export.will.marked')]
    if (!awaited.value.length)
      return [made]
    const vms = running.value
    const ending = awaited.value.filter(vm => vm.isEnding)
    return [
      ...(isBackedUp.value ? [t('volumes.export.will.backup', { vms: vms.map(vm => vm.name).join(', ') })] : []),
      ...vms.map(vm => t('volumes.export.will.stop', { vm: vm.name, seconds: graceIn(world, `${claim().metadata.namespace}/${vm.name}`) })),
      ...ending.map(vm => t('volumes.export.will.await', { vm: vm.name })),
      t(`volumes.export.will.${form.ifCutOff === 'no-image' && !stops.value ? 'no-image-only' : form.ifCutOff}`),
      t('volumes.export.will.wait'),
      made,
      ...vms.map(vm => form.restart ? t('volumes.export.will.start', { vm: vm.name, strategy: t(`vms.strategy.${vm.runStrategy}`) }) : t('volumes.export.will.stay', { vm: vm.name })),
      ...ending.map(vm => t('volumes.export.will.stay', { vm: vm.name })),
    ]
  })
}
