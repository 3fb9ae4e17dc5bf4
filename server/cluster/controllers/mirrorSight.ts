import { dayAt, follow, readerOf } from '../mirror/catalogue.ts'
import type { Found } from '../mirror/catalogue.ts'
import { hashOf } from '../mirror/imageFile.ts'
import type { Leaf } from '../mirror/leaf.ts'
import { sha512 } from './hash.ts'
import type { ConfigMap } from './kinds.ts'
import { CONFIG_MAPS } from './kinds.ts'
import type { World } from './world.ts'

/** Tells where the mirror is (`mirror`), and by how many days its content is ahead of the calendar (`daysAhead`, and `daysAhead.NAME` below `~NAME/`): a test or a tour turns the day by writing it. */
export const TOUR = { namespace: 'default', name: 'guardrails-tour' } as const

/** Where the mirror is, and which day it is there for a reader (days since 1970). */
export interface MirrorSight { readonly url: string, dayOf(reader: string): number }

/** The days that a reader is ahead, everybody for ''; 0 where that is no whole number. */
export function daysAheadIn(map: ConfigMap | undefined, reader = ''): number {
  const days = Number(map?.data?.[reader ? `daysAhead.${reader}` : 'daysAhead'])
  return Number.isInteger(days) ? days : 0
}

/** The mirror as the cluster tells of it; undefined where there is none. */
export function mirrorSeen(world: World, now: number): MirrorSight | undefined {
  const map = world.get(CONFIG_MAPS, `${TOUR.namespace}/${TOUR.name}`)
  const url = map?.data?.mirror
  return url ? { url, dayOf: reader => dayAt(now, daysAheadIn(map, reader)) } : undefined
}

/** What the mirror has at a URL of its own; undefined for the URLs of others. */
export function onMirror(url: string, mirror: MirrorSight | undefined): Found | undefined {
  if (!mirror || !URL.canParse(url) || !url.startsWith(mirror.url))
    return undefined
  const { reader, path } = readerOf(`/${url.slice(mirror.url.length)}`)
  return follow(mirror.url + path.slice(1), mirror.url, mirror.dayOf(reader))
}

/** How many bytes of a leaf arrive in the end: fewer than there are where the connection breaks, endlessly many where it goes on for ever. */
export function bytesServed(leaf: Leaf): number {
  if (leaf.is === 'text')
    return Buffer.byteLength(leaf.text())
  if (leaf.is !== 'file')
    return 0
  const { breaksAt, stallsAt, ends } = leaf.manner
  return ends === 'never' ? Infinity : Math.min(leaf.file.size, breaksAt ?? Infinity, stallsAt ?? Infinity)
}

/** Whether the mirror breaks the connection in the middle of it. */
export function breaksOff(url: string, mirror: MirrorSight | undefined): boolean {
  const found = onMirror(url, mirror)
  return found?.is === 'leaf' && found.leaf.is === 'file' && found.leaf.manner.breaksAt !== undefined
}

/** SHA-512 of what a leaf serves. */
export function sha512Served(leaf: Leaf): string {
  return leaf.is === 'file' ? hashOf(leaf.file, 'sha512') : sha512(leaf.is === 'text' ? leaf.text() : '')
}
