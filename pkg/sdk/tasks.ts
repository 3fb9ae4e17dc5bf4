import { defineStore } from 'pinia'
import { effectScope, hasInjectionContext, inject, shallowRef } from 'vue'
import type { ApiError } from '#kube/apiError.ts'
import { toApiError } from '#kube/apiError.ts'
import { hostKey } from './host.ts'
import type { Host } from './host.ts'
import type { ObjectReference } from './verdict.ts'

/** `waiting`: it is its turn, and nobody here goes on with it. `doubtful`: done, and not as one would wish. `skipped`: it will not come to it. */
export type StepState = 'todo' | 'skipped' | 'waiting' | 'doing' | 'done' | 'doubtful' | 'failed'
export type TaskState = 'running' | 'done' | 'failed' | 'cancelled'

export interface TaskStep {
  readonly id: string
  /** In the reader's language. */
  readonly label: string
  readonly state: StepState
  /** In epoch milliseconds. */
  readonly startedAt?: number
  readonly endedAt?: number
  /** The cluster's own last words. */
  readonly message?: string
  /** 0 to 100; unknown when absent. */
  readonly progress?: number
}

export interface Task {
  /** Names it among the tasks of all clusters. */
  readonly key: string
  /** Names it among those of its cluster. */
  readonly id: string
  /** The cluster that it works on, which may not be the one on screen; none in specs. */
  readonly host?: Host
  readonly title: string
  readonly objects: readonly ObjectReference[]
  /** Where it can be looked at, below the cluster. */
  readonly path?: string
  readonly steps: readonly TaskStep[]
  readonly state: TaskState
  readonly error?: ApiError
  readonly startedAt: number
  readonly endedAt?: number
}

/** What the work of a task uses to say how far it is. */
export interface TaskProgress {
  /** Ends the step before and begins this one. */
  readonly begin: (step: string) => void
  readonly say: (facts: { readonly message?: string, readonly progress?: number }) => void
  /** Aborted when the operator cancels the task. Work that gives up throws (`throwIfAborted`); work that ends well is done all the same. */
  readonly signal: AbortSignal
  /** Runs in a scope that lives as long as the task: collections opened in it stay followed when the page is left. */
  readonly within: <R>(setup: () => R) => R
}

export interface TaskPlan {
  /** One task of an id runs at a time on a cluster; made up when absent. */
  readonly id?: string
  readonly title: string
  readonly objects?: readonly ObjectReference[]
  readonly path?: string
  readonly steps: readonly { readonly id: string, readonly label: string }[]
  readonly work: (progress: TaskProgress) => Promise<void>
}

interface Running { readonly abort: AbortController, done: Promise<TaskState> }

const keyOf = (id: string, host: Host | undefined): string => `${host?.cluster.id ?? ''} ${id}`

/** The tasks of all clusters, for the frame; they are named by their key. */
export const useAllTasks = defineStore('tasks', () => {
  const tasks = shallowRef<readonly Task[]>([])
  const running = new Map<string, Running>()
  let last = 0

  function update(key: string, change: (task: Task) => Task): void {
    tasks.value = tasks.value.map(task => task.key === key ? change(task) : task)
  }

  function run(plan: TaskPlan, host: Host | undefined): Promise<TaskState> {
    const id = plan.id ?? `task-${++last}`
    const key = keyOf(id, host)
    const before = running.get(key)
    if (before)
      return before.done
    const abort = new AbortController()
    const steps = plan.steps.map(step => ({ ...step, state: 'todo' as const }))
    const task: Task = { key, id, host, title: plan.title, objects: plan.objects ?? [], path: plan.path, steps, state: 'running', startedAt: Date.now() }
    tasks.value = [...tasks.value.filter(other => other.key !== key), task]
    // Kept before it begins: work that throws at once ends before `work` returns.
    const current: Running = { abort, done: Promise.resolve('running') }
    running.set(key, current)
    current.done = work(key, plan, abort)
    return current.done
  }

  async function work(key: string, plan: TaskPlan, abort: AbortController): Promise<TaskState> {
    const scope = effectScope(true)
    const progress: TaskProgress = {
      begin: step => update(key, task => ({ ...task, steps: beginStep(task.steps, step, Date.now()) })),
      say: facts => update(key, task => ({ ...task, steps: task.steps.map(step => step.state === 'doing' ? { ...step, ...facts } : step) })),
      signal: abort.signal,
      within: setup => scope.run(setup) as ReturnType<typeof setup>,
    }
    try {
      await plan.work(progress)
      return end(key, 'done')
    }
    catch (thrown) {
      return end(key, abort.signal.aborted ? 'cancelled' : 'failed', toApiError(thrown))
    }
    finally {
      scope.stop()
    }
  }

  function end(key: string, state: Exclude<TaskState, 'running'>, error?: ApiError): TaskState {
    const endedAt = Date.now()
    running.delete(key)
    update(key, task => ({ ...task, state, error: state === 'failed' ? error : undefined, endedAt, steps: endSteps(task.steps, END_OF_STEP[state], endedAt) }))
    return state
  }

  function cancel(key: string): void {
    running.get(key)?.abort.abort()
  }

  function forget(key: string): void {
    if (!running.has(key))
      tasks.value = tasks.value.filter(task => task.key !== key)
  }

  return { tasks, run, cancel, forget }
})

// What was given up has not failed: it is still to do.
const END_OF_STEP: Readonly<Record<Exclude<TaskState, 'running'>, StepState>> = { done: 'done', failed: 'failed', cancelled: 'todo' }

/** Work of this session on the cluster of the page. */
export interface Tasks {
  readonly tasks: readonly Task[]
  /** Ends with how the task ended; never throws. A task of that id already running is returned instead of begun again. */
  readonly run: (plan: TaskPlan) => Promise<TaskState>
  readonly cancel: (id: string) => void
  readonly forget: (id: string) => void
}

/**
 * Work that goes on when the page is left, also for another cluster. Work that must outlive the session is recorded in the
 * cluster instead. Call in setup.
 */
export function useTasks(): Tasks {
  const all = useAllTasks()
  const host = hasInjectionContext() ? inject(hostKey, undefined) : undefined
  return {
    get tasks() { return all.tasks.filter(task => task.host?.cluster.id === host?.cluster.id) },
    run: plan => all.run(plan, host),
    cancel: id => all.cancel(keyOf(id, host)),
    forget: id => all.forget(keyOf(id, host)),
  }
}

function endSteps(steps: readonly TaskStep[], state: StepState, at: number): TaskStep[] {
  return steps.map(step => step.state === 'doing' ? { ...step, state, endedAt: at } : step)
}

function beginStep(steps: readonly TaskStep[], id: string, at: number): TaskStep[] {
  return endSteps(steps, 'done', at).map(step => step.id === id ? { ...step, state: 'doing', startedAt: at, endedAt: undefined } : step)
}
