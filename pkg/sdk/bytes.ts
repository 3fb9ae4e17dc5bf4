import { parseQuantity } from '#kube/quantity.ts'

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']

const formats = new Map<string, Intl.NumberFormat>()

// To make a formatter costs as much as a hundred uses of it, and a table writes hundreds of sizes.
function numbers(language: string, digits: number): Intl.NumberFormat {
  const key = `${language} ${digits}`
  const format = formats.get(key) ?? new Intl.NumberFormat(language, { maximumFractionDigits: digits })
  formats.set(key, format)
  return format
}

/** A size for people, in binary units: `10 GiB`, `1.5 MiB`. Takes bytes or a quantity (`10Gi`); an empty string for what is no size. */
export function formatBytes(size: string | number | undefined, language = 'en'): string {
  const bytes = parseQuantity(size)
  if (bytes === undefined)
    return ''
  const power = unitOf(Math.abs(bytes))
  const value = bytes / 1024 ** power
  const digits = Math.abs(value) < 10 && power > 0 ? 1 : 0
  return `${numbers(language, digits).format(value)} ${UNITS[power] ?? ''}`
}

/** The exact size, for a hover: `10,737,418,240 bytes` without the word. */
export function formatExactBytes(size: string | number | undefined, language = 'en'): string {
  const bytes = parseQuantity(size)
  return bytes === undefined ? '' : numbers(language, 0).format(bytes)
}

// 1023.95 KiB would be rounded to 1,024 KiB: the next unit says it better.
function unitOf(bytes: number): number {
  let power = 0
  while (power < UNITS.length - 1 && Math.round(bytes / 1024 ** power) >= 1024)
    power++
  return power
}
