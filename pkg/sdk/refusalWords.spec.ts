import { describe, expect, it } from 'vitest'
import { ApiError } from '#kube/apiError.ts'
import { readRecorded } from '../../e2e/cluster/answers/record.ts'
import { GROUPS } from '../../e2e/cluster/answers/table.ts'
import { adviceFor, errorWords } from './advice.ts'
import en from './locales/en.ts'
import zhCN from './locales/zh-CN.ts'

// What an operator reads of each refusal that only upstream gives: its own words, and what to try. Which field it stands beside,
// where the console has a form for it, is told by the specs of the forms.

const recorded = readRecorded()
const UNPLAYED = GROUPS.flatMap(({ name, rows }) => rows.filter(({ unplayed }) => unplayed).map(({ says }) => ({ group: name, says })))

/** Harvester's webhook itself dies of it: that is the cluster's failure. */
const CRASHED = ['a VM that says nothing of its processor']

describe('what only upstream refuses', () => {
  it('is known for each part that refuses far more than a stage needs', () => {
    expect([...new Set(UNPLAYED.map(({ group }) => group))]).toEqual(['VMs', 'instances', 'images', 'classes', 'library', 'Longhorn'])
  })

  it.each(UNPLAYED)('$says: is read in upstream\'s words, with what to try', ({ group, says }) => {
    const told = recorded[group]?.[says]
    const { code = 0, reason = '', message = '' } = told ?? {}
    const causes = (told?.causes ?? []) as readonly { readonly field?: string, readonly message?: string }[]
    expect(code).toBeGreaterThanOrEqual(400)
    const error = new ApiError({ status: code, reason, message, causes: causes.map(cause => ({ field: cause.field ?? '', message: cause.message ?? '' })) })
    expect(message).not.toBe('')
    expect(errorWords(error, key => `not ${key}`)).toBe(message)
    // It is the request that was refused: nobody is sent to the logs of the cluster for it.
    const advice = adviceFor(error)
    expect(advice === 'server').toBe(CRASHED.includes(says))
    for (const { error: { try: sentences } } of [en, zhCN])
      expect(advice && sentences[advice as keyof typeof sentences]).toMatch(/\S/)
  })
})
