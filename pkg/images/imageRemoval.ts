import type { Unseen } from '#kube/seen.ts'
import type { Manifest } from '#kube/object.ts'
import type { VirtualMachineImage } from './image.ts'
import type { ImageState } from './imageState.ts'
import type { ImageUrlJudgement } from './imageUrl.ts'
import type { ImageUsers } from './imageUsers.ts'
import { DISPLAY_NAME_LABEL, UPSTREAM_CHECK_ANNOTATION, lossOfUpstream } from './image.ts'
import { refusalOfRemoval } from './imageUsers.ts'

// What becomes of things when an image is deleted, and when it is made again under its name.

export type ImageRemoval
  /** In Harvester's own words. */
  = | { readonly word: 'refused', readonly words: string }
    /** `cost`: what nobody can get back. `unseen`: who may depend on it besides. */
    | { readonly word: 'possible', readonly cost: RemovalCost, readonly unseen: readonly Unseen[] }

/**
 * `none`: the URL gives it again, as far as one can tell. `url`: it came from a URL, but need not come again. `changed`, `gone`:
 * somebody looked, and the URL serves other bytes by now, or none. `file`: there is no other file of it in the cluster.
 */
type RemovalCost = 'none' | 'url' | 'changed' | 'gone' | 'file'

/** What nobody can get back: only a deletion that costs this asks for the name. */
export const COSTS_DEARLY: readonly RemovalCost[] = ['changed', 'gone', 'file']

/** Whether the image can be deleted, and what that costs. `source` is the judgement of its URL. */
export function judgeRemoval(image: VirtualMachineImage, users: ImageUsers, source: Pick<ImageUrlJudgement, 'verdict' | 'mayDisappear'> | undefined): ImageRemoval {
  const words = refusalOfRemoval(image, { templateVersions: users.owners, claims: users.volumes.map(({ claim }) => claim), backups: users.backups })
  if (words)
    return { word: 'refused', words }
  return { word: 'possible', cost: costOf(image, source), unseen: users.unseen }
}

function costOf(image: VirtualMachineImage, source: Parameters<typeof judgeRemoval>[2]): RemovalCost {
  if (!source)
    return 'file'
  return lossOfUpstream(image)?.word ?? (source.verdict === 'pinned' && !source.mayDisappear ? 'none' : 'url')
}

/** Why an image is not made again by one click. */
export type RetryBar
  = | { readonly code: 'not-needed' | 'unclear' | 'deleting' } | SourceBar
    | { readonly code: 'used', readonly by: string, readonly n: number }
    | Unseen

interface SourceBar { readonly code: 'needs-file' | 'needs-export' }

const BROKEN: readonly ImageState['word'][] = ['failed', 'retrying', 'lost', 'missing', 'paused']

/** Why an image of that source cannot be made again from its spec alone: the bytes are in no URL, or on a disk that must be at rest. */
export function barOfSource({ sourceType }: Pick<VirtualMachineImage['spec'], 'sourceType'>): SourceBar | undefined {
  return sourceType === 'upload' ? { code: 'needs-file' } : sourceType === 'export-from-volume' ? { code: 'needs-export' } : undefined
}

/**
 * What stands in the way of deleting the image and making it again under its name; undefined where it is safe. Its class gets
 * another name by that (`lh-<uid>`), so that whoever names the image or the class would be left with nothing.
 */
export function judgeRetry(image: VirtualMachineImage, { word }: ImageState, users: ImageUsers): RetryBar | undefined {
  if (word === 'deleting')
    return { code: 'deleting' }
  // Its copies may be whole on a node that is away.
  if (word === 'unknown')
    return { code: 'unclear' }
  if (!BROKEN.includes(word))
    return { code: 'not-needed' }
  const bar = barOfSource(image.spec)
  if (bar)
    return bar
  const used = [
    ['volumes', users.volumes.filter(({ bond }) => bond !== 'copied').length], ['vms', users.awaiting.length], ['templates', users.templates.length], ['backups', users.backups.length],
  ] as const
  const found = used.find(([, n]) => n > 0)
  return found ? { code: 'used', by: found[0], n: found[1] } : users.unseen[0]
}

/** The same image, to be made anew: its spec, labels and annotations, but not what was found out about the bytes that go. */
export function recreationOf({ apiVersion, kind, metadata, spec }: Manifest<VirtualMachineImage>): Manifest<VirtualMachineImage> {
  const { name, namespace, labels, ownerReferences } = metadata
  const annotations = without(metadata.annotations, UPSTREAM_CHECK_ANNOTATION)
  return { apiVersion, kind, metadata: { ...(name && { name }), ...(namespace && { namespace }), ...(labels && { labels }), annotations, ...(ownerReferences && { ownerReferences }) }, spec }
}

function without(map: Readonly<Record<string, string>> = {}, key: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(map).filter(([other]) => other !== key))
}

/** As the cluster can be asked beforehand: under a name and a display name that are free, for both of the image's are taken until it is gone. */
export function rehearsalOf(manifest: Manifest<VirtualMachineImage>): Manifest<VirtualMachineImage> {
  const { name, labels, ...metadata } = manifest.metadata
  return { ...manifest, metadata: { ...metadata, generateName: `${name ?? 'image'}-`, labels: without(labels, DISPLAY_NAME_LABEL) }, spec: { ...manifest.spec, displayName: `${manifest.spec.displayName.slice(0, 56)}.again` } }
}
