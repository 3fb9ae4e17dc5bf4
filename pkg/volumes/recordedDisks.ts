import type { PersistentVolumeClaim, Pod, VolumeAttachment } from '#kube/core.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { Glance, Recorded, Standing } from '#vms/recordedStories.ts'
import type { VirtualMachine, VirtualMachineInstance } from '#vms/vm.ts'
import type { DataVolume } from './dataVolume.ts'
import type { ExportSafety } from './exportSafety.ts'
import type { ExportWorld } from './exportWorld.ts'
import { conditionsOf, glancesOf, isOver, metadataOf, nodeOf, STORIES, vmOf, vmiOf } from '#vms/recordedStories.ts'
import { judgeExportSafety } from './exportSafety.ts'
import { live, node } from './scriptedWorld.ts'

// Every disk that a story tells of, with all that it tells besides, in every state that upstream's own control planes were seen
// in: for the specs of what is judged about it. A record of a story of nodes tells of these, and where everything is; any other
// names none, and its one node is well.

/** The disk that a VM has from its first day; of any other its instance says by the claim's name that it was plugged in. */
const OWN = 'web-disk'
/** What the records call a disk that is plugged in. */
const PLUGGED = 'more'
/** The node of those stories that tell of none. */
const ONLY = 'node-1'
const COPIER = 'worker cdi-clone-source '

/** What stands in a trace, by what stories call it, and which of it has to do with a disk; the rest are copies of an image that is made, and what tells of their place. */
export const ROLES: Readonly<Record<string, 'of disks' | 'not'>> = {
  'vm': 'of disks', 'vmi': 'of disks', 'launcher': 'of disks', 'target': 'of disks', 'plug': 'of disks', 'worker': 'of disks', 'attachment': 'of disks', 'node': 'of disks',
  'claim': 'of disks', 'data volume': 'of disks', 'image': 'of disks', 'migration': 'not', 'file': 'not', 'source': 'not', 'class': 'not',
}
export const roleIn = (what: string): string => what.startsWith('data volume ') ? 'data volume' : what.split(' ')[0] ?? ''
const lastWord = (what: string): string => what.split(' ').at(-1) ?? ''

/** One disk of one story, and what else is known of who has to do with it: that is written in what the trace does not show, and follows from its order. */
interface Disk {
  readonly record: Recorded
  readonly claim: string
  /** What CDI copies, and an image is made of, was there first. */
  readonly isFirst: boolean
  /** The data volumes that are filled from a disk. */
  readonly copies: ReadonlySet<string>
  /** The images that are made of a disk: it was there before them. */
  readonly exports: ReadonlySet<string>
  /** The worker that fills this one: it comes when this is the newest. */
  readonly importers: ReadonlySet<string>
}

function diskOf(record: Recorded, claim: string): Disk {
  const came = record.changes.filter(([, { life }]) => life === 'there').map(([what]) => what)
  const claimsBefore = (what: string) => came.slice(0, came.indexOf(what)).filter(other => other.startsWith('claim ')).map(lastWord)
  const all = [...new Set(came)]
  return {
    record, claim, isFirst: came.find(what => what.startsWith('claim ')) === `claim ${claim}`,
    copies: new Set(record.changes.filter(([what, { phase }]) => what.startsWith('data volume ') && String(phase).startsWith('Clone')).map(([what]) => what)),
    exports: new Set(all.filter(what => what.startsWith('image ') && claimsBefore(what).length)),
    importers: new Set(all.filter(what => what.startsWith('worker ') && !what.startsWith(COPIER) && claimsBefore(what).at(-1) === claim)),
  }
}

const placeOf = ({ facets }: Standing) => String(facets.node ?? ONLY)
const volumeOf = (name: string) => [{ name, persistentVolumeClaim: { claimName: name } }]
const namedBy = (standing: Standing) => ({ ...metadataOf(standing), name: lastWord(standing.what) })

/** A claim is given its volume by one write, and says Bound by the next: what is attached it has. */
function claimWith(standing: Standing, there: Glance['there']): PersistentVolumeClaim {
  const metadata = namedBy(standing)
  const phase = standing.facets.phase === 'Bound' ? 'Bound' : 'Pending'
  const hasVolume = phase === 'Bound' || there.some(({ what }) => what.split(' ').slice(0, 2).join(' ') === `attachment ${metadata.name}`)
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec: hasVolume ? { volumeName: `pv-${metadata.name}` } : {}, status: { phase } }
}

const vmWith = (standing: Standing): VirtualMachine => ({ ...vmOf(standing), spec: { ...vmOf(standing).spec, template: { spec: { volumes: volumeOf(OWN) } } } })

/** What an instance says that it has: `disk-0` is its own. */
const disksOf = ({ facets }: Standing) => (facets.volumes as readonly string[] | undefined ?? []).map(volume => volume.split(' ')[0] ?? '').map(name => name === 'disk-0' ? OWN : name)

function vmiWith(standing: Standing): VirtualMachineInstance {
  const vmi = vmiOf(standing)
  const volumeStatus = disksOf(standing).map(claimName => ({ name: claimName === OWN ? 'disk-0' : claimName, persistentVolumeClaimInfo: { claimName } }))
  return { ...vmi, spec: { volumes: volumeOf(OWN) }, status: { nodeName: ONLY, ...vmi.status, volumeStatus } }
}

/** The disk that a pod mounts, of those that have to do with it: a guest's, one that is plugged in, and what CDI reads or fills. */
function hasDisk({ what }: Standing, { claim, isFirst, importers }: Disk): boolean {
  switch (roleIn(what)) {
    case 'launcher': case 'target': return claim === OWN
    case 'plug': return claim === PLUGGED
    default: return what.startsWith(COPIER) ? isFirst : importers.has(what)
  }
}

const POD_LABELS: Readonly<Record<string, Record<string, string>>> = { plug: { 'kubevirt.io': 'hotplug-disk' }, launcher: { 'kubevirt.io': 'virt-launcher' }, target: { 'kubevirt.io': 'virt-launcher' } }

function podWith(standing: Standing, disk: Disk): Pod {
  const { what, facets } = standing
  const labels = POD_LABELS[roleIn(what)] ?? { 'cdi.kubevirt.io': what.split(' ')[1] ?? '' }
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadataOf(standing), name: what.replaceAll(' ', '-'), labels }, spec: { nodeName: placeOf(standing), volumes: hasDisk(standing, disk) ? volumeOf(disk.claim) : [] }, status: { phase: String(facets.phase) } }
}

function attachmentOf(standing: Standing): VolumeAttachment {
  const metadata = metadataOf(standing)
  return { apiVersion: 'storage.k8s.io/v1', kind: 'VolumeAttachment', metadata, spec: { attacher: 'driver.longhorn.io', nodeName: placeOf(standing), source: { persistentVolumeName: `pv-${metadata.name}` } }, status: { attached: standing.facets.attached === true } }
}

function dataVolumeWith(standing: Standing, { copies, record }: Disk): DataVolume {
  const metadata = namedBy(standing)
  const source = copies.has(standing.what) ? { pvc: { namespace: metadata.namespace, name: firstClaimOf(record) } } : { http: { url: 'https://images.lab.test/noble.img' } }
  return { apiVersion: 'cdi.kubevirt.io/v1beta1', kind: 'DataVolume', metadata, spec: { source }, status: { ...(standing.facets.phase ? { phase: String(standing.facets.phase) } : {}) } }
}

const firstClaimOf = ({ changes }: Recorded) => lastWord(changes.find(([what]) => what.startsWith('claim '))?.[0] ?? '')

function imageWith(standing: Standing, { exports, record }: Disk): VirtualMachineImage {
  const { what, facets } = standing
  const metadata = metadataOf(standing)
  const source = exports.has(what) ? { sourceType: 'export-from-volume' as const, pvcName: firstClaimOf(record), pvcNamespace: metadata.namespace } : { sourceType: 'download' as const }
  const backend = facets['spec.backend'] as VirtualMachineImage['spec']['backend']
  return { apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata, spec: { displayName: metadata.name, backend, retry: Number(facets['spec.retry']), ...source }, status: { failed: Number(facets.failed ?? 0), conditions: conditionsOf(facets) } }
}

function worldOf({ there }: Glance, claim: Standing, disk: Disk): ExportWorld {
  const of = (...roles: readonly string[]) => there.filter(({ what }) => roles.includes(roleIn(what)))
  return {
    claim: claimWith(claim, there),
    vms: live(...of('vm').map(vmWith)), vmis: live(...of('vmi').map(vmiWith)),
    pods: live(...of('launcher', 'target', 'plug', 'worker').map(standing => podWith(standing, disk))), attachments: live(...of('attachment').map(attachmentOf)),
    nodes: live(node(ONLY), ...of('node').map(nodeOf)),
    images: live(...of('image').map(standing => imageWith(standing, disk))), dataVolumes: live(...of('data volume').map(standing => dataVolumeWith(standing, disk))),
    snapshots: live(), backups: live(), restores: live(), vmExports: live(), longhornVolumes: live(),
  }
}

/** One state of one disk, and what is judged of it. */
export interface Moment { readonly disk: Disk, readonly glance: Glance, readonly world: ExportWorld, readonly judged: ExportSafety, readonly word: ExportSafety['word'] }

/** Every state of a claim while it is there; none where the story does not tell of it. */
export function momentsOf(record: Recorded, claim: string): Moment[] {
  const disk = diskOf(record, claim)
  return glancesOf(record).flatMap(glance => {
    const standing = glance.there.find(({ what }) => what === `claim ${claim}`)
    if (!standing)
      return []
    const world = worldOf(glance, standing, disk)
    const judged = judgeExportSafety(world)
    return [{ disk, glance, world, judged, word: judged.word }]
  })
}

/** Each claim of each story. */
export const DISKS: readonly { readonly story: string, readonly claim: string, readonly record: Recorded }[] = STORIES.flatMap(record =>
  [...new Set(record.changes.map(([what]) => what))].filter(what => what.startsWith('claim ')).map(what => ({ story: record.story, claim: lastWord(what), record })))

const TOLD = ['guest', 'pod', 'attached', 'being-filled', 'clone-in-progress', 'export-in-progress', 'claim-deleting'] as const
type Told = (typeof TOLD)[number]

/** Who has the disk or works on it, told from the trace, without the judgement. */
export function holdersOf({ glance: { there }, disk }: Moment): [code: Told, what: string][] {
  return there.flatMap<[Told, string]>(standing => {
    const code = holdOf(standing, disk)
    return code ? [[code, standing.what]] : []
  })
}

function holdOf(standing: Standing, disk: Disk): Told | undefined {
  const { what, facets } = standing
  switch (roleIn(what)) {
    case 'vmi': return !isOver(facets.phase) && (disk.claim === OWN || disksOf(standing).includes(disk.claim)) ? 'guest' : undefined
    case 'launcher': case 'target': case 'plug': case 'worker': return !isOver(facets.phase) && hasDisk(standing, disk) ? 'pod' : undefined
    case 'attachment': return what.split(' ')[1] === disk.claim ? 'attached' : undefined
    case 'claim': return lastWord(what) === disk.claim && facets.deleting === true ? 'claim-deleting' : undefined
    case 'data volume':
      if (facets.phase === 'Succeeded')
        return undefined
      return lastWord(what) === disk.claim ? 'being-filled' : disk.isFirst && disk.copies.has(what) ? 'clone-in-progress' : undefined
    case 'image': return disk.isFirst && disk.exports.has(what) && !isMade(facets) ? 'export-in-progress' : undefined
    default: return undefined
  }
}

/** Whether Harvester has said that the image is made, or that it tries no more. */
function isMade(facets: Standing['facets']): boolean {
  return ['Imported', 'RetryLimitExceeded'].some(type => String(facets[`condition ${type}`]).startsWith('True')) || facets.deleting === true
}

/** Where the judgement tells of others than the trace, in words; empty where it tells of all and of no other. */
export function disagreementsIn(moments: readonly Moment[]): string[] {
  return moments.flatMap(moment => {
    const seen = holdersOf(moment)
    const told = moment.judged.reasons.filter(({ code }) => (TOLD as readonly string[]).includes(code)).map(({ code }) => code).sort().join(' ')
    const expected = seen.map(([code]) => code).sort().join(' ')
    const after = JSON.stringify(moment.glance.change)
    return [
      ...(told === expected ? [] : [`${moment.disk.record.story}, ${moment.disk.claim}, after ${after}: told of is "${told}", and there is "${seen.map(words => words.join(' ')).join(', ')}"`]),
      ...(seen.length && moment.word === 'at-rest' ? [`${moment.disk.record.story}, ${moment.disk.claim}, after ${after}: is said to be at rest`] : []),
    ]
  })
}

/** For every state of every disk of every story. */
export function allDisagreements(): string[] {
  return DISKS.flatMap(({ record, claim }) => disagreementsIn(momentsOf(record, claim)))
}
