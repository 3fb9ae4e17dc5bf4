import type { KubeClient } from '#kube/client.ts'
import type { Write } from '#kube/write.ts'
import type { ExportSafetyReason } from './exportReason.ts'
import type { ExportSafety, ExportSafetyWord } from './exportSafety.ts'
import type { StepReason } from './exportStep.ts'
import type { PodMemory } from './exportVisits.ts'
import { toApiError } from '#kube/apiError.ts'
import { carryOut } from '#kube/write.ts'
import { strongestOf } from './exportSafety.ts'

// The server's own judgement of a disk, on its way to whoever may not look for himself: a line of admission.

/** `claim` is `namespace/name`. `memory`: what is remembered of the pods on its volume, of a disk at rest; absent where nothing is, and from a server that does not say. */
export interface ExportAnswer { readonly claim: string, readonly word: ExportSafetyWord, readonly memory?: PodMemory }

const WORDS: readonly ExportSafetyWord[] = ['at-rest', 'detaching', 'in-use', 'will-start', 'unknown']
const CLAIM = String.raw`[a-z0-9][-a-z0-9]*/[a-z0-9][-.a-z0-9]*`
const LINE = new RegExp(String.raw`^guardrails export (${CLAIM}): ([a-z-]+)$`)
const MEMORY = new RegExp(String.raw`^guardrails last pods of (${CLAIM}): (noted|behind) (\S.*)$`)
/** An API server may cut longer warnings (k8s.io/apiserver pkg/endpoints/filters/warning.go), and a piece of this one would be another memory. */
const LONGEST_WARNING = 256
const TAIL = new RegExp(String.raw`\[(guardrails export ${CLAIM}: [a-z-]+)\]$`)

/** The answer as a line, `guardrails export default/web-disk: at-rest`: a Warning of a dry run. */
export function writeExportAnswer({ claim, word }: Pick<ExportAnswer, 'claim' | 'word'>): string {
  return `guardrails export ${claim}: ${word}`
}

/** The same as the warnings of a dry run, with what is remembered of the pods where that fits. */
export function warnWithAnswer(answer: ExportAnswer): string[] {
  const { claim, memory } = answer
  const remembered = memory && `guardrails last pods of ${claim}: ${memory.word} ${memory.word === 'noted' ? memory.lastPods : memory.volume}`
  return [writeExportAnswer(answer), ...remembered !== undefined && remembered.length <= LONGEST_WARNING ? [remembered] : []]
}

/** Puts the answer behind the words of a refusal, for kubectl and the form to read. */
export function closeWithAnswer(text: string, answer: ExportAnswer): string {
  return `${text} [${writeExportAnswer(answer)}]`
}

/** The server's answer among the warnings of a dry run; undefined where none is its own. What other webhooks say is passed over. */
export function readExportAnswer(warnings: readonly string[]): ExportAnswer | undefined {
  const [answer] = warnings.flatMap(line => {
    const [, claim = '', said] = LINE.exec(line) ?? []
    const word = WORDS.find(known => known === said)
    return word ? { claim, word } : []
  })
  const [memory] = warnings.flatMap(line => readMemory(line, answer?.claim))
  return answer && { ...answer, ...(memory && { memory }) }
}

function readMemory(line: string, of: string | undefined): PodMemory[] {
  const [, claim, word, rest = ''] = MEMORY.exec(line) ?? []
  if (claim === undefined || claim !== of)
    return []
  return [word === 'behind' ? { word, volume: rest } : { word: 'noted', lastPods: rest }]
}

/** The same from the message of a refusal, which ends with it. */
export function readRefusedAnswer(message: string): ExportAnswer | undefined {
  const [, line] = TAIL.exec(message.trimEnd()) ?? []
  return line === undefined ? undefined : readExportAnswer([line])
}

/** Whether something is closed to whoever looks: the server may look for him. */
export function isClosed(reason: ExportSafetyReason): boolean {
  return reason.code === 'not-seen' && reason.state === 'forbidden'
}

/** Whether it is only that the cluster has not answered yet: it will be said in a moment what is so. */
export function isBeingRead(reason: StepReason): boolean {
  return reason.code === 'not-seen' && reason.state === 'loading'
}

/** What is known with the server's word for what may not be looked at: the stronger of both. Without one it stays as it was. */
export function judgeWithAnswer(safety: ExportSafety, answer: ExportAnswer | undefined): ExportSafety {
  if (!answer || answer.word === 'unknown')
    return safety
  const reasons = safety.reasons.filter(reason => !isClosed(reason))
  return { word: strongestOf(reasons, answer.word), reasons }
}

/**
 * Asks the server by the creation of the image as a dry run, which passes the guard. Undefined where nobody answered for
 * that claim: there is no guard, or it was passed over. Throws what stands in the way of asking.
 */
export async function askServer(client: Pick<KubeClient, 'create' | 'patch' | 'call'>, write: Write, claim: string): Promise<ExportAnswer | undefined> {
  try {
    const { warnings = [] } = await carryOut(client, write, { dryRun: true })
    return of(claim, readExportAnswer(warnings))
  }
  catch (thrown) {
    const answer = of(claim, readRefusedAnswer(toApiError(thrown).message))
    if (!answer)
      throw thrown
    return answer
  }
}

const of = (claim: string, answer: ExportAnswer | undefined) => answer?.claim === claim ? answer : undefined
