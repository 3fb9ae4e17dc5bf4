// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import { startScriptedServer } from '#kube/scriptedServer.ts'
import type { Guard } from '#sdk/guard.ts'
import { createGuard, guardKey } from '#sdk/guard.ts'
import { usePinSearch } from './usePinSearch.ts'

const REFUSED = { kind: 'Status', code: 403, reason: 'Forbidden', message: 'not asked', details: { name: 'a.lan', causes: [{ reason: 'address-private', message: 'not asked' }] } }
const SERVED = { state: 'served', hops: [], file: { format: { kind: 'unknown' }, ranges: true }, checksums: [], pins: { state: 'none', because: 'no-checksum' } }

const ends: (() => unknown)[] = []
afterEach(async () => { await Promise.all(ends.splice(0).map(end => end())) })

async function serve(answers: readonly (readonly [status: number, body: object])[]) {
  const left = [...answers]
  const server = await startScriptedServer((heard, response) => {
    response.setHeader('access-control-allow-origin', '*')
    response.setHeader('access-control-allow-headers', '*')
    const [status, body] = heard.method === 'OPTIONS' ? [200, {}] as const : left.shift() ?? [500, {}] as const
    return response.writeHead(status).end(JSON.stringify(body))
  })
  ends.push(server.close)
  return { server, guard: createGuard(server.url) }
}

function open(guard?: Guard) {
  const seen: ReturnType<typeof usePinSearch>[] = []
  const page = mount({ setup: () => { seen.push(usePinSearch(() => ({ cluster: 'a', namespace: 'lab', url: 'https://a.lan/x.img' }))); return () => undefined } }, { global: { provide: guard ? { [guardKey as symbol]: guard } : {} } })
  ends.push(() => page.unmount())
  return seen[0] as ReturnType<typeof usePinSearch>
}

describe('the search for a pinned link', () => {
  it('asks at once, tells why it was refused, and asks again', async () => {
    const { server, guard } = await serve([[403, REFUSED], [200, SERVED]])
    const { search, ask } = open(guard)
    expect(search.value.word).toBe('asking')
    await expect.poll(() => search.value).toMatchObject({ word: 'refused', error: { causes: [{ reason: 'address-private' }], details: { name: 'a.lan' } } })
    await ask()
    expect(search.value).toEqual({ word: 'none', because: 'no-checksum' })
    expect(JSON.parse(server.heard.find(({ method }) => method === 'POST')?.body ?? '{}')).toEqual({ cluster: 'a', namespace: 'lab', url: 'https://a.lan/x.img' })
  })

  it('says that there is no server to ask, as inside of Rancher', () => {
    expect(open().search.value).toEqual({ word: 'absent' })
  })
})
