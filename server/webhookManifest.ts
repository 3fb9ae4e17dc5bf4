import { readFileSync } from 'node:fs'
import { dumpYaml } from '@kubernetes/client-node'
import { firstLine, UsageError } from './usageError.ts'
import { webhookAuthority } from './webhookCertificate.ts'

/** Where images are judged, on the webhook's own port. */
export const WEBHOOK_PATH = '/admission/images'

const NAME = 'images.guardrails.harvesterhci.io'
const DNS_LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/

/** How the API server finds the webhook. */
export type WebhookPlace
  = | { readonly url: string }
    | { readonly service: { readonly namespace: string, readonly name: string, readonly port: number, readonly path: string } }

/** Reads `https://HOST:PORT` or `NAMESPACE/SERVICE[:PORT]` (443 by default); throws UsageError for what the API server would not take. */
export function readPlace(text: string): WebhookPlace {
  if (text.includes('://')) {
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (url?.protocol !== 'https:' || url.username || url.password || url.search || url.hash)
      throw new UsageError(`${text} is not where an API server can find a webhook: https://HOST:PORT, without user, query and fragment`)
    return { url: `${url.origin}${url.pathname === '/' ? WEBHOOK_PATH : url.pathname}` }
  }
  const [, namespace = '', name = '', port = '443'] = /^([^/]*)\/([^/:]*)(?::(\d{1,5}))?$/.exec(text) ?? []
  if (!DNS_LABEL.test(namespace) || !DNS_LABEL.test(name) || Number(port) < 1 || Number(port) > 65535)
    throw new UsageError(`'${text}' is not where an API server can find a webhook: https://HOST:PORT or NAMESPACE/SERVICE[:PORT]`)
  return { service: { namespace, name, port: Number(port), path: WEBHOOK_PATH } }
}

/**
 * The configuration that makes the API server ask, for `kubectl apply`. Whoever does not answer within five seconds is
 * passed over, so that a console that is down stops nobody. `authority` is the PEM of what signed the webhook's certificate.
 */
export function webhookManifest(place: WebhookPlace, authority: string): object {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: NAME },
    webhooks: [{
      name: NAME,
      clientConfig: { ...place, caBundle: Buffer.from(authority).toString('base64') },
      rules: [{ apiGroups: ['harvesterhci.io'], apiVersions: ['v1beta1'], operations: ['CREATE'], resources: ['virtualmachineimages'], scope: 'Namespaced' }],
      admissionReviewVersions: ['v1'],
      matchPolicy: 'Equivalent',
      sideEffects: 'None',
      timeoutSeconds: 5,
      failurePolicy: 'Ignore',
    }],
  }
}

/**
 * The configuration as YAML. Without a file of the authority it is the webhook's own, which signs for the addresses of this
 * machine only. Throws UsageError for what the operator can mend.
 */
export async function printWebhookManifest({ place: text, ca }: { readonly place: string, readonly ca?: string }, folder: string, now: Date): Promise<string> {
  const place = readPlace(text)
  if (ca === undefined && 'service' in place)
    throw new UsageError(`the webhook's own certificate is not for a service: name the authority of ${place.service.name}.${place.service.namespace}.svc with --webhook-ca FILE`)
  const authority = ca === undefined ? (await webhookAuthority(folder, now)).cert : readAuthorityFile(ca)
  return dumpYaml(webhookManifest(place, authority)).trimEnd()
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
