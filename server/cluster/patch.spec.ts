import { describe, expect, it } from 'vitest'
import type { JsonObject, JsonValue } from './json.ts'
import { CUSTOM_RESOURCE_DEFINITIONS } from './kinds/custom.ts'
import { applyPatch } from './patch.ts'
import { KindRegistry } from './registry.ts'

const registry = new KindRegistry()
for (const crd of CUSTOM_RESOURCE_DEFINITIONS) registry.addCrd(crd)
const kindOf = (apiVersion: string, kind: string) => registry.byKind(apiVersion, kind) ?? expect.fail(`${kind} is not served`)
const pods = kindOf('v1', 'Pod')
const images = kindOf('harvesterhci.io/v1beta1', 'VirtualMachineImage')

const JSON_PATCH = 'application/json-patch+json'
const MERGE = 'application/merge-patch+json'
const STRATEGIC = 'application/strategic-merge-patch+json'

const image: JsonObject = { metadata: { name: 'noble', labels: { a: '1' } }, spec: { retry: 3, tags: ['x', 'y'] } }

describe('a JSON patch', () => {
  const operations: [string, JsonValue, JsonObject][] = [
    ['adds a field', [{ op: 'add', path: '/spec/url', value: 'u' }], { ...image, spec: { retry: 3, tags: ['x', 'y'], url: 'u' } }],
    ['appends to a list', [{ op: 'add', path: '/spec/tags/-', value: 'z' }], { ...image, spec: { retry: 3, tags: ['x', 'y', 'z'] } }],
    ['inserts into a list', [{ op: 'add', path: '/spec/tags/1', value: 'z' }], { ...image, spec: { retry: 3, tags: ['x', 'z', 'y'] } }],
    ['removes a field', [{ op: 'remove', path: '/spec/retry' }], { ...image, spec: { tags: ['x', 'y'] } }],
    ['replaces after a test', [{ op: 'test', path: '/spec/retry', value: 3 }, { op: 'replace', path: '/spec/retry', value: 4 }], { ...image, spec: { retry: 4, tags: ['x', 'y'] } }],
    ['tests for absence with null', [{ op: 'test', path: '/spec/url', value: null }], image],
    ['moves', [{ op: 'move', from: '/spec/retry', path: '/spec/times' }], { ...image, spec: { tags: ['x', 'y'], times: 3 } }],
    ['copies', [{ op: 'copy', from: '/spec/retry', path: '/spec/times' }], { ...image, spec: { retry: 3, tags: ['x', 'y'], times: 3 } }],
    ['reads escaped names', [{ op: 'add', path: '/metadata/labels/a~1b~0c', value: '2' }], { ...image, metadata: { name: 'noble', labels: { 'a': '1', 'a/b~c': '2' } } }],
  ]
  it.each(operations)('%s', (_, body, expected) => {
    expect(applyPatch(JSON_PATCH, images, image, body)).toEqual({ ok: expected })
  })

  const refusals: [string, JsonValue][] = [
    ['a failing test', [{ op: 'test', path: '/spec/retry', value: 4 }]],
    ['a test below nothing', [{ op: 'test', path: '/status/size', value: 4 }]],
    ['a test for absence below nothing', [{ op: 'test', path: '/status/size', value: null }]],
    ['an addition below nothing', [{ op: 'add', path: '/status/size', value: 4 }]],
    ['a removal of nothing', [{ op: 'remove', path: '/spec/url' }]],
    ['a removal below nothing', [{ op: 'remove', path: '/status/size' }]],
    ['a replacement below nothing', [{ op: 'replace', path: '/status/size', value: 4 }]],
    ['a replacement beyond the list', [{ op: 'replace', path: '/spec/tags/7', value: 'z' }]],
    ['an item beyond the list', [{ op: 'add', path: '/spec/tags/7', value: 'z' }]],
    ['a move of nothing', [{ op: 'move', from: '/status/size', path: '/spec/size' }]],
    ['an unknown operation', [{ op: 'frob', path: '/spec' }]],
    ['an operation without a path', [{ op: 'add', value: 1 }]],
  ]
  it.each(refusals)('answers %s with 422, and does not say why', (_, body) => {
    expect(applyPatch(JSON_PATCH, images, image, body)).toEqual({ status: 422, reason: 'Invalid', message: 'the server rejected our request due to an error in our request' })
  })

  it('replaces what is missing, as upstream does', () => {
    expect(applyPatch(JSON_PATCH, images, image, [{ op: 'replace', path: '/spec/url', value: 'u' }])).toMatchObject({ ok: { spec: { url: 'u' } } })
  })

  it.each([
    ['no list', { op: 'add' }, 'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp'],
    ['a list of something else', [1], 'error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp'],
  ])('answers %s with 400', (_, body, message) => {
    expect(applyPatch(JSON_PATCH, images, image, body)).toEqual({ status: 400, reason: 'BadRequest', message })
  })

  it('leaves the object alone when a later operation fails', () => {
    const before = structuredClone(image)
    applyPatch(JSON_PATCH, images, image, [{ op: 'remove', path: '/spec/retry' }, { op: 'test', path: '/spec/tags', value: [] }])
    expect(image).toEqual(before)
  })

  it('takes 10,000 operations and no more', () => {
    const many = (count: number) => Array.from({ length: count }, () => ({ op: 'test', path: '/spec/retry', value: 3 }))
    expect(applyPatch(JSON_PATCH, images, image, many(10_000))).toEqual({ ok: image })
    expect(applyPatch(JSON_PATCH, images, image, many(10_001))).toEqual({
      status: 413, reason: 'RequestEntityTooLarge', message: 'Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001',
    })
  })
})

describe('a merge patch', () => {
  it('sets, deletes by null and replaces lists', () => {
    const body = { metadata: { labels: { a: null, b: '2' } }, spec: { tags: ['z'], more: { deep: null, kept: 1 } } }
    expect(applyPatch(`${MERGE}; charset=utf-8`, images, image, body)).toEqual({ ok: { metadata: { name: 'noble', labels: { b: '2' } }, spec: { retry: 3, tags: ['z'], more: { kept: 1 } } } })
    expect(image.spec).toEqual({ retry: 3, tags: ['x', 'y'] })
  })

  it('must be an object', () => {
    expect(applyPatch(MERGE, images, image, [])).toMatchObject({ status: 400, message: 'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}' })
  })
})

describe('a strategic merge patch', () => {
  const pod: JsonObject = {
    metadata: { name: 'p', finalizers: ['x', 'y'] },
    spec: {
      containers: [{ name: 'a', image: '1', env: [{ name: 'E', value: '1' }] }, { name: 'b', image: '1' }],
      volumes: [{ name: 'v', emptyDir: {} }],
      tolerations: [{ key: 't' }],
      nodeSelector: { disk: 'ssd' },
    },
  }
  const spec = pod.spec as JsonObject

  const cases: [string, JsonObject, JsonObject][] = [
    ['merges a list by its key', { containers: [{ name: 'b', image: '2' }] }, { containers: [{ name: 'a', image: '1', env: [{ name: 'E', value: '1' }] }, { name: 'b', image: '2' }] }],
    ['merges lists within lists', { containers: [{ name: 'a', env: [{ name: 'F', value: '2' }] }] }, { containers: [{ name: 'a', image: '1', env: [{ name: 'F', value: '2' }, { name: 'E', value: '1' }] }, { name: 'b', image: '1' }] }],
    ['deletes an item by its key', { containers: [{ name: 'a', $patch: 'delete' }] }, { containers: [{ name: 'b', image: '1' }] }],
    ['replaces a list on demand', { containers: [{ name: 'c' }, { $patch: 'replace' }] }, { containers: [{ name: 'c' }] }],
    ['replaces an object on demand', { nodeSelector: { zone: 'z', $patch: 'replace' } }, { nodeSelector: { zone: 'z' } }],
    ['replaces a list without a key', { tolerations: [{ key: 'u' }] }, { tolerations: [{ key: 'u' }] }],
    ['keeps only the keys that are to be retained', { volumes: [{ name: 'v', hostPath: { path: '/' }, $retainKeys: ['name', 'hostPath'] }] }, { volumes: [{ name: 'v', hostPath: { path: '/' } }] }],
    ['deletes by null', { nodeSelector: null }, { nodeSelector: undefined as unknown as JsonValue }],
  ]
  it.each(cases)('%s', (_, patch, expected) => {
    expect(applyPatch(STRATEGIC, pods, pod, { spec: patch })).toEqual({ ok: { ...pod, spec: { ...spec, ...expected } } })
  })

  it('orders items as it is told, and leaves others at their place', () => {
    const body = { spec: { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }], 'containers': [{ name: 'a', image: '9' }] } }
    const outcome = applyPatch(STRATEGIC, pods, pod, body) as { ok: { spec: { containers: { name: string }[] } } }
    expect(outcome.ok.spec.containers.map(({ name }) => name)).toEqual(['b', 'a'])
  })

  it('merges lists of plain values, and deletes from them', () => {
    expect(applyPatch(STRATEGIC, pods, pod, { metadata: { finalizers: ['z'] } })).toMatchObject({ ok: { metadata: { finalizers: ['z', 'x', 'y'] } } })
    expect(applyPatch(STRATEGIC, pods, pod, { metadata: { '$deleteFromPrimitiveList/finalizers': ['x'] } })).toMatchObject({ ok: { metadata: { finalizers: ['y'] } } })
  })

  it.each([
    ['an item without its key', { spec: { containers: [{ image: '2' }] } }, 500, 'map: map[image:2] does not contain declared merge key: name'],
    ['an unknown directive', { spec: { nodeSelector: { $patch: 'frob' } } }, 500, 'unknown patch type: frob in map: map[$patch:frob]'],
    ['a field beside those to be retained', { spec: { nodeSelector: { $retainKeys: ['disk'], zone: 'z' } } }, 400, 'invalid patch format of retainKeys'],
  ])('refuses %s', (_, patch, status, message) => {
    expect(applyPatch(STRATEGIC, pods, pod, patch)).toMatchObject({ status, message })
  })
})

describe('a patch of another type', () => {
  const cases: [string, typeof images, string][] = [
    [STRATEGIC, images, 'application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml'],
    ['application/apply-patch+yaml', images, 'application/json-patch+json, application/merge-patch+json'],
    ['text/plain', pods, 'application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml'],
  ]
  it.each(cases)('%s is answered with 415 and what is accepted', (type, kind, accepted) => {
    expect(applyPatch(type, kind, image, {})).toEqual({ status: 415, reason: 'UnsupportedMediaType', message: `the body of the request was in an unknown format - accepted media types include: ${accepted}` })
  })
})
