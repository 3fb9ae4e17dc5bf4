import { describe, expect, it } from 'vitest'
import { closeWithAnswer, readExportAnswer, readRefusedAnswer, writeExportAnswer } from './exportAnswer.ts'

const WORDS = ['at-rest', 'detaching', 'in-use', 'will-start', 'unknown'] as const

describe('the server\'s answer about a disk', () => {
  it('is one line of a fixed shape', () => {
    expect(writeExportAnswer({ claim: 'default/web-disk', word: 'at-rest' })).toBe('guardrails export default/web-disk: at-rest')
  })

  it.each(WORDS)('is read as it was written, as a warning and behind a refusal: %s', word => {
    const answer = { claim: 'team-a/web.disk-0', word }
    expect(readExportAnswer(['spec.url: something else', writeExportAnswer(answer)])).toEqual(answer)
    expect(readRefusedAnswer(`admission webhook "x" denied the request: ${closeWithAnswer('it is in use.', answer)}`)).toEqual(answer)
  })

  it.each([
    ['nothing', []],
    ['what others say', ['spec.running is deprecated, please use spec.runStrategy instead.']],
    ['a word that nobody knows', ['guardrails export default/web-disk: fine']],
    ['a line that only holds it', ['"guardrails export default/web-disk: at-rest" is taken', 'guardrails export default/web-disk: at-rest, they say']],
    ['a claim without a namespace', ['guardrails export web-disk: at-rest']],
    ['a claim that is none', ['guardrails export default/web disk: at-rest']],
  ])('is not found in %s', (_, warnings) => {
    expect(readExportAnswer(warnings)).toBeUndefined()
  })

  it.each([
    ['a refusal that only mentions it', 'denied the request: "[guardrails export default/web-disk: at-rest]" is taken'],
    ['another refusal', 'denied the request: pvcName is required'],
  ])('is not found in %s', (_, message) => {
    expect(readRefusedAnswer(message)).toBeUndefined()
  })
})
