import type { KubeObject } from '#kube/object.ts'
import { naturalKey } from '#sdk/tableRows.ts'

/** An object that quick find may offer; `label` is what a person calls it. */
export interface Findable { readonly object: KubeObject, readonly label: string }

// A name that is meant whole comes first, then one that begins so, then one with such a word in it, then the rest.
function closeness(name: string, text: string): number {
  const at = name.indexOf(text)
  if (at < 0)
    return Infinity
  if (at === 0)
    return name.length === text.length ? 0 : 1
  return /[-./ ]/.test(name[at - 1] ?? '') ? 2 : 3
}

/** The objects whose label, name or `namespace/name` holds the text, case aside, the closest first; none for no text. */
export function findObjects<T extends Findable>(entries: readonly T[], text: string): T[] {
  const wanted = text.trim().toLowerCase()
  if (!wanted)
    return []
  return entries
    .map(entry => {
      const { name, namespace } = entry.object.metadata
      const names = [entry.label.toLowerCase(), name, `${namespace ?? ''}/${name}`]
      return { entry, near: Math.min(...names.map(candidate => closeness(candidate, wanted))), order: naturalKey(entry.label) }
    })
    .filter(({ near }) => near < Infinity)
    .sort((a, b) => a.near - b.near || (a.order < b.order ? -1 : a.order > b.order ? 1 : 0))
    .map(({ entry }) => entry)
}
