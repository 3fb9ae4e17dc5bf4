const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const YEAR = 365 * DAY

/** A span in ms as kubectl shows ages: `42s`, `5m10s`, `3h`, `2d4h`, `1y30d` (k8s.io/apimachinery pkg/util/duration HumanDuration). */
export function humanDuration(ms: number): string {
  if (ms <= -2 * SECOND) return '<invalid>'
  if (ms < 0) return '0s'
  if (ms < 2 * MINUTE) return `${count(ms, SECOND)}s`
  if (ms < 10 * MINUTE) return both(ms, [MINUTE, 'm'], [SECOND, 's'])
  if (ms < 3 * HOUR) return `${count(ms, MINUTE)}m`
  if (ms < 8 * HOUR) return both(ms, [HOUR, 'h'], [MINUTE, 'm'])
  if (ms < 2 * DAY) return `${count(ms, HOUR)}h`
  if (ms < 8 * DAY) return both(ms, [DAY, 'd'], [HOUR, 'h'])
  if (ms < 2 * YEAR) return `${count(ms, DAY)}d`
  if (ms < 8 * YEAR) return both(ms, [YEAR, 'y'], [DAY, 'd'])
  return `${count(ms, YEAR)}y`
}

/** How long ago an RFC 3339 time was; `<unknown>` where there is none. */
export function ageOf(time: unknown, now: number): string {
  const at = typeof time === 'string' ? Date.parse(time) : NaN
  return Number.isNaN(at) ? '<unknown>' : humanDuration(now - at)
}

const count = (ms: number, unit: number) => Math.floor(ms / unit)

function both(ms: number, [large, largeName]: [number, string], [small, smallName]: [number, string]): string {
  const rest = count(ms % large, small)
  return `${count(ms, large)}${largeName}${rest > 0 ? `${rest}${smallName}` : ''}`
}
