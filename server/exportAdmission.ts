import type { PersistentVolumeClaim } from '#kube/core.ts'
import { CLAIMS } from '#kube/core.ts'
import { objectKey } from '#kube/object.ts'
import type { Manifest } from '#kube/object.ts'
import { qualifiedName } from '#kube/resource.ts'
import { IMAGES } from '#images/image.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { VirtualMachineInstance } from '#vms/vm.ts'
import { holdsClaim } from '#volumes/claimUsers.ts'
import { FOUND_ANNOTATIONS, exportImageKey, noteOn, runningAcknowledgementOf } from '#volumes/exportedImage.ts'
import { closeWithAnswer, warnWithAnswer } from '#volumes/exportAnswer.ts'
import { holdOnClaim } from '#volumes/exportHold.ts'
import { readIntent } from '#volumes/exportIntent.ts'
import { judgeExportSafety } from '#volumes/exportSafety.ts'
import type { ExportSafety } from '#volumes/exportSafety.ts'
import { podMemory } from '#volumes/exportVisits.ts'
import type { PodMemory } from '#volumes/exportVisits.ts'
import type { ExportWorld } from '#volumes/exportWorld.ts'
import type { AdmissionAnswer, AdmissionRequest } from './admissionReview.ts'
import { readImage, refuse } from './admissionReview.ts'
import type { Turn, Turns } from './admissionTurns.ts'
import { foreignNamespace, foundTooEarly, lostTurn, otherPods, refusedExport } from './exportSentences.ts'
import type { FreshReads } from './exportWorld.ts'
import { copiedStill } from './handMadeExports.ts'
import type { WarnedExports } from './handMadeExports.ts'
import { quoted, warningOf } from './imageSentences.ts'
import type { Sentence } from './imageSentences.ts'

/** What the guard judges with. */
export interface ExportGuard {
  /** For one review; undefined as long as no cluster is known. */
  readonly reads: () => FreshReads | undefined
  readonly turns: Turns
  readonly warned: WarnedExports
  /** Accounts that are refused nothing and warned of everything. */
  readonly warnOnly: ReadonlySet<string>
  /** Epoch milliseconds. */
  readonly now: () => number
}

/** Nothing that the guard is about, or nothing to say. */
export const LET_THROUGH: AdmissionAnswer = { warnings: [] }

interface Disk { readonly namespace: string, readonly name: string }
type Judged = (ExportSafety & { readonly memory?: PodMemory }) | { readonly word: 'nobody\'s' } | { readonly word: 'secret' } | { readonly word: 'lost', readonly to: Turn }

/**
 * Judges the creation of an image that is exported from a volume, by what the API server says at this moment. Refused
 * unless the disk is at rest; what cannot be looked at is not at rest. Not refused: an image whose author says that he
 * knows (Longhorn v1 alone), and accounts that are only warned. A dry run is told the word in any case. Whatever the disk is
 * like, an image is refused that brings what is found out of it only later: it would look good, or its disk free, at once; and
 * one that says of the last pods on its disk what Longhorn does not: who had the disk meanwhile is found out by that.
 */
export async function admitExport(request: AdmissionRequest, guard: ExportGuard): Promise<AdmissionAnswer> {
  const image = request.operation === 'CREATE' && request.resource === qualifiedName(IMAGES) ? readImage(request.object, request.namespace) : undefined
  const { sourceType, backend, pvcName, pvcNamespace } = image?.spec ?? {}
  // Harvester says itself what is missing.
  if (!image || sourceType !== 'export-from-volume' || !pvcName || !pvcNamespace)
    return LET_THROUGH
  const disk = { namespace: pvcNamespace, name: pvcName }
  if (backend === 'cdi' && pvcNamespace !== request.namespace)
    return settle(request, guard, image, { field: 'spec.pvcNamespace', text: foreignNamespace(keyOf(disk), request.namespace) })
  const brought = FOUND_ANNOTATIONS.filter(annotation => image.metadata.annotations?.[annotation] !== undefined).map(foundTooEarly)
  const [early] = brought
  if (early && !guard.warnOnly.has(request.user.name))
    return settle(request, guard, image, early)
  const turn = guard.turns.take(keyOf(disk), { kind: 'export', who: objectKey(image) }, request.dryRun)
  const judged = await judge(request, guard.reads(), { image, disk, rivals: turn.rivals, now: guard.now() })
  const answer = answerTo(judged, { request, guard, image, claim: keyOf(disk) })
  // Nobody is kept from a disk that is read while it is in use.
  const isReadInUse = !answer.refusal && IN_USE.includes(judged.word)
  if (!answer.refusal && !request.dryRun)
    guard.warned.note(image.spec, request.namespace, isReadInUse)
  if (answer.refusal || isReadInUse)
    turn.giveBack()
  return { ...answer, warnings: [...brought.map(warningOf), ...answer.warnings] }
}

/** Of a disk that a guest has or is about to have. */
const IN_USE: readonly Judged['word'][] = ['in-use', 'will-start', 'lost']

const keyOf = ({ namespace, name }: Disk) => `${namespace}/${name}`
const unseen = (resource: string, state: 'loading' | 'forbidden' | 'stale', namespace: string): ExportSafety => ({ word: 'unknown', reasons: [{ code: 'not-seen', resource, state, namespace }] })

interface Asked { readonly image: Manifest<VirtualMachineImage>, readonly disk: Disk, readonly rivals: readonly Turn[], readonly now: number }

async function judge({ namespace, user }: AdmissionRequest, reads: FreshReads | undefined, { image, disk, rivals, now }: Asked): Promise<Judged> {
  if (!reads)
    return unseen(CLAIMS.plural, 'loading', disk.namespace)
  const [claim, world, mayRead] = await Promise.all([reads.find(CLAIMS, disk), reads.around(disk), disk.namespace === namespace || reads.mayRead(user, disk)])
  // What holds a disk of another namespace is told to those alone who may see that disk.
  if (mayRead !== true)
    return mayRead === undefined ? unseen('subjectaccessreviews.authorization.k8s.io', 'forbidden', disk.namespace) : { word: 'secret' }
  if (claim.state === 'gone')
    return { word: 'nobody\'s' }
  if (claim.state !== 'seen')
    return unseen(CLAIMS.plural, claim.state, disk.namespace)
  // Longhorn's word after that of the pods: one that has gone meanwhile is remembered.
  const seen = { ...world, longhornVolumes: await reads.longhornVolume(claim.object), claim: claim.object }
  const safety = judgeSeen(image, seen, { now, copied: await copiedStill(world.images.objects.filter(({ spec }) => spec.pvcNamespace === disk.namespace && spec.pvcName === disk.name), reads) })
  // An instance that is there already, and is to have the disk plugged in, may not hold it yet.
  const vmOf = (vmi: VirtualMachineInstance) => world.vms.objects.find(vm => objectKey(vm) === objectKey(vmi))
  const unseenRival = rivals.find(rival => !world.vmis.objects.some(vmi => objectKey(vmi) === rival.who && holdsClaim(vmi, claim.object, vmOf(vmi))))
  return safety.word !== 'in-use' && unseenRival ? { word: 'lost', to: unseenRival } : { ...safety, memory: podMemory(claim.object, seen) }
}

/** Judges the disk for that image. Another export that has the disk starts VMs on it when it ends. */
function judgeSeen(image: Manifest<VirtualMachineImage>, world: ExportWorld, { now, copied }: { readonly now: number, readonly copied: ReadonlySet<string> }): ExportSafety {
  const safety = judgeExportSafety({ ...world, ...ownOf(image, world.claim) })
  const other = holdOnClaim(world.claim, { images: world.images.objects, dataVolumes: world.dataVolumes.objects, copied }, now)
  const isTold = safety.reasons.some(reason => reason.code === 'export-in-progress' && reason.image === other?.image)
  return !other || other.image === objectKey(image) || isTold ? safety : { word: 'in-use', reasons: [...safety.reasons, { code: 'export-in-progress', image: other.image }] }
}

/** What an image of the console's own is known by: its intent remembers where the disk was last. */
function ownOf(image: Manifest<VirtualMachineImage>, claim: PersistentVolumeClaim): Pick<ExportWorld, 'ownImage' | 'lastNodes'> {
  const intent = readIntent(claim)
  const ownImage = objectKey(image)
  if (!intent || intent === 'unreadable' || exportImageKey(intent) !== ownImage)
    return {}
  return { ownImage, lastNodes: intent.vms.flatMap(vm => vm.wasRunning && vm.node ? vm.node : []) }
}

interface Answering { readonly request: AdmissionRequest, readonly guard: ExportGuard, readonly image: Manifest<VirtualMachineImage>, readonly claim: string }

function answerTo(judged: Judged, { request, guard, image, claim }: Answering): AdmissionAnswer {
  switch (judged.word) {
    case 'nobody\'s': return { warnings: [`spec.pvcName: there is no volume ${claim}.`] }
    case 'secret': return settle(request, guard, image, { field: 'spec.pvcName', text: `you may not get persistentvolumeclaims in namespace ${claim.split('/')[0]}, so nothing is said of volume ${claim}.` })
  }
  const word = judged.word === 'lost' ? 'in-use' : judged.word
  const memory = judged.word === 'at-rest' ? judged.memory : undefined
  const answer = request.dryRun ? warnWithAnswer({ claim, word, ...(memory && { memory }) }) : []
  if (judged.word === 'lost')
    return settle(request, guard, image, { field: 'spec.pvcName', text: closeWithAnswer(lostTurn(claim, judged.to), { claim, word: 'in-use' }) }, answer)
  const acknowledged = runningAcknowledgementOf(image)
  if (judged.word === 'at-rest') {
    const { lastPods } = noteOn(image)
    const isTrue = lastPods === undefined || acknowledged !== undefined || (memory?.word === 'noted' && memory.lastPods === lastPods)
    return isTrue ? { warnings: answer } : settle(request, guard, image, { field: 'metadata.annotations', text: closeWithAnswer(otherPods(claim), { claim, word: 'detaching' }) }, answer)
  }
  if (acknowledged) {
    const text = `volume ${claim} is not at rest; ${quoted(acknowledged.who)} acknowledged on ${quoted(acknowledged.when)} that the image is only as whole as after a power cut.`
    return { warnings: [...answer, warningOf({ field: 'spec.pvcName', text })] }
  }
  const text = refusedExport(claim, { word: judged.word, reasons: judged.reasons }, image.spec.backend !== 'cdi')
  return settle(request, guard, image, { field: 'spec.pvcName', text }, answer)
}

function settle({ user }: AdmissionRequest, { warnOnly }: ExportGuard, image: Manifest<VirtualMachineImage>, sentence: Sentence, warnings: readonly string[] = []): AdmissionAnswer {
  if (warnOnly.has(user.name))
    return { warnings: [...warnings, warningOf(sentence)] }
  const details = { group: 'harvesterhci.io', kind: 'VirtualMachineImage', name: image.metadata.name ?? '' }
  return { warnings, refusal: refuse(422, sentence.text, details, [sentence]) }
}
