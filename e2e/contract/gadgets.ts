// The kinds on which the contract is tried. Nothing but the contract knows them.

const text = { type: 'string' }
const strings = { type: 'array', items: text }

const spec = {
  type: 'object',
  required: ['size'],
  properties: {
    size: { type: 'integer', minimum: 1, maximum: 10 },
    color: { type: 'string', enum: ['red', 'green', 'blue'] },
    mode: { type: 'string', default: 'auto' },
    title: { type: 'string', minLength: 2, maxLength: 8, pattern: '^[a-z]+$' },
    note: { type: 'string', nullable: true },
    ratio: { type: 'number' },
    on: { type: 'boolean' },
    port: { 'x-kubernetes-int-or-string': true },
    tags: { ...strings, 'x-kubernetes-list-type': 'set', 'maxItems': 3 },
    parts: {
      'type': 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      'items': { type: 'object', required: ['name'], properties: { name: text, count: { type: 'integer', default: 1 } } },
    },
    labels: { type: 'object', additionalProperties: text },
    free: { 'type': 'object', 'x-kubernetes-preserve-unknown-fields': true },
    limits: { type: 'object', default: { cpu: 2 }, properties: { cpu: { type: 'integer' } } },
    when: { type: 'string', format: 'date-time' },
  },
}

const status = { type: 'object', properties: { phase: text, seen: { type: 'integer' } } }
const top = (properties: object) => ({ openAPIV3Schema: { type: 'object', description: 'Gadget is a thing to try the API with.', properties } })

/** Namespaced, with a status subresource, printer columns, a selectable field, and a deprecated older version. */
export function gadgetsCrd(group: string): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `gadgets.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'gadgets', singular: 'gadget', kind: 'Gadget', listKind: 'GadgetList', shortNames: ['gd'], categories: ['contract'] },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: top({ spec, status }),
          subresources: { status: {} },
          selectableFields: [{ jsonPath: '.spec.color' }],
          additionalPrinterColumns: [
            { name: 'Size', type: 'integer', jsonPath: '.spec.size', description: 'How big it is.' },
            { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
            { name: 'Color', type: 'string', jsonPath: '.spec.color', priority: 1 },
            { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
          ],
        },
        {
          name: 'v1alpha1',
          served: true,
          storage: false,
          deprecated: true,
          schema: top({ spec, status }),
          subresources: { status: {} },
          selectableFields: [{ jsonPath: '.spec.color' }],
        },
      ],
    },
  }
}

/** Namespaced, without a status subresource: status is a field like any other. */
export function widgetsCrd(group: string): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `widgets.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      versions: [{ name: 'v1', served: true, storage: true, schema: top({ spec: { type: 'object', properties: { size: { type: 'integer' } } }, status }) }],
    },
  }
}

/** Cluster-scoped, its fields unknown to the server. */
export function vaultsCrd(group: string): object {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `vaults.${group}` },
    spec: {
      group,
      scope: 'Cluster',
      names: { plural: 'vaults', singular: 'vault', kind: 'Vault', listKind: 'VaultList' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { 'type': 'object', 'x-kubernetes-preserve-unknown-fields': true } } }],
    },
  }
}
