import type { ChecksumEntry } from './checksumFile.ts'
import type { ListedName } from './directoryListing.ts'
import type { Publisher } from './publishers.ts'
import { judgeImageUrl } from './imageUrl.ts'
import { aliasOf, identityOfDirectory } from './imageUrlRules.ts'
import { PUBLISHERS } from './publishers.ts'

// How a pinned URL is found for a mutable one, without guessing: each recipe ends in a URL that the same checksum, or the publisher itself, names.
// Source of the recipes: the publishers' own tools and osism/openstack-image-manager contrib/update.py. Nothing is fetched here.

/** Why a URL serves the same bytes as the one asked for. */
export type PinEvidence
  /** Another line of the checksum file has the same checksum. */
  = | { readonly code: 'same-checksum', readonly file: string, readonly name: string }
    /** The newest dated directory beside the alias whose checksum file has the same checksum. */
    | { readonly code: 'dated-sibling', readonly file: string, readonly directory: string }
    /** The checksum file made for this image names a build. */
    | { readonly code: 'named-by-checksum', readonly file: string, readonly name: string }
    | { readonly code: 'release-index', readonly file: string, readonly serial: string }
    | { readonly code: 'version-file', readonly file: string, readonly version: string }
    | { readonly code: 'redirect', readonly from: string }

const MOST_SIBLINGS = 4

/** The file name of a URL, decoded; empty where its path ends in a slash. */
export function imageName(url: string): string {
  const name = new URL(url).pathname.split('/').at(-1) ?? ''
  try {
    return decodeURIComponent(name)
  }
  catch {
    return name
  }
}

/** The URL of a name in a directory, or of a path below it. Query and fragment of the directory's URL do not go along. */
export function below(directory: string, path: string): string {
  return new URL(path.split('/').map(encodeURIComponent).join('/').replaceAll('%3A', ':').replace(/^([^/]*):/, './$1:'), directory).href
}

/** The last segment of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The URL of the directory that a file is in. */
export function directoryOf(url: string): string {
  const { origin, pathname } = new URL(url)
  return new URL('.', origin + pathname).href
}

/** The URL that a checksum file's entry names: beside the image, or, where it gives a path, from the directory that path begins with. */
export function namedUrl(url: string, file: string): string | undefined {
  const [first = '', ...rest] = file.split('/')
  if (rest.length === 0)
    return below(directoryOf(url), file)
  if (file.split('/').includes('..'))
    return undefined
  const { origin, pathname } = new URL(url)
  const segments = pathname.split('/')
  const at = segments.lastIndexOf(first)
  return at < 0 ? undefined : below(`${origin}${segments.slice(0, at).join('/')}/`, file)
}

/** Entries under other names that have one of these checksums. */
export function twinsOf(entries: readonly ChecksumEntry[], own: readonly ChecksumEntry[], image: string): ChecksumEntry[] {
  const digests = new Set(own.map(({ digest }) => digest))
  return entries.filter(({ file, digest }) => file !== undefined && baseName(file) !== image && digests.has(digest))
}

/** A URL cut at the directory that is an alias: `parent` lists its siblings, `rest` is what follows it. */
export interface AliasDirectory { readonly parent: string, readonly alias: string, readonly rest: string }

/**
 * The directory whose name is taken over by the next build: the nearest that points (`latest`), else the nearest that says
 * it is rebuilt, else, where the file's own name says nothing of the kind either, the one that the file is in.
 */
export function aliasDirectory(url: string): AliasDirectory | undefined {
  const { origin, pathname } = new URL(url)
  const segments = pathname.split('/')
  const kinds = segments.slice(0, -1).map(segment => aliasOf(segment.toLowerCase())?.kind)
  const named = Math.max(kinds.lastIndexOf('pointer'), kinds.includes('pointer') ? -1 : kinds.lastIndexOf('rebuild'))
  const at = named > 0 ? named : aliasOf(imageName(url).toLowerCase()) ? -1 : segments.length - 2
  return at > 0 ? { parent: `${origin}${segments.slice(0, at).join('/')}/`, alias: segments[at] ?? '', rest: segments.slice(at + 1).join('/') } : undefined
}

const byNumber = new Intl.Collator('en', { numeric: true })

/** Beside an alias, the directories of builds, newest first, each as the URL of the same file in it. */
export function datedSiblings({ parent, alias, rest }: AliasDirectory, listing: readonly ListedName[]): string[] {
  const above = parent.split('/').at(-2) ?? ''
  return listing
    .filter(({ name, directory }) => directory && name !== alias && ['build', 'version'].includes(identityOfDirectory(name.toLowerCase(), above).identity))
    .map(({ name }) => name)
    .sort((a, b) => byNumber.compare(b, a))
    .slice(0, MOST_SIBLINGS)
    .map(name => new URL(rest, below(parent, `${name}/`)).href)
}

/** The version that a publisher's version file tells, if it is one. */
export function readVersionFile(text: string, { key }: NonNullable<Publisher['versionFile']>): string | undefined {
  const line = text.split(/\r?\n/).find(each => each.startsWith(key))?.slice(key.length).trim().replaceAll('"', '')
  return line !== undefined && /^\d[\w.+-]{0,60}$/.test(line) ? line : undefined
}

interface StreamItem { readonly path?: unknown, readonly sha256?: unknown }
interface Streams { readonly products?: Readonly<Record<string, { readonly versions?: Readonly<Record<string, { readonly items?: Readonly<Record<string, StreamItem>> }>> }>> }

function versionsOf(text: string): (readonly [serial: string, items: readonly StreamItem[]])[] {
  try {
    const { products = {} } = JSON.parse(text) as Streams
    return Object.values(products).flatMap(({ versions = {} }) => Object.entries(versions).map(([serial, { items = {} }]) => [serial, Object.values(items)] as const))
  }
  catch {
    // No index, or one of another shape.
    return []
  }
}

/** Where a simplestreams index has the image with this SHA-256. Never throws. */
export function findInIndex(text: string, sha256: string, { root, cut }: NonNullable<Publisher['releaseIndex']>): { readonly url: string, readonly serial: string } | undefined {
  for (const [serial, items] of versionsOf(text)) {
    const path = items.find(item => item.sha256 === sha256)?.path
    if (typeof path === 'string')
      return { url: below(root, path.startsWith(cut) ? path.slice(cut.length) : path), serial }
  }
  return undefined
}

/** What is known of a publisher beyond its judgement. */
export function publisherNamed(id: string | undefined): Publisher | undefined {
  return PUBLISHERS.find(publisher => publisher.id === id)
}

/** Whether a URL is worth offering in place of another: it names one build, by the judgement that the form makes, and would not end by itself. */
export function isPinned(url: string): boolean {
  const { verdict, expires } = judgeImageUrl(url)
  return verdict === 'pinned' && !expires
}
