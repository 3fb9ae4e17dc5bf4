import { expect, it } from 'vitest'
import type { ExportResult, StepWord, TimelineEntry } from './exportTimeline.ts'
import { exportTimeline } from './exportTimeline.ts'
import type { ExportIntent } from './exportIntent.ts'

const INTENT = { vms: [{ name: 'web-01', runStrategy: 'Always', wasRunning: true }], restart: true } as const

it.each<[string, StepWord, ExportResult | undefined, Partial<Record<TimelineEntry['step'], TimelineEntry['state']>>, Partial<ExportIntent>?]>([
  ['one that is being read', 'wait-import', undefined, { release: 'done', import: 'now', start: 'to-come', end: 'to-come' }],
  ['one that was given up and has only to be read of', 'stopped', 'given-up', { 'shut-down': 'done', 'release': 'left-out', 'create': 'left-out', 'import': 'left-out', 'start': 'done', 'end': 'now' }],
  ['one that was given up while its guest is still ending', 'wait-guest', 'given-up', { 'shut-down': 'now', 'release': 'left-out', 'import': 'left-out', 'start': 'to-come', 'end': 'to-come' }],
  ['one that was given up and has its guest forced', 'force-stop', 'given-up', { 'shut-down': 'now', 'release': 'left-out', 'start': 'to-come' }],
  ['one that was given up after its guest, and starts its VM', 'wait-start', 'given-up', { 'shut-down': 'done', 'release': 'left-out', 'start': 'now' }],
  ['one whose second VM the cluster has refused to stop, while the guest of the first still ends', 'wait-guest', 'given-up', { 'shut-down': 'now', 'release': 'left-out', 'import': 'left-out', 'start': 'to-come' }, { refusal: 'no' }],
  ['one whose image the cluster has refused', 'done', 'given-up', { release: 'done', create: 'left-out', start: 'done' }, { refusal: 'no' }],
  ['one whose backup has failed, so that no VM was touched', 'done', 'given-up', { 'back-up': 'failed', 'shut-down': 'left-out', 'release': 'left-out', 'start': 'left-out', 'end': 'done' }, { backupFirst: true, calledOff: [{ code: 'backup-failed', backup: 'production/b' }] }],
  ['one that was given up while its backup was taken', 'done', 'given-up', { 'back-up': 'left-out', 'shut-down': 'left-out', 'start': 'left-out' }, { backupFirst: true }],
  ['one that was given up after its backup', 'done', 'given-up', { 'back-up': 'done', 'shut-down': 'done', 'release': 'left-out' }, { backupFirst: true, isBackedUp: true }],
  ['one whose image may be torn, and that has only to be read of', 'stopped', 'overtaken', { create: 'done', import: 'failed', start: 'done', end: 'now' }],
  ['one that is over', 'done', 'exported', { import: 'done', end: 'done' }],
])('the steps of %s', (_, word, result, states, notes = {}) => {
  expect(Object.fromEntries(exportTimeline({ word, ...(result && { result }) }, { ...INTENT, ...notes }).map(({ step, state }) => [step, state]))).toMatchObject(states)
})
