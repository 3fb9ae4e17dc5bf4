import { useTasks } from '#sdk/tasks.ts'
import type { ExportIntent } from './exportIntent.ts'

/** Names the task by which this console carries the export of a claim out. */
export const exportTaskId = (claim: ExportIntent['claim']): string => `export:${claim.namespace}/${claim.name}`

/** The exports that this console carries out, or has given up. Call in setup. */
export function useExportTasks() {
  const tasks = useTasks()
  const taskOf = (claim: ExportIntent['claim']) => tasks.tasks.find(task => task.id === exportTaskId(claim))
  /** Whether this console is carrying the export of that claim out. */
  const isRunning = (claim: ExportIntent['claim']) => taskOf(claim)?.state === 'running'
  /** Why this console has given up carrying it out; undefined where it has not. */
  const failureOf = (claim: ExportIntent['claim']) => taskOf(claim)?.error
  return { isRunning, failureOf }
}
