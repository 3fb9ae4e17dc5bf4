import type { Resource } from '#kube/resource.ts'
import type { ExportIntent } from '../exportIntent.ts'
import type { Ending } from './judgeEnding.ts'
import type { CdiScenario, Scenario } from './scenario.ts'
import { IMAGES } from '#images/image.ts'
import { wasImported } from '#images/imageState.ts'
import { VMS } from '#vms/vm.ts'
import { usersOfClaim } from '../claimUsers.ts'
import { wholenessOf } from '../exportedImage.ts'
import { readIntent } from '../exportIntent.ts'
import { EXPORT_ANNOTATION } from '../exportIntentText.ts'
import { planExport } from '../exportPlan.ts'
import { planForceStop, planStartNow } from '../exportRestart.ts'
import { Chance } from './chance.ts'
import { ModelApi, NAMESPACE, wanted } from './modelApi.ts'
import { claimIn, furnish } from './modelCluster.ts'
import { CLAIM, ModelControllers } from './modelControllers.ts'
import { DURING_A_READ, meddle } from './meddle.ts'
import { checkPutAway, judgeEnding } from './judgeEnding.ts'
import { ModelGuard } from './modelGuard.ts'
import { ModelRunner, settled } from './modelRunner.ts'
import { ModelTruth } from './modelTruth.ts'
import { drawCdi, drawHalted, drawScenario } from './scenario.ts'

const ACTS = 450
/** Rounds in which nothing new happens before a job counts as one that waits. */
const STILL = 40
const ROUNDS = 1500

/** One export in one cluster, from before it begins until nothing moves any more. All of it follows from the seed. */
class Play {
  readonly api = new ModelApi()
  readonly chance: Chance
  private readonly scenario: Scenario
  private readonly cdi: CdiScenario | undefined
  private readonly controllers: ModelControllers
  private readonly truth: ModelTruth
  private runners: ModelRunner[] = []
  private readonly intents = new Map<ModelRunner, ExportIntent>()
  /** How many exports somebody has asked for: each has an id of its own. */
  private begun = 0
  private meddled = 0
  /** The VM that somebody has turned on and will turn off again. */
  private turnedOn: string | undefined
  private readonly meddling: number
  /** Whether something is still to happen to the disk while it is read, or while how its guest ended is noted and it is not read yet. */
  private disturbsRest: boolean
  private readonly disturbsEarly: boolean
  /** How fast the time passes. */
  private readonly tempo: number
  /** Whether all consoles are closed, and stay so, until the VM that somebody has turned on is off again, or his pod is gone. */
  private isUnwatched = false
  /** Whether a line is cut that stays so. */
  private isSilent = false

  constructor(seed: number, tell?: (line: string) => void) {
    this.chance = new Chance(seed)
    this.scenario = drawScenario(this.chance, this.api.time)
    this.cdi = drawCdi(seed)
    this.meddling = this.chance.of([0, 0, 1, 2])
    this.disturbsRest = !this.scenario.isCalm && this.chance.happens(0.6)
    this.disturbsEarly = this.chance.happens(0.4)
    this.tempo = this.chance.of([0.3, 1, 1])
    this.controllers = new ModelControllers(this.api, this.chance, this.scenario.isCalm ? { imports: 0, backups: 0, hangs: 0 } : { imports: 0.2, backups: 0.2, hangs: 0.2 }, this.cdi?.by)
    this.api.isHarvester = this.scenario.isHarvester
    this.api.guard = this.scenario.isGuarded ? new ModelGuard(this.api, CLAIM) : undefined
    this.truth = new ModelTruth(this.api, () => this.runners.some(runner => runner.isWriting('create', IMAGES as Resource)), this.controllers, this.scenario.isGuarded, tell)
    this.furnish(this.scenario.isCalm ? undefined : drawHalted(seed))
  }

  private furnish(halted: number | undefined): void {
    furnish(this.api, this.controllers, this.chance, this.scenario, this.cdi)
    Array.from({ length: 15 }, () => this.round())
    const off = halted === undefined ? [] : this.scenario.vms
    off.forEach(({ name }) => this.turnOff(name))
    Array.from({ length: halted ?? 0 }, () => this.round(1))
  }

  /** Every controller acts once, and some seconds pass. */
  private round(seconds = 3): void {
    this.controllers.acts().forEach(act => act())
    this.api.time += seconds * 1000
  }

  private open(): ModelRunner {
    const runner = new ModelRunner(this.api, this.chance, thrown => this.truth.report(`whoever carries it out crashes: ${String(thrown)}`), this.cdi ? 0.4 : undefined)
    this.runners.push(runner)
    return runner
  }

  private intentSeenBy(runner: ModelRunner): ExportIntent | undefined {
    const claim = claimIn(runner.look())
    const intent = claim && readIntent(claim)
    return intent === 'unreadable' ? undefined : intent
  }

  /** An operator fills the form in and clicks. */
  private begin(runner: ModelRunner): void {
    const world = runner.look()
    const claim = claimIn(world)
    if (!claim || readIntent(claim))
      return
    const users = usersOfClaim(claim, { vms: world.vms.objects, vmis: world.vmis.objects, pods: world.pods.objects })
    const id = `export${++this.begun}`
    const { restart, choices } = this.scenario
    const { intent, writes } = planExport({ claim, users, id, image: { namespace: NAMESPACE, displayName: 'web-01-disk' }, storageClass: 'harvester-longhorn', restart, choices, requester: 'ann', now: this.api.time })
    runner.sendAll(writes.slice(0, 1), sent => {
      if (sent)
        this.intents.set(runner, intent)
    })
  }

  async run(): Promise<Ending> {
    this.begin(this.open())
    if (this.chance.happens(0.4))
      this.open()
    if (!this.scenario.isCalm && this.chance.happens(0.1))
      this.begin(this.open())
    for (let act = 0; act < ACTS; act++) {
      await this.act()
      this.truth.check()
    }
    this.runners.forEach(runner => runner.close(() => this.chance.happens(0.5)))
    this.truth.check()
    return this.settle()
  }

  private async act(): Promise<void> {
    const { chance, api } = this
    if (!this.isSilent && this.scenario.silent && api.list('images').length) {
      this.isSilent = true
      api.cut(this.scenario.silent)
    }
    const isStopping = !this.scenario.isCalm && this.runners.some(runner => runner.isWriting('patch', VMS as Resource))
    api.time += chance.between(0, 2500) * this.tempo * (isStopping ? 0.3 : 1)
    // A stop is on its way: it must not follow when the export has ended meanwhile.
    if (isStopping && chance.happens(0.5))
      return chance.happens(0.05) ? this.operatorActs(this.runners.find(runner => runner.isIdle) ?? this.open()) : chance.happens(0.03) ? this.dismiss() : this.actOfRunner()
    if (this.disturbsRest && chance.happens(0.1) && this.isDiskAtStake())
      return this.disturbRest()
    const share = chance.draw()
    if (share < (this.isAway() ? 0.9 : 0.45))
      return chance.of(this.controllers.acts())()
    if (share < 0.93)
      return this.actOfRunner()
    if (this.scenario.isCalm)
      return
    if (this.turnedOn !== undefined && chance.happens(api.find('vmis', this.turnedOn)?.status?.phase === 'Running' ? 0.5 : 0.1))
      return this.turnOff(this.turnedOn)
    this.disturb()
  }

  private async actOfRunner(): Promise<void> {
    const { chance } = this
    const open = this.runners.filter(runner => runner.state === 'open')
    const sending = open.filter(runner => runner.isHeard)
    const idle = open.filter(runner => runner.isIdle)
    if (sending.length && (!idle.length || chance.happens(0.6)))
      return chance.of(sending).arrive(this.scenario.isCalm || chance.happens(0.85) ? 'answered' : chance.happens(0.5) ? 'lost' : 'cut')
    if (!idle.length)
      return
    const runner = chance.of(idle)
    const intent = this.intents.get(runner) ?? this.intentSeenBy(runner)
    if (intent) {
      this.intents.set(runner, intent)
      runner.take(intent)
    }
    await settled()
  }

  private isDiskAtStake(): boolean {
    const images = this.api.list('images')
    if (this.cdi?.by === 'csi-clone' && this.cdi.disturbsCopy)
      return images.some(image => wasImported(image) && this.controllers.needsDisk(image))
    return images.length ? images.some(image => this.controllers.needsDisk(image)) : this.disturbsEarly && this.api.find('claims', CLAIM)?.metadata.annotations?.[EXPORT_ANNOTATION]?.includes('"endings"') === true
  }

  /** What happens to the disk now matters, and all the more where nobody looks. */
  private disturbRest(): void {
    this.disturbsRest = false
    if (this.chance.happens(0.6)) {
      this.runners.forEach(runner => runner.close(() => this.chance.happens(0.5)))
      this.isUnwatched = true
    }
    this.meddle(DURING_A_READ)
  }

  private disturb(): void {
    const { chance } = this
    const share = chance.draw()
    const open = this.runners.filter(runner => runner.state === 'open')
    if (share < 0.15 && open.length)
      chance.of(open).close(() => chance.happens(0.5))
    else if (share < 0.25)
      open.forEach(runner => runner.close(() => chance.happens(0.5)))
    else if (share < 0.5 && open.length < 3 && !this.isAway())
      this.open()
    else if (share < 0.6 && open.length)
      this.operatorActs(chance.of(open))
    else if (share < 0.65)
      this.begin(this.open())
    else if (share < 0.75)
      this.dismiss()
    else if (this.meddled < this.meddling)
      this.meddle()
  }

  /** Whether nobody looks, as long as what somebody has turned on is on, or his pod is there. */
  private isAway(): boolean {
    this.isUnwatched &&= this.controllers.isVisited || this.api.list('vmis').length > 0 || (this.turnedOn !== undefined && this.api.find('vms', this.turnedOn) !== undefined)
    return this.isUnwatched
  }

  /** Somebody has read how it ended, and puts it away. */
  private dismiss(): void {
    const told = this.runners.filter(runner => runner.state === 'over' && runner.last?.step.word === 'stopped')
    const intent = told.length ? this.intents.get(this.chance.of(told)) : undefined
    if (intent)
      this.open().putAway(intent)
  }

  /** An operator presses one of the buttons of an export that he sees. */
  private operatorActs(runner: ModelRunner): void {
    const intent = this.intentSeenBy(runner)
    const world = runner.look()
    const claim = claimIn(world)
    if (!runner.isIdle || !intent || !claim)
      return
    if (this.chance.happens(0.5))
      runner.sendAll(planStartNow(world, intent, 'bob'))
    else if (intent.forcedBy === undefined)
      runner.sendAll([planForceStop(claim, intent, 'bob')])
  }

  private meddle(acts?: Parameters<typeof meddle>[3]): void {
    this.meddled++
    this.turnedOn = meddle(this.api, this.controllers, this.chance, acts) ?? this.turnedOn
  }

  /** Whoever turned a VM on turns it off again. */
  private turnOff(name: string): void {
    this.turnedOn = undefined
    const vm = this.api.find('vms', name)
    if (vm)
      this.api.put('vms', { ...vm, spec: wanted(vm, false) }, 'somebody')
  }

  /** Nobody meddles any more, and one console stays open. */
  private async settle(): Promise<Ending> {
    const runner = this.open()
    runner.isCalm = true
    runner.isBlind = this.cdi?.isBlind ?? false
    const intent = this.intentSeenBy(runner)
    if (!intent) {
      for (let round = 0; round < 60; round++, this.truth.check())
        this.round()
      if (this.api.find('claims', CLAIM))
        checkPutAway(this.api, this.truth)
      const [image] = this.api.list('images')
      return { how: 'no-intent', because: [], ...(image && { wholeness: wholenessOf(image) }), isCalm: this.scenario.isCalm }
    }
    let [said, since] = ['', 0]
    for (let round = 0; round < ROUNDS && round - since < STILL; round++) {
      // It waits for a time of day, too.
      this.round(round - since > STILL / 2 ? 120 : 3)
      this.truth.check()
      runner.take(intent)
      await settled()
      while (runner.requests.length)
        await runner.arrive('answered')
      // What puts it away holds for the VMs as they are now.
      if (runner.state !== 'open')
        break
      const { step } = runner.last ?? {}
      const now = JSON.stringify([step?.word, step?.because.map(({ code }) => code), step?.writes.length, step?.progress, this.api.find('claims', CLAIM)?.metadata.annotations, this.api.list('longhornVolumes').map(({ status }) => status?.cloneStatus)])
      if (now !== said || step?.writes.length)
        [said, since] = [now, step?.writes.length && now === said && round - since > STILL ? since : round]
    }
    return judgeEnding(runner.last?.step, intent, { api: this.api, truth: this.truth, isCalm: this.scenario.isCalm })
  }
}

/** Plays one export; throws where it breaks a promise. `tell` is told of every write. */
export async function playExport(seed: number, tell?: (line: string) => void): Promise<Ending> {
  try {
    return await new Play(seed, tell).run()
  }
  catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
