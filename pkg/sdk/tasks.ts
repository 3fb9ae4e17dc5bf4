import { defineStore } from 'pinia'
import { effectScope, shallowRef } from 'vue'
import type { ApiError } from '#kube/apiError.ts'
import { toApiError } from '#kube/apiError.ts'
import type { ObjectReference } from './verdict.ts'

export type StepState = 'todo' | 'doing' | 'done' | 'failed'
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
  readonly id: string
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
  /** Aborted when the operator cancels the task. */
  readonly signal: AbortSignal
  /** Runs in a scope that lives as long as the task: collections opened in it stay followed when the page is left. */
  readonly within: <R>(setup: () => R) => R
}

export interface TaskPlan {
  /** One task of an id runs at a time; made up when absent. */
  readonly id?: string
  readonly title: string
  readonly objects?: readonly ObjectReference[]
  readonly path?: string
  readonly steps: readonly { readonly id: string, readonly label: string }[]
  readonly work: (progress: TaskProgress) => Promise<void>
}

interface Running { readonly abort: AbortController, readonly done: Promise<TaskState> }

/** Work of this session that goes on when the page is left. Work that must outlive the session is recorded in the cluster instead. */
export const useTasks = defineStore('tasks', () => {
  const tasks = shallowRef<readonly Task[]>([])
  const running = new Map<string, Running>()
  let last = 0

  function update(id: string, change: (task: Task) => Task): void {
    tasks.value = tasks.value.map(task => task.id === id ? change(task) : task)
  }

  /** Ends with how the task ended; never throws. A task of that id already running is returned instead of begun again. */
  function run(plan: TaskPlan): Promise<TaskState> {
    const id = plan.id ?? `task-${++last}`
    const before = running.get(id)
    if (before)
      return before.done
    const abort = new AbortController()
    const steps = plan.steps.map(step => ({ ...step, state: 'todo' as const }))
    const task: Task = { id, title: plan.title, objects: plan.objects ?? [], path: plan.path, steps, state: 'running', startedAt: Date.now() }
    tasks.value = [...tasks.value.filter(other => other.id !== id), task]
    const done = work(id, plan, abort)
    running.set(id, { abort, done })
    return done
  }

  async function work(id: string, plan: TaskPlan, abort: AbortController): Promise<TaskState> {
    const scope = effectScope(true)
    const progress: TaskProgress = {
      begin: step => update(id, task => ({ ...task, steps: beginStep(task.steps, step, Date.now()) })),
      say: facts => update(id, task => ({ ...task, steps: task.steps.map(step => step.state === 'doing' ? { ...step, ...facts } : step) })),
      signal: abort.signal,
      within: setup => scope.run(setup) as ReturnType<typeof setup>,
    }
    try {
      await plan.work(progress)
      return end(id, abort.signal.aborted ? 'cancelled' : 'done')
    }
    catch (thrown) {
      return end(id, abort.signal.aborted ? 'cancelled' : 'failed', toApiError(thrown))
    }
    finally {
      scope.stop()
    }
  }

  function end(id: string, state: TaskState, error?: ApiError): TaskState {
    const endedAt = Date.now()
    running.delete(id)
    update(id, task => ({ ...task, state, error: state === 'failed' ? error : undefined, endedAt, steps: endSteps(task.steps, state === 'done' ? 'done' : 'failed', endedAt) }))
    return state
  }

  function cancel(id: string): void {
    running.get(id)?.abort.abort()
  }

  function forget(id: string): void {
    if (!running.has(id))
      tasks.value = tasks.value.filter(task => task.id !== id)
  }

  return { tasks, run, cancel, forget }
})

function endSteps(steps: readonly TaskStep[], state: StepState, at: number): TaskStep[] {
  return steps.map(step => step.state === 'doing' ? { ...step, state, endedAt: at } : step)
}

function beginStep(steps: readonly TaskStep[], id: string, at: number): TaskStep[] {
  return endSteps(steps, 'done', at).map(step => step.id === id ? { ...step, state: 'doing', startedAt: at, endedAt: undefined } : step)
}
