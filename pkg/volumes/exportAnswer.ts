import type { ExportSafetyWord } from './exportSafety.ts'

// The server's own judgement of a disk, on its way to whoever may not look for himself: a line of admission.

/** `claim` is `namespace/name`. */
export interface ExportAnswer { readonly claim: string, readonly word: ExportSafetyWord }

const WORDS: readonly ExportSafetyWord[] = ['at-rest', 'detaching', 'in-use', 'will-start', 'unknown']
const CLAIM = String.raw`[a-z0-9][-a-z0-9]*/[a-z0-9][-.a-z0-9]*`
const LINE = new RegExp(String.raw`^guardrails export (${CLAIM}): ([a-z-]+)$`)
const TAIL = new RegExp(String.raw`\[(guardrails export ${CLAIM}: [a-z-]+)\]$`)

/** The answer as a line, `guardrails export default/web-disk: at-rest`: a Warning of a dry run. */
export function writeExportAnswer({ claim, word }: ExportAnswer): string {
  return `guardrails export ${claim}: ${word}`
}

/** Puts the answer behind the words of a refusal, for kubectl and the form to read. */
export function closeWithAnswer(text: string, answer: ExportAnswer): string {
  return `${text} [${writeExportAnswer(answer)}]`
}

/** The server's answer among the warnings of a dry run; undefined where none is its own. What other webhooks say is passed over. */
export function readExportAnswer(warnings: readonly string[]): ExportAnswer | undefined {
  return warnings.flatMap(line => {
    const [, claim = '', said] = LINE.exec(line) ?? []
    const word = WORDS.find(known => known === said)
    return word ? { claim, word } : []
  })[0]
}

/** The same from the message of a refusal, which ends with it. */
export function readRefusedAnswer(message: string): ExportAnswer | undefined {
  const [, line] = TAIL.exec(message.trimEnd()) ?? []
  return line === undefined ? undefined : readExportAnswer([line])
}
