import { createHash } from 'node:crypto'

/** SHA-512 of a text as 128 hex digits: the form in which Longhorn keeps checksums. */
export function sha512(text: string): string {
  return createHash('sha512').update(text).digest('hex')
}

/** The first hex digits of a text's hash: a name that is the same each time. */
export function hex(text: string, digits = 8): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits)
}

const LETTERS = 'bcdfghjklmnpqrstvwxz2456789'

/** Five characters as `generateName` adds, but the same for the same text: what is made twice meets itself. */
export function suffix(text: string): string {
  return [...createHash('sha256').update(text).digest().subarray(0, 5)].map(byte => LETTERS[byte % LETTERS.length]).join('')
}

/** A UUID that belongs to a text, e.g. to a disk of a node. */
export function uuidOf(text: string): string {
  const digits = hex(text, 32)
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20, 32)}`
}

/** A whole number from 0 to `below` - 1 that belongs to a text. */
export function pick(text: string, below: number): number {
  return Number.parseInt(hex(text, 8), 16) % below
}
