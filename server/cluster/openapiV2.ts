import type { Json } from './openapiDocument.ts'

// OpenAPI v2: what kubectl checks a manifest with before it sends it, where it cannot leave that to the server (a List, or
// `--dry-run=client`). It asks for protobuf only: github.com/google/gnostic-models openapiv2/OpenAPIv2.proto.

/** The schemas of a v3 document as v2 definitions: without what v2 cannot say (apiextensions-apiserver pkg/controller/openapi/v2/conversion.go). */
export function toDefinitions(schemas: Json): Json {
  return mapValues(schemas, toV2)
}

function toV2(schema: Json): Json {
  const { allOf, anyOf, oneOf, not, nullable, properties, items, additionalProperties, type, ...rest } = schema
  const [first] = Array.isArray(allOf) ? allOf as Json[] : []
  if (typeof first?.$ref === 'string') return { $ref: first.$ref.replace('#/components/schemas/', '#/definitions/') }
  if (typeof rest.$ref === 'string') return { $ref: rest.$ref.replace('#/components/schemas/', '#/definitions/') }
  // What may be null, or more than is named, or of two types, may be anything.
  const anything = nullable === true || rest['x-kubernetes-preserve-unknown-fields'] === true || rest['x-kubernetes-int-or-string'] === true
  void [anyOf, oneOf, not]
  if (anything) return rest
  return {
    ...rest,
    ...(type === undefined ? {} : { type }),
    ...(isObject(properties) ? { properties: mapValues(properties, toV2) } : {}),
    ...(isObject(items) ? { items: toV2(items) } : {}),
    ...(isObject(additionalProperties) ? { additionalProperties: toV2(additionalProperties) } : {}),
  }
}

function mapValues(values: Json, convert: (value: Json) => Json): Json {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, convert(value as Json)]))
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A v2 document of definitions alone in protobuf. */
export function encodeDefinitions(title: string, version: string, definitions: Json): Uint8Array {
  return Buffer.concat([
    text(1, '2.0'),
    message(2, [text(1, title), text(2, version)]),
    message(8, []),
    message(9, named(definitions)),
  ])
}

function named(schemas: Json): Buffer[] {
  return Object.entries(schemas).map(([name, schema]) => message(1, [text(1, name), message(2, encodeSchema(schema as Json))]))
}

function encodeSchema({ $ref, format, description, required, additionalProperties, type, items, properties, ...rest }: Json): Buffer[] {
  return [
    ...(typeof $ref === 'string' ? [text(1, $ref)] : []),
    ...(typeof format === 'string' ? [text(2, format)] : []),
    ...(typeof description === 'string' ? [text(4, description)] : []),
    ...(Array.isArray(required) ? required.map(name => text(19, String(name))) : []),
    ...(isObject(additionalProperties) ? [message(21, [message(1, encodeSchema(additionalProperties))])] : []),
    ...(typeof type === 'string' ? [message(22, [text(1, type)])] : []),
    ...(isObject(items) ? [message(23, [message(1, encodeSchema(items))])] : []),
    ...(isObject(properties) ? [message(25, named(properties))] : []),
    // JSON is YAML, which is what an extension's value is written in.
    ...Object.entries(rest).filter(([name]) => name.startsWith('x-')).map(([name, value]) => message(31, [text(1, name), message(2, [text(2, JSON.stringify(value))])])),
  ]
}

const LENGTH_DELIMITED = 2

function message(field: number, parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([varint(field << 3 | LENGTH_DELIMITED), varint(body.length), body])
}

function text(field: number, value: string): Buffer {
  return message(field, [Buffer.from(value)])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (; value > 127; value >>>= 7) bytes.push(value & 127 | 128)
  return Buffer.from([...bytes, value])
}
