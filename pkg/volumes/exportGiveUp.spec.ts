import { expect, it } from 'vitest'
import type { GivingUp } from './exportGiveUp.ts'
import { costOfGivingUp } from './exportGiveUp.ts'
import type { ExportIntent } from './exportIntent.ts'
import type { ExportStep } from './exportStep.ts'

it.each<[GivingUp, string, Pick<ExportStep, 'word' | 'result'>, Pick<ExportIntent, 'madeAt'>]>([
  ['no-image', 'while the guest shuts down', { word: 'wait-guest' }, {}],
  ['no-image', 'before the image is made', { word: 'create-image' }, {}],
  ['torn-image', 'while the image is read', { word: 'wait-import' }, {}],
  ['torn-image', 'where the image was made and is not seen', { word: 'blind' }, { madeAt: '2026-03-01T12:03:00Z' }],
  ['nothing', 'once the image is there and its VM is started again', { word: 'start-vm', result: 'exported' }, { madeAt: '2026-03-01T12:03:00Z' }],
  ['nothing', 'where there will be no image and its VM is started again', { word: 'wait-start', result: 'given-up' }, {}],
])('giving an export up costs %s %s', (cost, _, step, intent) => {
  expect(costOfGivingUp(step, intent)).toBe(cost)
})
