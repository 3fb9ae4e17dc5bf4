import type { Module } from './binary.ts'

/** What of a Harvester control plane can really be there beside Kubernetes, in the order in which it comes up. */
const PARTS = ['kubevirt', 'longhorn-webhook', 'harvester', 'longhorn'] as const
export type Part = typeof PARTS[number]

/** Without `longhorn`, whose volumes and engines are played: only then can a volume be exported. */
const USUAL_PARTS: readonly Part[] = ['kubevirt', 'longhorn-webhook', 'harvester']

const MODULES: Readonly<Record<Part, Module>> = { 'kubevirt': 'kubevirt', 'longhorn-webhook': 'harvester', 'harvester': 'harvester', 'longhorn': 'longhorn' }

/** Reads `kubevirt,harvester`; all that is usual where nothing is said, none for ''. Longhorn's controllers read settings that its webhook writes, so they bring it along. Throws on a name that is no part. */
export function readParts(text: string | undefined): Part[] {
  if (text === undefined)
    return [...USUAL_PARTS]
  const names = text.split(',').map(name => name.trim()).filter(Boolean)
  const unknown = names.filter(name => !PARTS.some(part => part === name))
  if (unknown.length)
    throw new Error(`no part of a control plane: ${unknown.join(', ')}; there are ${PARTS.join(', ')}`)
  return PARTS.filter(part => names.includes(part) || (part === 'longhorn-webhook' && names.includes('longhorn')))
}

/** The programs that these parts are in; Kubernetes itself is always one. */
export function modulesOf(parts: readonly Part[]): Module[] {
  return [...new Set<Module>(['kube', ...parts.map(part => MODULES[part])])]
}
