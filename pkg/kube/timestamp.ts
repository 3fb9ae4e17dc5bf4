const SHAPE = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i

/**
 * Epoch milliseconds of a time as RFC 3339 writes it, of a day that the calendar has; undefined for anything else. `Date.parse`
 * alone takes "1" for a year, and the 31st of June for July's first.
 */
export function readTimestamp(value: unknown): number | undefined {
  const [text, day = ''] = typeof value === 'string' ? SHAPE.exec(value) ?? [] : []
  const time = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(time) || !new Date(`${day}T00:00:00Z`).toISOString().startsWith(day) ? undefined : time
}
