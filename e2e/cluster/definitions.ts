import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { Fields } from '../api.ts'

/** The CustomResourceDefinitions of a file or a folder of a Helm chart; lines with a template in them are left out, which are labels. */
export function readDefinitions(path: string): Fields[] {
  const files = statSync(path).isDirectory() ? readdirSync(path).filter(name => name.endsWith('.yaml')).sort().map(name => join(path, name)) : [path]
  return files.flatMap(file => {
    const text = readFileSync(file, 'utf8').split('\n').filter(line => !line.includes('{{')).join('\n')
    return [...parseAllDocuments(text)].map(document => document.toJS() as Fields | null).filter(object => object?.kind === 'CustomResourceDefinition').map(object => object as Fields)
  })
}

const KINDS = [
  // What upstream's webhooks and controllers wait for, and no module here defines: any schema will do.
  'cdi.kubevirt.io/v1beta1 CDI cdis cluster',
  'cluster.x-k8s.io/v1beta1 Cluster clusters',
  'cluster.x-k8s.io/v1beta1 Machine machines',
  'management.cattle.io/v3 ManagedChart managedcharts',
  'management.cattle.io/v3 Feature features cluster',
  'management.cattle.io/v3 Setting settings cluster',
  'fleet.cattle.io/v1alpha1 Cluster clusters',
  'fleet.cattle.io/v1alpha1 Bundle bundles',
  'fleet.cattle.io/v1alpha1 BundleDeployment bundledeployments',
  'logging.banzaicloud.io/v1beta1 Flow flows',
  'logging.banzaicloud.io/v1beta1 Output outputs',
  'logging.banzaicloud.io/v1beta1 ClusterFlow clusterflows',
  'logging.banzaicloud.io/v1beta1 ClusterOutput clusteroutputs',
  'network.harvesterhci.io/v1beta1 VlanConfig vlanconfigs cluster',
  'network.harvesterhci.io/v1beta1 VlanStatus vlanstatuses cluster',
  'provisioning.cattle.io/v1 Cluster clusters',
]

/** Definitions without a schema, of kinds that must merely be served. */
export const LOOSE_DEFINITIONS: readonly Fields[] = KINDS.map(text => {
  const [apiVersion = '', kind = '', plural = '', scope] = text.split(' ')
  const [group = '', name = ''] = apiVersion.split('/')
  return {
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, annotations: { 'api-approved.kubernetes.io': 'unapproved' } },
    spec: {
      group, scope: scope ? 'Cluster' : 'Namespaced', names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [{ name, served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema: { 'type': 'object', 'x-kubernetes-preserve-unknown-fields': true } } }],
    },
  }
})
