import type { ExportChoices, ExportIntent } from './exportIntent.ts'
import type { Guest } from './exportModel/modelControllers.ts'
import { describe, expect, it } from 'vitest'
import { usersOfClaim } from './claimUsers.ts'
import { wholenessOf } from './exportedImage.ts'
import { Chance } from './exportModel/chance.ts'
import { ModelApi, NAMESPACE } from './exportModel/modelApi.ts'
import { CLAIM, ModelControllers } from './exportModel/modelControllers.ts'
import { ModelRunner, settled } from './exportModel/modelRunner.ts'
import { planExport } from './exportPlan.ts'

// Whoever carries an export out is killed right before and right after each of its writes; another goes on from there.

interface Job { readonly choices?: ExportChoices, readonly guest?: Guest }
interface Kill { readonly write: number, readonly isCarriedOut: boolean }

class Stage {
  readonly api = new ModelApi()
  private readonly chance = new Chance(1)
  private readonly controllers = new ModelControllers(this.api, this.chance, { imports: 0, backups: 0, hangs: 0 })
  readonly intent: ExportIntent

  constructor({ choices = {}, guest = 'obedient' }: Job) {
    const { api } = this
    api.put('nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' }, status: { conditions: [{ type: 'Ready', status: 'True' }] } })
    api.put('storageClasses', { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'harvester-longhorn' }, provisioner: 'driver.longhorn.io' })
    api.put('claims', { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: CLAIM, namespace: NAMESPACE }, spec: { volumeName: 'pv-1', storageClassName: 'harvester-longhorn' }, status: { phase: 'Bound' } })
    this.controllers.createVm('web-01', 'RerunOnFailure', true, guest)
    for (let round = 0; round < 12; round++)
      this.round()
    const claim = api.find('claims', CLAIM)
    if (!claim)
      throw new Error('the claim is not there')
    const { intent, writes } = planExport({ claim, users: usersOfClaim(claim, { vms: api.list('vms'), vmis: api.list('vmis'), pods: api.list('pods') }), id: 'abcde', image: { namespace: NAMESPACE, displayName: 'web-01-disk' }, storageClass: 'harvester-longhorn', restart: true, choices, requester: 'ann', now: api.time })
    writes.slice(0, 1).forEach(write => api.send(write))
    this.intent = intent
  }

  private round(): void {
    this.controllers.acts().forEach(act => act())
    this.api.time += 3000
  }

  private open(): ModelRunner {
    const runner = new ModelRunner(this.api, this.chance)
    runner.isCalm = true
    return runner
  }

  /** To the end; says how many writes it took. */
  async play(kill?: Kill): Promise<number> {
    let writes = 0
    let runner = this.open()
    for (let round = 0; round < 200 && runner.state !== 'over'; round++) {
      this.round()
      runner.take(this.intent)
      await settled()
      while (runner.requests.length) {
        const isKilled = runner.requests[0]?.write && writes++ === kill?.write
        if (!isKilled) {
          await runner.arrive('answered')
          continue
        }
        runner.close(() => kill?.isCarriedOut ?? false)
        runner = this.open()
      }
    }
    return writes
  }

  /** All that an operator can find afterwards; times and versions are not his concern. */
  end(): object {
    const { api } = this
    return {
      claim: timeless(api.find('claims', CLAIM)?.metadata.annotations),
      vms: api.list('vms').map(({ metadata, spec }) => ({ name: metadata.name, annotations: metadata.annotations, spec })),
      instances: api.list('vmis').map(({ metadata, status }) => ({ name: metadata.name, phase: status?.phase })),
      images: api.list('images').map(image => ({ name: image.metadata.name, spec: image.spec, wholeness: wholenessOf(image), conditions: image.status?.conditions?.map(({ type, status, message }) => ({ type, status, message })) })),
      backups: api.list('backups').map(({ metadata, status }) => ({ name: metadata.name, status })),
    }
  }
}

const timeless = (annotations: Readonly<Record<string, string>> = {}) => JSON.stringify(annotations).replaceAll(/\\"(at|backedUpAt|settledAt)\\":\\"[^"]*\\"/g, '$1')

describe.each<[string, Job]>([
  ['from one end to the other, with a backup', { choices: { backupFirst: true } }],
  ['of a guest whose power is cut, which leaves no image', { guest: 'deaf' }],
  ['of a guest whose power is cut, with an image that says so', { guest: 'deaf', choices: { ifCutOff: 'mark-crash-consistent' } }],
  ['that is called off by its time', { guest: 'deaf', choices: { deadline: '2026-03-01T12:01:30Z' } }],
  ['of a running disk', { choices: { runningAcknowledged: { by: 'ann', at: '2026-03-01T12:00:00Z' } } }],
])('an export %s', (_, job) => {
  it('comes to the same end, whichever of its writes is the last of whoever sends it', async () => {
    const whole = new Stage(job)
    const writes = await whole.play()
    const end = whole.end()
    expect(writes).toBeGreaterThan(job.choices?.runningAcknowledged ? 1 : 3)
    for (let write = 0; write < writes; write++) {
      for (const isCarriedOut of [false, true]) {
        const stage = new Stage(job)
        await stage.play({ write, isCarriedOut })
        expect(stage.end(), `killed at write ${write}, ${isCarriedOut ? 'after' : 'before'} it`).toEqual(end)
      }
    }
  }, 60_000)
})
