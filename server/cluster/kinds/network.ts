import type { KindDefinition } from './shapes.ts'
import { conditions, object, shape, texts } from './shapes.ts'

// Source of names: k8snetworkplumbingwg/multi-net-spec, harvester/harvester-network-controller.

const attachmentDefinition: KindDefinition = {
  group: 'k8s.cni.cncf.io', versions: ['v1'], kind: 'NetworkAttachmentDefinition', plural: 'network-attachment-definitions', singular: 'network-attachment-definition', shortNames: ['net-attach-def'],
  schema: object('A network that VMs and pods can be put in.', { spec: shape('How.', texts({ config: 'CNI configuration as JSON.' })) }),
}

const clusterNetwork: KindDefinition = {
  group: 'network.harvesterhci.io', versions: ['v1beta1'], kind: 'ClusterNetwork', plural: 'clusternetworks', shortNames: ['cn', 'cns'], cluster: true,
  schema: object('A physical network that the nodes share.', { status: shape('How it is.', { conditions: conditions(texts({ lastTransitionTime: 'When the status last changed.', lastUpdateTime: 'When the entry was last written.' })) }) }),
}

export const NETWORK_KINDS: readonly KindDefinition[] = [attachmentDefinition, clusterNetwork]
