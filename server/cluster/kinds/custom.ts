import { crdOf } from '../crd.ts'
import type { JsonObject } from '../json.ts'
import { HARVESTER_KINDS } from './harvester.ts'
import { KUBEVIRT_KINDS } from './kubevirt.ts'
import { LONGHORN_KINDS } from './longhorn.ts'
import { NETWORK_KINDS } from './network.ts'
import { STORAGE_ADDON_KINDS } from './storageAddons.ts'

/** The CustomResourceDefinitions of a fresh cluster, as objects to create; each is served by `KindRegistry.addCrd`. */
export const CUSTOM_RESOURCE_DEFINITIONS: readonly JsonObject[]
  = [...HARVESTER_KINDS, ...KUBEVIRT_KINDS, ...STORAGE_ADDON_KINDS, ...LONGHORN_KINDS, ...NETWORK_KINDS].map(crdOf)
