import type { Wake } from '#kube/follow.ts'

const TICK_MS = 5_000
/** A tick that comes so late was slept through. */
const SLEPT_MS = 30_000

/**
 * Wakes followers when the page is seen again or the browser is online again; after a sleep of the machine or a change of
 * network the open lines are suspect too.
 */
export const wakeWithPage: Wake = listener => {
  if (typeof window === 'undefined')
    return () => undefined
  let last = Date.now()
  const tick = (): void => {
    const slept = Date.now() - last > SLEPT_MS
    last = Date.now()
    if (slept)
      listener(true)
  }
  const seen = (): void => {
    tick()
    if (!document.hidden)
      listener(false)
  }
  const online = (): void => listener(true)
  // A hidden page's timer may be held back to once a minute: a late tick there is no sleep.
  const timer = setInterval(() => document.hidden ? undefined : tick(), TICK_MS)
  window.addEventListener('online', online)
  document.addEventListener('visibilitychange', seen)
  return () => {
    clearInterval(timer)
    window.removeEventListener('online', online)
    document.removeEventListener('visibilitychange', seen)
  }
}
