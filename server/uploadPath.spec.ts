import { describe, expect, it } from 'vitest'
import { judgeApiPath } from './apiPath.ts'
import { judgeUploadPath } from './uploadPath.ts'

const COLLECTION = '/k8s/clusters/demo/v1/harvester/harvesterhci.io.virtualmachineimages'
const judge = (rest: string, method = 'POST') => judgeUploadPath(method, COLLECTION + rest)

describe('the path of an upload', () => {
  it('passes in its one spelling', () => {
    expect(judge('/default/image-x7k2p?action=upload&size=1073741824')).toEqual({
      pass: true, cluster: 'demo', path: '/v1/harvester/harvesterhci.io.virtualmachineimages/default/image-x7k2p', query: '?action=upload&size=1073741824',
    })
    expect(judge('/a/b.c-d.e?action=upload&size=1')).toMatchObject({ pass: true })
  })

  it.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'post'])('is closed to a %s', method => {
    expect(judge('/default/a?action=upload&size=512', method)).toMatchObject({ pass: false, code: 405 })
  })

  it.each([
    '', '?', '?action=upload', '?size=512', '?size=512&action=upload', '?action=upload&size=', '?action=upload&size=0', '?action=upload&size=-1', '?action=upload&size=0512', '?action=upload&size=5e3', '?action=upload&size=1.5',
    '?action=upload&size=512&link=yaml', '?action=upload&size=512&action=download', '?action=upload&size=512&size=1', '?action=Upload&size=512', '?action=%75pload&size=512', '?action=upload&size=%35', '?action=upload&size=512#x', '?action=upload&size=512%00',
    '?action=upload&size=9999999999999999', '?action=uploadCert&size=512', '?action=export&size=512', '?action=upload;size=512', '?action=upload&size=512\n',
  ])('is refused with any other query: %j', query => {
    expect(judge(`/default/a${query}`)).toMatchObject({ pass: false, code: 400 })
  })

  it.each([
    '/default', '/default/', '/default/a/', '/default/a/b', '//a', '/default//a', '/../a', '/default/..', '/default/.', '/default/../a', '/default/a..b', '/default/a.-b', '/default/a-.b', '/default/.a', '/default/a.', '/default/-a', '/default/a-',
    '/default/%61', '/default/a%2fb', '/default/a%2Fdownload', '/default/a%2e%2e', '/default/a;b', '/default/a\\b', '/default/a%00', '/Default/a', '/default/A', '/de.fault/a', '/default/ä', '/default/a b', '/default/a%0d%0aX', `/${'a'.repeat(64)}/a`, `/a/${'a'.repeat(254)}`, '/default/a\n',
  ])('is none with any other name, and the Kubernetes API has none there either: %j', names => {
    const url = `${COLLECTION}${names}?action=upload&size=512`
    expect(judgeUploadPath('POST', url)).toBeUndefined()
    expect(judgeApiPath(url).pass).toBe(false)
  })

  it.each([
    '/k8s/clusters/demo/v1/harvester/harvesterhci.io.virtualmachineimage/default/a', '/k8s/clusters/demo/v1/harvester/harvesterhci-io.virtualmachineimages/default/a', '/k8s/clusters/demo/v1/harvester/harvesterhcixio.virtualmachineimages/default/a',
    '/k8s/clusters/demo/v1/harvester/secrets/default/a', '/k8s/clusters/demo/v1/harvesterhci.io.virtualmachineimages/default/a', '/k8s/clusters/demo/v3/harvester/harvesterhci.io.virtualmachineimages/default/a',
    '/k8s/clusters/demo//v1/harvester/harvesterhci.io.virtualmachineimages/default/a', '/k8s/clusters/demo/api/../v1/harvester/harvesterhci.io.virtualmachineimages/default/a', '/k8s/clusters/demo/v1/%68arvester/harvesterhci.io.virtualmachineimages/default/a',
    '/K8S/clusters/demo/v1/harvester/harvesterhci.io.virtualmachineimages/default/a', '/k8s/clusters//v1/harvester/harvesterhci.io.virtualmachineimages/default/a', '/k8s/clusters/a/b/v1/harvester/harvesterhci.io.virtualmachineimages/default/a', '/v1/harvester/harvesterhci.io.virtualmachineimages/default/a',
    'http://elsewhere/k8s/clusters/demo/v1/harvester/harvesterhci.io.virtualmachineimages/default/a',
  ])('is none elsewhere: %s', path => {
    const url = `${path}?action=upload&size=512`
    expect(judgeUploadPath('POST', url)).toBeUndefined()
    expect(judgeApiPath(url).pass).toBe(false)
  })
})
