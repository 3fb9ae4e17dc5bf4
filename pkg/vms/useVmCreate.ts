import { computed, reactive, watch, watchEffect } from 'vue'
import { NAMESPACES, STORAGE_CLASSES } from '#kube/core.ts'
import { toApiError } from '#kube/apiError.ts'
import { objectKey } from '#kube/object.ts'
import { formatBytes } from '#sdk/bytes.ts'
import { carryOut } from '#kube/write.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import { IMAGES } from '#images/image.ts'
import { indexKeepers } from '#images/imageKeeper.ts'
import { imageState } from '#images/imageState.ts'
import { BACKING_IMAGES, LONGHORN_NAMESPACE } from '#health/longhorn.ts'
import { dataEngineOf } from '#images/storageClass.ts'
import { useHost } from '#sdk/host.ts'
import { useI18n } from '#sdk/i18n.ts'
import { useNotices } from '#sdk/notices.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import { useFieldProblems } from '#sdk/useFieldProblems.ts'
import { useSubmit } from '#sdk/useSubmit.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import { makeVm } from './makeVm.ts'
import { NETWORKS } from './network.ts'
import { VMS } from './vm.ts'
import type { VmFormField, VmFormReason } from './vmForm.ts'
import { checkVmForm, refusalsOfVm } from './vmForm.ts'
import type { VmForm, VmSuffixes } from './vmPlan.ts'
import { cloudInitNameOf, ownCloudInit, planVm } from './vmPlan.ts'

const GIB = 1024 ** 3
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789'

const PATHS: Readonly<Record<VmFormField, VmFormField>> = { name: 'name', namespace: 'namespace', cpu: 'cpu', memoryGib: 'memoryGib', image: 'image', diskGib: 'diskGib', network: 'network', userData: 'userData', networkData: 'networkData' }
/** Fields that are called otherwise in the messages. */
const LABELS: Readonly<Partial<Record<VmFormField, string>>> = { memoryGib: 'memory', diskGib: 'disk', userData: 'cloudInit' }

function suffix(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(5)), byte => ALPHABET[byte % ALPHABET.length]).join('')
}

/** The state of the form, what stands in its way, what it would send, and how it is sent. Call in setup. */
export function useVmCreate() {
  const host = useHost()
  const proxy = useProxyStore()
  const notices = useNotices()
  const { t, locale } = useI18n()
  const namespaces = proxy.collection(NAMESPACES)
  const images = proxy.collection(IMAGES)
  const classes = proxy.collection(STORAGE_CLASSES)
  const networks = proxy.collection(NETWORKS)
  const vms = proxy.collection(VMS)
  const backingImages = proxy.collection(BACKING_IMAGES, { namespaces: [LONGHORN_NAMESPACE] })
  const dataVolumes = proxy.collection(DATA_VOLUMES)

  const form = reactive<{ -readonly [Field in keyof VmForm]: VmForm[Field] }>({
    name: '', namespace: host.namespaces.value[0] ?? '', description: '', cpu: 2, memoryGib: 4, image: '', diskGib: 10, network: '', userData: '', networkData: '', runStrategy: 'RerunOnFailure',
  })
  // Names are made up once, so that what is shown is what is sent; a refused attempt makes new ones.
  const names = reactive<{ -readonly [Part in keyof VmSuffixes]: VmSuffixes[Part] }>({ disk: suffix(), secret: suffix() })

  const keepersOf = computed(() => indexKeepers({ backingImages, dataVolumes }))
  const stateOf = (image: VirtualMachineImage) => imageState(image, keepersOf.value(image))
  const image = computed(() => images.find(form.image))
  const standing = computed(() => image.value && stateOf(image.value))
  const storageClass = computed(() => classes.find(image.value?.status?.storageClassName ?? ''))
  const engine = computed(() => storageClass.value && dataEngineOf(storageClass.value))
  const smallest = computed(() => Math.max(10, Math.ceil((image.value?.status?.virtualSize ?? 0) / GIB)))
  watchEffect(() => { form.namespace ||= namespaces.objects.find(({ metadata }) => metadata.name === 'default')?.metadata.name ?? '' })
  // Only when another image is chosen: what is typed stays, and what is wrong with it is said.
  watch(smallest, size => { form.diskGib = Math.max(form.diskGib, size) })

  const problems = computed(() => checkVmForm(form, { images: images.objects, stateOf, vms: vms.objects, networks: networks.objects }))
  const writes = computed(() => image.value ? planVm(form, image.value, names) : [])
  const manifests = computed(() => writes.value.flatMap(write => write.act === 'create' ? write.manifest : []))

  const submission = useSubmit(async () => {
    // Each is tried before any is made: a VM that is refused leaves no Secret behind.
    for (const write of writes.value)
      await carryOut(proxy, write, { dryRun: true, fieldValidation: 'Strict' })
    const secret = cloudInitNameOf(form, names)
    const ended = await makeVm(proxy, writes.value)
    Object.assign(names, { disk: suffix(), secret: suffix() })
    if (ended.outcome === 'unsure' && secret)
      notices.notify({ tone: 'attention', text: t('vms.create.leftSecret', { name: form.name, secret }) })
    if (ended.outcome !== 'made')
      throw ended.error
    const { vm, warnings } = ended
    const link = { text: form.name, path: `/virtual-machines/${form.namespace}/${form.name}` }
    notices.notify({ tone: warnings.length ? 'attention' : 'progress', text: [t('vms.create.created', { name: form.name }), ...warnings].join(' '), link })
    if (secret)
      await carryOut(proxy, ownCloudInit(vm, secret)).catch((thrown: unknown) => notices.notify({ tone: 'attention', text: t('vms.create.idleSecret', { secret, message: toApiError(thrown).message }) }))
    await host.go(link.path)
  })

  function sentence(problem: VmFormReason): string {
    return t(`vms.problem.${problem.code}`, { ...problem, ...('bytes' in problem && { size: formatBytes(problem.bytes, locale.value) }) })
  }
  const label = (field: VmFormField) => t(`vms.create.${LABELS[field] ?? field}`)
  const refusals = computed(() => submission.error.value ? refusalsOfVm(submission.error.value) : {})
  const { shown, touch, unmet } = useFieldProblems({ form, problems: () => problems.value, refusals: () => refusals.value, paths: PATHS, label, sentence })
  const blocked = computed(() => unmet.value && t('vms.create.incomplete', { fields: unmet.value }))

  const networkChoices = computed(() => networks.objects.map(objectKey))
  return { form, namespaces, images, stateOf, image, standing, storageClass, engine, smallest, networkChoices, shown, touch, blocked, manifests, submission }
}
