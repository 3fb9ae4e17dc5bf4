import type { ChecksumEntry, ChecksumFile } from './checksumFile.ts'
import type { ListedName } from './directoryListing.ts'
import type { ImageUrlJudgement } from './imageUrl.ts'
import { IMAGE_ENDING } from './imageUrlRules.ts'
import { below, directoryOf, imageName } from './pinning.ts'

// Which checksum files may tell of an image, and what of them does. The checksum of another file is worse than none: it is believed.

const CHECKSUM_NAME = /(?:^|[._-])(?:sha\d*sums?|sha\d{3}|b2sums?|checksums?|digests|md5sums?|md5)(?:$|\.txt$|\.(?:sha)?\d{3}$)/i
/** Tried where the publisher is not known and no list of the directory can be had; the strongest first. */
const USUAL_NAMES = ['{file}.sha512', 'SHA512SUMS', '{stem}.sha512', '{file}.sha256', 'SHA256SUMS', 'CHECKSUM', 'sha256sum.txt', '{file}.DIGESTS']
const MOST_CHECKSUM_FILES = 8

type Listing = readonly ListedName[] | undefined

function stemOf(name: string): string {
  return name.slice(0, name.length - (IMAGE_ENDING.exec(name.toLowerCase())?.[0].length ?? 0))
}

function isImage(name: string): boolean {
  return IMAGE_ENDING.test(name.toLowerCase())
}

/** What a checksum file's name says that it is for: nothing where it is for its directory. */
function subjectOf(checksumName: string): string {
  return checksumName.replace(CHECKSUM_NAME, '')
}

/** Whether a directory holds another image whose name differs in its ending alone; unknown without a list. */
function isStemShared(image: string, listing: readonly ListedName[]): boolean {
  return listing.some(({ name, directory }) => !directory && name !== image && isImage(name) && stemOf(name) === stemOf(image))
}

/**
 * Whether a checksum file is made for this image alone: called by its name (`x.img.sha512`), or by that without its ending
 * (`x.sha512`), where the list of the directory has no other image of that stem.
 */
function isOwnFile(checksumName: string, image: string, listing: Listing): boolean {
  const subject = subjectOf(checksumName)
  return subject !== checksumName && (subject === image || (subject === stemOf(image) && listing !== undefined && !isStemShared(image, listing)))
}

/**
 * Where the checksum of an image may stand, likeliest first: where its publisher puts it, then what the directory lists,
 * and the usual names only where there is no list. Of those listed, the image's own come first, then the directory's; a
 * file that is called by another image in the list is for that one.
 */
export function checksumPlaces(url: string, { checksumFiles = [], publisher }: ImageUrlJudgement, listing: Listing): string[] {
  const directory = directoryOf(url)
  const file = imageName(url)
  const stem = stemOf(file)
  const known = checksumFiles.map(place => place.url).filter(place => !/<|%3C/i.test(place))
  const names = listing?.filter(entry => !entry.directory && CHECKSUM_NAME.test(entry.name)).map(({ name }) => name) ?? []
  const others = new Set((listing ?? []).filter(({ name }) => name !== file && isImage(name)).flatMap(({ name }) => [name, stemOf(name)]))
  const own = names.filter(name => [file, stem].includes(subjectOf(name)))
  const shared = names.filter(name => subjectOf(name) === '')
  const rest = names.filter(name => !own.includes(name) && !shared.includes(name) && !isImage(subjectOf(name)) && !others.has(subjectOf(name)))
  const usual = listing ? [] : USUAL_NAMES.map(name => name.replace('{file}', () => file).replace('{stem}', () => stem))
  // Debian describes each image in JSON beside it.
  const described = publisher === 'debian-cloud' ? [`${stem}.json`] : []
  return [...new Set([...known, ...[...described, ...own, ...shared, ...rest, ...usual].map(name => below(directory, name))])].slice(0, MOST_CHECKSUM_FILES)
}

function segmentsOf(url: string): string[] {
  return new URL(url).pathname.split('/').slice(1).map(segment => {
    try {
      return decodeURIComponent(segment)
    }
    catch {
      return segment
    }
  })
}

/** The path that an entry names, from the directory of the checksum file; undefined where it leads out of the host. */
function pathNamed(file: string, place: string): string | undefined {
  const path = file.startsWith('/') ? [] : segmentsOf(directoryOf(place)).slice(0, -1)
  for (const segment of file.split('/')) {
    if (segment === '..' && path.pop() === undefined)
      return undefined
    if (segment !== '' && segment !== '.' && segment !== '..')
      path.push(segment)
  }
  return path.join('/')
}

/** Whether an entry's name is the image itself. Debian's JSON names it by its path from the publisher's root. */
function isNamed(file: string, image: string, place: string): boolean {
  const path = segmentsOf(image).join('/')
  return pathNamed(file, place) === path || (/\.json$/i.test(imageName(place)) && `/${path}`.endsWith(`/${file}`))
}

/**
 * What the checksum file at `place` says of the image at `image`. The lines that name it, a path being from the checksum
 * file's own directory; else a bare hash, or a single line though it names another file, as openSUSE's names the build
 * behind an alias: both only in a file made for this image alone, which the list of the directory may be needed to tell.
 */
export function entriesOf({ entries }: ChecksumFile, image: string, place: string, listing: Listing): readonly ChecksumEntry[] {
  const named = entries.filter(({ file }) => file !== undefined && isNamed(file, image, place))
  if (named.length)
    return named
  const name = imageName(image)
  if (!isOwnFile(imageName(place), name, listing))
    return []
  const bare = entries.filter(({ file }) => file === undefined)
  if (bare.length)
    return bare
  return subjectOf(imageName(place)) === name && new Set(entries.map(({ file }) => file)).size === 1 ? entries : []
}
