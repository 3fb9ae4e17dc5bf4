import type { ConfigMap } from '#kube/core.ts'
import type { Manifest } from '#kube/object.ts'
import type { VirtualMachineImage } from './image.ts'
import { objectKey } from '#kube/object.ts'
import { IMAGES } from './image.ts'
import { barOfSource, recreationOf } from './imageRemoval.ts'

// The note of an image that is deleted to be made again: a ConfigMap in its namespace, written before the deletion, so that
// any console can make the image where the one that began has gone (docs/adr/0005).

/** On a note: the name of the image, or its uid where the name is too long for a label. */
export const NOTE_LABEL = 'guardrails.harvesterhci.io/recreate'

export interface RecreationNote {
  /** What is to be created. */
  readonly manifest: Manifest<VirtualMachineImage>
  /** Of the image that goes for it. */
  readonly uid: string
  /** What the cluster calls who asked; `''` where it did not say. */
  readonly who: string
  /** ISO 8601; `''` where it cannot be read. */
  readonly when: string
}

/** A note as it stands in the cluster. `unreadable`: the label is there, and something else than an image of that name and namespace. */
export interface FoundNote {
  /** Of the image: `namespace/name`. */
  readonly key: string
  readonly configMap: ConfigMap
  readonly note: RecreationNote | 'unreadable'
}

const LONGEST_LABEL = 63
/** With prefix and uid it stays within the 253 letters of a ConfigMap's name. */
const LONGEST_NAME = 200

const labelOf = (name: string, uid: string): string => name.length > LONGEST_LABEL ? uid : name

/** The ConfigMap that says what an image was and is to be again. Its name follows from the image's name and uid: of one image there is never a second. */
export function makeNote({ manifest, uid, who, when }: RecreationNote): Manifest<ConfigMap> {
  const { name = '', namespace } = manifest.metadata
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `recreate-${name.slice(0, LONGEST_NAME).replace(/[^a-z0-9]+$/, '')}-${uid}`, ...(namespace && { namespace }), labels: { [NOTE_LABEL]: labelOf(name, uid) } },
    data: { manifest: JSON.stringify(manifest, undefined, 2), uid, who, when },
  }
}

/**
 * What a ConfigMap with the label says. Whoever may write ConfigMaps there can have written it, and it is carried out with the
 * rights of another: taken from it is only what a retry would begin with, an image of the ConfigMap's own namespace that is
 * neither read from a volume nor from an image of elsewhere.
 */
export function readNote(configMap: ConfigMap): FoundNote {
  const { namespace, labels } = configMap.metadata
  const note = parseNote(configMap)
  return note
    ? { key: objectKey(note.manifest), configMap, note }
    : { key: objectKey({ metadata: { namespace, name: labels?.[NOTE_LABEL] } }), configMap, note: 'unreadable' }
}

function parseNote({ metadata, data = {} }: ConfigMap): RecreationNote | undefined {
  const { manifest: text = '', uid = '', who = '', when = '' } = data
  const image = parseImage(text)
  if (!image || !uid || image.metadata.namespace !== metadata.namespace || labelOf(image.metadata.name ?? '', uid) !== metadata.labels?.[NOTE_LABEL])
    return undefined
  const source = image.spec.securityParameters?.sourceImageNamespace
  if (barOfSource(image.spec) || image.spec.pvcName || image.spec.pvcNamespace || (source && source !== metadata.namespace))
    return undefined
  return { manifest: recreationOf(image), uid, who, when: Number.isNaN(Date.parse(when)) ? '' : when }
}

function parseImage(text: string): Manifest<VirtualMachineImage> | undefined {
  try {
    const read: unknown = JSON.parse(text)
    return isImage(read) ? read : undefined
  }
  catch {
    return undefined
  }
}

function isImage(read: unknown): read is Manifest<VirtualMachineImage> {
  return isRecord(read) && read.kind === IMAGES.kind && read.apiVersion === `${IMAGES.group}/${IMAGES.version}`
    && isRecord(read.metadata) && typeof read.metadata.name === 'string' && read.metadata.name !== ''
    && isRecord(read.spec) && typeof read.spec.displayName === 'string' && typeof read.spec.sourceType === 'string'
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * How it stands with a note. `lost`: the image is gone, and to be made. `unreadable`: it is gone, and nobody can tell what it
 * was. `leaving`: the image that goes is still there. `undeleted`: it is there and does not go. `back`: there is another of its name.
 */
export type NoteWord = 'lost' | 'unreadable' | 'leaving' | 'undeleted' | 'back'

/** `image` is the one of the note's key in the cluster, undefined where it is known that there is none. */
export function judgeNote({ note }: Pick<FoundNote, 'note'>, image: Pick<VirtualMachineImage, 'metadata'> | undefined): NoteWord {
  if (note === 'unreadable')
    return image ? 'back' : 'unreadable'
  if (!image)
    return 'lost'
  if (image.metadata.uid !== note.uid)
    return 'back'
  return image.metadata.deletionTimestamp ? 'leaving' : 'undeleted'
}
