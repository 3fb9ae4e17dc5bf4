import type { JsonObject } from '../json.ts'

/** The CustomResourceDefinitions of a fresh cluster, as objects to store; each is served by `KindRegistry.addCrd`. */
export const CUSTOM_RESOURCE_DEFINITIONS: readonly JsonObject[] = []
