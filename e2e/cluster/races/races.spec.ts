import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../../api.ts'
import { readWrites } from '../auditLog.ts'
import { contextsOf, readAccess } from '../../kubeconfig.ts'
import { Guard } from './guard.ts'
import type { Observed } from './observer.ts'
import { observe } from './observer.ts'
import { Track, drawRaces } from './race.ts'
import type { Outcome, Race } from './race.ts'

// An export and a start of the same disk at the same moment, on upstream's own API server and KubeVirt, with the product's own
// server as the webhook and the keeper that they have in a cluster. What came of it is told by the API server's audit.

const { REAL_KUBECONFIG = '', REAL_PARTS = '', REAL_FOLDER = '', RACES = '20', RACES_SEED } = process.env
const SEED = Number(RACES_SEED ?? randomInt(2 ** 31))
const COUNT = Number(RACES)
/** Enough that some of them are lost where nothing decides them. */
const CONTROL = Math.max(10, Math.round(COUNT / 10))
/** So many at the same time: a machine of two cores plays all the nodes. */
const LANES = 6
const HOURS = 3_600_000
/** Of this run alone: the audit still knows those before it. */
const NAMESPACES = { guarded: `races-${SEED.toString(36)}`, unguarded: `races-unguarded-${SEED.toString(36)}`, kept: `races-kept-${SEED.toString(36)}` }

interface Result { readonly outcomes: readonly Outcome[], readonly observed: Observed }

describe.skipIf(!REAL_PARTS.split(',').includes('kubevirt') || REAL_PARTS.split(',').includes('longhorn'))(`an export and a start that race for a disk (RACES_SEED=${SEED})`, () => {
  let api: Api
  let guard: Guard

  async function raceIn(namespace: string, races: readonly Race[]): Promise<Result> {
    const track = new Track(api, namespace)
    const left = [...races]
    const outcomes: Outcome[] = []
    const lane = async () => {
      for (let race = left.shift(); race; race = left.shift()) {
        await track.prepare(race.name)
        outcomes.push(await track.run(race))
        await track.clear(race.name)
      }
    }
    await Promise.all(Array.from({ length: LANES }, lane))
    await untilAudited(namespace)
    const observed = observe(readWrites(REAL_FOLDER, namespace))
    const count = (exported: string, started: string) => outcomes.filter(outcome => outcome.exported === exported && outcome.started === started).length
    console.log(`${races.length} races in ${namespace}, seed ${SEED}: ${observed.images} images and ${observed.instances} instances made, ${count('refused', 'taken')} exports and ${count('taken', 'refused')} starts refused at once, ${observed.torn.length} torn, ${observed.torn.filter(({ isMarked }) => isMarked).length} of them marked`)
    return { outcomes, observed }
  }

  /** The last write is there, and so are those before it. */
  async function untilAudited(namespace: string): Promise<void> {
    const marker = { apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: { name: 'last', namespace }, spec: { displayName: 'last', sourceType: 'upload', retry: 3 } }
    const path = `/apis/harvesterhci.io/v1beta1/namespaces/${namespace}/virtualmachineimages`
    ;(await api.post(path, marker)).expect(201)
    while (!readWrites(REAL_FOLDER, namespace).some(({ object }) => object.metadata.name === 'last'))
      await sleep(200)
    await api.delete(`${path}/last`)
  }

  beforeAll(async () => {
    api = new Api(readAccess(REAL_KUBECONFIG, contextsOf(REAL_KUBECONFIG)[0] ?? ''))
    for (const name of Object.values(NAMESPACES))
      (await api.post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })).expect(201)
    guard = await Guard.install(api, { kubeconfig: REAL_KUBECONFIG, folder: REAL_FOLDER, namespace: NAMESPACES.guarded })
    await new Track(api, NAMESPACES.guarded).prepare('asked')
    await guard.untilAsked('asked')
  })
  afterAll(async () => {
    await guard.remove()
    await api.close()
  })

  it(`are never both let through where the guard is, in ${COUNT} races`, async () => {
    const { outcomes, observed } = await raceIn(NAMESPACES.guarded, drawRaces(SEED, COUNT, 'r', 'image'))
    expect(observed.torn).toEqual([])
    expect(outcomes).toHaveLength(COUNT)
    // Each of them wins some, or it was no race.
    expect(outcomes.filter(({ exported }) => exported === 'refused').length).toBeGreaterThan(0)
    expect(outcomes.filter(({ started }) => started === 'refused').length).toBeGreaterThan(0)
    expect(observed.images).toBe(outcomes.filter(({ exported }) => exported === 'taken').length)
  }, HOURS)

  it(`are often both let through where it is not, in ${CONTROL} races, and the observer counts each`, async () => {
    const { outcomes, observed } = await raceIn(NAMESPACES.unguarded, drawRaces(SEED + 1, CONTROL, 'u', 'image'))
    expect(outcomes.every(({ exported, started }) => exported === 'taken' && started === 'taken')).toBe(true)
    expect(observed.torn.length).toBeGreaterThan(CONTROL / 2)
    expect(observed.torn.some(({ isMarked }) => isMarked)).toBe(false)
  }, HOURS)

  it(`leave no image that looks good where only the keeper looks, in ${CONTROL} races`, async () => {
    const { observed } = await raceIn(NAMESPACES.kept, drawRaces(SEED + 2, CONTROL, 'k', 'job'))
    expect(observed.torn.filter(({ isMarked }) => !isMarked)).toEqual([])
    expect(observed.torn.length).toBeGreaterThan(0)
  }, HOURS)
})
