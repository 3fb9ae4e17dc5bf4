import { afterEach, expect, it, vi } from 'vitest'
import { parseMirror } from './addressRules.ts'
import { createOutbound } from './outbound.ts'
import { createReads, READ_LIMITS } from './reads.ts'
import { startServer } from './testCluster.ts'

const running: (() => unknown)[] = []
afterEach(async () => { await Promise.all(running.splice(0).map(stop => stop())) })

async function start(now: () => number) {
  const server = await startServer(({ url }, response) => response.writeHead(url?.startsWith('/disk.img') ? 200 : 404).end('bytes'))
  const outbound = createOutbound({ mirrors: [parseMirror(`127.0.0.1:${server.port}`)].filter(mirror => mirror !== undefined), proxyFor: () => '' })
  const lines: string[] = []
  const write = (...words: unknown[]) => { lines.push(JSON.stringify(words)) }
  const reads = createReads({ outbound, limits: READ_LIMITS, log: { info: write, warn: write }, now })
  running.push(() => reads.close(), () => outbound.close(), server.stop)
  const begun = reads.begin({ cluster: 'c0', namespace: 'default', url: `http://127.0.0.1:${server.port}/disk.img?signature=secret` }, 'somebody')
  await vi.waitFor(() => expect(reads.find(begun?.id ?? '')?.state).toBe('computed'), { timeout: 20_000 })
  return { reads, lines, id: begun?.id ?? '', port: server.port }
}

it('a read\'s result can be looked at for six hours', async () => {
  let now = Date.parse('2024-11-25T12:00:00Z')
  const { reads, id } = await start(() => now)
  expect(reads.find(id)).toMatchObject({ created: '2024-11-25T12:00:00.000Z', ended: '2024-11-25T12:00:00.000Z' })
  now += 6 * 3_600_000
  expect(reads.find(id)?.id).toBe(id)
  now += 1
  expect(reads.find(id)).toBeUndefined()
}, 30_000)

it('a log says which host was read from, and nothing of a signed link', async () => {
  const { lines, port } = await start(Date.now)
  expect(lines.join('\n')).toContain(`127.0.0.1:${port}`)
  expect(lines.join('\n')).not.toMatch(/secret|disk\.img/)
}, 30_000)
