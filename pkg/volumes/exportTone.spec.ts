import { expect, it } from 'vitest'
import { toneOfExport } from './exportTone.ts'
import type { Carried } from './exportTone.ts'
import type { ExportStep } from './exportStep.ts'
import type { GivingUp } from './exportGiveUp.ts'

type Step = Pick<ExportStep, 'word' | 'because' | 'ask' | 'dismiss'>
const step = (word: ExportStep['word'], more: Partial<Step> = {}): Step => ({ word, because: [], ...more })

it.each<[string, Step, Carried, GivingUp, ReturnType<typeof toneOfExport>]>([
  ['has stopped', step('stopped', { dismiss: [] }), 'left', 'nothing', 'bad'],
  ['is imported', step('wait-import'), 'carried', 'no-image', 'progress'],
  ['has nobody who carries it on', step('wait-import'), 'left', 'no-image', 'attention'],
  ['is not known to be carried on', step('wait-import'), 'asking', 'no-image', 'unknown'],
  ['is torn while it is read', step('wait-import'), 'carried', 'torn-already', 'attention'],
  ['waits for a start', step('wait-start'), 'carried', 'nothing', 'progress'],
  ['has a VM that does not come to run', step('wait-start', { dismiss: [] }), 'carried', 'nothing', 'attention'],
  ['cannot see', step('blind'), 'carried', 'no-image', 'unknown'],
])('an export that %s', (_, of, carried, cost, tone) => {
  expect(toneOfExport(of, carried, cost)).toBe(tone)
})
