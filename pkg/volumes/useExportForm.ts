import { computed, reactive, ref, watchEffect } from 'vue'
import { toApiError } from '#kube/apiError.ts'
import type { PersistentVolumeClaim } from '#kube/core.ts'
import { carryOut } from '#kube/write.ts'
import { LONGHORN_NAMESPACE } from '#health/longhorn.ts'
import { dataEngineOf, imageBackendOf, isDefaultClass } from '#images/storageClass.ts'
import { useBar } from '#sdk/useBar.ts'
import { useI18n } from '#sdk/i18n.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import { useOperator } from '#sdk/useOperator.ts'
import { useSubmit } from '#sdk/useSubmit.ts'
import { usersOfClaim } from './claimUsers.ts'
import { planExport } from './exportPlan.ts'
import { isRefusedInUse } from './exportRefusal.ts'
import { isFreedByStopping, judgeExportSafety } from './exportSafety.ts'
import { rightsOfExport } from './exportRights.ts'
import { createExportImage } from './exportImage.ts'
import { judgeExportTarget } from './exportTarget.ts'
import { useExportRunner } from './useExportRunner.ts'
import type { LiveExportWorld } from './useExportWorld.ts'

/** The export's form, the verdict on the disk, what the one button says, and what it does. Call in setup. */
export function useExportForm(claim: () => PersistentVolumeClaim, world: LiveExportWorld) {
  const proxy = useProxyStore()
  const operator = useOperator()
  const runner = useExportRunner()
  const barredBy = useBar()
  const { t } = useI18n()
  const form = reactive({ displayName: `${claim().metadata.name}-export`, storageClass: '', description: '', restart: true })

  const sourceClass = computed(() => world.storageClasses.find(claim().spec?.storageClassName ?? ''))
  const choices = computed(() => world.storageClasses.objects.filter(storageClass => !storageClass.parameters?.backingImage))
  const targetClass = computed(() => world.storageClasses.find(form.storageClass))
  watchEffect(() => {
    // The same engine as the disk's: a v1 disk goes to the default class, whose parameters the image takes; any other to its own.
    const own = sourceClass.value && dataEngineOf(sourceClass.value) === 'v1' ? choices.value.find(choice => isDefaultClass(choice) && imageBackendOf(choice) === 'backingimage') : sourceClass.value
    form.storageClass ||= own?.metadata.name ?? ''
  })

  const users = computed(() => usersOfClaim(claim(), { vms: world.vms.objects, vmis: world.vmis.objects, pods: world.pods.objects }))
  const safety = computed(() => judgeExportSafety({ ...world, claim: claim() }))
  const target = computed(() => judgeExportTarget({
    claim: claim(), sourceClass: sourceClass.value, targetClass: targetClass.value, namespace: claim().metadata.namespace ?? '', displayName: form.displayName, images: world.images.objects,
    longhornVolume: world.longhornVolumes.find(`${LONGHORN_NAMESPACE}/${claim().spec?.volumeName}`),
  }))
  // What is read before the click is what is sent by it.
  const id = crypto.randomUUID().replaceAll('-', '').slice(0, 12)
  const requester = ref('')
  void operator().then(who => { requester.value = who }, () => undefined)
  const plan = (now: number) => planExport({
    claim: claim(), users: users.value, id, image: { namespace: claim().metadata.namespace ?? '', displayName: form.displayName, ...(form.description && { description: form.description }) },
    storageClass: form.storageClass, restart: form.restart, requester: requester.value, now,
  })
  const opened = Date.now()
  const planned = computed(() => plan(opened))
  const running = computed(() => planned.value.intent.vms.filter(vm => vm.wasRunning))
  const writes = computed(() => targetClass.value ? [...planned.value.writes, createExportImage(planned.value.intent, targetClass.value)] : planned.value.writes)
  const freeable = computed(() => isFreedByStopping(safety.value, new Set(running.value.map(vm => `${claim().metadata.namespace}/${vm.name}`))))
  const names = computed(() => new Intl.ListFormat(t('volumes.export.listLanguage')).format(running.value.map(vm => vm.name)))
  const verb = computed(() => running.value.length ? t('volumes.export.verbStopping', { vms: names.value }) : t('volumes.export.verb'))
  const barred = computed(() => barredBy(rightsOfExport(planned.value.intent)))
  const blocked = computed(() => {
    if (barred.value)
      return barred.value
    if (Object.keys(target.value.problems).length)
      return t('volumes.export.incomplete')
    return freeable.value || safety.value.word === 'detaching' ? undefined : t(`volumes.export.notYet.${safety.value.word}`)
  })

  const submission = useSubmit(async () => {
    requester.value = await operator()
    const { intent, writes: [first] } = plan(Date.now())
    if (!first)
      return
    // A VM is not shut down for an image that would then be refused. While it runs Harvester refuses some images only for that.
    for (const write of writes.value) {
      await carryOut(proxy, write, { dryRun: true }).catch((thrown: unknown) => {
        if (!running.value.length || !isRefusedInUse(toApiError(thrown)))
          throw thrown
      })
    }
    await carryOut(proxy, first)
    // From here on the intent is in the cluster, and whatever else happens the export can be taken up from it.
    runner.run(intent)
  })
  return { form, choices, running, names, safety, target, writes, verb, blocked, submission }
}
