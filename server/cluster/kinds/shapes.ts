import type { PrinterColumn, Schema, Subresource } from '../kind.ts'

// Words to write kinds with. Every constructor takes its description first; a field whose name ends in `!` is required.

/** A kind as data: what a CustomResourceDefinition says, for built-ins and custom kinds alike. */
export interface KindDefinition {
  readonly group: string
  readonly kind: string
  readonly plural: string
  /** Default: the kind in lower case. */
  readonly singular?: string
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
  readonly cluster?: boolean
  /** The first is stored, the others are served too and deprecated. */
  readonly versions: readonly string[]
  /** Has a status subresource. */
  readonly status?: boolean
  readonly columns?: readonly PrinterColumn[]
  readonly schema: Schema
  readonly annotations?: Readonly<Record<string, string>>
  /** Built-ins only, this and the following: what a field selector may use, the verbs when not all, subresources beside status. */
  readonly selectableFields?: readonly string[]
  readonly verbs?: readonly string[]
  readonly subresources?: readonly Subresource[]
}

type Fields = Readonly<Record<string, Schema>>
type Descriptions = Readonly<Record<string, string>>

/** An object with named fields. */
export function shape(description: string, fields: Fields, more: Schema = {}): Schema {
  const required = Object.keys(fields).filter(name => name.endsWith('!')).map(name => name.slice(0, -1))
  const properties = Object.fromEntries(Object.entries(fields).map(([name, schema]) => [name.replace(/!$/, ''), schema]))
  return { type: 'object', ...described(description), ...(Object.keys(properties).length > 0 ? { properties } : {}), ...(required.length > 0 ? { required } : {}), ...more }
}

/** An object of which upstream knows more fields than are named here: what is not named is kept as it came. */
export function open(description: string, fields: Fields = {}): Schema {
  return shape(description, fields, { 'x-kubernetes-preserve-unknown-fields': true })
}

export function text(description: string, more: Schema = {}): Schema {
  return { type: 'string', ...described(description), ...more }
}

export function oneOf(description: string, ...values: readonly string[]): Schema {
  return text(description, { enum: values })
}

export function integer(description: string, more: Schema = {}): Schema {
  return { type: 'integer', ...described(description), ...more }
}

export function flag(description: string, more: Schema = {}): Schema {
  return { type: 'boolean', ...described(description), ...more }
}

export function listOf(items: Schema, description = '', more: Schema = {}): Schema {
  return { type: 'array', ...described(description), items, ...more }
}

export function mapOf(values: Schema, description = '', more: Schema = {}): Schema {
  return { type: 'object', ...described(description), additionalProperties: values, ...more }
}

export const byteCount = (description: string): Schema => integer(description, { format: 'int64' })
export const time = (description: string, more: Schema = {}): Schema => text(description, { format: 'date-time', ...more })
export const textMap = (description: string, more: Schema = {}): Schema => mapOf(text(''), description, more)
export const textList = (description: string, more: Schema = {}): Schema => listOf(text(''), description, more)

/** Several fields of one type, by name and description. */
export const texts = (fields: Descriptions): Fields => each(fields, text)
export const flags = (fields: Descriptions): Fields => each(fields, flag)
export const integers = (fields: Descriptions): Fields => each(fields, integer)

/** Built-ins only: a list that strategic merge patches merge by a key. */
export function keyedList(key: string, items: Schema, description = '', strategy = 'merge'): Schema {
  return listOf(items, description, {
    'x-kubernetes-patch-strategy': strategy, 'x-kubernetes-patch-merge-key': key,
  })
}

/** `500m`, `4Gi` or a plain number. */
export function quantity(description: string): Schema {
  return {
    ...described(description),
    'anyOf': [{ type: 'integer' }, { type: 'string' }],
    'pattern': '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$',
    'x-kubernetes-int-or-string': true,
  }
}

export function intOrString(description: string): Schema {
  return { ...described(description), 'anyOf': [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true }
}

export const quantities = (description: string): Schema => mapOf(quantity(''), description)

export function resources(description = 'Compute resources asked for and allowed.'): Schema {
  return shape(description, { limits: quantities('Most that may be used.'), requests: quantities('What is set aside.') })
}

export function labelSelector(description: string): Schema {
  return shape(description, {
    matchLabels: textMap('Labels that must all be there.'),
    matchExpressions: listOf(shape('A condition on one label.', {
      'key!': text('Label key.'),
      'operator!': text('In, NotIn, Exists or DoesNotExist.'),
      'values': textList('Values for In and NotIn.'),
    }), 'Conditions that must all hold.'),
  })
}

/** Conditions, one entry a type; when they were written is worded differently by each project. */
export function conditions(times: Fields, description = 'What is known, one entry a type.', more: Schema = {}): Schema {
  return listOf(condition(times), description, more)
}

export function condition(times: Fields): Schema {
  return shape('', {
    'type!': text('Name of the condition.'),
    'status!': text('True, False or Unknown.'),
    'reason': text('Reason in one word.'),
    'message': text('Reason for people.'),
    ...times,
  })
}

/** Name and kind of an object in the same namespace. */
export function localReference(description: string): Schema {
  return shape(description, {
    'apiGroup': text('API group; empty for the core group.'),
    'kind!': text('Kind.'),
    'name!': text('Name.'),
  })
}

/** A field that keeps its first value. */
export function immutable(name: string): Schema {
  return { 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: `${name} is immutable` }] }
}

export function column(name: string, type: PrinterColumn['type'], jsonPath: string, more: Partial<PrinterColumn> = {}): PrinterColumn {
  return { name, type, jsonPath, ...more }
}

export const age = (name = 'Age'): PrinterColumn => column(name, 'date', '.metadata.creationTimestamp')

/** The top of an object: its own fields beside apiVersion, kind and metadata. */
export const object = (description: string, fields: Fields): Schema => shape(description, fields)

function described(description: string): Schema {
  return description ? { description } : {}
}

function each(fields: Descriptions, make: (description: string) => Schema): Fields {
  return Object.fromEntries(Object.entries(fields).map(([name, description]) => [name, make(description)]))
}
