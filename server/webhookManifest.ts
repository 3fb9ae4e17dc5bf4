import { readFileSync } from 'node:fs'
import { dumpYaml } from '@kubernetes/client-node'
import { EXPORT_ANNOTATION } from '#volumes/exportIntentText.ts'
import { firstLine, UsageError } from './usageError.ts'
import { webhookAuthority } from './webhookCertificate.ts'

/** What is answered on the webhook's own port, and where. */
export const WEBHOOK_PATHS = { images: '/admission/images', exports: '/admission/exports', starts: '/admission/starts', requester: '/admission/requester', state: '/admission/state' } as const

const IMAGES_NAME = 'images.guardrails.harvesterhci.io'
/** By these names the guard's entries are found again, whoever has put them where. */
export const GUARD_NAMES = { exports: 'exports.guardrails.harvesterhci.io', starts: 'starts.guardrails.harvesterhci.io', requester: 'requester.guardrails.harvesterhci.io' } as const
/** On all configurations of ours, to delete them by. */
const LABELS = { 'app.kubernetes.io/part-of': 'harvester-guardrails' }
/** Where the cluster's own VMs and volumes are, if any: a guard that is ill must not keep them off. */
const SYSTEM_NAMESPACES = ['kube-system', 'kube-public', 'kube-node-lease', 'harvester-system', 'longhorn-system', 'cattle-system', 'fleet-local', 'kubevirt', 'cdi']
/** The name of a namespace or a service. */
export const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/

/** How the API server finds the webhook. */
export type WebhookPlace
  = | { readonly url: string }
    | { readonly service: { readonly namespace: string, readonly name: string, readonly port: number, readonly path?: string } }

/** Reads `https://HOST:PORT[/BEHIND]` or `NAMESPACE/SERVICE[:PORT]` (443 by default); throws UsageError for what the API server would not take. */
export function readPlace(text: string): WebhookPlace {
  if (text.includes('://')) {
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (url?.protocol !== 'https:' || url.username || url.password || url.search || url.hash)
      throw new UsageError(`${text} is not where an API server can find a webhook: https://HOST:PORT, without user, query and fragment`)
    return { url: url.href.replace(/\/+$/, '') }
  }
  const [, namespace = '', name = '', port = '443'] = /^([^/]*)\/([^/:]*)(?::(\d{1,5}))?$/.exec(text) ?? []
  if (!DNS_LABEL.test(namespace) || !DNS_LABEL.test(name) || Number(port) < 1 || Number(port) > 65535)
    throw new UsageError(`'${text}' is not where an API server can find a webhook: https://HOST:PORT or NAMESPACE/SERVICE[:PORT]`)
  return { service: { namespace, name, port: Number(port) } }
}

function placeOf(place: WebhookPlace, path: string): WebhookPlace {
  return 'url' in place ? { url: place.url + path } : { service: { ...place.service, path } }
}

/** What of it all the operator wants, and where. */
export interface ManifestOptions {
  /** Whether exports of disks in use, and starts under an export, are refused. */
  readonly guard: boolean
  /** The only namespaces in which they are; all but the system's where absent. */
  readonly namespaces?: readonly string[]
  /** Whether the API server's word is taken for who asked for an export. */
  readonly requester: boolean
}

const rule = (group: string, version: string, operations: readonly string[], ...resources: readonly string[]) => ({ apiGroups: [group], apiVersions: [version], operations, resources, scope: 'Namespaced' })
const COMMON = { admissionReviewVersions: ['v1'], matchPolicy: 'Equivalent', sideEffects: 'None' } as const

const HAS_CLAIMS = '(has(object.spec.volumes) && object.spec.volumes.exists(v, has(v.persistentVolumeClaim) || has(v.dataVolume) || has(v.ephemeral) || has(v.memoryDump))) || has(object.spec.utilityVolumes)'
const KEEPS_STATE = '(has(object.spec.domain.devices) && has(object.spec.domain.devices.tpm) && has(object.spec.domain.devices.tpm.persistent) && object.spec.domain.devices.tpm.persistent) || (has(object.spec.domain.firmware) && has(object.spec.domain.firmware.bootloader) && has(object.spec.domain.firmware.bootloader.efi) && has(object.spec.domain.firmware.bootloader.efi.persistent) && object.spec.domain.firmware.bootloader.efi.persistent)'
const RERUN = (object: string) => `has(${object}.spec.runStrategy) && ${object}.spec.runStrategy == 'RerunOnFailure'`
const ANNOTATION = `'${EXPORT_ANNOTATION}'`
const annotated = (object: string) => `has(${object}.metadata.annotations) && ${ANNOTATION} in ${object}.metadata.annotations`

/**
 * The configurations that make the API server ask, for `kubectl apply`. Who does not answer in time is passed over, so that
 * a console that is down stops nobody; but for `requester`: an intent that nobody vouches for would be taken for one that
 * somebody does. `authority` is the PEM of what signed the webhook's certificate.
 */
export function webhookManifests(place: WebhookPlace, authority: string, { guard, namespaces, requester }: ManifestOptions): object[] {
  const clientConfig = (path: string) => ({ ...placeOf(place, path), caBundle: Buffer.from(authority).toString('base64') })
  const configuration = (kind: string, name: string, webhooks: readonly object[]) => ({ apiVersion: 'admissionregistration.k8s.io/v1', kind, metadata: { name, labels: LABELS }, webhooks })
  const namespaceSelector = { matchExpressions: [{ key: 'kubernetes.io/metadata.name', ...(namespaces ? { operator: 'In', values: namespaces } : { operator: 'NotIn', values: SYSTEM_NAMESPACES }) }] }
  const guarding = { ...COMMON, namespaceSelector, timeoutSeconds: 3, failurePolicy: 'Ignore' }
  const images = {
    name: IMAGES_NAME, clientConfig: clientConfig(WEBHOOK_PATHS.images), ...COMMON, timeoutSeconds: 5, failurePolicy: 'Ignore',
    rules: [rule('harvesterhci.io', 'v1beta1', ['CREATE'], 'virtualmachineimages')],
  }
  const exports = {
    name: GUARD_NAMES.exports, clientConfig: clientConfig(WEBHOOK_PATHS.exports), ...guarding,
    rules: [rule('harvesterhci.io', 'v1beta1', ['CREATE'], 'virtualmachineimages')],
    matchConditions: [{ name: 'exported-from-a-volume', expression: 'object.spec.sourceType == \'export-from-volume\'' }],
  }
  const starts = {
    name: GUARD_NAMES.starts, clientConfig: clientConfig(WEBHOOK_PATHS.starts), ...guarding,
    rules: [rule('kubevirt.io', 'v1', ['CREATE', 'UPDATE'], 'virtualmachineinstances'), rule('kubevirt.io', 'v1', ['UPDATE'], 'virtualmachines')],
    matchConditions: [
      { name: 'takes-claims', expression: `request.resource.resource != 'virtualmachineinstances' || (${HAS_CLAIMS}) || ${KEEPS_STATE}` },
      // virt-handler writes the status of a running instance all the time, and KubeVirt that of a VM.
      { name: 'takes-disks-anew', expression: `request.operation != 'UPDATE' || (request.resource.resource == 'virtualmachineinstances' ? object.spec != oldObject.spec : (object.spec.template != oldObject.spec.template || (${RERUN('object')} && !(${RERUN('oldObject')}))))` },
    ],
  }
  const requesting = {
    name: GUARD_NAMES.requester, clientConfig: clientConfig(WEBHOOK_PATHS.requester), ...COMMON, reinvocationPolicy: 'IfNeeded', timeoutSeconds: 3, failurePolicy: 'Fail',
    rules: [rule('', 'v1', ['CREATE', 'UPDATE'], 'persistentvolumeclaims', 'persistentvolumeclaims/status')],
    // To take the intent off needs nobody's word, so that it can be done while the webhook is down.
    matchConditions: [{ name: 'writes-an-intent', expression: `${annotated('object')} && (request.operation == 'CREATE' || !(${annotated('oldObject')}) || object.metadata.annotations[${ANNOTATION}] != oldObject.metadata.annotations[${ANNOTATION}])` }],
  }
  return [
    configuration('ValidatingWebhookConfiguration', IMAGES_NAME, [images]),
    ...(guard ? [configuration('ValidatingWebhookConfiguration', GUARD_NAMES.exports, [exports, starts])] : []),
    ...(requester ? [configuration('MutatingWebhookConfiguration', GUARD_NAMES.requester, [requesting])] : []),
  ]
}

/**
 * The configurations as YAML. Without a file of the authority it is the webhook's own, which signs for the addresses of this
 * machine only. Throws UsageError for what the operator can mend.
 */
export async function printWebhookManifest({ place: text, ca, ...options }: ManifestOptions & { readonly place: string, readonly ca?: string }, folder: string, now: Date): Promise<string> {
  const place = readPlace(text)
  if (ca === undefined && 'service' in place)
    throw new UsageError(`the webhook's own certificate is not for a service: name the authority of ${place.service.name}.${place.service.namespace}.svc with --webhook-ca FILE`)
  const authority = ca === undefined ? (await webhookAuthority(folder, now)).cert : readAuthorityFile(ca)
  return webhookManifests(place, authority, options).map(manifest => dumpYaml(manifest).trimEnd()).join('\n---\n')
}

function readAuthorityFile(file: string): string {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  }
  catch (error) {
    throw new UsageError(`--webhook-ca ${file} cannot be read: ${firstLine(error)}`)
  }
  const certificates = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)
  if (!certificates)
    throw new UsageError(`--webhook-ca ${file} holds no certificate (PEM)`)
  return `${certificates.join('\n')}\n`
}
