import type { Fields } from '../../api.ts'
import { NS } from './shelves.ts'

/** A VM as the console writes it, the parts that matter; without disks it needs nothing else to run. */
export function vmOf(name: string, runStrategy: string | undefined, { claims = [], template = {}, metadata = {}, spec = {} }: { readonly claims?: readonly string[], readonly template?: Fields, readonly metadata?: Fields, readonly spec?: Fields } = {}) {
  return {
    metadata: { name, namespace: NS, ...metadata },
    spec: {
      ...(runStrategy ? { runStrategy } : {}),
      ...spec,
      template: {
        metadata: { labels: { 'harvesterhci.io/vmName': name } },
        spec: {
          domain: {
            machine: { type: '' }, cpu: { cores: 1, sockets: 1, threads: 1 }, features: { acpi: { enabled: true } }, resources: { limits: { cpu: '1', memory: '256Mi' } },
            devices: { interfaces: [{ name: 'default', model: 'virtio', masquerade: {} }], disks: claims.map((claim, index) => ({ name: `disk-${index}`, disk: { bus: 'virtio' }, bootOrder: index + 1 })) },
          },
          networks: [{ name: 'default', pod: {} }],
          volumes: claims.map((claimName, index) => ({ name: `disk-${index}`, persistentVolumeClaim: { claimName } })),
          ...template,
        },
      },
    },
  }
}
