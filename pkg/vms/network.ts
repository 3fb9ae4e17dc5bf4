import type { KubeObject } from '#kube/object.ts'
import { defineResource } from '#kube/resource.ts'

/** A network that VMs can be put on. Source: k8snetworkplumbingwg/network-attachment-definition-client. */
export interface NetworkAttachmentDefinition extends KubeObject {
  readonly spec?: { readonly config?: string }
}
export const NETWORKS = defineResource<NetworkAttachmentDefinition>('k8s.cni.cncf.io/v1', 'NetworkAttachmentDefinition', 'network-attachment-definitions')
