import { defineStore } from 'pinia'
import { hasInjectionContext, inject, shallowRef } from 'vue'
import { hostKey } from './host.ts'
import type { Host } from './host.ts'
import type { Tone } from './verdict.ts'

interface NoticeLink { readonly text: string, /** Below the cluster, for `useHost().to`. */ readonly path: string }

interface Notice {
  readonly id: number
  /** The cluster that it speaks of, which may not be the one on screen; none for the console itself. */
  readonly host?: Host
  readonly tone: Tone
  /** In the reader's language. */
  readonly text: string
  readonly link?: NoticeLink
  /** In epoch milliseconds. */
  readonly at: number
}

/** How long a notice of success is shown; others stay until they are dismissed. */
const QUIET_MS = 8_000

type News = Pick<Notice, 'tone' | 'text' | 'link'>

const useAllNotices = defineStore('notices', () => {
  const notices = shallowRef<readonly Notice[]>([])
  let last = 0

  function dismiss(id: number): void {
    notices.value = notices.value.filter(notice => notice.id !== id)
  }

  function notify(notice: News, host: Host | undefined): number {
    const id = ++last
    notices.value = [...notices.value, { ...notice, id, host, at: Date.now() }]
    if (notice.tone === 'ok' || notice.tone === 'progress')
      setTimeout(() => dismiss(id), QUIET_MS)
    return id
  }

  return { notices, notify, dismiss }
})

export interface Notices {
  readonly notices: readonly Notice[]
  /** Returns what `dismiss` takes. */
  readonly notify: (notice: News) => number
  readonly dismiss: (id: number) => void
}

/**
 * Short sentences about what has happened, newest last; each remembers the cluster of the page that said it. An error belongs
 * where it happened (`useSubmit`), not here. Call in setup.
 */
export function useNotices(): Notices {
  const all = useAllNotices()
  const host = hasInjectionContext() ? inject(hostKey, undefined) : undefined
  return {
    get notices() { return all.notices },
    notify: notice => all.notify(notice, host),
    dismiss: all.dismiss,
  }
}
