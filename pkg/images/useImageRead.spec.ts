// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import { nextTick, reactive } from 'vue'
import type { ScriptedServer } from '#kube/scriptedServer.ts'
import { startScriptedServer } from '#kube/scriptedServer.ts'
import { createGuard, guardKey } from '#sdk/guard.ts'
import type { ReadJob } from './probe.ts'
import { useImageRead } from './useImageRead.ts'

const LINK = 'https://a.example/x.img'
const SHA512 = 'a'.repeat(128)
const jobOf = (state: ReadJob['state'], change: Partial<ReadJob> = {}): ReadJob =>
  ({ id: 'r1', cluster: 'a', namespace: 'lab', url: LINK, state, bytes: 1, file: { size: 4 }, created: '2026-01-01T00:00:00Z', resumed: 0, ...change })

const ends: (() => unknown)[] = []
afterEach(async () => { await Promise.all(ends.splice(0).map(end => end())) })

/** `script` gives the answers in their order: a job, reads of the list, or a refusal's code. The last one is given again. */
async function open(kept: readonly ReadJob[], script: (ReadJob | 'no-such-read')[]) {
  const server: ScriptedServer = await startScriptedServer((heard, response) => {
    response.setHeader('access-control-allow-origin', '*')
    response.setHeader('access-control-allow-headers', '*')
    response.setHeader('access-control-allow-methods', '*')
    if (heard.method === 'OPTIONS')
      return response.end()
    if (heard.method === 'GET' && heard.path === '/guard/reads')
      return response.end(JSON.stringify({ reads: kept }))
    const answer = script.length > 1 ? script.shift() : script[0]
    if (answer === 'no-such-read')
      return response.writeHead(404).end(JSON.stringify({ kind: 'Status', code: 404, reason: 'NotFound', message: 'gone', details: { causes: [{ reason: answer, message: 'gone' }] } }))
    return response.end(JSON.stringify(answer))
  })
  const subject = reactive({ cluster: 'a', namespace: 'lab', url: LINK })
  const ended: ReadJob[] = []
  const seen: ReturnType<typeof useImageRead>[] = []
  const page = mount({ setup: () => { seen.push(useImageRead(() => ({ ...subject }), job => ended.push(job), 5)); return () => undefined } }, { global: { provide: { [guardKey as symbol]: createGuard(server.url) } } })
  ends.push(() => page.unmount(), server.close)
  const [read] = seen
  if (!read)
    throw new Error('not set up')
  return { read, ended, subject, server, asked: () => server.heard.filter(({ method }) => method !== 'OPTIONS').map(({ method, path }) => `${method} ${path}`) }
}

describe('a long read in the form', () => {
  it('is begun with what it is to be compared with, and followed to its end', async () => {
    const { read, ended, server } = await open([], [jobOf('queued'), jobOf('reading', { bytes: 2 }), jobOf('verified', { digests: { sha512: SHA512 } })])
    await read.begin({ algorithm: 'md5', digest: 'b'.repeat(32) })
    expect(ended).toEqual([jobOf('verified', { digests: { sha512: SHA512 } })])
    const begun = server.heard.find(({ method, path }) => method === 'POST' && path === '/guard/reads')
    expect(JSON.parse(begun?.body ?? '{}')).toEqual({ cluster: 'a', namespace: 'lab', url: LINK, expected: { algorithm: 'md5', digest: 'b'.repeat(32) } })
  })

  it('is found again after a reload, while it goes on and when it is over', async () => {
    const running = await open([jobOf('reading')], [jobOf('verified', { digests: { sha512: SHA512 } })])
    await expect.poll(() => running.ended.length).toBe(1)
    const over = await open([jobOf('mismatch')], [jobOf('mismatch')])
    await expect.poll(() => over.read.job.value?.state).toBe('mismatch')
    expect(over.ended).toEqual([])
  })

  it('is cancelled', async () => {
    const { read, asked } = await open([jobOf('reading')], [jobOf('cancelled')])
    await expect.poll(() => read.job.value?.state).toBeDefined()
    await read.cancel()
    expect(read.job.value?.state).toBe('cancelled')
    expect(asked()).toContain('DELETE /guard/reads/r1')
  })

  it('is let go, and said so, when the server has forgotten it', async () => {
    const { read } = await open([], [jobOf('reading'), 'no-such-read'])
    await read.begin()
    expect(read.job.value).toBeUndefined()
    expect(read.error.value?.causes[0]?.reason).toBe('no-such-read')
  })

  it('is not shown beside another LINK', async () => {
    const { read, subject } = await open([jobOf('mismatch')], [jobOf('mismatch')])
    await expect.poll(() => read.job.value?.state).toBe('mismatch')
    subject.url = 'https://a.example/y.img'
    await nextTick()
    expect(read.job.value).toBeUndefined()
  })
})
