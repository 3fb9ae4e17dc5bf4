import { TEMPLATE_VERSIONS } from '#images/imageUsers.ts'
import { defineResource } from '#kube/resource.ts'
import { classOf, imageId } from './images.ts'
import type { Layer, Made, SeedObject } from './seed.ts'

// A VM template of the demonstration, whose VMs boot from an image that its link does not give again.

const TEMPLATES = defineResource('harvesterhci.io/v1beta1', 'VirtualMachineTemplate', 'virtualmachinetemplates')
const AT = { namespace: 'production', name: 'web-server' }
const VERSION = `${AT.name}-1`

/** As Harvester's console writes it: the claims to be made stand as JSON on the VM inside (harvester pkg/data/template.go). */
function version(made: Made): SeedObject {
  const claims = [{
    metadata: { name: 'web-server-root', annotations: { 'harvesterhci.io/imageId': imageId('jammy') } },
    spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '10Gi' } }, volumeMode: 'Block', storageClassName: classOf('jammy', made) },
  }]
  const domain = { cpu: { cores: 2, sockets: 1, threads: 1 }, resources: { limits: { cpu: '2', memory: '4Gi' } }, devices: { disks: [{ name: 'disk-0', bootOrder: 1, disk: { bus: 'virtio' } }], interfaces: [{ name: 'default', model: 'virtio', masquerade: {} }] } }
  return {
    kind: TEMPLATE_VERSIONS,
    object: {
      metadata: { namespace: AT.namespace, name: VERSION, labels: { 'template.harvesterhci.io/templateID': AT.name } },
      spec: {
        templateId: `${AT.namespace}/${AT.name}`, imageId: imageId('jammy'), keyPairIds: [],
        vm: {
          metadata: { annotations: { 'harvesterhci.io/volumeClaimTemplates': JSON.stringify(claims) } },
          spec: { runStrategy: 'RerunOnFailure', template: { spec: { domain, networks: [{ name: 'default', pod: {} }], volumes: [{ name: 'disk-0', persistentVolumeClaim: { claimName: 'web-server-root' } }] } } },
        },
      },
    },
  }
}

/** Layers, after those of the images: the template, then its version, which names it. */
export function templateLayers(): readonly Layer[] {
  return [
    () => [{ kind: TEMPLATES, object: { metadata: AT, spec: { defaultVersionId: `${AT.namespace}/${VERSION}`, description: 'Web servers of the shop' } } }],
    made => [version(made)],
  ]
}
