import { CORE_KINDS } from './core.ts'
import { PLATFORM_KINDS } from './platform.ts'
import type { KindDefinition } from './shapes.ts'

/** The kinds that are there before any CustomResourceDefinition. */
export const BUILT_IN_KINDS: readonly KindDefinition[] = [...CORE_KINDS, ...PLATFORM_KINDS]
