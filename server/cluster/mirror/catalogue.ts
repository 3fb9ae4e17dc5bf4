import { faultsOn } from './faults.ts'
import type { Leaf, Shelf } from './leaf.ts'
import { publishersOn } from './publishers.ts'

// What the mirror serves follows from path and day alone: the server and the steps of the controllers ask the same function.

const DAY = 86_400_000
/** Where Go's HTTP client gives up. */
const MOST_HOPS = 10

const shelves = new Map<number, Shelf>()

function shelfOn(day: number): Shelf {
  const made = shelves.get(day) ?? { ...publishersOn(day), ...faultsOn(day) }
  if (shelves.size > 4)
    shelves.clear()
  shelves.set(day, made)
  return made
}

/** Days since 1970 at a moment (epoch milliseconds), so many days ahead of the calendar. */
export function dayAt(now: number, ahead: number): number {
  return Math.floor(now / DAY) + ahead
}

/** Below `~NAME/` lies the same for a reader who turns the days for himself: his name, and the path without it. */
export function readerOf(path: string): { readonly reader: string, readonly path: string } {
  const [, reader = '', rest = path] = /^\/?~([\w-]+)(\/.*)$/.exec(path) ?? []
  return { reader, path: rest }
}

export interface Entry { readonly name: string, readonly leaf: Leaf | undefined }

/** What lies at a path on a day: a leaf, or the entries of a folder (its path ends in a slash), or nothing. Slashes side by side count as one, as web servers have it. */
export function lookUp(path: string, day: number): Leaf | readonly Entry[] | undefined {
  const plain = path.replace(/\/{2,}/g, '/').replace(/^\//, '')
  const shelf = shelfOn(day)
  if (plain !== '' && !plain.endsWith('/'))
    return Object.hasOwn(shelf, plain) ? shelf[plain] : undefined
  const entries = new Map<string, Leaf | undefined>()
  for (const [at, leaf] of Object.entries(shelf)) {
    const [first = '', ...rest] = at.startsWith(plain) ? at.slice(plain.length).split('/') : []
    if (first)
      entries.set(rest.length > 0 ? `${first}/` : first, rest.length > 0 ? undefined : leaf)
  }
  return entries.size > 0 ? [...entries].map(([name, leaf]) => ({ name, leaf })).sort((a, b) => a.name < b.name ? -1 : 1) : undefined
}

/** Where a client that follows redirects ends up. */
export type Found
  = { readonly is: 'leaf', readonly leaf: Exclude<Leaf, { is: 'redirect' }> }
    | { readonly is: 'nothing' }
    | { readonly is: 'elsewhere', readonly url: string }
    | { readonly is: 'too-many-redirects' }

/** The path of a URL as it is meant; undefined for one that cannot be read. */
export function pathOf({ pathname }: URL): string | undefined {
  try {
    return decodeURIComponent(pathname)
  }
  catch {
    return undefined
  }
}

/** Follows a URL of the mirror, whose own address ends in a slash, on a day. A folder is nothing: no image lies in it. */
export function follow(url: string, mirror: string, day: number): Found {
  let at = new URL(url)
  for (let hops = 0; hops <= MOST_HOPS; hops++) {
    if (!at.href.startsWith(mirror))
      return { is: 'elsewhere', url: at.href }
    const path = pathOf(at)
    const found = path === undefined ? undefined : lookUp(path, day)
    if (!found || !('is' in found))
      return { is: 'nothing' }
    if (found.is !== 'redirect')
      return { is: 'leaf', leaf: found }
    at = new URL(locationOf(found, mirror), at)
  }
  return { is: 'too-many-redirects' }
}

/** The Location of a redirect of a server at that address. */
export function locationOf({ to }: Extract<Leaf, { is: 'redirect' }>, origin: string): string {
  return to.replace('{origin}', origin.replace(/\/$/, ''))
}
