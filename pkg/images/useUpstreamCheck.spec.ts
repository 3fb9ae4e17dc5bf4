// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { createPinia } from 'pinia'
import { afterEach, describe, expect, it } from 'vitest'
import { ref, shallowRef } from 'vue'
import { createI18n } from 'vue-i18n'
import { createKubeClient } from '#kube/client.ts'
import { startScriptedServer } from '#kube/scriptedServer.ts'
import { defineProxyStore } from '#sdk/defineProxyStore.ts'
import { createGuard, guardKey } from '#sdk/guard.ts'
import type { Host } from '#sdk/host.ts'
import { hostKey } from '#sdk/host.ts'
import { proxyStoreKey } from '#sdk/proxyStore.ts'
import type { UpstreamCheck, VirtualMachineImage } from './image.ts'
import { UPSTREAM_CHECK_ANNOTATION } from './image.ts'
import { useUpstreamCheck } from './useUpstreamCheck.ts'

// One server that is the console's own and the cluster at once.

const image: VirtualMachineImage = { apiVersion: '', kind: '', metadata: { name: 'i', namespace: 'lab', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-06-01T00:00:00Z' }, spec: { displayName: 'i', sourceType: 'download', url: 'https://cloud-images.ubuntu.com/noble/20240423/noble-server-cloudimg-amd64.img' }, status: { size: 100 } }
const host: Host = { cluster: { id: 'a', title: 'a', demo: true, server: '', upload: 'offered' }, namespaces: ref([]), to: path => path, go: () => Promise.resolve(), extensions: [], kinds: [] }
const served = (size: number) => ({ state: 'served', hops: [], file: { format: { kind: 'raw' }, ranges: true, size, lastModified: 'Sun, 31 May 2026 10:00:00 GMT' }, checksums: [], pins: { state: 'none', because: 'no-checksum' } })

const ends: (() => unknown)[] = []
afterEach(async () => { await Promise.all(ends.splice(0).map(end => end())) })

async function open(probe: object, { allowed = true, patch = 200, guarded = true } = {}) {
  const server = await startScriptedServer(({ method, path, body }, response) => {
    const send = (status: number, answer: object) => response.writeHead(status, { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*', 'access-control-allow-methods': '*', 'content-type': 'application/json' }).end(JSON.stringify(answer))
    if (method === 'OPTIONS')
      return send(200, {})
    if (path === '/guard/probe')
      return send(200, probe)
    if (path === '/guard/reads')
      return send(200, { reads: [] })
    if (path.endsWith('selfsubjectaccessreviews'))
      return send(201, { status: { allowed } })
    return send(patch, patch === 200 ? JSON.parse(body) as object : { kind: 'Status', code: patch, message: 'not now' })
  })
  ends.push(server.close)
  const subject = shallowRef(image)
  let made: ReturnType<typeof useUpstreamCheck> | undefined
  const page = mount({ setup: () => { made = useUpstreamCheck(() => ({ image: subject.value })); return () => undefined } }, {
    global: {
      plugins: [createPinia(), createI18n({ legacy: false, locale: 'en', missingWarn: false, fallbackWarn: false })],
      provide: { [hostKey as symbol]: host, [proxyStoreKey as symbol]: defineProxyStore(createKubeClient({ baseUrl: server.url })), ...guarded && { [guardKey as symbol]: createGuard(server.url) } },
    },
  })
  ends.push(() => page.unmount())
  const kept = () => server.heard.filter(({ method }) => method === 'PATCH').map(({ body }) => JSON.parse((JSON.parse(body) as { metadata: { annotations: Record<string, string> } }).metadata.annotations[UPSTREAM_CHECK_ANNOTATION] ?? '') as UpstreamCheck)
  return { made: made as NonNullable<typeof made>, kept, subject }
}

describe('a look at what the URL serves', () => {
  it('is shown, and kept on the image with its time', async () => {
    const { made, kept } = await open(served(100))
    await made.submission.submit()
    expect(made.check.value).toMatchObject({ word: 'alike' })
    expect(kept()).toEqual([made.check.value])
    expect(Date.now() - Date.parse(kept()[0]?.at ?? '')).toBeLessThan(60_000)
    expect(made.unkept.value).toBeUndefined()
  })

  it('is shown and not kept for who may not change the image', async () => {
    const { made, kept } = await open(served(101), { allowed: false })
    await made.submission.submit()
    await made.submission.submit()
    expect(made.check.value).toMatchObject({ word: 'changed' })
    expect(made.unkept.value).toBe('denied')
    expect(kept().length).toBeLessThan(2)
  })

  it('says why it could not be kept', async () => {
    const { made } = await open(served(100), { patch: 409 })
    await made.submission.submit()
    expect(made.check.value).toMatchObject({ word: 'alike' })
    expect(made.unkept.value).toMatchObject({ status: 409, message: 'not now' })
  })

  it('that was not answered is kept with its time, and with what an earlier one found', async () => {
    const { made, kept, subject } = await open({ state: 'failed', hops: [], failure: { code: 'timeout', detail: '' } })
    subject.value = { ...image, metadata: { ...image.metadata, annotations: { [UPSTREAM_CHECK_ANNOTATION]: '{"word":"changed","at":"2026-07-01T00:00:00Z"}' } } }
    await made.submission.submit()
    expect(made.check.value).toMatchObject({ word: 'cannot-say', failure: { code: 'timeout' }, last: { word: 'changed', at: '2026-07-01T00:00:00Z' } })
    expect(kept()).toEqual([made.check.value])
  })

  it('that finds the link ended is kept with the reason', async () => {
    const { made, kept } = await open({ state: 'failed', hops: [], failure: { code: 'http', status: 403 } })
    await made.submission.submit()
    expect(kept()).toMatchObject([{ word: 'gone', failure: { code: 'http', status: 403 } }])
  })

  it('of another console is shown where it is the newer one', async () => {
    const { made, subject } = await open(served(100))
    await made.submission.submit()
    const theirs: UpstreamCheck = { word: 'gone', at: new Date(Date.now() + 60_000).toISOString(), findings: [] }
    subject.value = { ...image, metadata: { ...image.metadata, annotations: { [UPSTREAM_CHECK_ANNOTATION]: JSON.stringify(theirs) } } }
    expect(made.check.value).toEqual(theirs)
  })

  it('is not to be had without a server, as inside of Rancher', async () => {
    const { made } = await open(served(100), { guarded: false })
    expect(made.available).toBe(false)
    expect(made.check.value).toBeUndefined()
  })
})
