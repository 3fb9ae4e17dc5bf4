// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createFrameSchedule } from './frame.ts'
import { wakeWithPage } from './pageWake.ts'

let frames: (() => void)[]
let hidden: boolean
beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
  frames = []
  hidden = false
  vi.stubGlobal('requestAnimationFrame', (run: () => void) => frames.push(run))
  vi.stubGlobal('cancelAnimationFrame', (id: number) => { frames[id - 1] = () => undefined })
  vi.spyOn(document, 'hidden', 'get').mockImplementation(() => hidden)
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

describe('a frame', () => {
  it('runs what was asked for once', () => {
    const schedule = createFrameSchedule()
    const work = vi.fn()
    schedule(work)
    schedule(work)
    expect(frames).toHaveLength(1)
    frames[0]?.()
    vi.advanceTimersByTime(1_000)
    expect(work).toHaveBeenCalledTimes(1)
    schedule(work)
    frames[1]?.()
    expect(work).toHaveBeenCalledTimes(2)
  })

  it('is not waited for on a hidden page, which gets none', () => {
    const schedule = createFrameSchedule()
    const work = vi.fn()
    schedule(work)
    vi.advanceTimersByTime(250)
    expect(work).toHaveBeenCalledTimes(1)
    frames.forEach(run => run())
    expect(work).toHaveBeenCalledTimes(1)
  })
})

describe('followers are woken', () => {
  function listen(): { heard: boolean[], stop: () => void } {
    const heard: boolean[] = []
    return { heard, stop: wakeWithPage(suspect => heard.push(suspect)) }
  }

  it('when the browser is online again: open lines are suspect', () => {
    const { heard, stop } = listen()
    window.dispatchEvent(new Event('online'))
    stop()
    window.dispatchEvent(new Event('online'))
    expect(heard).toEqual([true])
  })

  it('when the page is seen again, not when it is hidden', () => {
    const { heard, stop } = listen()
    hidden = true
    document.dispatchEvent(new Event('visibilitychange'))
    expect(heard).toEqual([])
    hidden = false
    document.dispatchEvent(new Event('visibilitychange'))
    expect(heard).toEqual([false])
    stop()
  })

  it('after a sleep of the machine: open lines are suspect', () => {
    const { heard, stop } = listen()
    vi.advanceTimersByTime(60_000)
    expect(heard).toEqual([])
    vi.setSystemTime(Date.now() + 3_600_000)
    vi.advanceTimersByTime(5_000)
    expect(heard).toEqual([true])
    stop()
    expect(vi.getTimerCount()).toBe(0)
  })
})
