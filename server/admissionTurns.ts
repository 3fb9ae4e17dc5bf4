/** A write that was let through a moment ago and may not be seen in the cluster yet. */
export interface Turn {
  readonly kind: 'export' | 'start'
  /** `namespace/name` of the image, or of the VM. */
  readonly who: string
}

/** A turn that is taken; `rivals` are those of the other kind that came before. */
export interface TakenTurn {
  readonly rivals: readonly Turn[]
  /** It was refused after all. */
  giveBack(): void
}

/** Longer than the API server takes from asking to keeping, in milliseconds: another webhook may take 30 s of the 34 s that it gives a write. */
const LASTS = 35_000
/** From so many claims on, those whose turns are over are forgotten. */
const MANY = 1_000

/**
 * Closes the gap between an answer of the guard and the object's being in the cluster: an export and a start that are
 * judged at the same moment do not see each other there, so they see each other here. A turn is taken before anything is
 * read, so that of two the second sees the first. Only among the reviews of one process: where several answer, what slips
 * through is found after the fact.
 */
export function createTurns(now: () => number) {
  const taken = new Map<string, readonly (Turn & { readonly until: number })[]>()

  function current(claim: string) {
    const left = (taken.get(claim) ?? []).filter(({ until }) => until > now())
    if (left.length)
      taken.set(claim, left)
    else
      taken.delete(claim)
    return left
  }

  function forgetOver(): void {
    if (taken.size > MANY)
      [...taken.keys()].forEach(current)
  }

  return {
    /** Takes a turn for a claim, `namespace/name`; a dry run only looks. */
    take(claim: string, turn: Turn, dryRun: boolean): TakenTurn {
      const before = current(claim)
      const rivals = before.filter(({ kind }) => kind !== turn.kind)
      if (dryRun)
        return { rivals, giveBack: () => undefined }
      forgetOver()
      const own = { ...turn, until: now() + LASTS }
      taken.set(claim, [...before, own])
      return { rivals, giveBack: () => { taken.set(claim, current(claim).filter(other => other !== own)) } }
    },
  }
}

export type Turns = ReturnType<typeof createTurns>
