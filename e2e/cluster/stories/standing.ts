import type { Facets, Json } from './facets.ts'
import type { Trace } from './trace.ts'

// How no VM and no instance may stand, whoever plays it: as in attaching.ts, each trace is judged by itself. All of upstream's records pass.

interface Request { readonly action: string, readonly uid?: string }

/** Where a trace shows a VM or an instance as it never stands, in words; empty where it does not. */
export function brokenStates({ changes }: Trace): string[] {
  const known = new Map<string, Facets>()
  /** The instances that a VM has been said to have. */
  const said = new Map<string, readonly string[]>()
  const broken = new Set<string>()
  for (const [what, changed] of changes) {
    const before = known.get(what) ?? {}
    const now = { ...before, ...changed }
    known.set(what, now)
    const isThere = (other: string) => known.get(other)?.life === 'there'
    if (what.startsWith('vm ') && now.life === 'there') {
      if (changed.created === true)
        said.set(what, [...known.keys()].filter(other => other.startsWith(`vmi ${what.slice('vm '.length)} `) && isThere(other)))
      for (const words of [...awayTooEarly(what, changed, now, (said.get(what) ?? []).filter(isThere)), ...forgotten(before, now).filter(({ uid = '' }) => isThere(uid)).map(({ uid = '' }) => `${what} is no longer asked to stop, and ${uid} is there`)])
        broken.add(words)
    }
    if (what.startsWith('vmi ') && now.life === 'there' && isLetGo(now))
      broken.add(`${what} is not over, and nobody holds it`)
  }
  return [...broken]
}

function awayTooEarly(vm: string, changed: Facets, now: Facets, there: readonly string[]): string[] {
  return [
    ...(now.ready === true && now.created !== true ? [`${vm} is ready without an instance`] : []),
    // Of one that goes the instance may be left behind.
    ...(changed.created === false && now.deleting !== true ? there.map(instance => `${vm} has no instance, and ${instance} is there`) : []),
  ]
}

/** The stops that are no longer asked for. */
function forgotten(before: Facets, now: Facets): readonly Request[] {
  const stops = (requests: Json | undefined) => ((requests ?? []) as unknown as readonly Request[]).filter(({ action }) => action === 'Stop')
  return stops(before.stateChangeRequests).filter(({ uid }) => !stops(now.stateChangeRequests).some(left => left.uid === uid))
}

function isLetGo({ phase, finalizers }: Facets): boolean {
  return phase !== 'Succeeded' && phase !== 'Failed' && Array.isArray(finalizers) && !finalizers.includes('kubevirt.io/foregroundDeleteVirtualMachine')
}
