import type { KubeObject } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import type { AdmissionAnswer, AdmissionHook, AdmissionRequest } from '../cluster.ts'
import type { JsonObject } from '../json.ts'
import { fieldAt } from '../json.ts'

/** What a webhook sees of the cluster: a cache, as upstream's is. A kind that it does not have is not followed. */
export interface Sight {
  has(kind: Resource): boolean
  get<T extends KubeObject>(kind: Resource<T>, key: string | undefined): T | undefined
  all<T extends KubeObject>(kind: Resource<T>): readonly T[]
}

/** Sees nothing: for a cluster without controllers, and while it is seeded. */
export const BLIND: Sight = { has: () => false, get: () => undefined, all: () => [] }

export type Operation = AdmissionRequest['operation']
/** The object as it would be, and as it was; of a deletion the first is the second. */
export interface Asked { readonly object: JsonObject, readonly old: JsonObject | undefined, readonly operation: Operation, readonly namespace: string, readonly user: string, readonly sight: Sight }
export type Refusal = NonNullable<AdmissionAnswer['refusal']>

/** What a webhook has to say of one kind. */
export interface Rule {
  readonly kind: Pick<Resource, 'group' | 'plural'>
  readonly operations: readonly Operation[]
  readonly judge: (asked: Asked) => AdmissionAnswer | undefined
}

/** A rule that refuses by the first check that finds something. */
export function refusing(kind: Rule['kind'], operations: readonly Operation[], ...checks: readonly ((asked: Asked) => Refusal | undefined)[]): Rule {
  return {
    kind, operations,
    judge: asked => {
      for (const check of checks) {
        const refusal = check(asked)
        if (refusal)
          return { refusal }
      }
      return undefined
    },
  }
}

/** A webhook of upstream's, as a hook: of objects alone, not of their subresources, and not of what is being deleted. */
export function hookOf(name: string, phase: AdmissionHook['phase'], rules: readonly Rule[], sight: () => Sight): AdmissionHook {
  return {
    name, phase,
    review({ operation, kind, subresource, namespace, object, old, user }) {
      const subject = operation === 'DELETE' ? old : object
      if (subresource !== '' || !subject || (operation !== 'DELETE' && fieldAt(object, 'metadata.deletionTimestamp')))
        return undefined
      let answer: AdmissionAnswer | undefined
      for (const rule of rules.filter(one => one.kind.plural === kind.plural && one.kind.group === kind.group && one.operations.includes(operation))) {
        const said = rule.judge({ object: answer?.object ?? subject, old, operation, namespace, user: user.name, sight: sight() })
        answer = said ? { ...answer, ...said } : answer
        if (answer?.refusal)
          return answer
      }
      return answer
    },
  }
}

/** 422, about a field where one is named (harvester pkg/webhook/error). */
export function invalid(message: string, field = ''): Refusal {
  return { code: 422, reason: 'Invalid', message, causes: [{ reason: 'FieldValueInvalid', message, field }] }
}

export function conflicting(message: string): Refusal {
  return { code: 409, reason: 'Conflict', message }
}

/** An error that no webhook thought of. */
export function failing(message: string): Refusal {
  return { code: 500, reason: 'InternalError', message }
}

/** `object` with the field at that path set, everything on the way copied. */
export function withField(object: JsonObject, path: readonly string[], value: JsonObject[string]): JsonObject {
  const [step = '', ...rest] = path
  const below = object[step]
  return { ...object, [step]: rest.length === 0 ? value : withField(typeof below === 'object' && below && !Array.isArray(below) ? below : {}, rest, value) }
}

/** A text at a dotted path; empty where there is none. */
export function textAt(object: JsonObject | undefined, path: string): string {
  const value = fieldAt(object, path)
  return typeof value === 'string' ? value : ''
}

/** An annotation or a label; their names have dots. */
export function noteOf(object: JsonObject | undefined, where: 'annotations' | 'labels', name: string): string {
  const notes = fieldAt(object, `metadata.${where}`)
  const value = typeof notes === 'object' && notes && !Array.isArray(notes) ? notes[name] : undefined
  return typeof value === 'string' ? value : ''
}
