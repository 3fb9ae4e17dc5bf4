import { expect, it } from 'vitest'
import type { ExportResult, StepWord, TimelineEntry } from './exportTimeline.ts'
import { exportTimeline } from './exportTimeline.ts'

const INTENT = { vms: [{ name: 'web-01', runStrategy: 'Always', wasRunning: true }], restart: true } as const

it.each<[string, StepWord, ExportResult | undefined, Partial<Record<TimelineEntry['step'], TimelineEntry['state']>>]>([
  ['one that is being read', 'wait-import', undefined, { release: 'done', import: 'now', start: 'to-come', end: 'to-come' }],
  ['one that was given up and has only to be read of', 'stopped', 'given-up', { create: 'left-out', import: 'left-out', start: 'done', end: 'now' }],
  ['one whose image may be torn, and that has only to be read of', 'stopped', 'overtaken', { create: 'done', import: 'failed', start: 'done', end: 'now' }],
  ['one that is over', 'done', 'exported', { import: 'done', end: 'done' }],
])('the steps of %s', (_, word, result, states) => {
  expect(Object.fromEntries(exportTimeline({ word, ...(result && { result }) }, INTENT).map(({ step, state }) => [step, state]))).toMatchObject(states)
})
