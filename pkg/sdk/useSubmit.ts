import { shallowRef } from 'vue'
import type { ShallowRef } from 'vue'
import { toApiError } from '#kube/apiError.ts'
import type { ApiError } from '#kube/apiError.ts'

export interface Submission<Args extends readonly unknown[], R> {
  readonly pending: Readonly<ShallowRef<boolean>>
  /** What failed last, until the next try. */
  readonly error: Readonly<ShallowRef<ApiError | undefined>>
  /** Warnings that came with the last answer, when the work returned what was `Written`. */
  readonly warnings: Readonly<ShallowRef<readonly string[]>>
  /** Does the work once: a second call meanwhile waits for the first. Undefined when it failed; never throws. */
  readonly submit: (...args: Args) => Promise<R | undefined>
  /** Forgets the error and the warnings. */
  readonly reset: () => void
}

/** The one place where a write's failure is caught: shown at the button by `ErrorNotice`, and beside the fields by `useFieldProblems`. */
export function useSubmit<Args extends readonly unknown[], R>(work: (...args: Args) => Promise<R>): Submission<Args, R> {
  const pending = shallowRef(false)
  const error = shallowRef<ApiError>()
  const warnings = shallowRef<readonly string[]>([])
  let current: Promise<R | undefined> | undefined

  function reset(): void {
    error.value = undefined
    warnings.value = []
  }

  async function attempt(args: Args): Promise<R | undefined> {
    reset()
    pending.value = true
    try {
      const result = await work(...args)
      warnings.value = warningsOf(result)
      return result
    }
    catch (thrown) {
      error.value = toApiError(thrown)
      return undefined
    }
    finally {
      pending.value = false
    }
  }

  function submit(...args: Args): Promise<R | undefined> {
    // Forgotten in its own turn: work that throws before it has begun ends before it is kept.
    current ??= attempt(args).finally(() => { current = undefined })
    return current
  }

  return { pending, error, warnings, submit, reset }
}

function warningsOf(result: unknown): readonly string[] {
  const answers: unknown[] = Array.isArray(result) ? result : [result]
  return answers.flatMap(answer => {
    const warnings: unknown = typeof answer === 'object' && answer && 'warnings' in answer ? answer.warnings : []
    return Array.isArray(warnings) ? warnings.filter(text => typeof text === 'string') : []
  })
}
