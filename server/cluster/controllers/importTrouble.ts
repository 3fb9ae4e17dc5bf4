import type { BackingImage } from '#health/longhorn.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import { IMAGES, IMAGE_ID_ANNOTATION } from '#images/image.ts'
import type { World } from './world.ts'

// What goes wrong between an image's source and the cluster is told by annotations on the image, so that a test or a tour can make it happen, see it, and end it.

/** On an image: what Longhorn's or CDI's pod meets when it fetches the bytes, Harvester's own check of the URL notwithstanding. Taken away, the next try succeeds. */
const IMPORT_ANNOTATION = 'guardrails.test/import'
const TROUBLES = ['not-found', 'untrusted', 'unreachable', 'cut', 'odd-size', 'wrong-format', 'too-small', 'image-pull'] as const
export type ImportTrouble = typeof TROUBLES[number]

/** On an image: what an upload to it meets. */
const UPLOAD_ANNOTATION = 'guardrails.test/upload'
const UPLOADS = ['too-large', 'not-ready', 'cut', 'slow'] as const
export type UploadTrouble = typeof UPLOADS[number]

export function importTroubleOf(image: VirtualMachineImage | undefined): ImportTrouble | undefined {
  return TROUBLES.find(trouble => trouble === image?.metadata.annotations?.[IMPORT_ANNOTATION])
}

export function uploadTroubleOf(image: VirtualMachineImage | undefined): UploadTrouble | undefined {
  return UPLOADS.find(trouble => trouble === image?.metadata.annotations?.[UPLOAD_ANNOTATION])
}

/** Harvester's image that a BackingImage belongs to. */
export function imageOf(backing: BackingImage, world: World): VirtualMachineImage | undefined {
  return world.get(IMAGES, backing.metadata.annotations?.[IMAGE_ID_ANNOTATION])
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : url
}

const UNTRUSTED = 'tls: failed to verify certificate: x509: certificate signed by unknown authority'

/** backing-image-manager pkg/sync: why a download does not begin; undefined where the trouble comes later or is none of Longhorn's. */
export function longhornRefusal(trouble: ImportTrouble | undefined, url: string, size: number): string | undefined {
  switch (trouble) {
    case 'not-found': return `expected status code 200 from ${url}, got 404 Not Found`
    case 'untrusted': return `Head "${url}": ${UNTRUSTED}`
    case 'unreachable': return `Head "${url}": dial tcp: lookup ${hostOf(url)}: no such host`
    case 'odd-size': return oddSize(size - 100)
    default: return undefined
  }
}

/** Longhorn opens its files with direct I/O. */
export function oddSize(size: number): string {
  return `the file size ${size} should be a multiple of 512 bytes since Longhorn uses directIO by default`
}

/** CDI pkg/importer and pkg/image: the last words of the importer pod. */
export function importerWords(trouble: ImportTrouble, url: string, size: number): string {
  const connect = 'Unable to connect to http data source: '
  const convert = 'Unable to process data: Unable to convert source data to target format: '
  switch (trouble) {
    case 'not-found': return `${connect}expected status code 200, got 404. Status: 404 Not Found`
    case 'untrusted': return `${connect}HTTP request errored: Get "${url}": ${UNTRUSTED}`
    case 'unreachable': return `${connect}HTTP request errored: Get "${url}": dial tcp: lookup ${hostOf(url)}: no such host`
    case 'cut': return 'Unable to process data: Unable to transfer source data to scratch space: unexpected EOF'
    case 'wrong-format': return `${convert}Invalid format qcow for image /scratch/tmpimage`
    case 'too-small': return `${convert}virtual image size ${size * 2} is larger than the reported available storage ${size}. A larger PVC is required`
    case 'odd-size': case 'image-pull': return ''
  }
}

/** CDI pkg/controller simplifyKnownMessage: what of it the DataVolume says. */
export function dataVolumeWords(words: string): string {
  return words.includes('is larger than the reported available') ? 'DataVolume too small to contain image' : words
}
