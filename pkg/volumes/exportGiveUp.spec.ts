import { expect, it } from 'vitest'
import type { GivingUp } from './exportGiveUp.ts'
import { canBeAbandoned, costOfGivingUp } from './exportGiveUp.ts'
import type { ExportHold } from './exportHold.ts'
import type { ExportIntent } from './exportIntent.ts'
import type { ExportStep } from './exportStep.ts'

it.each<[GivingUp, string, Partial<Pick<ExportStep, 'because'>> & Pick<ExportStep, 'word' | 'isRead' | 'result'>, Pick<ExportIntent, 'madeAt'>]>([
  ['no-image', 'while the guest shuts down', { word: 'wait-guest' }, {}],
  ['no-image', 'before the image is made', { word: 'create-image' }, {}],
  ['torn-image', 'while the image is read', { word: 'wait-import' }, {}],
  ['torn-image', 'where the image was made and is not seen', { word: 'blind' }, { madeAt: '2026-03-01T12:03:00Z' }],
  ['torn-already', 'while an image is read that something has torn', { word: 'wait-import', because: [{ code: 'overtaken', image: 'production/x' }] }, { madeAt: '2026-03-01T12:03:00Z' }],
  ['unverified-image', 'once it is read, while nobody can say yet that it is whole', { word: 'blind', isRead: true }, { madeAt: '2026-03-01T12:03:00Z' }],
  ['unverified-image', 'once it is read, while it is being looked for who was on the disk', { word: 'verify', isRead: true }, { madeAt: '2026-03-01T12:03:00Z' }],
  ['nothing', 'once the image is there and its VM is started again', { word: 'start-vm', result: 'exported' }, { madeAt: '2026-03-01T12:03:00Z' }],
  ['nothing', 'where there will be no image and its VM is started again', { word: 'wait-start', result: 'given-up' }, {}],
])('giving an export up costs %s %s', (cost, _, step, intent) => {
  expect(costOfGivingUp({ because: [], ...step }, intent)).toBe(cost)
})

const HOLD: ExportHold = { claim: 'production/web-01-root', image: 'production/export-abcd1234', displayName: 'web', by: 'intent', since: '2026-03-01T12:00:00Z' }

it.each<[boolean, string, GivingUp, ExportHold | undefined, Partial<ExportIntent>]>([
  [true, 'before its image is made', 'no-image', HOLD, {}],
  [true, 'before its image is made, though it holds nothing', 'no-image', undefined, {}],
  [true, 'while the guard keeps the disk for the image that is read, whoever was off before', 'torn-image', HOLD, {}],
  [true, 'while the guard keeps the disk until somebody has verified the image', 'unverified-image', HOLD, {}],
  [false, 'while an image is read from a disk in use, which nobody keeps for it', 'torn-image', undefined, {}],
  [false, 'where the disk is kept for somebody else\'s image', 'torn-image', { ...HOLD, image: 'production/theirs', by: 'image' }, {}],
  [false, 'once its end is known', 'nothing', undefined, {}],
  [false, 'twice', 'no-image', undefined, { abandonedBy: 'bob' }],
])('an export can be abandoned (%s) %s', (offered, _, cost, hold, intent) => {
  expect(canBeAbandoned({ id: 'abcd1234', image: { namespace: 'production', displayName: 'web' }, ...intent }, cost, hold)).toBe(offered)
})
