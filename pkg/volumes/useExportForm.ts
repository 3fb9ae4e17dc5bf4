import { computed, reactive, ref, watchEffect } from 'vue'
import { toApiError } from '#kube/apiError.ts'
import { NAMESPACES } from '#kube/core.ts'
import type { PersistentVolumeClaim } from '#kube/core.ts'
import { objectKey } from '#kube/object.ts'
import { carryOut } from '#kube/write.ts'
import { LONGHORN_NAMESPACE } from '#health/longhorn.ts'
import { dataEngineOf, imageBackendOf, isDefaultClass } from '#images/storageClass.ts'
import { useBar } from '#sdk/useBar.ts'
import { useHost } from '#sdk/host.ts'
import { useI18n } from '#sdk/i18n.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import { useOperator } from '#sdk/useOperator.ts'
import { useSubmit } from '#sdk/useSubmit.ts'
import { VM_BACKUPS } from '#vms/vmBackup.ts'
import { usersOfClaim } from './claimUsers.ts'
import { isClosed, judgeWithAnswer } from './exportAnswer.ts'
import { backupsOf } from './exportBackup.ts'
import type { ExportForm } from './exportForm.ts'
import { choicesOf, emptyExportForm, isAcknowledged, offerRunning } from './exportForm.ts'
import { createExportImage } from './exportImage.ts'
import type { ExportedVm, ExportIntent } from './exportIntent.ts'
import { isStoppedFor, readIntent } from './exportIntent.ts'
import { judgeExportPace } from './exportPace.ts'
import { planExport, stopForExport } from './exportPlan.ts'
import { isRefusedInUse, judgeWriteFailure } from './exportRefusal.ts'
import { rightsOfExport } from './exportRights.ts'
import { isFreedByStopping, whyNotFreed, judgeExportSafety } from './exportSafety.ts'
import { judgeExportTarget } from './exportTarget.ts'
import { useExportRunner } from './useExportRunner.ts'
import type { LiveExportWorld } from './useExportWorld.ts'
import { useServerAnswer } from './useServerAnswer.ts'

/** A VM that has just started changes with every second; the watch tells of it within this time. */
const TRIES = 6
const SETTLED_MS = 500

/** The export's form, the verdict on the disk, what the one button says, and what it does. Call in setup. */
export function useExportForm(claim: () => PersistentVolumeClaim, world: LiveExportWorld, suggested: Partial<ExportForm> = {}) {
  const proxy = useProxyStore()
  const host = useHost()
  const operator = useOperator()
  const runner = useExportRunner()
  const barredBy = useBar()
  const { t } = useI18n()
  const namespaces = proxy.collection(NAMESPACES)
  const form = reactive<{ -readonly [Field in keyof ExportForm]: ExportForm[Field] }>({ ...emptyExportForm(claim(), world.images.objects), ...suggested })
  const claimKey = () => objectKey(claim())

  const sourceClass = computed(() => world.storageClasses.find(claim().spec?.storageClassName ?? ''))
  const choices = computed(() => world.storageClasses.objects.filter(storageClass => !storageClass.parameters?.backingImage))
  const targetClass = computed(() => world.storageClasses.find(form.storageClass))
  watchEffect(() => {
    // The same engine as the disk's: a v1 disk goes to the default class, whose parameters the image takes; any other to its own.
    const own = sourceClass.value && dataEngineOf(sourceClass.value) === 'v1' ? choices.value.find(choice => isDefaultClass(choice) && imageBackendOf(choice) === 'backingimage') : sourceClass.value
    form.storageClass ||= own?.metadata.name ?? ''
  })

  const users = computed(() => usersOfClaim(claim(), { vms: world.vms.objects, vmis: world.vmis.objects, pods: world.pods.objects }))
  const seen = computed(() => judgeExportSafety({ ...world, claim: claim() }))
  const target = computed(() => judgeExportTarget({
    claim: claim(), sourceClass: sourceClass.value, targetClass: targetClass.value, namespace: form.namespace, displayName: form.displayName, description: form.description, images: world.images.objects,
    longhornVolume: world.longhornVolumes.find(`${LONGHORN_NAMESPACE}/${claim().spec?.volumeName}`),
  }))

  // What is read before the click is what is sent by it.
  const id = crypto.randomUUID().replaceAll('-', '').slice(0, 12)
  const requester = ref('')
  void operator().then(who => { requester.value = who }, () => undefined)
  const who = () => requester.value || t('volumes.export.unknownOperator', { context: host.cluster.title })
  // By the cluster's time: whoever carries the export out goes by that one.
  const opened = proxy.time()
  const planWith = (way: ExportForm['way'], now = 0) => {
    const request = { claim: claim(), users: users.value, id, image: { namespace: form.namespace, displayName: form.displayName, ...(form.description && { description: form.description }) }, storageClass: form.storageClass, restart: form.restart, requester: requester.value, now }
    return planExport({ ...request, choices: choicesOf({ ...form, way }, planExport(request).intent.vms, who(), now) })
  }
  // Of some the end is only waited for: somebody has halted them already.
  const awaited = computed(() => planWith('at-rest', opened).intent.vms.filter(vm => vm.wasRunning))
  const running = computed(() => awaited.value.filter(isStoppedFor))
  const listed = (vms: readonly ExportedVm[]) => new Intl.ListFormat(t('volumes.export.listLanguage')).format(vms.map(vm => vm.name))
  const names = computed(() => listed(running.value))
  const awaitedNames = computed(() => listed(awaited.value))

  const question = computed(() => {
    if (!seen.value.reasons.some(isClosed) || !targetClass.value || Object.keys(target.value.problems).length)
      return undefined
    return { claim: claimKey(), write: createExportImage(planWith('at-rest', opened).intent, targetClass.value, users.value.vms) }
  })
  const { answer, state: answerState } = useServerAnswer(() => question.value)
  const safety = computed(() => judgeWithAnswer(seen.value, answer.value))

  const offer = computed(() => offerRunning(safety.value, sourceClass.value, targetClass.value))
  // A disk that has come to rest meanwhile needs no acknowledgement.
  const way = computed(() => offer.value === 'offered' ? form.way : 'at-rest')
  const planned = computed(() => planWith(way.value, opened))
  const stops = computed(() => way.value === 'at-rest' && running.value.length > 0)
  const isBackedUp = computed(() => planned.value.intent.backupFirst ?? false)
  const writes = computed(() => {
    const { intent, writes: begin } = planned.value
    const halted = intent.backupFirst ? users.value.vms.filter(vm => running.value.some(({ name }) => name === vm.metadata.name)).map(vm => stopForExport(vm, intent)) : []
    return [...begin, ...backupsOf(intent), ...halted, ...targetClass.value ? [createExportImage(intent, targetClass.value)] : []]
  })
  const verb = computed(() => way.value === 'while-running' ? t('volumes.export.verbRunning') : stops.value ? t('volumes.export.verbStopping', { vms: names.value }) : t('volumes.export.verb'))

  const stoppable = computed(() => new Set(awaited.value.map(vm => `${claim().metadata.namespace}/${vm.name}`)))
  const isFreeable = computed(() => {
    const { word, reasons } = safety.value
    return word === 'at-rest' || word === 'detaching' || (reasons.length > 0 && isFreedByStopping(safety.value, stoppable.value))
  })
  const backupBar = computed(() => world.backups.state === 'absent' ? t('volumes.export.backupAbsent') : barredBy([{ verb: 'create', resource: VM_BACKUPS, where: { namespace: claim().metadata.namespace } }]))
  const blocked = computed(() => {
    if (opened === undefined)
      return t('volumes.because.time-unknown')
    const barred = barredBy(rightsOfExport(planned.value.intent))
    if (barred)
      return barred
    if (Object.keys(target.value.problems).length)
      return t('volumes.export.incomplete')
    if (way.value === 'while-running')
      return isAcknowledged(form, claim()) ? undefined : t('volumes.export.typeNeeded', { name: claim().metadata.name })
    return isFreeable.value ? undefined : t(`volumes.export.notYet.${answerState.value === 'asking' ? 'asking' : whyNotFreed(safety.value, stoppable.value)}`)
  })
  const pace = computed(() => judgeExportPace(claim(), world.images.objects, target.value.backend))

  const submission = useSubmit(async () => {
    requester.value = await operator()
    // From here on the intent is in the cluster, and whatever else happens the export can be taken up from it.
    runner.run(await begin())
  })

  /** Tries everything that is to be sent, then records the intent. What somebody has changed between look and try is looked at again. */
  async function begin(tries = TRIES): Promise<ExportIntent> {
    const { intent, writes: [first] } = planWith(way.value, proxy.time())
    let last = first
    try {
      // A VM is not shut down for an image that would then be refused. While it runs Harvester refuses some images only for that.
      for (last of writes.value) {
        await carryOut(proxy, last, { dryRun: true }).catch((thrown: unknown) => {
          if (!awaited.value.length || !isRefusedInUse(toApiError(thrown)))
            throw thrown
        })
      }
      last = first
      if (first)
        await carryOut(proxy, first)
      return intent
    }
    catch (thrown) {
      if (tries === 1 || !last || judgeWriteFailure(toApiError(thrown), last) !== 'faster' || readIntent(claim()))
        throw thrown
      await new Promise(done => setTimeout(done, SETTLED_MS))
      return begin(tries - 1)
    }
  }
  return { form, choices, namespaces, users, running, names, awaited, awaitedNames, stops, way, isBackedUp, offer, safety, answer, answerState, target, writes, verb, blocked, backupBar, pace, submission }
}

/** What the parts of the form share: its state is one, and `useExportForm` its owner. */
export type ExportForming = ReturnType<typeof useExportForm>
