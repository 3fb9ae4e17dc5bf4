import type { ExportIntent } from '../exportIntent.ts'
import { isStoppedFor } from '../exportIntent.ts'
import type { ExportStep } from '../exportStep.ts'
import type { ModelApi } from './modelApi.ts'
import type { ModelTruth } from './modelTruth.ts'
import type { RunStrategy } from '#vms/vm.ts'
import { effectiveRunStrategy } from '#vms/vm.ts'
import { exportImageName, wholenessOf } from '../exportedImage.ts'
import { EXPORT_ANNOTATION } from '../exportIntentText.ts'
import { exportsWithoutImage } from '../exportWithoutImage.ts'
import { CLAIM } from './modelControllers.ts'
import { BrokenPromiseError } from './modelTruth.ts'

/** `done`: nothing is left to do. `told`: it has ended and says why. `waiting`: for a guest, or for what only somebody can mend. `no-intent`: it was never begun, it was put away, or its claim is gone. */
export interface Ending { readonly how: 'done' | 'told' | 'waiting' | 'no-intent', readonly result?: string, readonly because: readonly string[], readonly wholeness?: string, readonly isCalm: boolean }

interface Played { readonly api: ModelApi, readonly truth: ModelTruth, readonly isCalm: boolean }

/** What came of an export at which nothing moves any more: throws where that breaks a promise. `step` is the last of whoever resumed it. */
export function judgeEnding(step: ExportStep | undefined, intent: ExportIntent, { api, truth, isCalm }: Played): Ending {
  if (!step)
    throw new BrokenPromiseError('whoever resumed the export could take no turn')
  const image = api.find('images', exportImageName(intent))
  const ending = { ...(step.result && { result: step.result }), because: step.because.map(({ code }) => code), ...(image && { wholeness: wholenessOf(image) }), isCalm }
  if (step.word === 'stopped' || step.word === 'done') {
    if (step.word === 'stopped')
      putAway(step, api)
    truth.check()
    checkPutAway(api, truth)
    checkStrategies(intent, api, truth)
    return { how: step.word === 'done' ? 'done' : 'told', ...ending }
  }
  if (!step.because.length || step.writes.length)
    throw new BrokenPromiseError(`it neither ends nor says what it waits for: ${step.word} ${JSON.stringify(step.because)}`)
  if (intent.deadline !== undefined && step.result === undefined)
    throw new BrokenPromiseError(`its time is over, and it still waits: ${step.word} ${JSON.stringify(step.because)}`)
  const off = api.list('vms').map(vm => effectiveRunStrategy(vm) === 'Halted' ? vm.metadata.name : '').filter(name => truth.owed.has(name) && !api.find('vmis', name))
  if (intent.deadline !== undefined && intent.restart && off.length)
    throw new BrokenPromiseError(`its time is over, and it has ${off.join()} off`)
  return { how: 'waiting', ...ending }
}

function putAway(step: ExportStep, api: ModelApi): void {
  if (!step.because.length)
    throw new BrokenPromiseError('it has stopped and does not say why')
  step.dismiss?.forEach(write => api.send(write))
  if (api.find('claims', CLAIM)?.metadata.annotations?.[EXPORT_ANNOTATION] !== undefined)
    throw new BrokenPromiseError('it cannot be dismissed')
}

/** What must hold once no note is on the claim any more: one on a VM would lead nowhere, and what left no image is told by the claim. */
export function checkPutAway(api: ModelApi, { intents, imaged }: ModelTruth): void {
  const left = api.list('vms').filter(vm => vm.metadata.annotations?.[EXPORT_ANNOTATION] !== undefined)
  if (left.length)
    throw new BrokenPromiseError(`its note is left on ${left.map(vm => vm.metadata.name).join()}`)
  const claim = api.find('claims', CLAIM)
  const untold = claim && [...intents].filter(([image, { id }]) => !imaged.has(image) && !exportsWithoutImage(claim).some(one => one.id === id))
  if (untold?.length)
    throw new BrokenPromiseError(`no image, and nothing that tells of it, is left of ${untold.map(([image]) => image).join()}`)
}

function checkStrategies({ vms, restart, abandonedBy }: ExportIntent, api: ModelApi, { touched }: ModelTruth): void {
  const mayBeOff = !restart && abandonedBy === undefined
  const isOwn = (now: RunStrategy, own: RunStrategy) => now === own || (mayBeOff && now === 'Halted')
  const strange = vms.filter(entry => isStoppedFor(entry) && !touched.has(entry.name) && api.list('vms').some(vm => vm.metadata.name === entry.name && !isOwn(effectiveRunStrategy(vm), entry.runStrategy)))
  if (strange.length)
    throw new BrokenPromiseError(`${strange.map(vm => vm.name).join()} did not get its run strategy back`)
}
