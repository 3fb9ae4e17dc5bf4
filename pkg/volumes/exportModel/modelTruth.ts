import type { KubeObject } from '#kube/object.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { VirtualMachine, VirtualMachineInstance } from '#vms/vm.ts'
import type { ExportIntent } from '../exportIntent.ts'
import type { ModelApi, Writer } from './modelApi.ts'
import { wasImported } from '#images/imageState.ts'
import { isFinal } from '#vms/powerState.ts'
import { effectiveRunStrategy } from '#vms/vm.ts'
import { isGivenUp, isOvertaken, wholenessOf } from '../exportedImage.ts'
import { EXPORT_ANNOTATION } from '../exportIntentText.ts'
import { readIntent } from '../exportIntent.ts'
import type { ModelControllers } from './modelControllers.ts'
import { isCdiReader } from '../exportVisits.ts'
import { CLAIM, FOREIGN_POD } from './modelControllers.ts'

export class BrokenPromiseError extends Error {}

/** What really happened, which nobody in the model can see, and what must hold of it after every act. */
export class ModelTruth {
  /** Images that were read, by CDI's pod or by Longhorn, while a guest wrote to the disk, or while it was not let go, and those whose copy Longhorn has given up, by name. */
  readonly torn = new Set<string>()
  /** VMs that an export has stopped, and that have neither run since nor were turned off by anybody else. */
  readonly owed = new Set<string>()
  /** VMs that somebody else has changed. */
  readonly touched = new Set<string>()
  /** VMs whose last guest has ended by itself, and which they were when an image was made. */
  private readonly shutDown = new Set<string>()
  private readonly shutDownBefore = new Map<string, ReadonlySet<string>>()
  /** By the name of an image: the VMs whose guests had not ended when its export began. */
  private readonly guests = new Map<string, ReadonlySet<string>>()
  /** How often the image of each name was made without anybody having deleted the one before unnoticed. */
  private readonly made = new Map<string, number>()
  /** By the name of its image. */
  readonly intents = new Map<string, ExportIntent>()
  /** Every image that was ever made, by name. */
  readonly imaged = new Set<string>()
  private readonly api: ModelApi
  private readonly isMaking: () => boolean
  private readonly disk: Pick<ModelControllers, 'cutOff' | 'needsDisk' | 'isCopyLost'>
  private readonly isGuarded: boolean
  /** Images on whose disk an instance or somebody's pod was while they were read, by name. */
  private readonly visited = new Set<string>()
  /** Images from whose disk a pod has gone since they were read, by name: when that came nobody can say any more. */
  private readonly left = new Set<string>()
  private readonly tell: ((line: string) => void) | undefined
  /** What was seen to break while a write was carried out, whose sender must not be the one to hear of it. */
  private broken: string | undefined

  /**
   * `isMaking`: whether a create of an image has been decided on and is on its way: no cluster can hold that one back. `disk`:
   * what became of the guests, and how far an image is. `isGuarded`: whether no VM may take a disk whose image is read.
   */
  constructor(api: ModelApi, isMaking: () => boolean, disk: Pick<ModelControllers, 'cutOff' | 'needsDisk' | 'isCopyLost'>, isGuarded: boolean, tell?: (line: string) => void) {
    this.tell = tell
    this.api = api
    this.disk = disk
    this.isGuarded = isGuarded
    this.isMaking = isMaking
    api.onWrite = (before, after, by) => this.heard(before, after, by)
  }

  private heard(before: KubeObject | undefined, after: KubeObject | undefined, by: Writer): void {
    const kind = (after ?? before)?.kind
    this.noteVisits(kind === 'Pod' && before && !after && !isCdiReader(before))
    this.tell?.(`${new Date(this.api.time).toISOString().slice(11, 19)} ${by} ${factsOf(before, after)}`)
    if (kind === 'VirtualMachine')
      this.heardVm(before as VirtualMachine | undefined, after as VirtualMachine | undefined, by)
    if (kind === 'VirtualMachineInstance')
      this.heardVmi(before as VirtualMachineInstance | undefined, after as VirtualMachineInstance | undefined)
    if (kind === 'VirtualMachineImage')
      this.heardImage(before as VirtualMachineImage | undefined, after as VirtualMachineImage | undefined)
    const [was, intent] = [before, after].map(object => object?.kind === 'PersistentVolumeClaim' ? readIntent(object) : undefined)
    if (intent && intent !== 'unreadable')
      this.heardIntent(intent)
    if (was && intent && (was === 'unreadable' || intent === 'unreadable' || was.id !== intent.id))
      this.broken ??= 'an export was begun over another'
  }

  private heardIntent(intent: ExportIntent): void {
    const name = `export-${intent.id}`
    if (!this.intents.has(name))
      this.guests.set(name, new Set(this.api.list('vmis').filter(vmi => !isFinal(vmi)).map(vmi => vmi.metadata.name)))
    this.intents.set(name, intent)
  }

  private heardVm(before: VirtualMachine | undefined, after: VirtualMachine | undefined, by: Writer): void {
    const name = (after ?? before)?.metadata.name ?? ''
    if (by === 'somebody')
      this.touched.add(name)
    if (by === 'export' && before && after && effectiveRunStrategy(before) === 'Halted' && effectiveRunStrategy(after) !== 'Halted' && this.isWaitedFor())
      this.broken ??= 'an export has started a VM whose disk is still read for it'
    if (!after || (by === 'somebody' && effectiveRunStrategy(after) === 'Halted'))
      this.owed.delete(name)
    else if (by === 'export' && before && effectiveRunStrategy(before) !== 'Halted' && effectiveRunStrategy(after) === 'Halted')
      this.owed.add(name)
  }

  private heardVmi(before: VirtualMachineInstance | undefined, after: VirtualMachineInstance | undefined): void {
    if (!before)
      this.heardStart()
    const [was, is] = [before?.status?.phase, after?.status?.phase]
    if (!after || is === was)
      return
    if (is === 'Succeeded' && !this.disk.cutOff.has(after.metadata.uid))
      this.shutDown.add(after.metadata.name)
    else
      this.shutDown.delete(after.metadata.name)
  }

  /** A VM takes the disk: where there is a guard, only of an export that nobody waits for any more. */
  private heardStart(): void {
    if (this.isGuarded && this.isWaitedFor())
      this.broken ??= 'a VM was let take a disk whose image is read'
  }

  /** Whether an image is read that somebody still waits for, and that is not found to be torn while Longhorn alone copies it: that one has nothing left to lose. */
  private isWaitedFor(): boolean {
    const reading = this.api.list('images').filter(image => this.disk.needsDisk(image) && !(wasImported(image) && isOvertaken(image))).filter(({ metadata: { name } }) => {
      const { abandonedBy, refusal, runningAcknowledged, deadline } = this.intents.get(name) ?? {}
      return abandonedBy === undefined && refusal === undefined && runningAcknowledged === undefined && !(deadline !== undefined && Date.parse(deadline) <= this.api.time)
    })
    return reading.length > 0 && this.api.find('claims', CLAIM) !== undefined
  }

  /** Notes whose disk is visited now, and, where a pod `hasGone`, was. */
  private noteVisits(hasGone: boolean | undefined): void {
    this.api.list('images').filter(image => hasGone && !this.disk.needsDisk(image)).forEach(image => this.left.add(image.metadata.name))
    if (this.api.list('vmis').length || this.api.list('pods').some(pod => !isCdiReader(pod)))
      this.api.list('images').filter(image => this.disk.needsDisk(image)).forEach(image => this.visited.add(image.metadata.name))
  }

  private heardImage(before: VirtualMachineImage | undefined, after: VirtualMachineImage | undefined): void {
    const name = (after ?? before)?.metadata.name ?? ''
    if (!after) {
      this.torn.delete(name)
      const noted = this.api.list('claims').some(claim => {
        const intent = readIntent(claim)
        return intent && intent !== 'unreadable' && intent.madeAt !== undefined
      })
      // Made, and deleted before anybody had noted that it was made: to all who look it was never there.
      if (!noted || this.isMaking())
        this.made.delete(name)
    }
    else if (!before) {
      this.imaged.add(name)
      this.made.set(name, (this.made.get(name) ?? 0) + 1)
      this.shutDownBefore.set(name, new Set(this.shutDown))
      if (this.api.list('attachments').length)
        this.torn.add(name)
    }
    else if ((this.disk.needsDisk(after) || wasImported(after)) && isOvertaken(after) && !isGivenUp(after) && !this.visited.has(name) && !this.left.has(name)) {
      this.broken ??= 'an image is called torn, and nothing was on its disk'
    }
    else if (wholenessOf(after) === 'overtaken' && !['overtaken', 'unverified', 'acknowledged'].includes(wholenessOf(before))) {
      this.broken ??= 'an image that was verified is called torn'
    }
  }

  /** Something broke that only its doer knows of. */
  report(what: string): void {
    this.broken ??= what
  }

  /** Throws where a promise is broken. */
  check(): void {
    if (this.broken !== undefined)
      throw new BrokenPromiseError(this.broken)
    const writing = this.api.list('vmis').filter(vmi => vmi.status?.phase === 'Running')
    for (const vmi of writing) {
      const vm = this.api.find('vms', vmi.metadata.name)
      if (vm && effectiveRunStrategy(vm) !== 'Halted' && !vmi.metadata.deletionTimestamp)
        this.owed.delete(vmi.metadata.name)
    }
    this.api.list('images').forEach(image => this.checkImage(image, writing.length > 0 || this.api.find('pods', FOREIGN_POD)?.status?.phase === 'Running'))
    this.owed.forEach(name => this.checkOwed(name))
  }

  private checkImage(image: VirtualMachineImage, isWrittenTo: boolean): void {
    const { name } = image.metadata
    if (this.disk.isCopyLost(image) || (isWrittenTo && this.disk.needsDisk(image)))
      this.torn.add(name)
    const wholeness = wholenessOf(image)
    if (this.torn.has(name) && ['whole', 'not-observed', 'crash-consistent'].includes(wholeness))
      throw new BrokenPromiseError(`an image that was read from a disk in use looks good: ${wholeness}`)
    // Whatever the export has made of them.
    const lies = [...this.guests.get(name) ?? []].filter(vm => !this.shutDownBefore.get(name)?.has(vm))
    if (wholeness === 'whole' && lies.length)
      throw new BrokenPromiseError(`an image looks whole, though a guest did not end by itself: ${lies.join()}`)
    if ((this.made.get(name) ?? 0) > 1)
      throw new BrokenPromiseError('a second image was made of one intent')
  }

  private checkOwed(name: string): void {
    const vm = this.api.find('vms', name)
    const claim = this.api.find('claims', CLAIM)
    const isTold = [vm, claim].some(object => object?.metadata.annotations?.[EXPORT_ANNOTATION] !== undefined)
    const isChosen = [...this.intents.values()].some(intent => !intent.restart && intent.abandonedBy === undefined && intent.vms.some(entry => entry.name === name))
    if (vm && !isTold && !isChosen)
      throw new BrokenPromiseError(`${name} was stopped by an export and is left off in silence`)
  }
}

/** An object that was written, in a line. */
function factsOf(before: KubeObject | undefined, after: KubeObject | undefined): string {
  const { kind, metadata, spec, status } = (after ?? before) as KubeObject & { readonly spec?: { readonly runStrategy?: string, readonly running?: boolean }, readonly status?: object }
  const { runStrategy, running } = spec ?? {}
  return `${after ? before ? '' : 'new ' : 'gone '}${kind} ${metadata.name} ${JSON.stringify({ runStrategy, running, generation: metadata.generation, deletionTimestamp: metadata.deletionTimestamp, annotations: metadata.annotations, status })}`
}
