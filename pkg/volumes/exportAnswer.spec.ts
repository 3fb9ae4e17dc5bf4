import { describe, expect, it } from 'vitest'
import { ApiError } from '#kube/apiError.ts'
import type { KubeClient } from '#kube/client.ts'
import type { Resource } from '#kube/resource.ts'
import type { Write } from '#kube/write.ts'
import { IMAGES } from '#images/image.ts'
import { askServer, closeWithAnswer, judgeWithAnswer, readExportAnswer, readRefusedAnswer, warnWithAnswer, writeExportAnswer } from './exportAnswer.ts'
import type { ExportSafety, ExportSafetyWord } from './exportSafety.ts'
import type { PodMemory } from './exportVisits.ts'

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

describe('what the server remembers of the pods on a disk', () => {
  const claim = 'production/web-01-root'
  it.each<[string, PodMemory]>([
    ['the last that went', { word: 'noted', lastPods: 'uid-1 2026-03-01T11:00:00Z virt-launcher-web-01-x job' }],
    ['none ever', { word: 'noted', lastPods: 'uid-1 never' }],
    ['that Longhorn is behind', { word: 'behind', volume: 'pv-1' }],
  ])('comes with its answer, as a warning of its own: %s', (_, memory) => {
    const answer = { claim, word: 'at-rest', memory } as const
    expect(readExportAnswer(['spec.url: something else', ...warnWithAnswer(answer)])).toEqual(answer)
  })

  it('is not told where an API server may cut it: a piece would be another memory', () => {
    const lastPods = `uid-1 2026-03-01T11:00:00Z ${'x'.repeat(253)}`
    expect(readExportAnswer(warnWithAnswer({ claim, word: 'at-rest', memory: { word: 'noted', lastPods } }))).toEqual({ claim, word: 'at-rest' })
  })

  it.each([
    ['that of another disk', 'guardrails last pods of production/other: noted uid-1 never'],
    ['a word that nobody knows', `guardrails last pods of ${claim}: perhaps uid-1 never`],
    ['no memory', `guardrails last pods of ${claim}: noted `],
    ['a line that only holds it', `"guardrails last pods of ${claim}: noted uid-1 never`],
  ])('is not found in %s', (_, line) => {
    expect(readExportAnswer([`guardrails export ${claim}: at-rest`, line])).toEqual({ claim, word: 'at-rest' })
  })

  it('is no answer by itself', () => {
    expect(readExportAnswer([`guardrails last pods of ${claim}: noted uid-1 never`])).toBeUndefined()
  })
})

const BLIND = { code: 'not-seen', resource: 'volumeattachments.storage.k8s.io', state: 'forbidden' } as const
const STALE = { code: 'not-seen', resource: 'pods', state: 'stale' } as const
const GUEST = { code: 'guest', vmi: 'production/web-01', phase: 'Running', paused: false, ending: false } as const

describe('a disk of which somebody does not see all', () => {
  it.each<[string, ExportSafety, ExportSafetyWord | undefined, ExportSafety]>([
    ['stays unknown without an answer', { word: 'unknown', reasons: [BLIND] }, undefined, { word: 'unknown', reasons: [BLIND] }],
    ['stays unknown where the server does not know either', { word: 'unknown', reasons: [BLIND] }, 'unknown', { word: 'unknown', reasons: [BLIND] }],
    ['is at rest by the server\'s word', { word: 'unknown', reasons: [BLIND] }, 'at-rest', { word: 'at-rest', reasons: [] }],
    ['is in use by the server\'s word, though nobody is seen', { word: 'unknown', reasons: [BLIND] }, 'in-use', { word: 'in-use', reasons: [] }],
    ['is detaching by the server\'s word', { word: 'unknown', reasons: [BLIND] }, 'detaching', { word: 'detaching', reasons: [] }],
    ['is in use by whom one sees, whatever the server said a moment ago', { word: 'in-use', reasons: [BLIND, GUEST] }, 'at-rest', { word: 'in-use', reasons: [GUEST] }],
    ['is not known by a picture that is old: the answer is no remedy for that', { word: 'unknown', reasons: [BLIND, STALE] }, 'at-rest', { word: 'unknown', reasons: [STALE] }],
  ])('%s', (_, safety, word, judged) => {
    expect(judgeWithAnswer(safety, word && { claim: 'production/web-01-root', word })).toEqual(judged)
  })
})

describe('the question to the server', () => {
  const CREATE: Write = { act: 'create', resource: IMAGES as Resource, manifest: { apiVersion: 'v1', kind: 'VirtualMachineImage', metadata: { name: 'export-abcde' } } }
  const ask = (answer: () => Promise<unknown>) => {
    const sent: unknown[] = []
    const client = { create: (...call: unknown[]) => { sent.push(call[2]); return answer() } } as unknown as KubeClient
    return { sent, answer: askServer(client, CREATE, 'production/web-01-root') }
  }
  const line = writeExportAnswer({ claim: 'production/web-01-root', word: 'at-rest' })

  it('makes nothing: it is a dry run', async () => {
    const { sent, answer } = ask(() => Promise.resolve({ warnings: [line] }))
    expect(await answer).toEqual({ claim: 'production/web-01-root', word: 'at-rest' })
    expect(sent).toEqual([{ dryRun: true }])
  })

  it.each([['no warning', []], ['the answer about another disk', [writeExportAnswer({ claim: 'production/other', word: 'at-rest' })]]])('has no answer in %s', async (_, warnings) => {
    expect(await ask(() => Promise.resolve({ warnings })).answer).toBeUndefined()
  })

  it('is answered by a refusal that ends with the word, and by no other', async () => {
    const refusal = (message: string) => () => Promise.reject(new ApiError({ status: 422, reason: 'Invalid', message }))
    expect(await ask(refusal(closeWithAnswer('denied: in use.', { claim: 'production/web-01-root', word: 'in-use' }))).answer).toEqual({ claim: 'production/web-01-root', word: 'in-use' })
    await expect(ask(refusal('the name is taken')).answer).rejects.toThrow('the name is taken')
  })
})
