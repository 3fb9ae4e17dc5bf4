import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { demandUpstream } from '../demandUpstream.ts'
import { differentAnswers } from '../differences.ts'
import { readRecorded, writeRecorded } from './record.ts'
import type { Told } from './row.ts'
import { isAnsweredBy } from './row.ts'
import type { Recorded } from './record.ts'
import { askGroup } from './stage.ts'
import { GROUPS } from './table.ts'

const { REAL_KUBECONFIG = '', REAL_PARTS = 'kubevirt,longhorn-webhook,harvester', ANSWERS_RECORD } = process.env
const PARTS = REAL_PARTS.split(',')

let recorded: Recorded = {}
let embedded: Recorded = {}
/** Of the real control plane, where there is one. */
let real: Recorded | undefined

async function askAll(kubeconfig: string): Promise<Recorded> {
  return Object.fromEntries(await Promise.all(GROUPS.map(async group => [group.name, await askGroup(kubeconfig, group)] as const)))
}

beforeAll(async () => {
  if (REAL_KUBECONFIG && ANSWERS_RECORD)
    await demandUpstream(REAL_KUBECONFIG);
  [embedded, real] = await Promise.all([askAll(inject('embedded')), REAL_KUBECONFIG ? askAll(REAL_KUBECONFIG) : undefined])
  if (real && ANSWERS_RECORD)
    writeRecorded(real, PARTS)
  recorded = readRecorded()
})

afterAll(() => {
  const rows = GROUPS.flatMap(({ name, rows }) => rows.map(row => ({ ...row, ours: embedded[name]?.[row.says], theirs: recorded[name]?.[row.says] })))
  const asked = rows.filter(({ unplayed }) => !unplayed)
  const different = asked.filter(({ ours, theirs }) => JSON.stringify(ours) !== JSON.stringify(theirs)).map(({ says }) => says)
  console.log(`answers: ${asked.length} asked, ${asked.length - different.length} equal, ${different.length} different${different.length ? `: ${different.join('; ')}` : ''}; ${rows.length - asked.length} more that only upstream refuses`)
})

describe.each([...GROUPS])('$name', group => {
  const { name, rows } = group
  const of = (answers: Recorded | undefined, says: string): Told | undefined => answers?.[name]?.[says]

  const played = rows.filter(({ unplayed }) => !unplayed)
  it.each(played.filter(row => !row.embedded).map(({ says }) => says))('%s: the embedded cluster answers as upstream\'s control plane', says => {
    expect(of(recorded, says)).toBeDefined()
    expect(of(embedded, says)).toEqual(of(recorded, says))
  })

  it.each(played.flatMap(({ says, embedded: kept }) => kept ? [{ says, kept }] : []))('$says: each answers as it is known to, and not as the other', ({ says, kept }) => {
    expect(of(recorded, says)).toBeDefined()
    expect(of(recorded, says)).not.toEqual(kept)
    expect(of(embedded, says)).toEqual(kept)
  })

  // Without that plane there are no such tests: none is left out.
  it.each(REAL_KUBECONFIG ? rows.filter(row => isAnsweredBy(PARTS, row, group)).map(({ says }) => says) : [])('%s: upstream\'s control plane answers as it is recorded', says => {
    expect(of(real, says)).toEqual(of(recorded, says))
  })
})

it('what is answered otherwise is what differences.md says', () => {
  expect(GROUPS.flatMap(({ rows }) => rows.flatMap(({ says, embedded: kept }) => kept ? [says] : [])).sort()).toEqual([...differentAnswers()].sort())
})

it('compares more than the code of each answer', () => {
  const alone = GROUPS.flatMap(({ name, rows }) => rows.flatMap(({ says }) => Object.keys(recorded[name]?.[says] ?? {}).join() === 'code' ? [says] : []))
  expect(alone).toEqual([])
})

it('each sentence stands once', () => {
  const sentences = GROUPS.flatMap(({ rows }) => rows.map(({ says }) => says))
  expect(new Set(sentences).size).toBe(sentences.length)
})
