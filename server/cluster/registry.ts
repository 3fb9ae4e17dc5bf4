import type { JsonObject } from './json.ts'
import type { KindVersion } from './kind.ts'
import type { StatusCause } from './schema.ts'

/** The kinds that are served: built-ins from the start, and one entry per served version of each CustomResourceDefinition added. */
export class KindRegistry {
  private readonly kinds: KindVersion[] = []

  find(group: string, version: string, plural: string): KindVersion | undefined {
    return this.kinds.find(kind => kind.group === group && kind.version === version && kind.plural === plural)
  }

  byKind(apiVersion: string, kind: string): KindVersion | undefined {
    const [version = '', group = ''] = apiVersion.split('/').reverse()
    return this.kinds.find(known => known.group === group && known.version === version && known.kind === kind)
  }

  all(): readonly KindVersion[] {
    return this.kinds
  }

  /** Every served version of one resource, the stored one first. */
  versionsOf(group: string, plural: string): KindVersion[] {
    return this.kinds.filter(kind => kind.group === group && kind.plural === plural)
  }

  /** Serves a CustomResourceDefinition; the same name again replaces what it served. It must have passed `checkCrd`. */
  addCrd(crd: JsonObject): void {
    void crd
  }

  removeCrd(name: string): void {
    void name
  }

  /** What is wrong with a CustomResourceDefinition, as causes of a 422; empty when it can be served. */
  checkCrd(crd: JsonObject): StatusCause[] {
    void crd
    return []
  }
}
