import { describe, expect, it } from 'vitest'
import { ApiError } from '#kube/apiError.ts'
import { applyPatch } from 'rfc6902'
import type { Operation } from 'rfc6902'
import type { Write } from '#kube/write.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { ExportAnswer } from './exportAnswer.ts'
import { planExport } from './exportPlan.ts'
import { ExportRunner, putAway } from './exportRunner.ts'
import type { StepWorld } from './exportStep.ts'
import { CLAIM, DELETED, REST, exportImage, live, meta, vm, vmi } from './scriptedWorld.ts'
import type { ExportIntent } from './exportIntent.ts'
import { exportReference, writeIntent } from './exportIntent.ts'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'

const DISK = { ...CLAIM, spec: { ...CLAIM.spec, storageClassName: 'harvester-longhorn' } }
const CLASS = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: meta('harvester-longhorn'), provisioner: 'driver.longhorn.io' }
const { intent } = planExport({ claim: DISK, users: { vms: [], vmis: [], pods: [] }, id: 'abcde', image: { namespace: 'production', displayName: 'web-copy' }, storageClass: 'harvester-longhorn', restart: true, requester: 'ann', now: 0 })

async function turn(seen: Partial<StepWorld>, ask?: (write: Write) => Promise<Pick<ExportAnswer, 'word' | 'memory'> | undefined>) {
  const claim = { ...DISK, metadata: { ...DISK.metadata, annotations: { [EXPORT_ANNOTATION]: writeIntent(intent) } } }
  const world: StepWorld = { ...REST, claims: live(claim), storageClasses: live(CLASS), ...seen }
  const sent: Write[] = []
  const runner = new ExportRunner({ look: () => world, readAnew: () => Promise.resolve(world), send: write => { sent.push(write); return Promise.resolve() }, ...(ask && { ask }), mayForce: () => false, now: () => 0 }, intent)
  const { step, failed } = await runner.turn()
  const notes = sent.flatMap(write => write.act === 'create' ? JSON.parse(write.manifest.metadata.annotations?.[EXPORT_ANNOTATION] ?? '{}') as { readonly lastPods?: string } : [])
  return { word: step.word, failed: failed?.message, because: step.because.map(({ code }) => code), made: sent.map(write => write.act === 'create' ? write.manifest.metadata.name : write.act), lastPods: notes.map(note => note.lastPods) }
}

const CLOSED: Partial<StepWorld> = { attachments: { objects: [], state: 'forbidden' }, nodes: { objects: [], state: 'forbidden' } }

describe('who may not look at attachments and nodes', () => {
  it('makes the image once the server, which may, has said that the disk is at rest', async () => {
    expect(await turn(CLOSED, () => Promise.resolve({ word: 'at-rest' }))).toMatchObject({ word: 'create-image', made: ['export-abcde'] })
  })

  it('notes on it what the server remembers of the pods on the disk, which is all that one who sees Longhorn can verify it by', async () => {
    const memory = { word: 'noted', lastPods: 'uid 2026-03-01T11:00:00Z virt-launcher-web-01-x' } as const
    expect(await turn({ ...CLOSED, longhornVolumes: { objects: [], state: 'forbidden' } }, () => Promise.resolve({ word: 'at-rest', memory }))).toMatchObject({ word: 'create-image', made: ['export-abcde'], lastPods: [memory.lastPods] })
  })

  it('notes nothing where the server remembers nothing', async () => {
    expect(await turn({ ...CLOSED, longhornVolumes: { objects: [], state: 'forbidden' } }, () => Promise.resolve({ word: 'at-rest' }))).toMatchObject({ made: ['export-abcde'], lastPods: [undefined] })
  })

  it('waits while Longhorn, by the server\'s word, has not noted yet that the guest\'s pod is gone', async () => {
    expect(await turn({ ...CLOSED, longhornVolumes: { objects: [], state: 'forbidden' } }, () => Promise.resolve({ word: 'at-rest', memory: { word: 'behind', volume: 'pv-1' } }))).toMatchObject({ word: 'wait-detach', because: ['longhorn-behind'], made: [] })
  })

  it.each(['detaching', 'in-use', 'will-start', 'unknown', undefined] as const)('makes none where the server says %s', async word => {
    expect(await turn(CLOSED, () => Promise.resolve(word && { word }))).toMatchObject({ word: 'blind', made: [] })
  })

  it('makes none where nobody can be asked', async () => {
    expect(await turn(CLOSED)).toMatchObject({ word: 'blind', made: [] })
  })

  it('says why it could not ask, and makes none', async () => {
    expect(await turn(CLOSED, () => Promise.reject(new Error('the line is cut')))).toMatchObject({ word: 'blind', failed: 'the line is cut', made: [] })
  })

  it('does not ask about what it sees to be in use, or by a picture that is old', async () => {
    const asked: Write[] = []
    const ask = (write: Write) => { asked.push(write); return Promise.resolve({ word: 'at-rest' as const }) }
    expect((await turn({ ...CLOSED, pods: { objects: [], state: 'stale' } }, ask)).made).toEqual([])
    expect(asked).toEqual([])
  })
})

describe('a runner that does not know the cluster\'s time', () => {
  const late = { ...intent, deadline: '2026-03-01T12:00:00.000Z' }
  const claim = { ...DISK, metadata: { ...DISK.metadata, annotations: { [EXPORT_ANNOTATION]: writeIntent(late) } } }
  const world: StepWorld = { ...REST, claims: live(claim), storageClasses: live(CLASS) }

  async function turnAt(...times: (number | undefined)[]) {
    const sent: Write[] = []
    const { step } = await new ExportRunner({ look: () => world, readAnew: () => Promise.resolve(world), send: write => { sent.push(write); return Promise.resolve() }, mayForce: () => false, now: () => times.length > 1 ? times.shift() : times[0] }, late).turn()
    return { word: step.word, because: step.because.map(({ code }) => code), sent: sent.length }
  }

  it('does nothing, judges no time limit, and says so', async () => {
    expect(await turnAt(undefined)).toEqual({ word: 'blind', because: ['time-unknown'], sent: 0 })
  })

  it('goes by what the last look before the write has told: a clock that was set meanwhile ends no export', async () => {
    const [before, after] = [Date.parse('2026-03-01T11:30:00.000Z'), Date.parse('2026-03-01T12:30:00.000Z')]
    expect(await turnAt(after, before)).toMatchObject({ word: 'create-image', sent: 1 })
    expect(await turnAt(after)).toMatchObject({ word: 'call-off', sent: 1 })
  })
})

describe('whoever is second to make the image', () => {
  const REFUSAL = new ApiError({ status: 409, reason: 'Conflict', message: 'admission webhook "validator.harvesterhci.io" denied the request: A resource with the same name exists' })

  async function second(images: readonly VirtualMachineImage[] | 'unseen') {
    const claim = { ...DISK, metadata: { ...DISK.metadata, annotations: { [EXPORT_ANNOTATION]: writeIntent(intent) } } }
    const world: StepWorld = { ...REST, claims: live(claim), storageClasses: live(CLASS) }
    const looks = [Promise.resolve(world), images === 'unseen' ? Promise.reject(new Error('the line is cut')) : Promise.resolve({ ...world, images: live(...images) })]
    const sent: string[] = []
    const send = (write: Write) => {
      sent.push(write.act)
      return write.act === 'create' ? Promise.reject(REFUSAL) : Promise.resolve()
    }
    const turn = await new ExportRunner({ look: () => world, readAnew: () => looks.shift() ?? Promise.resolve(world), send, mayForce: () => false, now: () => 0 }, intent).turn()
    return { failed: turn.failed?.message, sent }
  }

  it('takes Harvester\'s refusal of the name for what it is, and does not end the export with it', async () => {
    const { namespace, name } = { namespace: 'production', name: 'export-abcde' }
    expect(await second([{ ...exportImage(name, 'Unknown'), metadata: { ...meta(name), namespace } }])).toEqual({ sent: ['create'] })
  })

  it('ends the export where the name is somebody else\'s', async () => {
    expect(await second([exportImage('another', 'True')])).toEqual({ failed: REFUSAL.message, sent: ['create', 'patch'] })
  })

  it('ends nothing while it cannot be looked which of both it is', async () => {
    expect(await second('unseen')).toEqual({ failed: REFUSAL.message, sent: ['create'] })
  })
})

it('takes the note off a VM too that the page did not show there when its end was put away', async () => {
  const ended = { ...intent, vms: [{ name: 'web-01', runStrategy: 'Always' as const, wasRunning: true }], isSettled: true, calledOff: [{ code: 'vm-gone' as const, vm: 'production/web-02' }] }
  const claim = { ...DISK, metadata: { ...DISK.metadata, annotations: { [EXPORT_ANNOTATION]: writeIntent(ended) } } }
  const noted = vm('Always', {}, { annotations: { [EXPORT_ANNOTATION]: `${exportReference(intent)} released` } })
  const sent: string[] = []
  await putAway({ readAnew: () => Promise.resolve({ ...REST, claims: live(claim), storageClasses: live(CLASS), vms: live(noted) }), send: write => { sent.push(write.resource.plural); return Promise.resolve() }, now: () => 0 }, ended)
  expect(sent).toEqual(['virtualmachines', 'persistentvolumeclaims'])
})

it('tells what the cluster has against a note on the claim, in its words, and does not take it for somebody who was faster', async () => {
  const late = { ...intent, deadline: '2026-03-01T14:00:00Z' }
  const claim = { ...DISK, metadata: { ...DISK.metadata, annotations: { [EXPORT_ANNOTATION]: writeIntent(late) } } }
  const world: StepWorld = { ...REST, claims: live(claim), storageClasses: live(CLASS) }
  const refusal = new ApiError({ status: 422, reason: 'Invalid', message: 'PersistentVolumeClaim "web-01-root" is invalid: metadata.annotations: Too long: may not be more than 262144 bytes' })
  const runner = new ExportRunner({ look: () => world, readAnew: () => Promise.resolve(world), send: () => Promise.reject(refusal), mayForce: () => false, now: () => Date.parse('2026-03-01T15:00:00Z') }, late)
  await expect(runner.turn()).rejects.toThrow('Too long: may not be more than 262144 bytes')
})

describe('an end that is put away late', () => {
  const mark = (version: string) => vm('Halted', {}, { resourceVersion: version, annotations: { [EXPORT_ANNOTATION]: exportReference(intent) } })
  const ended = { ...intent, vms: [{ name: 'web-01', runStrategy: 'Always' as const, wasRunning: true }], restart: false, isSettled: true, calledOff: [{ code: 'deadline-passed' as const, deadline: '2026-03-01T14:00:00Z' }] }
  const claim = { ...DISK, metadata: { ...DISK.metadata, annotations: { [EXPORT_ANNOTATION]: writeIntent(ended) } } }

  it('does not take from a VM the mark of the next export, which reads the same', async () => {
    const sent: Write[] = []
    await putAway({ readAnew: () => Promise.resolve({ ...REST, claims: live(claim), storageClasses: live(CLASS), vms: live(mark('10')) }), send: write => { sent.push(write); return Promise.resolve() }, now: () => 0 }, ended)
    const [lift] = sent
    const body = lift?.act === 'patch' && lift.patch.type === 'json' ? [...lift.patch.body] as Operation[] : []
    const errorsOn = (object: object) => applyPatch(structuredClone(object), body).filter(error => error !== null).length
    expect(body.at(-1)?.op).toBe('remove')
    expect(errorsOn(mark('10'))).toBe(0)
    expect(errorsOn(mark('20'))).toBe(1)
  })

  it('is judged anew where a VM has changed meanwhile, and takes the note off the claim only after it', async () => {
    const sent: string[] = []
    // Somebody's own write comes in between the look and the first of them.
    let version = '10'
    const readAnew = () => Promise.resolve({ ...REST, claims: live(claim), storageClasses: live(CLASS), vms: live(mark(version)) })
    const send = (write: Write) => {
      const isOfVm = write.resource.plural === 'virtualmachines'
      version = isOfVm ? '11' : version
      const tested = write.act === 'patch' && write.patch.type === 'json' ? write.patch.body.find(({ path }) => path === '/metadata/resourceVersion') : undefined
      const isStale = isOfVm && tested && 'value' in tested && tested.value !== version
      sent.push(`${write.resource.plural} ${isStale ? 'refused' : 'taken'}`)
      return isStale ? Promise.reject(new ApiError({ status: 422, reason: 'Invalid', message: 'the server rejected our request due to an error in our request' })) : Promise.resolve()
    }
    await putAway({ readAnew, send, now: () => 0 }, ended)
    expect(sent).toEqual(['virtualmachines refused', 'virtualmachines taken', 'persistentvolumeclaims taken'])
  })
})

describe('a forced stop that stands on the claim', () => {
  const forced = { ...intent, vms: [{ name: 'web-01', runStrategy: 'Always' as const, wasRunning: true, node: 'node-1' }], forcedBy: 'eve' }
  const claim = { ...DISK, metadata: { ...DISK.metadata, annotations: { [EXPORT_ANNOTATION]: writeIntent(forced) } } }
  const world: StepWorld = { ...REST, claims: live(claim), storageClasses: live(CLASS), vms: live(vm('Halted', {}, { annotations: { [EXPORT_ANNOTATION]: exportReference(intent) } })), vmis: live(vmi('Running', { nodeName: 'node-1' }, DELETED)) }

  async function carriedOut(mayForce: (written: ExportIntent) => boolean) {
    const sent: Write[] = []
    const { step } = await new ExportRunner({ look: () => world, readAnew: () => Promise.resolve(world), send: write => { sent.push(write); return Promise.resolve() }, mayForce, now: () => 0 }, forced).turn()
    return { word: step.word, because: step.because, stops: sent.filter(write => write.act === 'call' && write.subresource === 'stop').length }
  }

  it('is carried out where it was decided', async () => {
    const asked: unknown[] = []
    const end = await carriedOut(written => { asked.push(written.forcedBy); return true })
    expect(end).toMatchObject({ word: 'force-stop', stops: 1, because: [{ code: 'forcing-stop' }] })
    expect(new Set(asked)).toEqual(new Set(['eve']))
  })

  it('cuts no power with the rights of anybody else who carries the export out, and says whose it is', async () => {
    expect(await carriedOut(() => false)).toEqual({ word: 'force-stop', stops: 0, because: [{ code: 'force-left', vm: 'production/web-01', by: 'eve' }] })
  })
})
