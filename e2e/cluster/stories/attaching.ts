import type { Facets } from './facets.ts'
import { WEB } from './manifests.ts'
import type { Trace } from './trace.ts'

// What no trace of a play may show, whoever plays it. Two traces that are laid side by side may both be wrong, and when a disk
// comes and goes is compared by its last word alone: here each trace is judged by itself. All of upstream's records pass.

/** The disk that the guests of all stories have; any other is plugged in. */
const DISK = `${WEB}-disk`

/**
 * Where a trace shows a guest on a node without its disk, or a disk for one node alone on two, in words; empty where it shows neither.
 * A pod's node is not told of, but no two pods of one guest are on the same: so many as run must be attached places of its disk. A place that is let go is none.
 */
export function brokenRules({ changes }: Trace): string[] {
  const lonely = new Set([...JSON.stringify(changes).matchAll(/PVC (\S+) is not shared/g)].map(([, claim = '']) => claim))
  // A story that does not look at attachments tells nothing of them.
  const looks = changes.some(([what]) => what.startsWith('attachment '))
  const known = new Map<string, Facets>()
  const broken = new Set<string>()
  for (const [what, changed] of looks ? changes : []) {
    known.set(what, { ...known.get(what), ...changed })
    const there = [...known].filter(([, { life }]) => life === 'there')
    for (const words of [...withoutDisk(there), ...[...lonely].filter(claim => placesOf(claim, there).length > 1).map(claim => `${claim} is for one node alone, and on two`)])
      broken.add(words)
  }
  return [...broken]
}

type There = readonly (readonly [what: string, facets: Facets])[]

function withoutDisk(there: There): string[] {
  const running = there.filter(([, { phase }]) => phase === 'Running').map(([what]) => what)
  const isAttached = ([, { attached, deleting }]: There[number]) => attached === true && !deleting
  const disk = placesOf(DISK, there).filter(isAttached).length
  const plugged = there.filter(([what]) => what.startsWith('attachment ')).filter(isAttached).length - disk
  const guests = new Set(running.flatMap(what => /^(?:vmi|launcher|target) (\S+)/.exec(what)?.[1] ?? []))
  const podsOf = (guest: string) => running.filter(what => what.startsWith(`launcher ${guest} `) || what.startsWith(`target ${guest} `)).length
  const needed = (guest: string) => Math.max(podsOf(guest), running.some(what => what.startsWith(`vmi ${guest} `)) ? 1 : 0)
  return [
    ...[...guests].filter(guest => needed(guest) > disk).map(guest => `${guest} runs on ${needed(guest)} nodes, and its disk is attached to ${disk}`),
    ...(running.filter(what => what.startsWith('plug ')).length > plugged ? ['a disk is plugged in where it is not attached'] : []),
  ]
}

/** A disk's attachments, one for each node. */
function placesOf(claim: string, there: There): There {
  return there.filter(([what]) => what === `attachment ${claim}` || what.startsWith(`attachment ${claim} on `))
}
