import type { PersistentVolumeClaim, Pod, VolumeAttachment } from '#kube/core.ts'
import type { Glance, Recorded, Standing } from '#vms/recordedStories.ts'
import type { VirtualMachine, VirtualMachineInstance } from '#vms/vm.ts'
import type { ExportSafetyWord } from './exportSafety.ts'
import type { ExportWorld } from './exportWorld.ts'
import { describe, expect, it } from 'vitest'
import { isFinal } from '#vms/powerState.ts'
import { RECORDS, glancesOf, isOver, metadataOf, vmOf, vmiOf } from '#vms/recordedStories.ts'
import { judgeExportSafety } from './exportSafety.ts'
import { live, node, OUT_OF_SERVICE } from './scriptedWorld.ts'

// The disk that a VM has from its first day, and the one that is plugged into it, in every state that KubeVirt's own control
// plane was seen in. A record names no node: in the stories of a lost one that is put in, where the first instance ran.

type Disk = 'web-disk' | 'more'
const claimOf = (name: Disk): PersistentVolumeClaim => ({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name, namespace: 'lab', uid: name, resourceVersion: '1', creationTimestamp: '' }, spec: { volumeName: `pv-${name}` }, status: { phase: 'Bound' } })
const volumeOf = (name: Disk) => [{ name, persistentVolumeClaim: { claimName: name } }]

const vmWith = (standing: Standing): VirtualMachine => ({ ...vmOf(standing), spec: { ...vmOf(standing).spec, template: { spec: { volumes: volumeOf('web-disk') } } } })

/** Told in its status are `disk-0`, its own, and by its claim's name what was plugged in. */
function vmiWith(standing: Standing, lost: boolean): VirtualMachineInstance {
  const vmi = vmiOf(standing)
  const names = (standing.facets.volumes as readonly string[] | undefined ?? []).map(volume => volume.split(' ')[0] ?? '')
  const volumeStatus = names.map(name => ({ name, persistentVolumeClaimInfo: { claimName: name === 'disk-0' ? 'web-disk' : name } }))
  return { ...vmi, spec: { volumes: volumeOf('web-disk') }, status: { ...vmi.status, volumeStatus, nodeName: lost && standing.what.endsWith(' 1') ? 'lost' : 'node-1' } }
}

function podWith(standing: Standing): Pod {
  const plug = standing.what.startsWith('plug ')
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadataOf(standing), name: standing.what.replaceAll(' ', '-'), labels: { 'kubevirt.io': plug ? 'hotplug-disk' : 'virt-launcher' } }, spec: { volumes: volumeOf(plug ? 'more' : 'web-disk') }, status: { phase: String(standing.facets.phase) } }
}

function attachmentOf(standing: Standing): VolumeAttachment {
  const metadata = metadataOf(standing)
  return { apiVersion: 'storage.k8s.io/v1', kind: 'VolumeAttachment', metadata, spec: { attacher: 'driver.longhorn.io', nodeName: 'node-1', source: { persistentVolumeName: `pv-${metadata.name}` } }, status: { attached: standing.facets.attached === true } }
}

function worldOf({ there }: Glance, { story }: Recorded, disk: Disk): ExportWorld {
  const lost = story.includes('fenced')
  const of = (pattern: RegExp) => there.filter(({ what }) => pattern.test(what))
  return {
    claim: claimOf(disk),
    vms: live(...of(/^vm /).map(vmWith)), vmis: live(...of(/^vmi /).map(standing => vmiWith(standing, lost))),
    pods: live(...of(/^(launcher|target|plug) /).map(podWith)), attachments: live(...of(/^attachment /).map(attachmentOf)),
    nodes: live(node('node-1'), ...lost ? [node('lost', 'Unknown', OUT_OF_SERVICE)] : []),
    images: live(), dataVolumes: live(), snapshots: live(), backups: live(), restores: live(), vmExports: live(), longhornVolumes: live(),
  }
}

interface Moment { readonly glance: Glance, readonly word: ExportSafetyWord, readonly world: ExportWorld }

function momentsOf(record: Recorded, disk: Disk): Moment[] {
  return glancesOf(record).map(glance => {
    const world = worldOf(glance, record, disk)
    return { glance, word: judgeExportSafety(world).word, world }
  })
}

/** Who has the disk, told without the judgement. */
function holdersOf({ glance: { there }, world: { vmis } }: Moment, disk: Disk): string[] {
  const own = disk === 'web-disk'
  return [
    ...vmis.objects.filter(vmi => !isFinal(vmi) && (own || vmi.status?.volumeStatus?.some(volume => volume.name === disk))).map(vmi => vmi.metadata.uid),
    ...there.filter(({ what, facets }) => (own ? /^(launcher|target) / : /^plug /).test(what) && !isOver(facets.phase)).map(({ what }) => what),
    ...there.filter(({ what }) => what === `attachment ${disk}`).map(({ what }) => what),
  ]
}

const isPrintedOff = ({ glance: { there } }: Moment) => there.some(({ what, facets }) => what.startsWith('vm ') && facets.printableStatus === 'Stopped')

/** Whether the change is somebody's wish: written on the VM, or an instance without one, which stories beside VMs call `alone`. */
const isAskedFor = ({ change: [what, changed], there }: Glance) => (what.startsWith('vm ') && ['life', 'deleting', 'spec.runStrategy', 'stateChangeRequests'].some(facet => facet in changed)) || (what.startsWith('vmi ') && 'life' in changed && (what.startsWith('vmi alone ') || !there.some(other => other.what.startsWith('vm '))))

/** After a migration a disk has two attachments under one name in the record: with the first to go the other is told again. One that comes is not attached yet. */
const isTheOtherOfTwo = ({ change: [what, changed] }: Glance) => what.startsWith('attachment ') && changed.life === 'there' && !('attached' in changed)

describe.each<Disk>(['web-disk', 'more'])('the disk %s, at every moment that KubeVirt was seen in', disk => {
  it.each(RECORDS)('$story: is not at rest while anything has it, whatever is printed', record => {
    const torn = momentsOf(record, disk).filter(moment => moment.word === 'at-rest' && holdersOf(moment, disk).length)
    expect(torn.map(moment => ({ ...moment.glance, holders: holdersOf(moment, disk) }))).toEqual([])
  })

  it.each(RECORDS)('$story: is at rest, once it is free and nobody wants it, where that is how it ends', record => {
    const last = momentsOf(record, disk).at(-1)
    const wanted = last?.world.vms.objects.some(({ spec: { runStrategy }, status }) => runStrategy === 'Always' || status?.stateChangeRequests?.length)
    if (last && !holdersOf(last, disk).length && !wanted && !record.story.includes('fenced') && (disk === 'web-disk' || !last.world.vmis.objects.length))
      expect(last.word).toBe('at-rest')
  })
})

describe('the disk of a VM', () => {
  const moments = RECORDS.map(record => ({ record, seen: momentsOf(record, 'web-disk') }))

  it('is told of in many moments, and of each word in some', () => {
    const all = moments.flatMap(({ seen }) => seen)
    expect(all.length).toBeGreaterThan(2500)
    expect(new Set(all.map(({ word }) => word))).toEqual(new Set(['at-rest', 'detaching', 'in-use', 'will-start', 'unknown']))
    expect(moments.filter(({ seen }) => seen.at(-1)?.word === 'at-rest').length).toBeGreaterThan(25)
  })

  it('is often still held while Stopped is printed', () => {
    const stopped = moments.flatMap(({ seen }) => seen).filter(moment => isPrintedOff(moment) && holdersOf(moment, 'web-disk').length)
    expect(stopped.length).toBeGreaterThan(100)
    expect(stopped.filter(({ word }) => word === 'at-rest')).toEqual([])
  })

  it.each(moments)('$record.story: once at rest, nothing takes it unless somebody asks for that', ({ seen }) => {
    // Not to know for a moment is no taking: KubeVirt notes on the VM a little later that its instance is gone.
    const taken = seen.filter(({ word, glance }, index) => seen[index - 1]?.word === 'at-rest' && word !== 'at-rest' && word !== 'unknown' && !isAskedFor(glance) && !isTheOtherOfTwo(glance))
    expect(taken.map(({ glance, word }) => ({ word, change: glance.change }))).toEqual([])
  })

  it('is not known to be at rest where the node that it was last seen on was fenced', () => {
    const fenced = moments.filter(({ record }) => record.story.includes('fenced'))
    expect(fenced.length).toBeGreaterThan(2)
    const since = (seen: readonly Moment[]) => seen.slice(seen.findIndex(({ world }) => world.vmis.objects.length > 0))
    expect(fenced.flatMap(({ record, seen }) => since(seen).some(({ word }) => word === 'at-rest') ? [record.story] : [])).toEqual([])
  })
})
