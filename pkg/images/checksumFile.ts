// Checksum files as publishers write them. The dialects: GNU coreutils (`hash  name`, `hash *name`), BSD (`SHA256 (name) = hash`),
// a bare hash, Gentoo's and Flatcar's .DIGESTS (sections), Debian's JSON; each may be clear-signed with PGP or end its lines in CRLF.

import { recognizeChecksum } from './checksum.ts'
import type { ChecksumKind } from './checksum.ts'

export type ChecksumAlgorithm = Exclude<ChecksumKind, 'none' | 'unrecognised'> | 'blake2b'

export interface ChecksumEntry {
  readonly algorithm: ChecksumAlgorithm
  /** Lower-case hexadecimal. */
  readonly digest: string
  /** As the file names it, without a leading `./`; absent where a bare hash stands alone. May hold a path. */
  readonly file?: string
  /** In bytes, where a comment (`# name: size bytes`) says it. */
  readonly size?: number
}

export interface ChecksumFile {
  readonly entries: readonly ChecksumEntry[]
  /** Wrapped in a PGP clear signature, which is not checked here. */
  readonly signed: boolean
}

/** Stronger first: which of several checksums of one file to go by. */
const STRENGTH: readonly ChecksumAlgorithm[] = ['sha512', 'blake2b', 'sha384', 'sha256', 'sha1', 'md5']
const LONGEST_LINE = 4096

/** The algorithm of a word such as `SHA256`, `SHA-512`, `sha512`, `BLAKE2B`. */
function algorithmNamed(word: string): ChecksumAlgorithm | undefined {
  const plain = word.toLowerCase().replace(/[-_]/g, '')
  return STRENGTH.find(algorithm => algorithm === plain || (algorithm === 'blake2b' && (plain === 'blake2b512' || plain === 'b2')))
}

/** The lines inside a clear signature (RFC 9580 §7): after the armour's headers, dash-escapes taken off; otherwise all. */
function linesOf(text: string): { readonly lines: readonly string[], readonly signed: boolean } {
  const lines = text.replace(/^\ufeff/, '').split(/\r\n|\r|\n/).filter(line => line.length <= LONGEST_LINE)
  const begin = lines.indexOf('-----BEGIN PGP SIGNED MESSAGE-----')
  if (begin < 0)
    return { lines, signed: false }
  const body = lines.indexOf('', begin) + 1
  const end = lines.findIndex((line, index) => index >= body && line.startsWith('-----BEGIN PGP SIGNATURE'))
  return { lines: lines.slice(body, end < 0 ? undefined : end).map(line => line.replace(/^- /, '')), signed: true }
}

/** Whether a checksum has the length of an algorithm. BLAKE2b's looks like SHA-512's. */
function fits(algorithm: ChecksumAlgorithm, digest: string): boolean {
  return recognizeChecksum(digest) === (algorithm === 'blake2b' ? 'sha512' : algorithm)
}

function entryOf(algorithm: ChecksumAlgorithm | undefined, digest: string, name = '', sizes: ReadonlyMap<string, number> = new Map()): ChecksumEntry[] {
  const file = name.trim().replace(/^(?:\.\/)+/, '')
  const size = sizes.get(file)
  return algorithm && fits(algorithm, digest)
    ? [{ algorithm, digest: digest.toLowerCase(), ...(file && { file }), ...(size !== undefined && { size }) }]
    : []
}

function readLines(lines: readonly string[], given: ChecksumAlgorithm | undefined): ChecksumEntry[] {
  const sizes = new Map<string, number>()
  let section = given
  return lines.flatMap(line => {
    const size = /^#\s*(\S+):\s*(\d+)\s*bytes?\b/.exec(line)
    if (size)
      sizes.set(size[1] ?? '', Number(size[2]))
    // `# SHA512 HASH` begins a section; any other comment belongs to the section it stands in.
    const title = /^#\s*([\w-]+)\s+HASH\s*$/i.exec(line)
    if (title)
      section = algorithmNamed(title[1] ?? '')
    if (size || title || /^\s*[#;]/.test(line))
      return []
    const tagged = /^\s*([A-Za-z][\w-]*)\s*\((.+)\)\s*=\s*([0-9a-f]{32,128})\s*$/i.exec(line)
    if (tagged)
      return entryOf(algorithmNamed(tagged[1] ?? ''), tagged[3] ?? '', tagged[2], sizes)
    const plain = /^\s*\\?([0-9a-f]{32,128})(?:(?:\s+[*?^]?|\*)(\S.*))?\s*$/i.exec(line)
    const digest = plain?.[1] ?? ''
    // A section or the file's own name knows better than the length: BLAKE2b is as long as SHA-512.
    const told = section && fits(section, digest) ? section : algorithmNamed(recognizeChecksum(digest))
    return plain ? entryOf(told, digest, plain[2], sizes) : []
  })
}

function hexOfBase64(text: string): string {
  try {
    return [...atob(text)].map(character => character.charCodeAt(0).toString(16).padStart(2, '0')).join('')
  }
  catch {
    return ''
  }
}

interface DebianBuild {
  readonly items?: readonly {
    readonly data?: { readonly ref?: unknown } | null
    readonly metadata?: { readonly annotations?: Readonly<Record<string, unknown>> | null } | null
  }[]
}

/** Debian's description of a build: `cloud.debian.org/digest` is `sha512:` and base64 without padding, `data.ref` the dated path. */
function readDebianBuild(text: string): ChecksumEntry[] {
  try {
    const { items } = JSON.parse(text) as DebianBuild
    return (Array.isArray(items) ? items as NonNullable<DebianBuild['items']> : []).flatMap(item => {
      const [name = '', value = ''] = String(item?.metadata?.annotations?.['cloud.debian.org/digest'] ?? '').split(':')
      return entryOf(algorithmNamed(name), hexOfBase64(value), typeof item?.data?.ref === 'string' ? item.data.ref : '')
    })
  }
  catch {
    return []
  }
}

/**
 * Reads a checksum file in any dialect; what is no checksum is passed over, so that a page of HTML has no entries.
 * `name` is the checksum file's own name: it tells BLAKE2b (`b2sums.txt`) from SHA-512, which is as long. Never throws.
 */
export function readChecksumFile(text: string, name = ''): ChecksumFile {
  if (/^\s*\{/.test(text))
    return { entries: readDebianBuild(text), signed: false }
  const { lines, signed } = linesOf(text)
  return { entries: readLines(lines, /b(?:lake)?2b?(?:sum|$|[._-])/i.test(name) ? 'blake2b' : undefined), signed }
}

/** Of several entries the one with the strongest algorithm. */
export function strongest<Entry extends Pick<ChecksumEntry, 'algorithm'>>(entries: readonly Entry[]): Entry | undefined {
  return [...entries].sort((a, b) => STRENGTH.indexOf(a.algorithm) - STRENGTH.indexOf(b.algorithm))[0]
}
