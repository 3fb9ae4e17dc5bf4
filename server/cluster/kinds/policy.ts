import type { JsonObject } from '../json.ts'

/** The RBAC objects that a fresh cluster has: roles, bindings of the demonstration's groups. */
export const DEFAULT_POLICY: readonly JsonObject[] = []
