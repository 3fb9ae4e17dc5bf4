import type { Api } from '../../api.ts'

const SETTINGS = '/apis/longhorn.io/v1beta2/namespaces/longhorn-system/settings'

interface Held { readonly value: string, plays: number, readonly before: Promise<string | undefined> }
const HELD = new WeakMap<Api, Map<string, Held>>()

/**
 * Sets a setting of Longhorn's, which is for everybody on the cluster, for as long as somebody holds it. Answers how it is let go: the
 * last who does so puts back what was there. Throws where another value is held, and with the server's words where it refuses.
 */
export async function holdSetting(api: Api, name: string, value: string): Promise<() => Promise<void>> {
  const all = HELD.get(api) ?? new Map<string, Held>()
  HELD.set(api, all)
  const held = all.get(name) ?? { value, plays: 0, before: replace(api, name, value) }
  if (held.value !== value)
    throw new Error(`${name} is held at ${held.value}, and was asked for at ${value}`)
  all.set(name, held)
  held.plays += 1
  const before = await held.before.catch((thrown: unknown) => {
    all.delete(name)
    throw thrown
  })
  return async () => {
    held.plays -= 1
    if (held.plays > 0)
      return
    all.delete(name)
    await put(api, name, before)
  }
}

/** Writes it, and answers what was there; undefined where there was none. */
async function replace(api: Api, name: string, value: string): Promise<string | undefined> {
  const found = await api.get(`${SETTINGS}/${name}`)
  const before = found.status === 404 ? undefined : (found.expect(200).object as { readonly value?: string }).value
  await (found.status === 404 ? make(api, name, value) : put(api, name, value))
  return before
}

async function make(api: Api, name: string, value: string): Promise<void> {
  (await api.post(SETTINGS, { apiVersion: 'longhorn.io/v1beta2', kind: 'Setting', metadata: { name }, value })).expect(201)
}

async function put(api: Api, name: string, value: string | undefined): Promise<void> {
  (value === undefined ? await api.delete(`${SETTINGS}/${name}`) : await api.merge(`${SETTINGS}/${name}`, { value })).expect(200)
}
