import { defineStore } from 'pinia'
import { reactive } from 'vue'
import type { ExportIntent } from './exportIntent.ts'

/**
 * The exports, by id, whose guests an operator of this console has given no more time, asked by name on this page. What stands
 * on the claim is no such decision: many may write there, and this console sends with the rights of whoever sits before it.
 * Forgotten when the page is loaded anew, where it is asked for again. Call in setup.
 */
export const useForceDecisions = defineStore('force-decisions', () => {
  const made = reactive(new Set<string>())
  return {
    decide: ({ id }: ExportIntent) => { made.add(id) },
    isMade: ({ id }: ExportIntent) => made.has(id),
  }
})
