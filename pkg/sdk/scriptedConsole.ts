import { createPinia } from 'pinia'
import { createApp, defineComponent, h, ref } from 'vue'
import type { App } from 'vue'
import { createI18n } from 'vue-i18n'
import type { KubeClient } from '#kube/client.ts'
import type { KubeObject } from '#kube/object.ts'
import type { Host } from './host.ts'
import { defineProxyStore } from './defineProxyStore.ts'
import { hostKey } from './host.ts'
import { proxyStoreKey } from './proxyStore.ts'

// For specs only: the store itself over a cluster that the spec writes, and a console that goes nowhere.

export interface ScriptedConsole<T> { readonly made: T, readonly sent: object[], readonly went: string[], readonly app: App }

/** The cluster that a spec writes. `objects` by plural are what it has; what is created is answered as it came, and told to `took`. Everything is allowed and taken, and no subresource served, unless `answers` say otherwise. */
export function scriptedClient(objects: Readonly<Record<string, readonly KubeObject[]>>, answers: Partial<Pick<KubeClient, 'review' | 'served' | 'create' | 'get' | 'patch' | 'time'>> = {}, took: (manifest: object) => void = () => undefined): KubeClient {
  const refuse = () => Promise.reject(new Error('not in this script'))
  return {
    list: async resource => ({ apiVersion: '', kind: '', metadata: { resourceVersion: '1' }, items: (objects[resource.plural] ?? []) as never[] }),
    async* watch(_, { onOpen, signal }) {
      onOpen?.()
      yield* await new Promise<never[]>(resolve => signal?.addEventListener('abort', () => resolve([])))
    },
    create: async (_, manifest, options) => {
      if (!options?.dryRun)
        took(manifest)
      return { object: manifest as never, warnings: [] }
    },
    review: async () => ({ allowed: true }),
    served: async () => new Set(),
    rules: async () => [],
    time: (local = Date.now()) => local,
    get: refuse, replace: refuse, patch: refuse, remove: refuse, call: refuse, upload: refuse,
    ...answers,
  }
}

/** Sets up `use` as a page would, over a `scriptedClient`. */
export async function openConsole<T>(use: () => T, objects: Parameters<typeof scriptedClient>[0], answers: Parameters<typeof scriptedClient>[1] = {}): Promise<ScriptedConsole<T>> {
  const sent: object[] = []
  const went: string[] = []
  const client = scriptedClient(objects, answers, manifest => { sent.push(manifest) })
  const pinia = createPinia()
  const host: Host = { cluster: { id: 'a', title: 'a', demo: true, server: '', upload: 'offered' }, namespaces: ref(['lab']), to: path => path, go: async path => { went.push(path) }, extensions: [], kinds: [] }
  let made: T | undefined
  const app = createApp(defineComponent({ setup() { made = use(); return () => h('p') } }))
  app.use(pinia).use(createI18n({ legacy: false, locale: 'en', missingWarn: false, fallbackWarn: false }))
  app.provide(hostKey, host).provide(proxyStoreKey, defineProxyStore(client, { schedule: next => queueMicrotask(next) }))
  app.mount(document.createElement('div'))
  await new Promise(resolve => setTimeout(resolve))
  return { made: made as T, sent, went, app }
}
