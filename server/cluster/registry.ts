import { builtInVersions, servedVersions } from './crd.ts'
import { checkCrd } from './crdCheck.ts'
import type { JsonObject } from './json.ts'
import type { KindVersion } from './kind.ts'
import { BUILT_IN_KINDS } from './kinds/builtIn.ts'
import type { StatusCause } from './schema.ts'

const keyOf = (group: string, version: string, plural: string) => `${group}/${version}/${plural}`

/** The kinds that are served: built-ins from the start, and one entry per served version of each CustomResourceDefinition added. */
export class KindRegistry {
  private kinds = new Map<string, KindVersion>()
  private readonly namesOfCrds = new Map<string, string[]>()
  /** Grows with every change, so that what is derived from the kinds can be kept until then. */
  generation = 0

  constructor() {
    for (const kind of BUILT_IN_KINDS.flatMap(builtInVersions)) this.serve(kind)
  }

  find(group: string, version: string, plural: string): KindVersion | undefined {
    return this.kinds.get(keyOf(group, version, plural))
  }

  byKind(apiVersion: string, kind: string): KindVersion | undefined {
    const [version = '', group = ''] = apiVersion.split('/').reverse()
    return this.all().find(known => known.group === group && known.version === version && known.kind === kind)
  }

  all(): readonly KindVersion[] {
    return [...this.kinds.values()]
  }

  /** Every served version of one resource, the stored one first. */
  versionsOf(group: string, plural: string): KindVersion[] {
    return this.all().filter(kind => kind.group === group && kind.plural === plural)
  }

  /** Serves a CustomResourceDefinition; the same name again replaces what it served. It must have passed `checkCrd`. */
  addCrd(crd: JsonObject): void {
    const name = nameOf(crd)
    this.removeCrd(name)
    this.namesOfCrds.set(name, servedVersions(crd).map(kind => this.serve(kind)))
  }

  removeCrd(name: string): void {
    for (const key of this.namesOfCrds.get(name) ?? []) this.kinds.delete(key)
    this.namesOfCrds.delete(name)
    this.generation += 1
  }

  /** What is wrong with a CustomResourceDefinition, as causes of a 422; empty when it can be served. */
  checkCrd(crd: JsonObject): StatusCause[] {
    return checkCrd(crd)
  }

  private serve(kind: KindVersion): string {
    const key = keyOf(kind.group, kind.version, kind.plural)
    this.kinds.set(key, kind)
    this.generation += 1
    return key
  }
}

function nameOf(crd: JsonObject): string {
  const metadata = crd.metadata
  return typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata) ? String(metadata.name) : ''
}
