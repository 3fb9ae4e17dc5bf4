import type { PersistentVolumeClaim, Pod, VolumeAttachment } from '#kube/core.ts'
import type { Glance, Recorded, Standing } from '#vms/recordedStories.ts'
import type { VirtualMachine, VirtualMachineInstance } from '#vms/vm.ts'
import type { ExportSafetyWord } from './exportSafety.ts'
import type { ExportWorld } from './exportWorld.ts'
import { describe, expect, it } from 'vitest'
import { isFinal } from '#vms/powerState.ts'
import { RECORDS, glancesOf, isOver, metadataOf, nodeOf, vmOf, vmiOf } from '#vms/recordedStories.ts'
import { judgeExportSafety } from './exportSafety.ts'
import { live, node } from './scriptedWorld.ts'

// The disk that a VM has from its first day, and the one that is plugged into it, in every state that KubeVirt's own control
// plane was seen in. A record of a story of nodes tells of these, and where everything is; any other names none, and its one node is well.

type Disk = 'web-disk' | 'more'
/** The node of those stories that tell of none. */
const ONLY = 'node-1'
const placeOf = ({ facets }: Standing) => String(facets.node ?? ONLY)
const claimOf = (name: Disk): PersistentVolumeClaim => ({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name, namespace: 'lab', uid: name, resourceVersion: '1', creationTimestamp: '' }, spec: { volumeName: `pv-${name}` }, status: { phase: 'Bound' } })
const volumeOf = (name: Disk) => [{ name, persistentVolumeClaim: { claimName: name } }]

const vmWith = (standing: Standing): VirtualMachine => ({ ...vmOf(standing), spec: { ...vmOf(standing).spec, template: { spec: { volumes: volumeOf('web-disk') } } } })

/** Told in its status are `disk-0`, its own, and by its claim's name what was plugged in. */
function vmiWith(standing: Standing): VirtualMachineInstance {
  const vmi = vmiOf(standing)
  const names = (standing.facets.volumes as readonly string[] | undefined ?? []).map(volume => volume.split(' ')[0] ?? '')
  const volumeStatus = names.map(name => ({ name, persistentVolumeClaimInfo: { claimName: name === 'disk-0' ? 'web-disk' : name } }))
  return { ...vmi, spec: { volumes: volumeOf('web-disk') }, status: { nodeName: ONLY, ...vmi.status, volumeStatus } }
}

function podWith(standing: Standing): Pod {
  const plug = standing.what.startsWith('plug ')
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadataOf(standing), name: standing.what.replaceAll(' ', '-'), labels: { 'kubevirt.io': plug ? 'hotplug-disk' : 'virt-launcher' } }, spec: { nodeName: placeOf(standing), volumes: volumeOf(plug ? 'more' : 'web-disk') }, status: { phase: String(standing.facets.phase) } }
}

function attachmentOf(standing: Standing): VolumeAttachment {
  const metadata = metadataOf(standing)
  return { apiVersion: 'storage.k8s.io/v1', kind: 'VolumeAttachment', metadata, spec: { attacher: 'driver.longhorn.io', nodeName: placeOf(standing), source: { persistentVolumeName: `pv-${metadata.name}` } }, status: { attached: standing.facets.attached === true } }
}

function worldOf({ there }: Glance, disk: Disk): ExportWorld {
  const of = (pattern: RegExp) => there.filter(({ what }) => pattern.test(what))
  return {
    claim: claimOf(disk),
    vms: live(...of(/^vm /).map(vmWith)), vmis: live(...of(/^vmi /).map(vmiWith)),
    pods: live(...of(/^(launcher|target|plug) /).map(podWith)), attachments: live(...of(/^attachment /).map(attachmentOf)),
    nodes: live(node(ONLY), ...of(/^node /).map(nodeOf)),
    images: live(), dataVolumes: live(), snapshots: live(), backups: live(), restores: live(), vmExports: live(), longhornVolumes: live(),
  }
}

interface Moment { readonly glance: Glance, readonly word: ExportSafetyWord, readonly world: ExportWorld }

function momentsOf(record: Recorded, disk: Disk): Moment[] {
  return glancesOf(record).map(glance => {
    const world = worldOf(glance, disk)
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

/** Whether a node of the play is given up: what was there was removed by force. */
const isFenced = ({ glance: { there } }: Moment) => there.some(({ what, facets }) => what.startsWith('node ') && facets['taint node.kubernetes.io/out-of-service'])

const isWanted = ({ world: { vms } }: Moment) => vms.objects.some(({ spec: { runStrategy }, status }) => runStrategy === 'Always' || status?.stateChangeRequests?.length)

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
    if (last && !holdersOf(last, disk).length && !isWanted(last) && !isFenced(last) && (disk === 'web-disk' || !last.world.vmis.objects.length))
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

  describe('where the node that its guest was seen on is lost', () => {
    const lost = moments.flatMap(({ record, seen }) => seen.filter(isFenced).map(moment => ({ story: record.story, moment })))

    it('is told of in many moments, of VMs that start elsewhere and of such as stay off, with the node as Harvester left it', () => {
      expect(new Set(lost.map(({ story }) => story)).size).toBeGreaterThan(3)
      expect(lost.length).toBeGreaterThan(60)
      expect(new Set(lost.map(({ moment }) => moment.word))).toEqual(new Set(['in-use', 'will-start', 'unknown']))
      const conditions = lost.flatMap(({ moment }) => moment.world.nodes.objects.flatMap(({ status }) => status?.conditions ?? []))
      expect(conditions.some(({ type, status, reason }) => type === 'Drained' && status === 'True' && reason === 'HarvesterNodeIsDrained')).toBe(true)
    })

    it('is never at rest and promised by nothing, whatever is gone', () => {
      expect(lost.filter(({ moment }) => ['at-rest', 'detaching'].includes(moment.word)).map(({ story, moment }) => ({ story, change: moment.glance.change }))).toEqual([])
    })

    it('is not known to be so once nobody is seen on it, and nobody wants it', () => {
      const free = lost.filter(({ moment }) => holdersOf(moment, 'web-disk').length === 0 && !isWanted(moment))
      expect(free.length).toBeGreaterThan(2)
      expect(new Set(free.map(({ moment }) => moment.word))).toEqual(new Set(['unknown']))
      expect(free.every(({ moment }) => judgeExportSafety(moment.world).reasons.some(({ code }) => code === 'node-fenced' || code === 'node-unreachable'))).toBe(true)
    })

    it('is at rest again where the node has come back and its guest is over', () => {
      const last = moments.flatMap(({ record, seen }) => record.story.startsWith('Manual') && record.story.includes('comes back') ? seen.slice(-1) : [])
      expect(last.map(({ word }) => word)).toEqual(['at-rest'])
    })
  })

  it('is not known to be at rest by the word of KubeVirt that it has given its guest up', () => {
    const givenUp = moments.flatMap(({ seen }) => seen).filter(({ world }) => world.vmis.objects.some(({ status }) => status?.reason === 'NodeUnresponsive'))
    expect(givenUp.length).toBeGreaterThan(2)
    expect(givenUp.filter(({ word, world }) => ['at-rest', 'detaching'].includes(word) || !judgeExportSafety(world).reasons.some(({ code }) => code === 'node-unresponsive'))).toEqual([])
  })
})
