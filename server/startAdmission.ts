import { CLAIMS } from '#kube/core.ts'
import { objectKey } from '#kube/object.ts'
import { qualifiedName } from '#kube/resource.ts'
import { IMAGES } from '#images/image.ts'
import { VMIS, VMS, effectiveRunStrategy } from '#vms/vm.ts'
import type { VirtualMachine, VirtualMachineInstance } from '#vms/vm.ts'
import { claimsOfVm, claimsOfVmi, keeperOf, keepsState } from '#volumes/claimUsers.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import { holdOnClaim, isRefusedImage } from '#volumes/exportHold.ts'
import type { AdmissionAnswer, AdmissionRequest } from './admissionReview.ts'
import { readObject, refuse } from './admissionReview.ts'
import type { Turn } from './admissionTurns.ts'
import { LET_THROUGH } from './exportAdmission.ts'
import type { ExportGuard } from './exportAdmission.ts'
import { heldStart, lostTurn } from './exportSentences.ts'
import { copiedStill } from './handMadeExports.ts'
import type { FreshReads, SeenObject } from './exportWorld.ts'
import { warningOf } from './imageSentences.ts'

/** A write by which a VM takes disks that it did not have. */
interface Taking {
  readonly kind: 'VirtualMachineInstance' | 'VirtualMachine'
  readonly namespace: string
  readonly name: string
  /** Names of the claims. */
  readonly claims: readonly string[]
  /** It takes the claim too on which KubeVirt keeps its state, whose name is not known from it. */
  readonly keepsState?: boolean
  /** Known where the VM itself is written. */
  readonly vm?: VirtualMachine
  /** An instance follows that takes the turn. */
  readonly isAhead?: boolean
}

/** The disks that are taken by a start, for which KubeVirt creates an instance in every case, and by plugging one in. */
function takingOf({ operation, resource, namespace, object, oldObject }: AdmissionRequest): Taking | undefined {
  if (resource === qualifiedName(VMIS)) {
    const vmi = readObject<VirtualMachineInstance>(object, namespace)
    const old = operation === 'UPDATE' ? readObject<VirtualMachineInstance>(oldObject, namespace) : undefined
    if (!vmi || (operation !== 'CREATE' && !old) || vmi.metadata.deletionTimestamp)
      return undefined
    return { kind: 'VirtualMachineInstance', namespace, name: vmi.metadata.name, claims: without(claimsOfVmi(vmi), old && claimsOfVmi(old)), keepsState: !old && keepsState(vmi.spec) }
  }
  const vm = resource === qualifiedName(VMS) && operation === 'UPDATE' ? readObject<VirtualMachine>(object, namespace) : undefined
  const old = vm && readObject<VirtualMachine>(oldObject, namespace)
  if (!vm || !old || vm.metadata.deletionTimestamp)
    return undefined
  const taking = { kind: 'VirtualMachine', namespace, name: vm.metadata.name, vm } as const
  if (!vm.status?.created)
    // A VM that is off takes nothing before it starts.
    return isStartedOnce(vm, old) ? { ...taking, claims: [...claimsOfVm(vm)], keepsState: keepsState(vm.spec.template.spec) } : undefined
  return { ...taking, isAhead: true, claims: without(claimsOfVm(vm), claimsOfVm(old)) }
}

/**
 * KubeVirt makes the instance of a VM that becomes RerunOnFailure once, and has forgotten that it was to when that is refused
 * (kubevirt pkg/virt-controller/watch/vm/vm.go, `vm.Status.RunStrategy == runStrategy`). Every other start it tries until it comes.
 */
function isStartedOnce(vm: VirtualMachine, old: VirtualMachine): boolean {
  return effectiveRunStrategy(vm) === 'RerunOnFailure' && effectiveRunStrategy(old) !== 'RerunOnFailure'
}

function without(names: ReadonlySet<string>, had: ReadonlySet<string> = new Set()): string[] {
  return [...names].filter(name => !had.has(name))
}

/**
 * Judges a start, and the plugging in of a disk: refused while one of the disks is under export (`holdOnClaim`). KubeVirt
 * tries a refused start again by itself; the one that it would not is refused before it is noted. What cannot be read refuses nothing here and is warned of: a VM that does not
 * start is the worse outage. The turn is taken all the same, so that an export in the same moment sees it.
 */
export async function admitStart(request: AdmissionRequest, guard: ExportGuard): Promise<AdmissionAnswer> {
  const taking = takingOf(request)
  if (!taking?.claims.length && !taking?.keepsState)
    return LET_THROUGH
  const looksOnly = request.dryRun || taking.isAhead === true
  const take = (name: string) => guard.turns.take(`${taking.namespace}/${name}`, { kind: 'start', who: `${taking.namespace}/${taking.name}` }, looksOnly)
  // What is known at once is taken at once.
  const named = taking.claims.map(take)
  const reads = guard.reads()
  const state = taking.keepsState ? await stateOf(taking, reads) : []
  const turns = [...named, ...(state ?? []).map(take)]
  const claims = [...taking.claims, ...state ?? []]
  const { sentences, blind = state ? undefined : CLAIMS.plural } = await findHolds({ ...taking, claims }, turns.map(({ rivals }) => rivals), { reads, now: guard.now(), warned: guard.warned })
  const warnings = blind === undefined ? [] : [`the export guard cannot read ${blind} now: whether a disk of this VM is being exported is not known.`]
  if (!sentences.length || guard.warnOnly.has(request.user.name))
    return { warnings: [...warnings, ...sentences.map(text => warningOf({ field: 'spec', text }))] }
  for (const turn of turns)
    turn.giveBack()
  return { warnings, refusal: refuse(403, sentences.join(' '), { group: 'kubevirt.io', kind: taking.kind, name: taking.name }) }
}

/** Why disks may not be had, and what could not be read to know it. */
interface Holds { readonly sentences: readonly string[], readonly blind?: string }

/** Names of the claims on which KubeVirt keeps its state; undefined where they cannot be seen. There is none before its first start. */
async function stateOf({ namespace, name }: Taking, reads: FreshReads | undefined): Promise<string[] | undefined> {
  const claims = await reads?.see(CLAIMS, namespace)
  return claims?.state === 'live' ? claims.objects.filter(claim => keeperOf(claim) === `${namespace}/${name}`).map(claim => claim.metadata.name) : undefined
}

async function findHolds(taking: Taking, rivals: readonly (readonly Turn[])[], { reads, now, warned }: Pick<ExportGuard, 'warned'> & { readonly reads: FreshReads | undefined, readonly now: number }): Promise<Holds> {
  const { namespace, claims: names } = taking
  const lost = (isSettled: (turn: Turn, index: number) => boolean) => names.map((name, index) => {
    const rival = rivals[index]?.find(turn => !isSettled(turn, index))
    return rival && lostTurn(`${namespace}/${name}`, rival)
  })
  const blinded = (blind: string): Holds => ({ blind, sentences: lost(() => false).flatMap(sentence => sentence ?? []) })
  if (!reads)
    return blinded(CLAIMS.plural)
  const [images, dataVolumes, starter, ...claims] = await Promise.all([reads.see(IMAGES), reads.see(DATA_VOLUMES, namespace), starterOf(taking, reads), ...names.map(name => reads.find(CLAIMS, { namespace, name }))])
  if (images.state !== 'live')
    return blinded(qualifiedName(IMAGES))
  if (starter.state === 'forbidden' || starter.state === 'stale')
    return blinded(qualifiedName(VMS))
  if (claims.some(({ state }) => state === 'forbidden' || state === 'stale'))
    return blinded(CLAIMS.plural)
  const vm = starter.state === 'seen' ? starter.object : undefined
  const unseen = lost(({ who }, index) => {
    const claim = claims[index]
    return images.objects.some(image => objectKey(image) === who) || (claim?.state === 'seen' && isRefusedImage(claim.object, who))
  })
  const made = images.objects.filter(image => image.spec.pvcNamespace === namespace && names.includes(image.spec.pvcName ?? '') && !warned.has(image))
  const copied = await copiedStill(made, reads)
  const sentences = claims.map((claim, index) => {
    const hold = claim.state === 'seen' ? holdOnClaim(claim.object, { images: made, dataVolumes: dataVolumes.objects, copied }, now, vm) : undefined
    return hold ? heldStart(hold) : unseen[index]
  })
  return { sentences: sentences.flatMap(sentence => sentence ?? []) }
}

async function starterOf({ vm, namespace, name }: Taking, reads: FreshReads): Promise<SeenObject<VirtualMachine>> {
  return vm ? { state: 'seen', object: vm } : reads.find(VMS, { namespace, name })
}
