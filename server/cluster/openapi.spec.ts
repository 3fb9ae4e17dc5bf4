import { describe, expect, it } from 'vitest'
import type { JsonObject } from './json.ts'
import { fieldAt } from './json.ts'
import { CUSTOM_RESOURCE_DEFINITIONS } from './kinds/custom.ts'
import { openApiAnswer } from './openapi.ts'
import { encodeDefinitions, toDefinitions } from './openapiV2.ts'
import { KindRegistry } from './registry.ts'

const registry = new KindRegistry()
for (const crd of CUSTOM_RESOURCE_DEFINITIONS) registry.addCrd(crd)

const ask = (path: string, accept = 'application/json', query = '') => openApiAnswer(registry, path, accept, new URLSearchParams(query)) ?? expect.fail(`${path} is not answered`)
const bodyOf = (path: string) => JSON.parse(String(ask(path).body)) as JsonObject

describe('OpenAPI v3', () => {
  const index = bodyOf('/openapi/v3') as { paths: Record<string, { serverRelativeURL: string }> }

  it('has a document for every group and version, by its hash', () => {
    expect(Object.keys(index.paths)).toEqual(expect.arrayContaining(['api/v1', 'apis/kubevirt.io/v1', 'apis/harvesterhci.io/v1beta1']))
    const url = new URL(index.paths['apis/kubevirt.io/v1']?.serverRelativeURL ?? '', 'https://x')
    const found = openApiAnswer(registry, url.pathname, '', url.searchParams)
    expect(found).toMatchObject({ status: 200, headers: { 'Cache-Control': 'public, immutable', 'ETag': `"${url.searchParams.get('hash')}"` } })
  })

  it('leads from an old hash to the new one', () => {
    expect(ask('/openapi/v3/apis/kubevirt.io/v1', '', 'hash=OLD')).toMatchObject({ status: 301, headers: { Location: index.paths['apis/kubevirt.io/v1']?.serverRelativeURL } })
  })

  it('changes with the kinds', () => {
    const own = new KindRegistry()
    const paths = () => Object.keys((JSON.parse(String(openApiAnswer(own, '/openapi/v3', '', new URLSearchParams())?.body)) as { paths: object }).paths)
    expect(paths()).not.toContain('apis/harvesterhci.io/v1beta1')
    own.addCrd(CUSTOM_RESOURCE_DEFINITIONS[0] ?? {})
    expect(paths()).toContain('apis/harvesterhci.io/v1beta1')
  })

  it('shows kubectl the kind by its path and its schema by the kind', () => {
    const document = bodyOf('/openapi/v3/apis/harvesterhci.io/v1beta1') as { paths: JsonObject, components: { schemas: JsonObject } }
    const gvk = { group: 'harvesterhci.io', kind: 'VirtualMachineImage', version: 'v1beta1' }
    const collection = '/apis/harvesterhci.io/v1beta1/namespaces/{namespace}/virtualmachineimages'
    expect(document.paths[collection]).toMatchObject({ get: { 'x-kubernetes-group-version-kind': gvk }, post: { 'x-kubernetes-action': 'post' } })
    expect(document.components.schemas['io.harvesterhci.v1beta1.VirtualMachineImage']).toMatchObject({
      'x-kubernetes-group-version-kind': [gvk],
      'properties': { metadata: { allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }] }, spec: { required: ['displayName', 'sourceType'] } },
    })
    expect(document.components.schemas).toHaveProperty(['io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'])
    expect(fieldAt(document.paths[`${collection}/{name}`], 'patch.parameters')).toContainEqual(expect.objectContaining({ name: 'fieldValidation', in: 'query' }))
  })

  it('has a status path only where there is a status subresource', () => {
    const paths = Object.keys(bodyOf('/openapi/v3/apis/kubevirt.io/v1').paths as JsonObject)
    expect(paths).toContain('/apis/kubevirt.io/v1/namespaces/{namespace}/virtualmachines/{name}/status')
    expect(paths).not.toContain('/apis/kubevirt.io/v1/namespaces/{namespace}/virtualmachineinstances/{name}/status')
  })

  it('points to nothing that is missing', () => {
    for (const name of Object.keys(index.paths)) {
      const text = String(ask(`/openapi/v3/${name}`).body)
      const { schemas } = (JSON.parse(text) as { components: { schemas: JsonObject } }).components
      const targets = [...text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, target]) => target)
      expect(targets.filter(target => !(target ?? '' in schemas))).toEqual([])
    }
  })

  it('speaks no protobuf', () => {
    expect(ask('/openapi/v3/api/v1', 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf')).toMatchObject({ status: 406 })
  })
})

describe('OpenAPI v2', () => {
  it('says less: what may be anything has no type', () => {
    const schema = {
      type: 'object',
      properties: {
        a: { type: 'string', nullable: true },
        b: { 'type': 'object', 'properties': { c: {} }, 'x-kubernetes-preserve-unknown-fields': true },
        d: { allOf: [{ $ref: '#/components/schemas/D' }], description: 'D.' },
        e: { type: 'object', additionalProperties: { 'x-kubernetes-int-or-string': true, 'anyOf': [{ type: 'integer' }] } },
      },
    }
    expect(toDefinitions({ A: schema })).toEqual({
      A: { type: 'object', properties: { a: {}, b: { 'x-kubernetes-preserve-unknown-fields': true }, d: { $ref: '#/definitions/D' }, e: { type: 'object', additionalProperties: { 'x-kubernetes-int-or-string': true } } } },
    })
  })

  it('is JSON, or protobuf for who asks for it', () => {
    expect(bodyOf('/openapi/v2')).toMatchObject({ swagger: '2.0', definitions: { 'io.k8s.api.core.v1.Pod': { type: 'object' } } })
    const { headers, body } = ask('/openapi/v2', 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf')
    expect(headers['Content-Type']).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf')
    expect(Buffer.from(body as Uint8Array).subarray(0, 5).toString('latin1')).toBe('\n\x032.0')
  })

  it('writes protobuf as gnostic reads it', () => {
    const bytes = Buffer.from(encodeDefinitions('t', 'v', { A: { 'type': 'object', 'required': ['x'], 'properties': { x: { $ref: '#/definitions/B' } }, 'x-k': [1] } }))
    const expected = [
      [0x0a, 3, '2.0'], [0x12, 6, [0x0a, 1, 't'], [0x12, 1, 'v']], [0x42, 0],
      [0x4a, 64, [0x0a, 62, [0x0a, 1, 'A'], [0x12, 57,
        [0x9a, 0x01, 1, 'x'], [0xb2, 0x01, 8, [0x0a, 6, 'object']],
        [0xca, 0x01, 24, [0x0a, 22, [0x0a, 1, 'x'], [0x12, 17, [0x0a, 15, '#/definitions/B']]]],
        [0xfa, 0x01, 12, [0x0a, 3, 'x-k'], [0x12, 5, [0x12, 3, '[1]']]],
      ]]],
    ]
    const flat = (part: unknown): Buffer => typeof part === 'number' ? Buffer.from([part]) : typeof part === 'string' ? Buffer.from(part) : Buffer.concat((part as unknown[]).map(flat))
    expect(bytes.toString('hex')).toBe(flat(expected).toString('hex'))
  })
})
