import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { Tone } from './verdict.ts'

interface NoticeLink { readonly text: string, /** Below the cluster, for `useHost().to`. */ readonly path: string }

export interface Notice {
  readonly id: number
  readonly tone: Tone
  /** In the reader's language. */
  readonly text: string
  readonly link?: NoticeLink
  /** In epoch milliseconds. */
  readonly at: number
}

/** How long a notice of success is shown; others stay until they are dismissed. */
const QUIET_MS = 8_000

/** Short sentences about what has happened, newest last. An error belongs where it happened (`useSubmit`), not here. */
export const useNotices = defineStore('notices', () => {
  const notices = shallowRef<readonly Notice[]>([])
  let last = 0

  function dismiss(id: number): void {
    notices.value = notices.value.filter(notice => notice.id !== id)
  }

  function notify(notice: Omit<Notice, 'id' | 'at'>): number {
    const id = ++last
    notices.value = [...notices.value, { ...notice, id, at: Date.now() }]
    if (notice.tone === 'ok' || notice.tone === 'progress')
      setTimeout(() => dismiss(id), QUIET_MS)
    return id
  }

  return { notices, notify, dismiss }
})
