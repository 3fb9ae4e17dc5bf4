import { describe, expect, it } from 'vitest'
import { isStream, judgeApiPath } from './apiPath.ts'

const at = (path: string) => judgeApiPath(`/k8s/clusters/demo${path}`)

describe('a path to the proxy', () => {
  it.each([
    ['/api/v1/namespaces/default/pods/a', '/api/v1/namespaces/default/pods/a', ''],
    ['/apis', '/apis', ''],
    ['/apis/', '/apis/', ''],
    ['/version', '/version', ''],
    ['/openapi/v3/apis/kubevirt.io/v1?hash=AB', '/openapi/v3/apis/kubevirt.io/v1', '?hash=AB'],
    ['/livez/etcd?verbose', '/livez/etcd', '?verbose'],
    ['/api/v1/namespaces/a/services/https:svc:443/proxy/x', '/api/v1/namespaces/a/services/https:svc:443/proxy/x', ''],
    ['/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode', '/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode', ''],
    ['/api/v1/pods?labelSelector=a%2Fb%3Dc&x=../..', '/api/v1/pods', '?labelSelector=a%2Fb%3Dc&x=../..'],
  ])('passes when it is of the API: %s', (url, path, query) => {
    expect(at(url)).toEqual({ pass: true, cluster: 'demo', path, query })
  })

  it.each(['', '/', '/metrics', '/logs/kube-apiserver.log', '/debug/pprof', '/apiextra/v1', '/API/v1', '/v1/harvester/x', '/k8s/clusters/local/api', '/?/api', '/%61pi/v1'])('outside the API is not found: %s', url => {
    expect(at(url)).toMatchObject({ pass: false, code: 404 })
  })

  it.each([
    '/api/../metrics', '/api/./v1', '/api//v1', '//api/v1', '/api/v1//', '/api/%2e%2e/metrics', '/api/%2E/v1', '/api/v1%2f..%2f..%2fmetrics', '/api/v1%2Fpods',
    '/api/v1/%5c..', '/api/v1/..\\metrics', '/api/v1\\pods', '/api/v1/%00', '/api/v1/%252e%252e', '/api/v1/pods%0d%0aX:1', '/api/v1/%zz', '/api/v1/ä', '/api/v1/a b', '/api/v1/pods?x=\u0000', '/api/v1/pods?x=ä', '/api/v1/pods#x',
  ])('that can be read in two ways is refused: %s', url => {
    expect(at(url).pass).toBe(false)
  })

  it.each(['/k8s/clusters', '/k8s/cluster/demo/api', '/K8S/clusters/demo/api', '/api/v1'])('elsewhere is not found: %s', url => {
    expect(judgeApiPath(url)).toMatchObject({ pass: false, code: 404 })
  })

  it.each([['?watch=1', true], ['?watch=true&resourceVersion=5', true], ['?watch', true], ['?watch=false', false], ['?watch=0', false], ['?follow=true', true], ['?watcher=1', false], ['', false]])('knows that %s stays open: %s', (query, stream) => {
    expect(isStream(query)).toBe(stream)
  })
})
