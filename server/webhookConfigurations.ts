import type { KubeObject } from '#kube/object.ts'
import { defineResource } from '#kube/resource.ts'
import type { GuardHook } from '#volumes/guardCoverage.ts'

/** Only the fields that are looked at. */
export interface Webhook extends GuardHook {
  readonly name: string
  readonly failurePolicy?: string
  readonly clientConfig: { readonly url?: string, readonly service?: { readonly namespace: string, readonly name: string, readonly port?: number, readonly path?: string }, readonly caBundle?: string }
}
interface Configuration extends KubeObject { readonly webhooks?: readonly Webhook[] }
export const VALIDATING = defineResource<Configuration>('admissionregistration.k8s.io/v1', 'ValidatingWebhookConfiguration', 'validatingwebhookconfigurations', 'cluster')
export const MUTATING = defineResource<Configuration>('admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration', 'mutatingwebhookconfigurations', 'cluster')
