import type { VirtualMachineImage } from '#images/image.ts'
import type { VirtualMachine } from '#vms/vm.ts'
import type { ExportAnswer } from '../exportAnswer.ts'
import type { ModelApi } from './modelApi.ts'
import { safetyWorld } from '../exportBeforeImage.ts'
import { noteOn } from '../exportedImage.ts'
import { holdOnClaim } from '../exportHold.ts'
import { readIntent } from '../exportIntent.ts'
import { judgeExportSafety } from '../exportSafety.ts'
import { podMemory } from '../exportVisits.ts'
import { worldOf } from './modelApi.ts'

/**
 * Our own guard before the cluster, as far as the protocol leans on it: it keeps VMs off a disk whose image is read
 * (server/startAdmission.ts), looks for those who may not, and takes no other word on the last pods than Longhorn's
 * (server/exportAdmission.ts). Images of disks in use it lets pass here: the protocol must make none by itself.
 */
export class ModelGuard {
  private readonly api: ModelApi
  private readonly claim: string

  constructor(api: ModelApi, claim: string) {
    this.api = api
    this.claim = claim
  }

  refusesStart(starter: VirtualMachine): boolean {
    const claim = this.api.find('claims', this.claim)
    return claim !== undefined && holdOnClaim(claim, { images: this.api.list('images'), dataVolumes: this.api.list('dataVolumes') }, this.api.time, starter) !== undefined
  }

  refusesImage(image: VirtualMachineImage): boolean {
    const { lastPods } = noteOn(image)
    const memory = this.answer()?.memory
    return lastPods !== undefined && !(memory?.word === 'noted' && memory.lastPods === lastPods)
  }

  /** What it says to a dry run. It reads anew, and so it has no line that could be cut. */
  answer(): Pick<ExportAnswer, 'word' | 'memory'> | undefined {
    const world = worldOf(field => ({ objects: this.api.list(field), state: 'live' }))
    const claim = this.api.find('claims', this.claim)
    const intent = claim && readIntent(claim)
    if (!claim || !intent || intent === 'unreadable')
      return undefined
    const memory = podMemory(claim, world)
    return { word: judgeExportSafety(safetyWorld(world, intent, claim)).word, ...(memory && { memory }) }
  }
}
