import type { Facets, Json } from './facets.ts'
import { WEB } from './manifests.ts'
import type { Trace } from './trace.ts'

// How no VM, no instance and no disk may stand, whoever plays it: as in attaching.ts, each trace is judged by itself. All of upstream's records pass.

/** By which KubeVirt sends the guests of a node elsewhere. */
const DRAIN = 'kubevirt.io/drain'

/** The disk that the guests of all stories have; any other is plugged in. */
const DISK = `claim ${WEB}-disk`

interface Request { readonly action: string, readonly uid?: string }

/** Where a trace shows a VM, an instance or a disk as it never stands, in words; empty where it does not. */
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
      const guests = [...known.keys()].filter(other => other.startsWith(`vmi ${what.slice('vm '.length)} `) && isThere(other)).map(other => known.get(other) ?? {})
      for (const words of saidTooEarly(what, changed, now, guests))
        broken.add(words)
      for (const words of [...awayTooEarly(what, changed, now, (said.get(what) ?? []).filter(isThere)), ...forgotten(before, now).filter(({ uid = '' }) => isThere(uid)).map(({ uid = '' }) => `${what} is no longer asked to stop, and ${uid} is there`)])
        broken.add(words)
    }
    if (what.startsWith('node ') && String(changed['condition Drained']).startsWith('True') && !(now[`taint ${DRAIN}`] && String(now['condition Ready']).startsWith('Unknown')))
      broken.add(`${what} is given up, and is not lost or not drained`)
    if (what.startsWith('claim ') && changed.life === 'gone') {
      for (const pod of [...known].filter(([other, facets]) => holds(other, facets, what)).map(([other]) => other))
        broken.add(`${what} is gone, and ${pod} runs on it`)
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

/** What a VM's controller says of its instance only after that has said it. */
function saidTooEarly(vm: string, { printableStatus, ready }: Facets, { created }: Facets, guests: readonly Facets[]): string[] {
  const isOver = ({ phase }: Facets) => phase === 'Succeeded' || phase === 'Failed'
  return [
    // One that has just come it may not have seen: it tells then that there is none.
    ...(printableStatus === 'Stopped' && created === true && !guests.every(isOver) ? [`${vm} is said to be stopped, and its guest is not over`] : []),
    ...(printableStatus === 'Running' && !guests.some(({ phase }) => phase === 'Running') ? [`${vm} is said to run, and no guest of it does`] : []),
    ...(ready === true && !guests.some(guest => String(guest['condition Ready']).startsWith('True')) ? [`${vm} is said to be ready, and no guest of it is`] : []),
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

/**
 * Whether Kubernetes keeps a disk that is deleted for that pod (kubernetes pkg/controller/volume/pvcprotection): for one that is being deleted too, until it is
 * over. One that is not on a node yet has none, so a pod that waits is not asked. Which disk CDI's workers have no trace says.
 */
function holds(pod: string, { life, phase }: Facets, claim: string): boolean {
  return life === 'there' && phase === 'Running' && (claim === DISK ? /^(launcher|target) / : /^plug /).test(pod)
}
