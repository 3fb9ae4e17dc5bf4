import type { JsonValue } from './json.ts'
import { isObject } from './json.ts'

type Step
  = | { readonly field: string }
    | { readonly index: number }
    | { readonly all: true }
    | { readonly where: string[], readonly equals: string, readonly not: boolean }

const TOKEN = /\.((?:\\.|[^.[\]\\])+)|\[(-?\d+)\]|\[\*\]|\['([^']*)'\]|\[\?\(@((?:\.[^.=!\s]+)+)\s*(==|!=)\s*(?:'([^']*)'|"([^"]*)"|([^)\s]+))\s*\)\]/y
const parsed = new Map<string, Step[] | undefined>()

/** The first value that a printer column's path finds in an object; undefined where it finds none or cannot be read. Filters compare one field with one value, as columns do. */
export function firstAt(value: JsonValue, path: string): JsonValue | undefined {
  if (!parsed.has(path)) parsed.set(path, parse(path))
  const steps = parsed.get(path)
  if (!steps) return undefined
  let found: JsonValue[] = [value]
  for (const step of steps) found = found.flatMap(item => follow(item, step))
  return found[0]
}

function parse(path: string): Step[] | undefined {
  const steps: Step[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < path.length) {
    const match = TOKEN.exec(path)
    if (!match) return undefined
    const [text, field, index, quoted, where, operator, ...values] = match
    if (where !== undefined) steps.push({ where: where.split('.').slice(1), equals: values.find(value => value !== undefined) ?? '', not: operator === '!=' })
    else if (index !== undefined) steps.push({ index: Number(index) })
    else if (text === '[*]') steps.push({ all: true })
    else steps.push({ field: (field ?? quoted ?? '').replaceAll(/\\(.)/g, '$1') })
  }
  return steps
}

function follow(value: JsonValue, step: Step): JsonValue[] {
  if ('field' in step) return present(isObject(value) && Object.hasOwn(value, step.field) ? value[step.field] : undefined)
  if ('all' in step) return Array.isArray(value) ? value : isObject(value) ? Object.values(value) : []
  if (!Array.isArray(value)) return []
  if ('index' in step) return present(value.at(step.index))
  return value.filter(item => {
    let at: JsonValue | undefined = item
    for (const name of step.where) at = isObject(at) ? at[name] : undefined
    return at !== undefined && (String(at) === step.equals) !== step.not
  })
}

function present(value: JsonValue | undefined): JsonValue[] {
  return value === undefined ? [] : [value]
}
