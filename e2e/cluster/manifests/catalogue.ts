import type { Patch } from '#kube/client.ts'
import type { PersistentVolumeClaim, StorageClass } from '#kube/core.ts'
import { CLAIMS, CONFIG_MAPS, SELF_SUBJECT_REVIEWS, whoAmI } from '#kube/core.ts'
import type { Lease } from '#kube/lease.ts'
import { LEASES } from '#kube/lease.ts'
import type { KubeObject, Manifest } from '#kube/object.ts'
import { reviewRequest, rulesRequest } from '#kube/request.ts'
import type { Resource } from '#kube/resource.ts'
import type { Seen } from '#kube/seen.ts'
import type { Write } from '#kube/write.ts'
import { createOf, permissionOf } from '#kube/write.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import { IMAGES, IMAGE_TYPE_LABEL, OS_TYPE_LABEL } from '#images/image.ts'
import { editOf, planEdit } from '#images/imageEdit.ts'
import type { ImageForm } from '#images/imageForm.ts'
import { planImage } from '#images/imageForm.ts'
import { recreationOf, rehearsalOf } from '#images/imageRemoval.ts'
import { makeNote } from '#images/recreationNote.ts'
import type { UploadImage } from '#images/uploadPlan.ts'
import { planUploadImage } from '#images/uploadPlan.ts'
import { keepCheck } from '#images/upstream.ts'
import { planPower } from '#vms/powerActions.ts'
import type { VirtualMachine, VirtualMachineInstance } from '#vms/vm.ts'
import type { VmForm } from '#vms/vmPlan.ts'
import { ownCloudInit, planVm } from '#vms/vmPlan.ts'
import type { ExportPlan } from '#volumes/exportPlan.ts'
import { backUpFirst } from '#volumes/exportBackup.ts'
import { forceStop, noteEndings } from '#volumes/exportGuests.ts'
import { createExportImage, markEnded, markOvertaken, markVerified } from '#volumes/exportImage.ts'
import type { ExportIntent, ExportedVm } from '#volumes/exportIntent.ts'
import { amendIntent, liftExport, liftMark, readIntent } from '#volumes/exportIntent.ts'
import { planExport, stopForExport } from '#volumes/exportPlan.ts'
import type { KnownVm } from '#volumes/exportRestart.ts'
import { planForceStop, planStartNow, releaseVms, startAgain } from '#volumes/exportRestart.ts'
import type { StepWorld } from '#volumes/exportStep.ts'
import { planStartLeftOff } from '#volumes/leftOffVms.ts'
import { ACCESS_REVIEWS, accessReviewOf } from '../../../server/accessReview.ts'
import { leaseManifest } from '../../../server/exportLease.ts'

/** What stands in the cluster, as it answers it. */
export interface Standing {
  readonly namespace: string
  /** On Longhorn v1, and on v2. */
  readonly classes: { readonly v1: StorageClass, readonly v2: StorageClass }
  readonly images: { readonly v1: VirtualMachineImage, readonly v2: VirtualMachineImage }
  readonly claim: PersistentVolumeClaim
  /** Whose export was begun. */
  readonly begun: PersistentVolumeClaim
  /** Running, off, off and kept in the deprecated way, off for the export that was begun. */
  readonly vms: { readonly on: VirtualMachine, readonly off: VirtualMachine, readonly old: VirtualMachine, readonly stopped: VirtualMachine }
  readonly vmi: VirtualMachineInstance | undefined
  readonly network: string
  readonly secret: string
  /** Of another server, and held. */
  readonly lease: Lease
}

/** A write, or an object in place of the one that was read, which the server alone does. */
export type Sent = Write | { readonly act: 'replace', readonly resource: Resource, readonly manifest: Manifest }

const SHA512 = 'a'.repeat(128)
const NOW = Date.parse('2026-11-26T09:00:00Z')
const SUFFIXES = { disk: 'abcde', secret: 'fghij' }

type Catalogue = readonly (readonly [what: string, writes: readonly Sent[]])[]

/** Which upstream refuses where no target for backups is set up; with its fields it has no trouble. */
export const BACKUP = 'the backup before an export'

/** Everything that the console and its server can write, by the pure functions that they call, made for what stands there. */
export function catalogueOf(standing: Standing): Catalogue {
  return [...images(standing), ...vms(standing), ...power(standing), ...exports(standing), ...endings(standing), ...questions(standing), ...ofServer(standing)]
}

const patched = (image: VirtualMachineImage, patch: Patch): Write => ({ act: 'patch', resource: IMAGES, at: { namespace: image.metadata.namespace ?? '', name: image.metadata.name }, patch })

function images({ namespace, classes, images: { v1, v2 } }: Standing): Catalogue {
  const form: ImageForm = { name: 'written', namespace, storageClass: classes.v1.metadata.name, source: 'url', url: ' https://images.answers.test/noble.img ', checksum: '', description: '', retry: 3 }
  const file = { name: 'noble.qcow2' }
  const upload: UploadImage = { name: 'sent', namespace, description: 'by hand', labels: { [OS_TYPE_LABEL]: 'ubuntu', [IMAGE_TYPE_LABEL]: 'raw_qcow2' }, file, digests: { sha512: SHA512 } }
  const iso: UploadImage = { ...upload, name: 'installer', description: '', labels: { [OS_TYPE_LABEL]: '', [IMAGE_TYPE_LABEL]: 'iso' }, format: { kind: 'iso', label: 'NOBLE', hybrid: true }, digests: {} }
  const full = editOf(v1)
  const note = makeNote({ manifest: recreationOf(v1), uid: v1.metadata.uid, who: 'admin', when: new Date(NOW).toISOString() })
  const made = (manifest: Manifest<VirtualMachineImage>) => [createOf(IMAGES, manifest)]
  return [
    ['an image by URL on Longhorn v1', made(planImage(form, classes.v1))],
    ['an image by URL on Longhorn v1, with everything that can be said of it', made(planImage({ ...form, checksum: SHA512, description: 'a note', retry: 10, osType: 'ubuntu', imageType: 'raw_qcow2' }, classes.v1, { mutable: { who: 'admin', when: new Date(NOW).toISOString() }, mismatch: { who: 'admin', when: new Date(NOW).toISOString() } }))],
    ['an image by URL that is not tried again', made(planImage({ ...form, retry: 0 }, classes.v1))],
    ['an image by URL through CDI', made(planImage({ ...form, checksum: SHA512 }, classes.v2))],
    ['an image of a file on Longhorn v1', made(planUploadImage(upload, classes.v1))],
    ['an image of an installer on Longhorn v1', made(planUploadImage(iso, classes.v1))],
    ['an image of a file through CDI', made(planUploadImage(upload, classes.v2))],
    ['an edit of an image', [patched(v1, planEdit(v1, { ...full, description: 'better', osType: 'debian', imageType: 'iso', retry: 7 }))]],
    ['an edit of an image that takes away', [patched(v1, planEdit(v1, { ...full, description: '', osType: '', imageType: '' }))]],
    ['an edit of an image of CDI', [patched(v2, planEdit(v2, { ...editOf(v2), description: 'better' }))]],
    ['a rehearsal of an image that is made anew', made(rehearsalOf(recreationOf(v1)))],
    ['a rehearsal of an image of CDI that is made anew', made(rehearsalOf(recreationOf(v2)))],
    ['an image that is made anew, its name free again', made({ ...recreationOf(v1), metadata: { ...recreationOf(v1).metadata, name: 'freed' }, spec: { ...recreationOf(v1).spec, displayName: 'freed' } })],
    ['the note of an image that is made anew', [createOf(CONFIG_MAPS, note)]],
    ['what a look at the URL of an image found', [patched(v1, keepCheck({ word: 'unchanged', at: new Date(NOW).toISOString(), findings: [{ fact: 'size', standing: 'same' }] }))]],
    ['an exported image that is overtaken', [markOvertaken(v1, [`${namespace}/on`], NOW)]],
    ['an exported image whose disk was at rest', [markVerified(v1, NOW)]],
    ['an exported image whose export has nothing left to do', [markEnded(v1, NOW)]],
  ]
}

function vms({ namespace, images: { v1, v2 }, network, secret, vms: { off } }: Standing): Catalogue {
  const form: VmForm = { name: 'written', namespace, description: '', cpu: 2, memoryGib: 4, image: '', diskGib: 10, network: '', userData: '', networkData: '', runStrategy: 'RerunOnFailure' }
  const full: VmForm = { ...form, description: 'a note', userData: '#cloud-config\npackages: [qemu-guest-agent]\n', networkData: 'version: 2\n', memoryGib: 1.5, diskGib: 12.5 }
  return [
    ['a VM from an image of Longhorn v1', planVm(form, v1, SUFFIXES)],
    ['a VM from an image of Longhorn v1, with everything that can be said of it', planVm(full, v1, SUFFIXES)],
    ['a VM from an image of CDI', planVm(full, v2, SUFFIXES)],
    ['a VM on a network', planVm({ ...form, network }, v1, SUFFIXES)],
    ...(['Always', 'Manual', 'Halted', 'Once'] as const).map(runStrategy => [`a VM that is ${runStrategy}`, planVm({ ...form, runStrategy }, v1, SUFFIXES)] as const),
    ['the Secret given to its VM', [ownCloudInit(off, secret)]],
  ]
}

function power({ vms: { on, off, old } }: Standing): Catalogue {
  const manual = { ...off, metadata: { ...off.metadata, annotations: { ...off.metadata.annotations, 'harvesterhci.io/vmRunStrategy': 'Manual' } } }
  return [
    ['shut down', planPower('stop', on)],
    ['restart', planPower('restart', on)],
    ['start', planPower('start', off)],
    // Tried on the VM as it is: KubeVirt starts one that is Halted, too.
    ['start of a VM that was Manual', planPower('start', manual)],
    ['start of a VM that is kept in the deprecated way', planPower('start', old)],
    ['shut down of a VM that is kept in the deprecated way', planPower('stop', old)],
  ]
}

function exports({ namespace, classes, claim, begun, vms: { on }, vmi }: Standing): Catalogue {
  const { intent, writes } = exportOf(claim, namespace, classes.v1.metadata.name, on, vmi)
  const going = goingOf(begun)
  return [
    ['the beginning of an export', writes],
    ['a VM halted for an export', [stopForExport(on, intent)]],
    ['the image of an export on Longhorn v1', [createExportImage(intent, classes.v1)]],
    ['the image of an export through CDI', [createExportImage({ ...intent, image: { ...intent.image, displayName: 'exported-v2' } }, classes.v2)]],
    ['the image of an export of a disk that is in use', [createExportImage({ ...intent, runningAcknowledged: { by: 'admin', at: new Date(NOW).toISOString() } }, classes.v1, [on])]],
    ['what an export adds to its note', [amendIntent(begun, going, { madeAt: new Date(NOW).toISOString(), endings: { [on.metadata.name]: { word: 'cut-off' } }, refusal: 'no' })]],
    ['everything that an export adds to its note on the way', [amendIntent(begun, going, { calledOff: [{ code: 'deadline-passed', deadline: new Date(NOW).toISOString() }], isBackedUp: true, isSettled: true, forcedBy: 'admin' })]],
    ['an export that is given up', [amendIntent(begun, going, { abandonedBy: 'admin' })]],
    ['the end of an export', liftExport(CLAIMS, begun)],
  ]
}

function goingOf(begun: PersistentVolumeClaim): ExportIntent {
  const going = readIntent(begun)
  if (!going || going === 'unreadable')
    throw new Error('the export that was begun cannot be read')
  return going
}

const live = <T extends KubeObject>(...objects: readonly T[]): Seen<T> => ({ objects, state: 'live' })

/** What follows from an export that was begun: guests that are ended, and VMs that are started again or let go. */
function endings({ classes, begun, vms: { on, off, stopped }, vmi }: Standing): Catalogue {
  const entry = (vm: VirtualMachine): ExportedVm => ({ name: vm.metadata.name, runStrategy: 'RerunOnFailure', wasRunning: true })
  const intent: ExportIntent = { ...goingOf(begun), vms: [entry(stopped)] }
  const known: KnownVm = { entry: entry(stopped), vm: stopped, vmi: undefined }
  // As KubeVirt sets it: who has set it otherwise is noted in the managedFields.
  const putToAlways: VirtualMachine = { ...stopped, metadata: { ...stopped.metadata, managedFields: [] }, spec: { ...stopped.spec, runStrategy: 'Always' } }
  const world: StepWorld = {
    claims: live(begun), storageClasses: live(classes.v1), vms: live(on, stopped), vmis: live(), pods: live(), attachments: live(), nodes: live(),
    images: live(), dataVolumes: live(), snapshots: live(), backups: live(), restores: live(), vmExports: live(), longhornVolumes: live(),
  }
  return [
    [BACKUP, backUpFirst(world, { ...intent, vms: [entry(on)], backupFirst: true }, begun, NOW)?.writes ?? []],
    ['the decision that guests get no more time', [planForceStop(begun, intent, 'admin')]],
    // Of a VM that is there; without KubeVirt it has no instance.
    ...(vmi ? [['a guest that gets no more time', forceStop(vmi)] as const, ['the run strategy of a VM that KubeVirt has started as Always', startAgain({ ...known, vm: putToAlways, vmi }, intent, NOW)?.writes ?? []] as const] : []),
    ['the note of how a guest ended', [noteEndings(begun, intent, [known], NOW)?.write].flatMap(write => write ?? [])],
    ['the start after an export', startAgain(known, intent, NOW)?.writes ?? []],
    ['the start that somebody wants now', planStartNow(world, intent, 'admin')],
    ['the mark of an ended export on a VM', liftMark(stopped)],
    ['the start of a VM that an ended export left off', planStartLeftOff(stopped)],
    ['a VM that is let go of', releaseVms(intent, [{ entry: entry(off), vm: off, vmi: undefined }])],
  ]
}

const QUESTION = { group: 'authorization.k8s.io', version: 'v1', namespaced: false } as const

/** What the console asks of who uses it: who that is, and what he may do. */
function questions({ namespace }: Standing): Catalogue {
  const asked = (kind: string, plural: string, body: unknown): Sent => createOf({ ...QUESTION, kind, plural } as Resource, { ...body as Manifest, metadata: {} })
  return [
    ['the question who one is', [createOf(SELF_SUBJECT_REVIEWS, whoAmI())]],
    ['the question whether one may do something', [asked('SelfSubjectAccessReview', 'selfsubjectaccessreviews', reviewRequest({ verb: 'create', resource: IMAGES, namespace, name: 'written', subresource: 'status' }).body)]],
    ['the question what one may do', [asked('SelfSubjectRulesReview', 'selfsubjectrulesreviews', rulesRequest(namespace).body)]],
  ]
}

/** What the server writes by itself: the Lease by which one of several carries exports out, and its questions for whom it may. */
function ofServer({ namespace, lease, claim, vms: { off } }: Standing): Catalogue {
  const turn = { at: { namespace, name: 'written' }, me: 'server_1', duration: 15_000, now: new Date(NOW) }
  const replaced = (act: Parameters<typeof leaseManifest>[0]): Sent => ({ act: 'replace', resource: LEASES as unknown as Resource, manifest: leaseManifest(act, { ...turn, before: lease }) as unknown as Manifest })
  const asked = (...question: Parameters<typeof accessReviewOf>) => createOf(ACCESS_REVIEWS, accessReviewOf(...question))
  const known = { name: 'jane', uid: '0b8f', groups: ['operators', 'system:authenticated'], extra: { 'scopes.test/for': ['lab'] } }
  const writes = planPower('start', off)
  return [
    ['a Lease where there is none', [createOf(LEASES, leaseManifest('create', turn))]],
    ['a Lease that is renewed', [replaced('renew')]],
    ['a Lease that is taken', [replaced('take')]],
    ['a Lease that is given back', [replaced('give-back')]],
    ['the question whether somebody may start a VM', writes.map(write => asked(known, permissionOf(write), off.metadata.name))],
    ['the question whether somebody may make an image anywhere', [asked({ name: 'jane' }, { verb: 'create', resource: IMAGES, where: {} })]],
    ['the question whether somebody may see a claim', [asked(known, { verb: 'get', resource: CLAIMS, where: { namespace } }, claim.metadata.name)]],
  ]
}

/** An export of the claim that a VM has. */
export function exportOf(claim: PersistentVolumeClaim, namespace: string, storageClass: string, vm: VirtualMachine, vmi: VirtualMachineInstance | undefined): ExportPlan {
  return planExport({ claim, users: { vms: [vm], vmis: vmi ? [vmi] : [], pods: [] }, id: '0123456789ab', image: { namespace, displayName: 'exported', description: 'a note' }, storageClass, restart: true, requester: 'admin', now: NOW })
}
