/** Runs the work when it is its turn; its outcome is passed on. */
export type TakeTurn = <R>(work: () => Promise<R>) => Promise<R>

/** Lets at most so many works run at once; the others wait in the order in which they came. */
export function createTurns(most: number): TakeTurn {
  const waiting: (() => void)[] = []
  let running = 0

  return async work => {
    if (running >= most)
      await new Promise<void>(resolve => waiting.push(resolve))
    else
      running++
    try {
      return await work()
    }
    finally {
      const next = waiting.shift()
      if (next)
        next()
      else
        running--
    }
  }
}
