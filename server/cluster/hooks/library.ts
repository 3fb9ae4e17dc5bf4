import { defineResource } from '#kube/resource.ts'
import { TEMPLATE_VERSIONS } from '#images/imageUsers.ts'
import type { Asked, Refusal, Rule } from './rule.ts'
import { invalid, refusing, textAt } from './rule.ts'

// harvester pkg/webhook/resources/{keypair,templateversion}.

export const TEMPLATES = defineResource('harvesterhci.io/v1beta1', 'VirtualMachineTemplate', 'virtualmachinetemplates')
const KEY_PAIRS = defineResource('harvesterhci.io/v1beta1', 'KeyPair', 'keypairs')

/** A key says of itself again what kind it is: the blob begins with that word and its length (golang.org/x/crypto/ssh ParseAuthorizedKey). */
function isPublicKey(text: string): boolean {
  const [kind = '', blob = ''] = text.trim().split(/\s+/)
  const bytes = Buffer.from(blob, 'base64')
  return bytes.length > 4 && bytes.subarray(4, 4 + bytes.readUInt32BE()).toString() === kind
}

function refusalOfKey({ object }: Asked): Refusal | undefined {
  const key = textAt(object, 'spec.publicKey')
  if (!key)
    return invalid('public key is required', 'spec.publicKey')
  return isPublicKey(key) ? undefined : invalid('key is not in valid OpenSSH public key format', 'spec.publicKey')
}

function refusalOfTemplate({ object, namespace, sight }: Asked): Refusal | undefined {
  const id = textAt(object, 'spec.templateId')
  const [home = '', name = ''] = id.split('/')
  if (home !== namespace)
    return invalid('Template version and template should reside in the same namespace', 'metadata.namespace')
  return !sight.has(TEMPLATES) || sight.get(TEMPLATES, id) ? undefined : invalid(`virtualmachinetemplates.harvesterhci.io "${name}" not found`, 'spec.templateId')
}

export const TEMPLATE_MUTATION: Rule = refusing(TEMPLATE_VERSIONS, ['CREATE'], ({ object }) => textAt(object, 'spec.templateId') ? undefined : invalid('TemplateId is empty', 'spec.templateId'))
export const LIBRARY_RULES: readonly Rule[] = [
  refusing(KEY_PAIRS, ['CREATE', 'UPDATE'], refusalOfKey),
  refusing(TEMPLATE_VERSIONS, ['CREATE'], refusalOfTemplate),
]
