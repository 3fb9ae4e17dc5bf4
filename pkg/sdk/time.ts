import { onScopeDispose, readonly, ref } from 'vue'
import type { Ref } from 'vue'

const SECOND = 1_000
const STEPS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['day', 86_400 * SECOND],
  ['hour', 3_600 * SECOND],
  ['minute', 60 * SECOND],
  ['second', SECOND],
]

interface Formats { readonly relative: Intl.RelativeTimeFormat, readonly absolute: Intl.DateTimeFormat }
const formats = new Map<string, Formats>()

// To make a formatter costs as much as a hundred uses of it, and a table writes a hundred times each second.
function formatsOf(language: string): Formats {
  const made = formats.get(language) ?? {
    relative: new Intl.RelativeTimeFormat(language, { numeric: 'auto' }),
    absolute: new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'long' }),
  }
  formats.set(language, made)
  return made
}

/** A moment relative to `now`: "5 minutes ago", "in 2 hours". Takes RFC 3339 or epoch milliseconds; empty for what is no moment. */
export function relativeTime(moment: string | number | undefined, now: number, language: string): string {
  const at = toMillis(moment)
  if (at === undefined)
    return ''
  const difference = at - now
  const [unit, size] = STEPS.find(([, length]) => Math.abs(difference) >= length) ?? ['second', SECOND]
  return formatsOf(language).relative.format(Math.trunc(difference / size), unit)
}

/** How long from one moment to another, in its two largest units: "2 h 5 min", "40 s". */
export function duration(milliseconds: number, language: string): string {
  const whole = Math.max(0, milliseconds)
  const first = STEPS.findIndex(([, length]) => whole >= length)
  const units = first < 0 ? STEPS.slice(-1) : STEPS.slice(first, first + 2)
  return units
    .map(([unit, size], index) => ({ unit, count: Math.floor((index === 0 ? whole : whole % (units[0]?.[1] ?? 1)) / size) }))
    .filter(({ count }, index) => count > 0 || index === 0)
    .map(({ unit, count }) => new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'short' }).format(count))
    .join(' ')
}

/** The moment itself, for a hover, in the reader's time zone. */
export function absoluteTime(moment: string | number | undefined, language: string): string {
  const at = toMillis(moment)
  return at === undefined ? '' : formatsOf(language).absolute.format(at)
}

/** Epoch milliseconds of a moment; undefined for what is none. */
export function toMillis(moment: string | number | undefined): number | undefined {
  const at = typeof moment === 'string' ? Date.parse(moment) : moment
  return at === undefined || Number.isNaN(at) ? undefined : at
}

const now = ref(Date.now())
let readers = 0
let timer: ReturnType<typeof setInterval> | undefined

/** One clock for all relative times, in epoch milliseconds; it ticks each second while somebody looks. Call in setup. */
export function useNow(): Readonly<Ref<number>> {
  now.value = Date.now()
  readers++
  timer ??= setInterval(() => { now.value = Date.now() }, SECOND)
  onScopeDispose(() => {
    readers--
    if (readers === 0) {
      clearInterval(timer)
      timer = undefined
    }
  })
  return readonly(now)
}
