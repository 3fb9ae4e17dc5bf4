import { readChecksumFile } from '../pkg/images/checksumFile.ts'
import type { ChecksumEntry, ChecksumFile } from '../pkg/images/checksumFile.ts'
import { readListing } from '../pkg/images/directoryListing.ts'
import type { ListedName } from '../pkg/images/directoryListing.ts'
import { judgeImageUrl } from '../pkg/images/imageUrl.ts'
import { baseName, directoryOf, imageName } from '../pkg/images/pinning.ts'
import type { PublishedChecksum } from '../pkg/images/probe.ts'
import { checksumPlaces, entriesOf } from '../pkg/images/publishedChecksum.ts'
import type { Outbound } from './outbound.ts'
import { fetchText } from './redirects.ts'

/** A checksum file that was there, and what it says of the image. */
export interface FoundFile { readonly url: string, readonly file: ChecksumFile, readonly own: readonly ChecksumEntry[] }

const MOST_TEXT = 4 * 1024 * 1024

/** What a directory lists, or undefined where it lists nothing. */
export async function listDirectory(outbound: Outbound, directory: string, signal: AbortSignal): Promise<readonly ListedName[] | undefined> {
  const html = await fetchText(outbound, directory, MOST_TEXT, signal)
  const names = html === undefined ? [] : readListing(html, directory)
  return names.length ? names : undefined
}

/** Reads one checksum file as it bears on the image at a URL, beside what its directory lists; undefined where there is none. */
export async function readChecksums(outbound: Outbound, place: string, { image, listing }: { readonly image: string, readonly listing?: readonly ListedName[] }, signal: AbortSignal): Promise<FoundFile | undefined> {
  const text = await fetchText(outbound, place, MOST_TEXT, signal)
  const file = text === undefined ? undefined : readChecksumFile(text, imageName(place))
  return file?.entries.length ? { url: place, file, own: entriesOf(file, image, place, listing) } : undefined
}

/**
 * The checksum files for an image: where its publisher puts them, and only where that finds nothing, those that its directory
 * lists or that usually have one.
 */
export async function findChecksums(outbound: Outbound, image: string, signal: AbortSignal): Promise<readonly FoundFile[]> {
  const judgement = judgeImageUrl(image)
  const read = async (places: readonly string[], listing: readonly ListedName[] | undefined) => (await Promise.all(places.map(place => readChecksums(outbound, place, { image, listing }, signal)))).filter(found => found !== undefined)
  // Where its publisher puts it, it means what the publisher means.
  const first = checksumPlaces(image, judgement, [])
  const found = await read(first, [])
  if (found.some(({ own }) => own.length > 0))
    return found
  const listing = await listDirectory(outbound, directoryOf(image), signal)
  return [...found, ...await read(checksumPlaces(image, judgement, listing).filter(place => !first.includes(place)), listing)]
}

/** What is published for the image itself, of all its checksum files. */
export function publishedOf(files: readonly FoundFile[], image: string): PublishedChecksum[] {
  const name = imageName(image)
  return files.flatMap(({ url, file, own }) => own.map(({ algorithm, digest, file: named, size }) => ({
    algorithm, digest, file: url,
    ...(named !== undefined && baseName(named) !== name && { names: named }),
    ...(file.signed && { signed: true as const }),
    ...(size !== undefined && { size }),
  })))
}
