import { describe, expect, it } from 'vitest'
import { jsonReason, readObject } from './body.ts'
import { duplicateFields } from './duplicates.ts'
import type { KindVersion } from './kind.ts'
import { KindRegistry } from './registry.ts'

const registry = new KindRegistry()
function served(group: string, version: string, plural: string): KindVersion {
  const kind = registry.find(group, version, plural)
  if (!kind) throw new Error(`${plural} are not served`)
  return kind
}

// As kubectl 1.34 sends them: `auth can-i list pods -n lab`, `create configmap abc --from-literal=k=v`.
const REVIEW = '6b3873000a320a17617574686f72697a6174696f6e2e6b38732e696f2f7631121753656c665375626a65637441636365737352657669657712390a100a0012001a0022002a00320038004200121b0a190a036c616212046c6973741a0022002a04706f647332003a001a080800120 01a0020001a002200'.replaceAll(' ', '')
const CONFIG_MAP = '6b3873000a0f0a02763112 09436f6e6669674d6170121d0a130a036162631200 1a0022002a0032003800420012060a016b1201761a002200'.replaceAll(' ', '')
const PROTOBUF = 'application/vnd.kubernetes.protobuf'

describe('a body in protobuf', () => {
  it('is read where kubectl sends nothing else: an access review', () => {
    const { object } = readObject(served('authorization.k8s.io', 'v1', 'selfsubjectaccessreviews'), PROTOBUF, Buffer.from(REVIEW, 'hex'))
    expect(object).toMatchObject({ apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes: { namespace: 'lab', verb: 'list', resource: 'pods' } } })
  })

  it('is read where kubectl sends nothing else: a config map', () => {
    const { object } = readObject(served('', 'v1', 'configmaps'), PROTOBUF, Buffer.from(CONFIG_MAP, 'hex'))
    expect(object).toEqual({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'abc' }, data: { k: 'v' } })
  })

  it('of a kind that nobody sends so is 415', () => {
    expect(() => readObject(served('', 'v1', 'persistentvolumes'), PROTOBUF, Buffer.from(CONFIG_MAP, 'hex'))).toThrow(/unknown format/)
  })

  it('that is cut off is 400', () => {
    expect(() => readObject(served('', 'v1', 'configmaps'), PROTOBUF, Buffer.from(CONFIG_MAP, 'hex').subarray(0, 40))).toThrow(/unexpected EOF/)
  })
})

describe('fields that are said twice', () => {
  it.each([
    ['nothing', '{"a":1,"b":{"a":1}}', []],
    ['at the top', '{"a":1,"a":2}', ['a']],
    ['in an object', '{"metadata":{"name":"x","labels":{},"name":"y"}}', ['metadata.name']],
    ['in an item of a list', '{"spec":{"disks":[{"n":1},{"n":1,"n":[{}]}]}}', ['spec.disks[1].n']],
    ['after a list of lists', '{"a":[[1,2],[{"x":1,"x":1}]],"a":0}', ['a[1][0].x', 'a']],
    ['with braces and quotes in texts', '{"a":"{\\"a\\":1,","b":"}","b":"]"}', ['b']],
    ['by an escape', '{"a":1,"\\u0061":2}', ['a']],
  ])('%s', (_, text, paths) => {
    expect(duplicateFields(text)).toEqual(paths)
  })
})

describe('the reason why a text is no JSON', () => {
  it.each([
    ['', 'unexpected end of JSON input'],
    ['{', 'unexpected end of JSON input'],
    ['{nope', 'invalid character \'n\' looking for beginning of object key string'],
  ])('%s', (text, reason) => {
    let thrown: unknown
    try { JSON.parse(text) }
    catch (error) { thrown = error }
    expect(jsonReason(text, thrown)).toBe(reason)
  })
})
