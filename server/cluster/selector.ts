import type { JsonObject } from './json.ts'
import { fieldAt, isObject } from './json.ts'
import type { KindVersion } from './kind.ts'
import { metadataOf } from './metadata.ts'
import { badRequest } from './status.ts'

/** Says whether an object is chosen. */
export type Match = (object: JsonObject) => boolean

interface Requirement { readonly key: string, readonly operator: 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt', readonly values: readonly string[] }

const OPERATORS = ['in', 'notin', '=', '==', '!=', '>', '<']
const END = ''

function tokens(text: string): string[] {
  const found = text.match(/==|!=|[=!<>(),]|[^\s=!<>(),]+/g) ?? []
  return [...found, END]
}

/** A reader of label selectors, after the grammar and the error texts of k8s.io/apimachinery labels/selector.go. */
class SelectorReader {
  private readonly tokens: readonly string[]
  private at = 0

  constructor(text: string) {
    this.tokens = tokens(text)
  }

  read(): Requirement[] {
    const found: Requirement[] = []
    while (this.peek() !== END) {
      if (this.peek() !== '!' && !this.isWord(this.peek())) throw badRequest(`found '${this.peek()}', expected: !, identifier, or 'end of string'`)
      found.push(this.requirement())
      if (this.peek() === END) break
      const separator = this.next()
      if (separator !== ',') throw badRequest(`found '${separator}', expected: ',' or 'end of string'`)
      if (this.peek() !== '!' && !this.isWord(this.peek())) throw badRequest(`found '${this.peek()}', expected: identifier after ','`)
    }
    return found
  }

  private requirement(): Requirement {
    const absent = this.peek() === '!'
    if (absent) this.next()
    const key = this.next()
    if (!this.isWord(key)) throw this.refuse(`found '${key}', expected: identifier`)
    if (absent) return { key, operator: '!', values: [] }
    if (this.peek() === ',' || this.peek() === END) return { key, operator: 'exists', values: [] }
    const operator = this.next()
    if (!OPERATORS.includes(operator)) throw this.refuse(`found '${operator}', expected: in, notin, =, ==, !=, gt, lt, exists, !`)
    if (operator === 'in' || operator === 'notin') return { key, operator, values: this.list() }
    const values = [this.value()]
    if (operator === '>' || operator === '<') return { key, operator: operator === '>' ? 'gt' : 'lt', values }
    return { key, operator: operator === '!=' ? 'notin' : 'in', values }
  }

  private value(): string {
    if (this.peek() === END || this.peek() === ',') return ''
    const value = this.next()
    if (!this.isWord(value)) throw this.refuse(`found '${value}', expected: identifier`)
    return value
  }

  private list(): string[] {
    const open = this.next()
    if (open !== '(') throw this.refuse(`found '${open}' expected: '('`)
    const values: string[] = []
    for (;;) {
      if (this.isWord(this.peek())) values.push(this.next())
      else if (this.peek() === ',' || this.peek() === ')') values.push('')
      else throw this.refuse(`found '${this.peek()}', expected: ',', or identifier`)
      const separator = this.next()
      if (separator === ')') return values
      if (separator !== ',') throw this.refuse(`found '${separator}', expected: ',' or ')'`)
    }
  }

  private peek(): string { return this.tokens[this.at] ?? END }
  private next(): string { return this.tokens[this.at++] ?? END }
  private isWord(token: string): boolean { return token !== END && !/^(==|!=|[=!<>(),])$/.test(token) }
  private refuse(because: string) { return badRequest(`unable to parse requirement: ${because}`) }
}

function meets(labels: JsonObject, { key, operator, values }: Requirement): boolean {
  const value = labels[key]
  switch (operator) {
    case 'exists': return value !== undefined
    case '!': return value === undefined
    case 'in': return value !== undefined && values.includes(String(value))
    case 'notin': return value === undefined || !values.includes(String(value))
    case 'gt': return Number(value) > Number(values[0])
    case 'lt': return Number(value) < Number(values[0])
  }
}

/** Reads a label selector; undefined when it chooses all. Throws 400 with upstream's text. */
export function labelMatch(text: string): Match | undefined {
  const requirements = new SelectorReader(text).read()
  if (!requirements.length) return undefined
  return object => {
    const { labels } = metadataOf(object)
    const set = isObject(labels) ? labels : {}
    return requirements.every(requirement => meets(set, requirement))
  }
}

interface FieldTerm { readonly field: string, readonly value: string, readonly equal: boolean }

function readFields(text: string): FieldTerm[] {
  return text.split(/(?<!\\),/).filter(Boolean).map(part => {
    const found = /^(.*?)(!=|==|=)(.*)$/s.exec(part)
    if (!found) throw badRequest(`invalid selector: '${text}'; can't understand '${part}'`)
    return { field: found[1] ?? '', value: (found[3] ?? '').replace(/\\([\\,=])/g, '$1'), equal: found[2] !== '!=' }
  })
}

/** Fields that are text in a selector though a missing value means something else than ''. */
const ABSENT: Readonly<Record<string, string>> = { 'spec.unschedulable': 'false', 'spec.hostNetwork': 'false' }

function fieldText(object: JsonObject, field: string): string {
  const value = fieldAt(object, field)
  return value === undefined || value === null ? ABSENT[field] ?? '' : String(value)
}

/** Reads a field selector; undefined when it chooses all. Throws 400 for a field that the kind cannot be chosen by. */
export function fieldMatch(kind: KindVersion, text: string): Match | undefined {
  const terms = readFields(text)
  for (const { field } of terms) {
    if (field === 'metadata.name' || field === 'metadata.namespace' || kind.selectableFields.includes(field)) continue
    throw badRequest(kind.builtIn && !kind.selectableFields.length
      ? `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`
      : `field label not supported: ${field}`)
  }
  if (!terms.length) return undefined
  return object => terms.every(({ field, value, equal }) => (fieldText(object, field) === value) === equal)
}

/** The name that a field selector pins (`metadata.name=x`), '' when it pins none; authorisation sees it. */
export function pinnedName(fieldSelector: string): string {
  return /(?:^|,)metadata\.name==?([^,]+)/.exec(fieldSelector)?.[1] ?? ''
}
