import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createApp, effectScope, onScopeDispose, shallowRef } from 'vue'
import { ApiError } from '#kube/apiError.ts'
import { useConfirm } from './confirm.ts'
import { hostKey } from './host.ts'
import type { Host } from './host.ts'
import { useNotices } from './notices.ts'
import { useAllTasks, useTasks } from './tasks.ts'
import { useSubmit } from './useSubmit.ts'

beforeEach(() => setActivePinia(createPinia()))
afterEach(() => vi.useRealTimers())

function gate<T>(): { promise: Promise<T>, open: (value: T) => void, break: (error: unknown) => void } {
  let open: (value: T) => void = () => undefined
  let fail: (error: unknown) => void = () => undefined
  const promise = new Promise<T>((resolve, reject) => { open = resolve; fail = reject })
  return { promise, open, break: fail }
}

const INVALID = new ApiError({ status: 422, reason: 'Invalid', message: 'x is invalid', causes: [{ field: 'spec.url', message: 'must be set' }, { field: '', message: 'of no field' }] })

describe('useSubmit', () => {
  it('is pending while it works, and hands back what came of it', async () => {
    const door = gate<{ object: string, warnings: string[] }>()
    const { pending, warnings, submit } = useSubmit((name: string) => door.promise.then(answer => ({ ...answer, name })))
    const work = submit('a')
    expect(pending.value).toBe(true)
    door.open({ object: 'x', warnings: ['old API'] })
    expect(await work).toMatchObject({ object: 'x', name: 'a' })
    expect(pending.value).toBe(false)
    expect(warnings.value).toEqual(['old API'])
  })

  it('catches the failure once, as it is, and forgets it at the next try', async () => {
    let fails = true
    const { error, submit } = useSubmit(() => fails ? Promise.reject(INVALID) : Promise.resolve('done'))
    expect(await submit()).toBeUndefined()
    expect(error.value).toBe(INVALID)
    fails = false
    expect(await submit()).toBe('done')
    expect(error.value).toBeUndefined()
  })

  it('does the work once however often it is asked meanwhile', async () => {
    const door = gate<number>()
    const work = vi.fn(() => door.promise)
    const { submit } = useSubmit(work)
    const both = [submit(), submit()]
    door.open(7)
    expect(await Promise.all(both)).toEqual([7, 7])
    expect(work).toHaveBeenCalledTimes(1)
  })

  it('takes any thrown value', async () => {
    const { error, submit } = useSubmit(() => { throw new Error('no such thing') })
    await submit()
    expect(error.value).toMatchObject({ status: 0, message: 'no such thing' })
  })

  it('does the work again after one that failed before it had begun', async () => {
    const work = vi.fn((): Promise<void> => { throw new Error('no plan') })
    const { pending, submit } = useSubmit(work)
    await submit()
    await submit()
    expect(work).toHaveBeenCalledTimes(2)
    expect(pending.value).toBe(false)
  })
})

describe('notices', () => {
  it('of success go away by themselves; others stay until they are dismissed', () => {
    vi.useFakeTimers()
    const notices = useNotices()
    notices.notify({ tone: 'ok', text: 'web-01 is shut down' })
    const bad = notices.notify({ tone: 'bad', text: 'web-01 did not start', link: { text: 'web-01', path: '/vms/production/web-01' } })
    expect(notices.notices).toHaveLength(2)
    vi.advanceTimersByTime(60_000)
    expect(notices.notices.map(notice => notice.text)).toEqual(['web-01 did not start'])
    notices.dismiss(bad)
    expect(notices.notices).toEqual([])
  })
})

describe('confirm', () => {
  it('asks one question at a time, in order', async () => {
    const store = useConfirm()
    const first = store.confirm({ title: 'Delete a?', verb: 'Delete' })
    const second = store.confirm({ title: 'Delete b?', verb: 'Delete' })
    await vi.waitFor(() => expect(store.asked?.title).toBe('Delete a?'))
    const question = store.asked
    question?.answer(true)
    expect(await first).toBe(true)
    await vi.waitFor(() => expect(store.asked?.title).toBe('Delete b?'))
    question?.answer(false)
    expect(store.asked?.title).toBe('Delete b?')
    store.asked?.answer(false)
    expect(await second).toBe(false)
    expect(store.asked).toBeUndefined()
  })

  it('takes its questions back, as a no, when the page that asked them is left', async () => {
    const frame = useConfirm()
    const page = effectScope(true)
    const asker = page.run(() => useConfirm())
    const first = asker?.confirm({ title: 'Shut down web-01?', verb: 'Shut down' })
    const second = asker?.confirm({ title: 'Shut down web-02?', verb: 'Shut down' })
    await vi.waitFor(() => expect(frame.asked?.title).toBe('Shut down web-01?'))
    page.stop()
    expect(await Promise.all([first, second])).toEqual([false, false])
    expect(frame.asked).toBeUndefined()
    expect(await asker?.confirm({ title: 'Too late?', verb: 'Ask' })).toBe(false)
    const other = frame.confirm({ title: 'Delete c?', verb: 'Delete' })
    await vi.waitFor(() => expect(frame.asked?.title).toBe('Delete c?'))
    frame.asked?.answer(true)
    expect(await other).toBe(true)
  })
})

describe('tasks', () => {
  const steps = [{ id: 'stop', label: 'Shut down web-01' }, { id: 'export', label: 'Export' }]

  it('tell how far they are, step by step', async () => {
    const door = gate<undefined>()
    const tasks = useTasks()
    const done = tasks.run({ title: 'Export disk-0', steps, work: async ({ begin, say }) => {
      begin('stop')
      say({ message: 'VMI is Running', progress: 30 })
      await door.promise
      begin('export')
    } })
    expect(tasks.tasks[0]?.steps).toMatchObject([{ id: 'stop', state: 'doing', message: 'VMI is Running', progress: 30 }, { id: 'export', state: 'todo' }])
    door.open(undefined)
    expect(await done).toBe('done')
    expect(tasks.tasks[0]).toMatchObject({ state: 'done', steps: [{ state: 'done' }, { state: 'done' }] })
    expect(tasks.tasks[0]?.endedAt).toBeGreaterThan(0)
  })

  it('that fail say at which step and why, and throw at nobody', async () => {
    const tasks = useTasks()
    expect(await tasks.run({ title: 'x', steps, work: async ({ begin }) => { begin('stop'); await Promise.reject(INVALID) } })).toBe('failed')
    expect(tasks.tasks[0]).toMatchObject({ state: 'failed', error: INVALID, steps: [{ state: 'failed' }, { state: 'todo' }] })
  })

  it('of one id run once', async () => {
    const door = gate<undefined>()
    const work = vi.fn(() => door.promise)
    const tasks = useTasks()
    const both = [tasks.run({ id: 'one', title: 'x', steps, work }), tasks.run({ id: 'one', title: 'x', steps, work })]
    expect(tasks.tasks).toHaveLength(1)
    door.open(undefined)
    await Promise.all(both)
    expect(work).toHaveBeenCalledTimes(1)
  })

  it('can be cancelled, and forgotten when they have ended', async () => {
    const tasks = useTasks()
    const done = tasks.run({ id: 'one', title: 'x', steps, work: ({ begin, signal }) => {
      begin('stop')
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('given up'))))
    } })
    tasks.forget('one')
    expect(tasks.tasks).toHaveLength(1)
    tasks.cancel('one')
    expect(await done).toBe('cancelled')
    expect(tasks.tasks[0]?.error).toBeUndefined()
    tasks.forget('one')
    expect(tasks.tasks).toEqual([])
  })

  it('that fail before they have begun can be forgotten and run again', async () => {
    const tasks = useTasks()
    expect(await tasks.run({ id: 'one', title: 'x', steps, work: () => { throw new Error('no plan') } })).toBe('failed')
    const again = vi.fn(() => Promise.resolve())
    expect(await tasks.run({ id: 'one', title: 'x', steps, work: again })).toBe('done')
    expect(again).toHaveBeenCalledTimes(1)
    tasks.forget('one')
    expect(tasks.tasks).toEqual([])
  })

  it('that came to their end although they were cancelled are done', async () => {
    const door = gate<undefined>()
    const tasks = useTasks()
    const done = tasks.run({ id: 'one', title: 'x', steps, work: async ({ begin }) => { begin('stop'); await door.promise } })
    tasks.cancel('one')
    door.open(undefined)
    expect(await done).toBe('done')
    expect(tasks.tasks[0]?.steps[0]?.state).toBe('done')
  })

  it('that were cancelled have no failed step', async () => {
    const tasks = useTasks()
    const done = tasks.run({ id: 'one', title: 'x', steps, work: ({ begin, signal }) => {
      begin('stop')
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('given up'))))
    } })
    tasks.cancel('one')
    await done
    expect(tasks.tasks[0]?.steps.map(step => step.state)).toEqual(['todo', 'todo'])
  })

  it('keep what they opened until they end', async () => {
    const door = gate<undefined>()
    const closed = vi.fn()
    const done = useTasks().run({ title: 'x', steps, work: async ({ within }) => {
      expect(within(() => { onScopeDispose(closed); return 5 })).toBe(5)
      await door.promise
    } })
    expect(closed).not.toHaveBeenCalled()
    door.open(undefined)
    await done
    expect(closed).toHaveBeenCalledTimes(1)
  })
})

describe('on two clusters', () => {
  /** What a page of that cluster would get in its setup. */
  function on<R>(id: string, setup: () => R): R {
    const host: Host = { cluster: { id, title: id.toUpperCase(), demo: false, server: '', upload: 'offered' }, namespaces: shallowRef([]), to: path => `/c/${id}${path}`, go: () => Promise.resolve(), extensions: [], kinds: [] }
    const app = createApp({ render: () => undefined })
    app.provide(hostKey, host)
    return app.runWithContext(setup)
  }
  const exportOf = (work: () => Promise<void>) => ({ id: 'export:lab/disk-0', title: 'Export disk-0', path: '/volumes/lab/disk-0/export', steps: [], work })

  it('the same claim has a task on each, and each leads into its own', async () => {
    const door = gate<undefined>()
    const onA = on('a', useTasks)
    const onB = on('b', useTasks)
    const first = vi.fn(() => door.promise)
    const second = vi.fn(() => Promise.resolve())
    const done = onA.run(exportOf(first))
    expect(onA.tasks.map(task => task.state)).toEqual(['running'])
    expect(onB.tasks).toEqual([])
    expect(await onB.run(exportOf(second))).toBe('done')
    expect(second).toHaveBeenCalledTimes(1)
    expect(onA.tasks.map(task => [task.id, task.state])).toEqual([['export:lab/disk-0', 'running']])
    expect(onB.tasks.map(task => task.host?.to(task.path ?? ''))).toEqual(['/c/b/volumes/lab/disk-0/export'])
    onB.cancel('export:lab/disk-0')
    onB.forget('export:lab/disk-0')
    expect(onB.tasks).toEqual([])
    door.open(undefined)
    expect(await done).toBe('done')
    const all = on('b', useAllTasks)
    expect(all.tasks.map(task => task.host?.cluster.title)).toEqual(['A'])
    all.forget(all.tasks[0]?.key ?? '')
    expect(onA.tasks).toEqual([])
  })

  it('a notice leads to the one that it speaks of', () => {
    on('a', useNotices).notify({ tone: 'bad', text: 'web-01 did not start', link: { text: 'web-01', path: '/vms/lab/web-01' } })
    const [notice] = on('b', useNotices).notices
    expect(notice?.host?.to(notice.link?.path ?? '')).toBe('/c/a/vms/lab/web-01')
  })
})
