import { dayAt, follow } from '../mirror/catalogue.ts'
import type { Found } from '../mirror/catalogue.ts'
import { hashOf } from '../mirror/imageFile.ts'
import type { Leaf } from '../mirror/leaf.ts'
import { sha512 } from './hash.ts'
import type { ConfigMap } from './kinds.ts'
import { CONFIG_MAPS } from './kinds.ts'
import type { World } from './world.ts'

/** Tells where the mirror is (`mirror`), and by how many days its content is ahead of the calendar (`daysAhead`): a test or a tour turns the day by writing it. */
export const TOUR = { namespace: 'default', name: 'guardrails-tour' } as const

/** Where the mirror is, and which day it is there (days since 1970). */
export interface MirrorSight { readonly url: string, readonly day: number }

/** The days that a tour is ahead; 0 where that is no whole number. */
export function daysAheadIn(map: ConfigMap | undefined): number {
  const days = Number(map?.data?.daysAhead)
  return Number.isInteger(days) ? days : 0
}

/** The mirror as the cluster tells of it; undefined where there is none. */
export function mirrorSeen(world: World, now: number): MirrorSight | undefined {
  const map = world.get(CONFIG_MAPS, `${TOUR.namespace}/${TOUR.name}`)
  const url = map?.data?.mirror
  return url ? { url, day: dayAt(now, daysAheadIn(map)) } : undefined
}

/** What the mirror has at a URL of its own; undefined for the URLs of others. */
export function onMirror(url: string, mirror: MirrorSight | undefined): Found | undefined {
  return mirror && URL.canParse(url) && url.startsWith(mirror.url) ? follow(url, mirror.url, mirror.day) : undefined
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

/** SHA-512 of what a leaf serves. */
export function sha512Served(leaf: Leaf): string {
  return leaf.is === 'file' ? hashOf(leaf.file, 'sha512') : sha512(leaf.is === 'text' ? leaf.text() : '')
}
