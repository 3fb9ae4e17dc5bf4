import type { Glance } from '#vms/recordedStories.ts'
import type { Moment } from './recordedDisks.ts'
import { describe, expect, it } from 'vitest'
import { RECORDS, STORIES } from '#vms/recordedStories.ts'
import { judgeExportSafety } from './exportSafety.ts'
import { disagreementsIn, DISKS, holdersOf, momentsOf, roleIn, ROLES } from './recordedDisks.ts'

// Every disk in every state that upstream's own control planes were seen in: those of VMs, those that are copied and filled, and
// those that an image is made of.

const isPrintedOff = ({ glance: { there } }: Moment) => there.some(({ what, facets }) => what.startsWith('vm ') && facets.printableStatus === 'Stopped')

/** Whether a node of the play is given up: what was there was removed by force. */
const isFenced = ({ glance: { there } }: Moment) => there.some(({ what, facets }) => what.startsWith('node ') && facets['taint node.kubernetes.io/out-of-service'])

const isWanted = ({ world: { vms } }: Moment) => vms.objects.some(({ spec: { runStrategy }, status }) => runStrategy === 'Always' || status?.stateChangeRequests?.length)

/** Whether the change is somebody's wish: written on the VM, or an instance without one, which stories beside VMs call `alone`. */
const isAskedFor = ({ change: [what, changed], there }: Glance) => (what.startsWith('vm ') && ['life', 'deleting', 'spec.runStrategy', 'stateChangeRequests'].some(facet => facet in changed)) || (what.startsWith('vmi ') && 'life' in changed && (what.startsWith('vmi alone ') || !there.some(other => other.what.startsWith('vm '))))

const SEEN = DISKS.map(({ story, claim, record }) => ({ story, claim, record, moments: momentsOf(record, claim) }))

/** Where the story leaves the disk free, and nobody wants it. */
const FREED = SEEN.flatMap(({ story, claim, moments }) => {
  const last = moments.at(-1)
  return last && !holdersOf(last).length && !isWanted(last) && !isFenced(last) && (claim === 'web-disk' || !last.world.vmis.objects.length) ? [{ story, claim, last }] : []
})

describe('a disk at every moment that upstream was seen in', () => {
  it('is told of by all that stories look at', () => {
    expect(new Set(STORIES.flatMap(({ changes }) => changes.map(([what]) => roleIn(what))))).toEqual(new Set(Object.keys(ROLES)))
  })

  it('is one of a VM or of none, and there are many', () => {
    const moments = SEEN.flatMap(seen => seen.moments)
    expect(SEEN.length).toBeGreaterThan(140)
    expect(moments.length).toBeGreaterThan(4500)
    expect(new Set(SEEN.filter(({ record }) => !RECORDS.includes(record)).map(({ record }) => record)).size).toBeGreaterThan(6)
    const holds = moments.flatMap(moment => holdersOf(moment).map(([code]) => code))
    const seen = Object.fromEntries([...new Set(holds)].map(code => [code, holds.filter(other => other === code).length > 5]))
    expect(seen).toEqual({ 'guest': true, 'pod': true, 'attached': true, 'being-filled': true, 'clone-in-progress': true, 'export-in-progress': true, 'claim-deleting': true })
  })

  it.each(SEEN)('$story, $claim: is held by those that the trace shows, by no other, and is not at rest meanwhile', ({ moments }) => {
    expect(disagreementsIn(moments)).toEqual([])
  })

  it('is free in the end in many stories, with VMs and without', () => {
    expect(FREED.length).toBeGreaterThan(40)
    expect(new Set(FREED.map(({ claim }) => claim))).toEqual(new Set(['web-disk', 'more', 'golden', 'disk', 'noble']))
  })

  it.each(FREED)('$story, $claim: is at rest, once it is free and nobody wants it', ({ last }) => {
    expect(last.word).toBe('at-rest')
  })
})

describe('the disk of a VM', () => {
  const moments = SEEN.filter(({ claim, record }) => claim === 'web-disk' && RECORDS.includes(record)).map(({ record, moments: seen }) => ({ record, seen }))

  it('is told of in many moments, and of each word in some', () => {
    const all = moments.flatMap(({ seen }) => seen)
    expect(all.length).toBeGreaterThan(2500)
    expect(new Set(all.map(({ word }) => word))).toEqual(new Set(['at-rest', 'detaching', 'in-use', 'will-start', 'unknown']))
    expect(moments.filter(({ seen }) => seen.at(-1)?.word === 'at-rest').length).toBeGreaterThan(25)
  })

  it('is often still held while Stopped is printed', () => {
    const stopped = moments.flatMap(({ seen }) => seen).filter(moment => isPrintedOff(moment) && holdersOf(moment).length)
    expect(stopped.length).toBeGreaterThan(100)
    expect(stopped.filter(({ word }) => word === 'at-rest')).toEqual([])
  })

  it.each(moments)('$record.story: once at rest, nothing takes it unless somebody asks for that', ({ seen }) => {
    // Not to know for a moment is no taking: KubeVirt notes on the VM a little later that its instance is gone.
    const taken = seen.filter(({ word, glance }, index) => seen[index - 1]?.word === 'at-rest' && word !== 'at-rest' && word !== 'unknown' && !isAskedFor(glance))
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
      const free = lost.filter(({ moment }) => holdersOf(moment).length === 0 && !isWanted(moment))
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
