import { CLAIMS, STORAGE_CLASSES } from '#kube/core.ts'
import { CLAIM_TEMPLATES_ANNOTATION, VMS } from '#vms/vm.ts'
import type { VirtualMachine } from '#vms/vm.ts'
import { isGolden } from '#volumes/volume.ts'
import type { JsonObject, JsonValue } from '../json.ts'
import { fieldAt } from '../json.ts'
import type { Asked, Refusal, Rule, Sight } from './rule.ts'
import { invalid, noteOf, refusing } from './rule.ts'
import { RESERVED_ANNOTATION, quantityIn } from './vmMutation.ts'

// harvester pkg/webhook/resources/virtualmachine/validator.go, as far as the console meets it.

function refusalOfTemplates({ object }: Asked): Refusal | undefined {
  const text = noteOf(object, 'annotations', CLAIM_TEMPLATES_ANNOTATION)
  const refuse = (because: string) => invalid(`the volumeClaimTemplates annotaion is invalid: ${because}`, 'metadata.annotations')
  if (!text)
    return undefined
  try {
    const entries = JSON.parse(text) as JsonValue
    return Array.isArray(entries) && entries.some(entry => !fieldAt(entry, 'metadata.name')) ? refuse('PVC name is required') : undefined
  }
  catch {
    return refuse(wordsOfGo(text))
  }
}

/** Go's words on a text that is no JSON; only of how it begins. */
function wordsOfGo(text: string): string {
  const literal = ['null', 'true', 'false'].find(word => word[0] === text[0]) ?? ''
  const wrong = [...literal].findIndex((letter, index) => text[index] !== letter)
  return literal && text[wrong] ? `invalid character '${text[wrong]}' in literal ${literal} (expecting '${literal[wrong] ?? ''}')` : `invalid character '${text[0] ?? ''}' looking for beginning of value`
}

/** Claims of the VM's volumes; DataVolumes are not looked at. */
function claimsOf(vm: JsonObject): string[] {
  const volumes = fieldAt(vm, 'spec.template.spec.volumes')
  return (Array.isArray(volumes) ? volumes : []).flatMap(volume => {
    const name = fieldAt(volume, 'persistentVolumeClaim.claimName')
    return typeof name === 'string' ? name : []
  })
}

function refusalOfGolden({ object, namespace, sight }: Asked): Refusal | undefined {
  const golden = claimsOf(object).find(name => {
    const claim = sight.get(CLAIMS, `${namespace}/${name}`)
    return claim && isGolden(claim)
  })
  return golden === undefined ? undefined : invalid(`PVC ${namespace}/${golden} is a golden image, it can't be used as a volume in VM`, 'spec.templates.spec.volumes')
}

function refusalOfSharing({ object, namespace, sight }: Asked): Refusal | undefined {
  const name = fieldAt(object, 'metadata.name')
  const others = sight.all(VMS).filter(({ metadata }) => metadata.namespace === namespace && metadata.name !== name)
  const taken = claimsOf(object).find(claim => !isShareable(`${namespace}/${claim}`, sight) && others.some(vm => hasForItself(vm, claim)))
  return taken === undefined ? undefined : invalid(`PVC ${namespace}/${taken} is already used by other VM, please use a shareable RWX volume.`, 'spec.templates.spec.volumes')
}

/** A volume of Longhorn is none that VMs can share; a claim that is not there yet is nobody's. */
function isShareable(key: string, sight: Sight): boolean {
  const claim = sight.get(CLAIMS, key)
  const provisioner = sight.get(STORAGE_CLASSES, claim?.spec?.storageClassName)?.provisioner
  return !claim || (provisioner !== 'driver.longhorn.io' && (claim.spec?.accessModes ?? []).includes('ReadWriteMany'))
}

function hasForItself({ spec: { template } }: VirtualMachine, claim: string): boolean {
  const volume = template.spec.volumes?.find(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === claim)
  return volume !== undefined && !template.spec.domain?.devices?.disks?.some(({ name, shareable }) => name === volume.name && shareable)
}

function refusalOfMemory({ object }: Asked): Refusal | undefined {
  const limit = quantityIn(fieldAt(object, 'spec.template.spec.domain.resources.limits.memory'))
  if (!limit && !quantityIn(fieldAt(object, 'spec.template.spec.domain.memory.guest')))
    return invalid('either memory.guest or resources.limits.memory must be set', 'spec.template.spec.domain')
  const reserved = quantityIn(noteOf(object, 'annotations', RESERVED_ANNOTATION))
  return limit && reserved && reserved >= limit ? invalid('reservedMemory cannot be equal or greater than limits.memory', `metadata.annotations[${RESERVED_ANNOTATION}]`) : undefined
}

export const VM_RULES: readonly Rule[] = [refusing(VMS, ['CREATE', 'UPDATE'], refusalOfTemplates, refusalOfGolden, refusalOfSharing, refusalOfMemory)]
