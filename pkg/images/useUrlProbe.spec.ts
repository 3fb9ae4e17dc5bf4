// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import { nextTick, ref } from 'vue'
import { startScriptedServer } from '#kube/scriptedServer.ts'
import type { Guard } from '#sdk/guard.ts'
import { createGuard, guardKey } from '#sdk/guard.ts'
import { useUrlProbe } from './useUrlProbe.ts'

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
  const asked = () => server.heard.filter(({ method }) => method === 'POST').map(({ body }) => JSON.parse(body) as object)
  return { asked, guard: createGuard(server.url) }
}

function open(guard?: Guard) {
  const url = ref('https://a.lan/x.img')
  const namespace = ref('lab')
  const seen: ReturnType<typeof useUrlProbe>[] = []
  const page = mount({ setup: () => { seen.push(useUrlProbe(() => ({ cluster: 'a', namespace: namespace.value, url: url.value }))); return () => undefined } }, { global: { provide: guard ? { [guardKey as symbol]: guard } : {} } })
  ends.push(() => page.unmount())
  const [probe] = seen
  if (!probe)
    throw new Error('not set up')
  return { ...probe, url, namespace }
}

describe('the look at what a URL serves', () => {
  it('asks nothing by itself, tells why it was refused, and asks again', async () => {
    const { asked, guard } = await serve([[403, REFUSED], [200, SERVED]])
    const { probe, ask } = open(guard)
    await nextTick()
    expect(asked()).toEqual([])
    const first = ask()
    expect(probe.value.word).toBe('asking')
    await first
    expect(probe.value).toMatchObject({ word: 'refused', error: { causes: [{ reason: 'address-private' }], details: { name: 'a.lan' } } })
    await ask()
    expect(probe.value).toEqual({ word: 'answered', report: SERVED })
    expect(asked()[1]).toEqual({ cluster: 'a', namespace: 'lab', url: 'https://a.lan/x.img' })
  })

  it('forgets the answer when another link is typed, and takes no late one for it', async () => {
    const { guard } = await serve([[200, SERVED], [200, SERVED]])
    const { probe, ask, url } = open(guard)
    await ask()
    url.value = 'https://a.lan/y.img'
    await nextTick()
    expect(probe.value.word).toBe('idle')
    const late = ask()
    url.value = 'https://a.lan/z.img'
    await late
    expect(probe.value.word).toBe('idle')
  })

  it('keeps the answer when another namespace is chosen, and forgets a refusal, which was of that namespace', async () => {
    const { guard } = await serve([[403, REFUSED], [200, SERVED]])
    const { probe, ask, namespace } = open(guard)
    await ask()
    namespace.value = 'production'
    await nextTick()
    expect(probe.value.word).toBe('idle')
    await ask()
    namespace.value = 'lab'
    await nextTick()
    expect(probe.value.word).toBe('answered')
  })

  it('says that there is no server to ask, as inside of Rancher', async () => {
    const { probe, ask } = open()
    await ask()
    expect(probe.value).toEqual({ word: 'absent' })
  })
})
