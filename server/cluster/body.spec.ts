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

// As kubectl 1.34 sends them: `auth can-i list pods -n lab`, `create configmap abc --from-literal=k=v`, `create service clusterip web --tcp=80:8080 --tcp=443:https`,
// `create quota q --hard=pods=2,cpu=500m --scopes=NotBestEffort`.
const REVIEW = '6b3873000a320a17617574686f72697a6174696f6e2e6b38732e696f2f7631121753656c665375626a65637441636365737352657669657712390a100a0012001a0022002a00320038004200121b0a190a036c616212046c6973741a0022002a04706f647332003a001a080800120 01a0020001a002200'.replaceAll(' ', '')
const CONFIG_MAP = '6b3873000a0f0a02763112 09436f6e6669674d6170121d0a130a036162631200 1a0022002a0032003800420012060a016b1201761a002200'.replaceAll(' ', '')
const SERVICE = '6b3873000a0d0a027631120753657276696365128d010a1f0a0377656212001a0022002a003200380042005a0a0a03617070120377656212660a1b0a0738302d38303830120354435018502207080010903f1a0028000a220a093434332d6874747073120354435018bb03220b080110001a0568747470732800120a0a0361707012037765621a002209436c757374657249503a00420052005a00600068001a020a001a002200'
const QUOTA = '6b3873000a130a027631120d5265736f7572636551756f746112420a110a017112001a0022002a00320038004200122b0a0d0a0363707512060a043530306d0a0b0a04706f647312030a0132120d4e6f74426573744566666f72741a001a002200'
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

  it('is read where kubectl sends nothing else: a service', () => {
    const { object } = readObject(served('', 'v1', 'services'), PROTOBUF, Buffer.from(SERVICE, 'hex'))
    expect(object).toEqual({
      apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', labels: { app: 'web' } },
      spec: { type: 'ClusterIP', selector: { app: 'web' }, ports: [{ name: '80-8080', protocol: 'TCP', port: 80, targetPort: 8080 }, { name: '443-https', protocol: 'TCP', port: 443, targetPort: 'https' }] },
    })
  })

  it('is read where kubectl sends nothing else: a quota', () => {
    const { object } = readObject(served('', 'v1', 'resourcequotas'), PROTOBUF, Buffer.from(QUOTA, 'hex'))
    expect(object).toEqual({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q' }, spec: { hard: { pods: '2', cpu: '500m' }, scopes: ['NotBestEffort'] } })
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
