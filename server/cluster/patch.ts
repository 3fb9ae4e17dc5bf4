import type { JsonObject, JsonValue } from './json.ts'
import type { KindVersion } from './kind.ts'

export interface PatchRefusal { readonly status: 400 | 413 | 415 | 422, readonly reason: string, readonly message: string }
export type PatchOutcome = { readonly ok: JsonObject } | PatchRefusal

/** Applies a patch (the parsed body) to the stored object; the caller admits the result. Never throws; `current` is not changed. */
export function applyPatch(contentType: string, kind: KindVersion, current: JsonObject, body: JsonValue): PatchOutcome {
  void contentType
  void kind
  void body
  return { ok: current }
}
