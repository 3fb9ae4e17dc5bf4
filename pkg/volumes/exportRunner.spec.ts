import { describe, expect, it } from 'vitest'
import { ApiError } from '#kube/apiError.ts'
import type { Write } from '#kube/write.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import { planExport } from './exportPlan.ts'
import { ExportRunner, putAway } from './exportRunner.ts'
import type { ExportSafetyWord } from './exportSafety.ts'
import type { StepWorld } from './exportStep.ts'
import { CLAIM, REST, exportImage, live, meta, vm } from './scriptedWorld.ts'
import { exportReference, writeIntent } from './exportIntent.ts'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'

const DISK = { ...CLAIM, spec: { ...CLAIM.spec, storageClassName: 'harvester-longhorn' } }
const CLASS = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: meta('harvester-longhorn'), provisioner: 'driver.longhorn.io' }
const { intent } = planExport({ claim: DISK, users: { vms: [], vmis: [], pods: [] }, id: 'abcde', image: { namespace: 'production', displayName: 'web-copy' }, storageClass: 'harvester-longhorn', restart: true, requester: 'ann', now: 0 })

async function turn(seen: Partial<StepWorld>, ask?: (write: Write) => Promise<ExportSafetyWord | undefined>) {
  const claim = { ...DISK, metadata: { ...DISK.metadata, annotations: { [EXPORT_ANNOTATION]: writeIntent(intent) } } }
  const world: StepWorld = { ...REST, claims: live(claim), storageClasses: live(CLASS), ...seen }
  const sent: Write[] = []
  const runner = new ExportRunner({ look: () => world, readAnew: () => Promise.resolve(world), send: write => { sent.push(write); return Promise.resolve() }, ...(ask && { ask }), now: () => 0 }, intent)
  const { step, failed } = await runner.turn()
  return { word: step.word, failed: failed?.message, made: sent.map(write => write.act === 'create' ? write.manifest.metadata.name : write.act) }
}

const CLOSED: Partial<StepWorld> = { attachments: { objects: [], state: 'forbidden' }, nodes: { objects: [], state: 'forbidden' } }

describe('who may not look at attachments and nodes', () => {
  it('makes the image once the server, which may, has said that the disk is at rest', async () => {
    expect(await turn(CLOSED, () => Promise.resolve('at-rest'))).toEqual({ word: 'create-image', made: ['export-abcde'] })
  })

  it.each(['detaching', 'in-use', 'will-start', 'unknown', undefined] as const)('makes none where the server says %s', async word => {
    expect(await turn(CLOSED, () => Promise.resolve(word))).toEqual({ word: 'blind', made: [] })
  })

  it('makes none where nobody can be asked', async () => {
    expect(await turn(CLOSED)).toEqual({ word: 'blind', made: [] })
  })

  it('says why it could not ask, and makes none', async () => {
    expect(await turn(CLOSED, () => Promise.reject(new Error('the line is cut')))).toEqual({ word: 'blind', failed: 'the line is cut', made: [] })
  })

  it('does not ask about what it sees to be in use, or by a picture that is old', async () => {
    const asked: Write[] = []
    const ask = (write: Write) => { asked.push(write); return Promise.resolve('at-rest' as const) }
    expect((await turn({ ...CLOSED, pods: { objects: [], state: 'stale' } }, ask)).made).toEqual([])
    expect(asked).toEqual([])
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
    const turn = await new ExportRunner({ look: () => world, readAnew: () => looks.shift() ?? Promise.resolve(world), send, now: () => 0 }, intent).turn()
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
