import { CLAIMS } from '#kube/core.ts'
import type { PersistentVolumeClaim } from '#kube/core.ts'
import { objectKey } from '#kube/object.ts'
import { qualifiedName } from '#kube/resource.ts'
import { IMAGES } from '#images/image.ts'
import { VMIS, VMS } from '#vms/vm.ts'
import type { VirtualMachine, VirtualMachineInstance } from '#vms/vm.ts'
import { holdsClaim, usersOfClaim } from '#volumes/claimUsers.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import { holdOnClaim } from '#volumes/exportHold.ts'
import type { AdmissionAnswer, AdmissionRequest } from './admissionReview.ts'
import { readObject, refuse } from './admissionReview.ts'
import type { TakenTurn } from './admissionTurns.ts'
import { LET_THROUGH } from './exportAdmission.ts'
import type { ExportGuard } from './exportAdmission.ts'
import { heldStart, lostTurn } from './exportSentences.ts'
import type { FreshReads, SeenObject } from './exportWorld.ts'
import { warningOf } from './imageSentences.ts'

/** A write by which a VM takes disks that it did not have. */
interface Taking {
  readonly kind: 'VirtualMachineInstance' | 'VirtualMachine'
  readonly name: string
  readonly takes: (claim: PersistentVolumeClaim) => boolean
  /** Known where the VM itself is written. */
  readonly vm?: VirtualMachine
}

/** The disks that are taken by a start, for which KubeVirt creates an instance in every case, and by plugging one in. */
function takingOf({ operation, resource, namespace, object, oldObject }: AdmissionRequest): Taking | undefined {
  if (resource === qualifiedName(VMIS)) {
    const vmi = readObject<VirtualMachineInstance>(object, namespace)
    const old = operation === 'UPDATE' ? readObject<VirtualMachineInstance>(oldObject, namespace) : undefined
    if (!vmi || (operation !== 'CREATE' && !old) || vmi.metadata.deletionTimestamp)
      return undefined
    return { kind: 'VirtualMachineInstance', name: vmi.metadata.name, takes: claim => holdsClaim(vmi, claim) && !(old && holdsClaim(old, claim)) }
  }
  const vm = resource === qualifiedName(VMS) && operation === 'UPDATE' ? readObject<VirtualMachine>(object, namespace) : undefined
  const old = vm && readObject<VirtualMachine>(oldObject, namespace)
  // A VM that is off takes nothing before it starts.
  if (!vm || !old || !vm.status?.created || vm.metadata.deletionTimestamp)
    return undefined
  return { kind: 'VirtualMachine', name: vm.metadata.name, vm, takes: claim => mentions(vm, claim) && !mentions(old, claim) }
}

function mentions(vm: VirtualMachine, claim: PersistentVolumeClaim): boolean {
  return usersOfClaim(claim, { vms: [vm], vmis: [], pods: [] }).vms.length > 0
}

/**
 * Judges a start, and the plugging in of a disk: refused while one of the disks is under export (`holdOnClaim`). KubeVirt
 * tries a refused start again by itself. What cannot be read refuses nothing here and is warned of: a VM that does not
 * start is the worse outage, and an export that was overtaken is found out.
 */
export async function admitStart(request: AdmissionRequest, guard: ExportGuard): Promise<AdmissionAnswer> {
  const taking = takingOf(request)
  if (!taking)
    return LET_THROUGH
  const reads = guard.reads()
  const claims = await reads?.see(CLAIMS, request.namespace)
  if (!reads || claims?.state !== 'live')
    return blind(CLAIMS.plural)
  const taken = claims.objects.filter(taking.takes)
  if (!taken.length)
    return LET_THROUGH
  // The instance that follows from a VM's new disk takes the turn.
  const who = `${request.namespace}/${taking.name}`
  const turns = taken.map(claim => guard.turns.take(objectKey(claim), { kind: 'start', who }, request.dryRun || taking.kind === 'VirtualMachine'))
  const sentences = await findHolds(taking, taken, turns, { reads, guard, namespace: request.namespace })
  if (typeof sentences === 'string')
    return blind(sentences)
  if (!sentences.length)
    return LET_THROUGH
  if (guard.warnOnly.has(request.user.name))
    return { warnings: sentences.map(text => warningOf({ field: 'spec', text })) }
  for (const turn of turns)
    turn.giveBack()
  return { warnings: [], refusal: refuse(403, sentences.join(' '), { group: 'kubevirt.io', kind: taking.kind, name: taking.name }) }
}

const blind = (resource: string): AdmissionAnswer => ({ warnings: [`the export guard cannot read ${resource} now: whether a disk of this VM is being exported is not known.`] })

interface Looking { readonly reads: FreshReads, readonly guard: ExportGuard, readonly namespace: string }

/** Why the disks may not be had; the name of what could not be read where that is not known. */
async function findHolds(taking: Taking, taken: readonly PersistentVolumeClaim[], turns: readonly TakenTurn[], { reads, guard, namespace }: Looking): Promise<readonly string[] | string> {
  const [images, dataVolumes, starter] = await Promise.all([reads.see(IMAGES), reads.see(DATA_VOLUMES, namespace), starterOf(taking, reads, namespace)])
  if (images.state !== 'live')
    return qualifiedName(IMAGES)
  if (starter.state !== 'seen' && starter.state !== 'gone')
    return qualifiedName(VMS)
  const vm = starter.state === 'seen' ? starter.object : undefined
  return taken.flatMap((claim, index) => {
    const hold = holdOnClaim(claim, { images: images.objects, dataVolumes: dataVolumes.objects }, guard.now(), vm)
    const rival = turns[index]?.rivals.find(({ who }) => !images.objects.some(image => objectKey(image) === who))
    return hold ? heldStart(hold) : rival ? lostTurn(objectKey(claim), rival) : []
  })
}

async function starterOf({ vm, name }: Taking, reads: FreshReads, namespace: string): Promise<SeenObject<VirtualMachine>> {
  return vm ? { state: 'seen', object: vm } : reads.find(VMS, { namespace, name })
}
