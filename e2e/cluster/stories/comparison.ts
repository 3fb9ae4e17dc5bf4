import { brokenRules } from './attaching.ts'
import type { Json } from './facets.ts'
import { promisedOf } from './fleeting.ts'
import { brokenStates } from './standing.ts'
import type { Said, Trace } from './trace.ts'
import { importOf, lettingGoOf, offOf, orderOf, sequencesOf } from './trace.ts'

/** What is compared by one value alone, and why. */
const BY_ONE: readonly { readonly object: RegExp, readonly facet: RegExp, readonly value: 'first' | 'last', /** Only of objects that go. */ readonly ofGone?: boolean, readonly why: string }[] = [
  { object: /^attachment /, facet: /./, value: 'last', why: 'Whether a disk is let go between two instances is a race of its detaching with the next pod, upstream as here. What holds whoever wins, attaching.ts asks of each trace by itself.' },
]

export interface Difference { readonly where: string, readonly one: string, readonly other: string }

/** Where two traces of one story differ, or one shows what none may; empty where they tell the same. */
export function differencesOf(one: Trace, other: Trace): Difference[] {
  return [
    ...answersApart(one.answers, other.answers),
    ...sequencesApart(one, other),
    ...apart('order', orderOf(one).join(' › '), orderOf(other).join(' › ')),
    ...apart('disks let go under a running guest', lettingGoOf(one).join(' › '), lettingGoOf(other).join(' › ')),
    ...apart('order of images and copies', importOf(one).join(' › '), importOf(other).join(' › ')),
    ...apart('order of the word off', offOf(one).join(' › '), offOf(other).join(' › ')),
    ...forbidden(one, other),
  ]
}

/** Both may show it: that they are alike does not excuse it. */
function forbidden(...traces: readonly [Trace, Trace]): Difference[] {
  const [one, other] = traces.map(trace => [...brokenRules(trace), ...brokenStates(trace), ...trace.untold ?? []].join('; '))
  return one || other ? [{ where: 'what no trace may show', one: one || 'nothing', other: other || 'nothing' }] : []
}

function apart(where: string, one: string, other: string): Difference[] {
  return one === other ? [] : [{ where, one, other }]
}

function answersApart(one: readonly Said[], other: readonly Said[]): Difference[] {
  const acts = Array.from({ length: Math.max(one.length, other.length) }, (_none, index) => index)
  const words = (said: Said | undefined) => said ? [said.who, said.act, said.code, said.reason, said.text].filter(Boolean).join(' · ') : 'nothing'
  return acts.flatMap(index => apart(`answer ${index + 1}`, words(one[index]), words(other[index])))
}

function sequencesApart(one: Trace, other: Trace): Difference[] {
  const [mine, theirs] = [sequencesOf(one), sequencesOf(other)]
  return [...new Set([...mine.keys(), ...theirs.keys()])].flatMap(object => {
    const [here = NONE, there = NONE] = [mine.get(object), theirs.get(object)]
    return [...new Set([...here.keys(), ...there.keys()])].flatMap(facet => apart(`${object} · ${facet}`, promised(object, facet, here), promised(object, facet, there)))
  })
}

const NONE: ReadonlyMap<string, readonly Json[]> = new Map()

/** Of a facet's values what upstream promises, in order. */
function promised(object: string, facet: string, facets: ReadonlyMap<string, readonly Json[]>): string {
  const words = (facets.get(facet) ?? []).map(value => typeof value === 'string' ? value || '""' : JSON.stringify(value))
  const isGone = facets.get('life')?.at(-1) === 'gone'
  const one = BY_ONE.find(rule => rule.object.test(object) && rule.facet.test(facet) && (isGone || !rule.ofGone))
  if (one)
    return words.at(one.value === 'first' ? 0 : -1) ?? 'never'
  return promisedOf(object, facet, words, isGone).told.join(' › ') || 'never'
}

/** Differences as a person reads them. */
export function describe(differences: readonly Difference[], [one, other]: readonly [string, string]): string {
  return differences.map(({ where, ...words }) => `  ${where}\n    ${one}: ${words.one}\n    ${other}: ${words.other}`).join('\n')
}
