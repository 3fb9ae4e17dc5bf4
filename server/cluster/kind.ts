// What the embedded cluster knows of a kind. Built-ins and CustomResourceDefinitions end in the same form.

/** The part of JSON schema that a CRD may use (apiextensions.k8s.io/v1 JSONSchemaProps). */
export interface Schema {
  readonly 'type'?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean'
  readonly 'description'?: string
  readonly 'properties'?: Readonly<Record<string, Schema>>
  readonly 'additionalProperties'?: Schema | boolean
  readonly 'items'?: Schema
  readonly 'required'?: readonly string[]
  readonly 'enum'?: readonly unknown[]
  readonly 'default'?: unknown
  readonly 'format'?: string
  readonly 'pattern'?: string
  readonly 'minimum'?: number
  readonly 'maximum'?: number
  readonly 'minLength'?: number
  readonly 'maxLength'?: number
  readonly 'minItems'?: number
  readonly 'maxItems'?: number
  readonly 'nullable'?: boolean
  readonly 'anyOf'?: readonly Schema[]
  readonly 'oneOf'?: readonly Schema[]
  readonly 'allOf'?: readonly Schema[]
  readonly 'not'?: Schema
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
  readonly 'x-kubernetes-int-or-string'?: boolean
  readonly 'x-kubernetes-embedded-resource'?: boolean
  readonly 'x-kubernetes-list-type'?: string
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly 'x-kubernetes-map-type'?: string
  /** Rules in CEL; of these only `self == oldSelf` (the value never changes) is followed. */
  readonly 'x-kubernetes-validations'?: readonly { readonly rule: string, readonly message?: string }[]
  /** Built-ins only: how a strategic merge patch merges this list (`merge` by the key) . */
  readonly 'x-kubernetes-patch-strategy'?: string
  readonly 'x-kubernetes-patch-merge-key'?: string
}

export interface PrinterColumn {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  readonly format?: string
  readonly description?: string
  readonly priority?: number
  readonly jsonPath: string
}

export interface Subresource {
  readonly name: string
  readonly kind: string
  /** Where the kind is of another group. */
  readonly group?: string
  readonly version?: string
  readonly verbs: readonly string[]
}

/** One served version of a kind. */
export interface KindVersion {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly listKind: string
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly namespaced: boolean
  readonly storage: boolean
  readonly hasStatus: boolean
  readonly schema: Schema
  readonly printerColumns: readonly PrinterColumn[]
  /** Fields beside metadata.name and metadata.namespace that a field selector may use, as dotted paths. */
  readonly selectableFields: readonly string[]
  /** A built-in takes strategic merge patches, keeps unknown fields out by its own schema, and may bring its own table. */
  readonly builtIn: boolean
  readonly verbs: readonly string[]
  /** Built-ins only: subresources beside `status`, as discovery names them. */
  readonly subresources?: readonly Subresource[]
  /** Text of the Warning header that every request for a deprecated version is answered with. */
  readonly deprecation?: string
}
