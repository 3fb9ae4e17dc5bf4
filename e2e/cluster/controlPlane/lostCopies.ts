import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

// The loss of every copy of an image, in Longhorn's own code: what is done on the disks, and how it is told on the BackingImage.

/** Longhorn's setting of how many seconds it waits before it makes a lost copy anew. */
export const RECOVERY_WAIT = 'backing-image-recovery-wait-interval'
/** Seconds: Longhorn tries for a minute to reuse what is spoilt before it gives up. */
export const UNTIL_GIVEN_UP = 240

type Fields = Readonly<Record<string, unknown>>
interface Tracked { readonly spec?: Fields, readonly status?: Fields }
interface Copy { readonly state: string, readonly message: string }

/** What Longhorn tells of each copy, without the disks that have them. */
export function copiesOf(backingImage?: Tracked): readonly Copy[] {
  return Object.values((backingImage?.status?.diskFileStatusMap ?? {}) as Readonly<Record<string, Copy>>)
}

/** The disks that shall have a copy. */
export function disksOf(backingImage?: Tracked): readonly string[] {
  return Object.keys((backingImage?.spec?.diskFileSpecMap ?? {}) as Fields)
}

/** Every one of the six disks has been tried, and none is good: Longhorn waits for a free one for ever and says so on no object. */
export function isStuck(backingImage?: Tracked): boolean {
  const copies = copiesOf(backingImage)
  return disksOf(backingImage).length === 6 && copies.length === 6 && copies.every(({ state }) => state === 'failed')
}

/** Writes other bytes into every copy of an image, on every disk of every node below a control plane's folder; answers how many there were. */
export function spoilCopies(folder: string, backingImage: string): number {
  const disks = join(folder, 'disks')
  const copies = readdirSync(disks).flatMap(node => readdirSync(join(disks, node)).map(disk => join(disks, node, disk, 'backing-images')))
    .filter(existsSync) // a disk that never had an image has none
    .flatMap(images => readdirSync(images).filter(name => name.startsWith(`${backingImage}-`)).map(name => join(images, name, 'backing')))
  for (const file of copies)
    writeFileSync(file, 'spoilt'.repeat(1024))
  return copies.length
}
