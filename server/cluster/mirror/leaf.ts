import type { ImageFile } from './imageFile.ts'

/** How a server misbehaves over a file. */
export interface Manner {
  /** HEAD is answered 405. */
  readonly head?: 'refused'
  /** Range requests are answered with the whole file. */
  readonly ranges?: 'ignored'
  /** No ETag and no Last-Modified. */
  readonly validators?: 'none'
  /** The size is told wrong by HEAD, or not at all. */
  readonly announced?: number | 'nothing'
  /** Bytes a second. */
  readonly rate?: number
  /** After so many bytes the connection breaks, or falls silent. */
  readonly breaksAt?: number
  readonly stallsAt?: number
  /** Goes on for ever. */
  readonly ends?: 'never'
}

/** What lies at a path. Times are epoch milliseconds. */
export type Leaf
  = { readonly is: 'file', readonly file: ImageFile, readonly modified: number, readonly manner: Manner }
    | { readonly is: 'text', readonly text: () => string, readonly type: string, readonly modified: number }
    /** `to` may begin with `{origin}`, for an absolute address of this server. */
    | { readonly is: 'redirect', readonly code: 301 | 302 | 303 | 307 | 308, readonly to: string }
    | { readonly is: 'refusal', readonly status: 403 | 404 | 500 | 503 }

/** Leaves by path, without the first slash. */
export type Shelf = Readonly<Record<string, Leaf>>

const DAY = 86_400_000
/** When publishers put the build of a day there. */
const AT = 3 * 3_600_000 + 12 * 60_000

/** The moment at which the build of a day was put there. */
export function modifiedOn(day: number): number {
  return day * DAY + AT
}

/** `20261126`. */
export function serialOf(day: number): string {
  return new Date(day * DAY).toISOString().slice(0, 10).replaceAll('-', '')
}

export function fileLeaf(file: ImageFile, day: number, manner: Manner = {}): Leaf {
  return { is: 'file', file, modified: modifiedOn(day), manner }
}

export function textLeaf(text: () => string, day: number, type = 'text/plain'): Leaf {
  return { is: 'text', text, type, modified: modifiedOn(day) }
}

/** The leaves as they lie below a folder. */
export function below(folder: string, shelf: Shelf): Shelf {
  return Object.fromEntries(Object.entries(shelf).map(([path, leaf]) => [`${folder}/${path}`, leaf]))
}
