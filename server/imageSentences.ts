import type { ImageFinding } from '#images/imageFindings.ts'
import type { ImageUrlReason } from '#images/imageUrl.ts'
import { cutShort } from '#volumes/exportIntentText.ts'

/** kube-apiserver may cut a longer warning (k8s.io/apiserver pkg/endpoints/filters/warning.go). */
const LONGEST = 256
/** So much of what the author wrote is repeated. */
const LONGEST_WORD = 64

/** A finding in English, and the field that it is about. */
export interface Sentence { readonly field: string, readonly text: string }

/** What somebody else wrote, made fit for one line of a terminal: no control or direction characters, cut where it is long. */
export function quoted(text: string): string {
  return `"${cutShort(text.replaceAll(/[\p{C}\p{Z}]+/gu, ' '), LONGEST_WORD)}"`
}

const ALIASES = {
  pointer: 'points to whichever build is newest',
  rebuild: 'is a tree that is built again and again',
  branch: 'is a branch, and each commit to it may change the file',
  weak: 'is a name that a later build can take over',
} as const

const NOT_IMAGES = { checksum: 'a checksum', signature: 'a signature', page: 'a web page', metadata: 'metadata' } as const

function whyMutable(reason: ImageUrlReason): string {
  switch (reason.code) {
    case 'alias': return reason.word === reason.segment ? `"${reason.word}" in it ${ALIASES[reason.kind]}` : `"${reason.word}" in ${quoted(reason.segment)} ${ALIASES[reason.kind]}`
    case 'publisher': return 'its publisher puts new bytes behind the same name'
    case 'redirector': return 'a short link can be pointed elsewhere'
    default: return 'nothing in it names one build'
  }
}

function whyUnusable(reason: ImageUrlReason): string {
  switch (reason.code) {
    case 'empty': return 'a download needs a URL'
    case 'too-long': return 'it is longer than 4096 characters'
    case 'no-file-name': return 'it names no file'
    case 'scheme': return `only http and https can be downloaded, not ${quoted(reason.scheme)}`
    case 'not-an-image': return `${quoted(reason.file)} is ${NOT_IMAGES[reason.kind]}, not an image`
    default: return 'Harvester cannot read it as a URL'
  }
}

const LOSSES = {
  backingimage: 'Once Longhorn must download it again, the VMs on it are lost.',
  cdi: 'The same URL makes another image elsewhere.',
} as const

/** The finding in plain words: what is so, what it means, what to do. */
export function sentenceOf(finding: ImageFinding): Sentence {
  switch (finding.code) {
    case 'mutable-url': {
      const said = `what this URL serves changes: ${whyMutable(finding.reason)}. ${LOSSES[finding.backend]}`
      const advice = ` Pin it, e.g. ${finding.pinnedForm}`
      const fits = finding.pinnedForm && [...`spec.url: ${said}${advice}`].length <= LONGEST
      return { field: 'spec.url', text: fits ? said + advice : `${said} Pin it to one build.` }
    }
    case 'acknowledged-mutable-url': return { field: 'spec.url', text: `what this URL serves can change; ${quoted(finding.by.who)} acknowledged that on ${quoted(finding.by.when)}.` }
    case 'unusable-url': return { field: 'spec.url', text: `no image can come from this URL: ${whyUnusable(finding.reason)}.` }
    case 'refused-url': return { field: 'spec.url', text: finding.reason.code === 'format' ? `neither backend takes a file that ends in ${quoted(finding.reason.ending)}: serve it as qcow2, raw or iso.` : 'Longhorn refuses a URL on loopback: it points to the machine that downloads it.' }
    case 'ended-url': return { field: 'spec.url', text: `this signed URL ended on ${finding.at}: nothing can be downloaded from it any more.` }
    case 'not-sha512': return finding.kind === 'sha512' ? { field: 'spec.checksum', text: 'this SHA-512 has capitals or blanks; Longhorn takes only 128 lower-case hexadecimal digits and refuses the image.' } : { field: 'spec.checksum', text: `${finding.kind === 'unrecognised' ? 'this is no checksum' : `this checksum is ${finding.kind.toUpperCase().replace('SHA', 'SHA-')}`}; Longhorn takes only SHA-512 (128 hexadecimal digits) and refuses the image.` }
    case 'ignored-checksum': return { field: 'spec.checksum', text: 'with backend cdi nobody looks at the checksum: the file is imported unchecked.' }
    case 'no-such-class': return { field: 'spec.targetStorageClassName', text: `the cluster has no storage class ${quoted(finding.storageClass)}.` }
    case 'image-class': return { field: 'spec.targetStorageClassName', text: `storage class ${quoted(finding.storageClass)} belongs to an image and holds only its volumes.` }
    case 'wrong-backend': {
      const because = finding.dataEngine ? 'Longhorn data engine v2' : `provisioner ${quoted(finding.provisioner)}`
      return { field: 'spec.backend', text: `storage class ${quoted(finding.storageClass)} (${because}) cannot hold a BackingImage: the image would be kept on Longhorn v1. Say backend: cdi.` }
    }
    case 'duplicate-name': return { field: 'spec.displayName', text: `${quoted(finding.displayName)} is taken: image ${quoted(finding.image)} has this display name.` }
  }
}

/** A sentence as a warning of admission: one line, of at most 256 characters. */
export function warningOf({ field, text }: Sentence): string {
  return cutShort(`${field}: ${text}`, LONGEST)
}
