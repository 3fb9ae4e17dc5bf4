import type { JsonObject, JsonValue } from '../json.ts'
import { isObject } from '../json.ts'
import { metadataOf } from '../metadata.ts'
import type { ObjectStore } from '../objects.ts'
import type { StatusCause } from '../schema.ts'

/** What a strategy may look at beside the object. */
export interface Surroundings {
  readonly store: ObjectStore
  /** RFC 3339, seconds. */
  readonly now: string
  /** The object as it was sent, before the schema took out what does not belong into a creation. */
  readonly sent: JsonObject
}

/** What one built-in kind does differently on a write, after pkg/registry/…/strategy.go of Kubernetes 1.34 and the admission plugins that are on by default. */
export interface Strategy {
  readonly prepareCreate?: (object: JsonObject, surroundings: Surroundings) => JsonObject
  readonly prepareUpdate?: (object: JsonObject, previous: JsonObject, surroundings: Surroundings) => JsonObject
  /** What an object must be beyond its schema. */
  readonly check?: (object: JsonObject) => StatusCause[]
  /** What is taken, and should be known of. */
  readonly warn?: (object: JsonObject) => string[]
  /** What may not change. Worded as upstream, without the diffs that Go prints after some. */
  readonly checkUpdate?: (object: JsonObject, previous: JsonObject) => StatusCause[]
  /** Why an update that is right in itself is forbidden: the word of an admission plugin, which comes after all checks. */
  readonly forbid?: (object: JsonObject, previous: JsonObject, store: ObjectStore) => string | undefined
  /** What a written status must be beyond its schema. */
  readonly checkStatus?: (object: JsonObject) => StatusCause[]
}

/** A part of an object that should be an object; {} where it is not. */
export function section(object: JsonObject, name: string): JsonObject {
  const value = object[name]
  return isObject(value) ? value : {}
}

/** A part that should be a list of objects; [] where it is not. */
export function listOf(object: JsonObject, name: string): JsonObject[] {
  const value = object[name]
  return Array.isArray(value) ? value.filter(isObject) : []
}

export function withFinalizer(object: JsonObject, finalizer: string): JsonObject {
  const metadata = metadataOf(object)
  const finalizers = Array.isArray(metadata['finalizers']) ? metadata['finalizers'] : []
  return finalizers.includes(finalizer) ? object : { ...object, metadata: { ...metadata, finalizers: [...finalizers, finalizer] } }
}

export function immutable(field: string, value: JsonValue | undefined): StatusCause {
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(value ?? null)}: field is immutable`, field }
}

export function forbiddenChange(field: string, message: string): StatusCause {
  return { reason: 'FieldValueForbidden', message: `Forbidden: ${message}`, field }
}

export function required(field: string, message = ''): StatusCause {
  return { reason: 'FieldValueRequired', message: message ? `Required value: ${message}` : 'Required value', field }
}
