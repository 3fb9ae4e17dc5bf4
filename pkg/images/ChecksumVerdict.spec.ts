// @vitest-environment happy-dom
import { mount } from '@vue/test-utils'
import { afterEach, expect, it, vi } from 'vitest'
import { h, reactive, ref } from 'vue'
import { startScriptedServer } from '#kube/scriptedServer.ts'
import { createGuard, guardKey } from '#sdk/guard.ts'
import type { Host } from '#sdk/host.ts'
import { hostKey } from '#sdk/host.ts'
import { createConsoleI18n } from '#sdk/i18n.ts'
import ChecksumVerdict from './ChecksumVerdict.vue'
import type { KnownChecksum } from './checksumStanding.ts'
import type { ReadJob } from './probe.ts'
import { useFormChecksum } from './useFormChecksum.ts'

const LINK = 'https://a.example/x.img'
const SHA512 = 'a'.repeat(128)
const OTHER = 'b'.repeat(128)
const READ: ReadJob = { id: 'r1', cluster: 'a', namespace: 'lab', url: LINK, state: 'computed', bytes: 4, file: { size: 4 }, digests: { sha512: SHA512 }, created: '2026-01-01T00:00:00Z', ended: '2026-01-01T00:01:00Z', resumed: 0 }
const host: Host = { cluster: { id: 'a', title: 'a', demo: true, server: '', upload: 'offered' }, namespaces: ref([]), to: path => path, go: () => Promise.resolve(), extensions: [], kinds: [] }

const ends: (() => unknown)[] = []
afterEach(async () => { for (const end of ends.splice(0).reverse()) await end() })

/** The verdict with the form's checksum behind it, before a server that has kept these reads. */
async function open(reads: readonly ReadJob[], published: readonly KnownChecksum[] = []) {
  const server = await startScriptedServer((_, response) => {
    for (const name of ['allow-origin', 'allow-headers', 'allow-methods'])
      response.setHeader(`access-control-${name}`, '*')
    response.end(JSON.stringify({ reads }))
  })
  ends.push(server.close)
  const i18n = createConsoleI18n([
    { id: 'sdk', messages: { 'en': () => import('#sdk/locales/en.ts'), 'zh-CN': () => import('#sdk/locales/zh-CN.ts') } },
    { id: 'images', messages: { 'en': () => import('./locales/en.ts'), 'zh-CN': () => import('./locales/zh-CN.ts') } },
  ])
  await i18n.setLanguage('en')
  const form = reactive({ checksum: '', url: LINK })
  const page = mount({
    setup() {
      const { origin, fill, keep } = useFormChecksum(form, () => form.url !== '')
      return () => h(ChecksumVerdict, { url: form.url, checksum: form.checksum, origin: origin.value, published, backend: 'backingimage', namespace: 'lab', onFilled: fill, onKept: keep })
    },
  }, { global: { plugins: [i18n.plugin], provide: { [hostKey as symbol]: host, [guardKey as symbol]: createGuard(server.url) } } })
  ends.push(() => page.unmount())
  const says = (words: string, tone: string) => vi.waitFor(() => {
    expect(page.text()).toContain(words)
    expect(page.find('[data-testid=checksum-verdict]').attributes('data-tone')).toBe(tone)
  }, { timeout: 5_000 })
  const click = (label: string) => page.findAll('button').find(button => button.text() === label)?.trigger('click')
  return { form, page, says, click }
}

it('a SHA-512 that was compared with nothing is called no more than that, also once it is put in', async () => {
  const { form, page, says, click } = await open([READ])
  await says('No checksum was found to compare it with.', 'unknown')
  await click('Use this SHA-512')
  expect(form.checksum).toBe(SHA512)
  await says('No checksum was found to compare it with.', 'unknown')
  expect(page.text()).not.toContain('its checksum is right')
  expect(page.text()).not.toContain('that was typed')
})

it('a checksum that is not the published one is told, and the publisher\'s put in by a click', async () => {
  const { form, says, click } = await open([], [{ algorithm: 'sha512', digest: OTHER, file: 'https://a.example/SHA512SUMS' }])
  await says('The publisher prints a SHA-512 of it.', 'unknown')
  form.checksum = SHA512
  await says('This is not the SHA-512 that the publisher prints.', 'bad')
  await click('Use the publisher’s SHA-512')
  expect(form.checksum).toBe(OTHER)
  await says('Longhorn refuses a file that is not this SHA-512.', 'ok')
})

it('a checksum that was typed for another link stays, and is not green until somebody says that it is this one\'s', async () => {
  const { form, says, click } = await open([])
  form.checksum = SHA512
  await says('Longhorn refuses a file that is not this SHA-512.', 'ok')
  form.url = 'https://a.example/y.img'
  await says(`It was in the form with ${LINK}.`, 'attention')
  expect(form.checksum).toBe(SHA512)
  await click('It belongs to this link')
  await says('Longhorn refuses a file that is not this SHA-512.', 'ok')
})
