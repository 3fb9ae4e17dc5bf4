import { CLAIMS, NODES, PODS, VOLUME_ATTACHMENTS } from '#kube/core.ts'
import type { KubeObject } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import { LONGHORN_NAMESPACE, LONGHORN_VOLUMES } from '#health/longhorn.ts'
import { IMAGES } from '#images/image.ts'
import { useI18n } from '#sdk/i18n.ts'
import type { ObjectReference, Tone, VerdictReason } from '#sdk/verdict.ts'
import { VMIS, VMS } from '#vms/vm.ts'
import { VM_BACKUPS, VM_RESTORES } from '#vms/vmBackup.ts'
import { VM_EXPORTS } from '#vms/vmExport.ts'
import { DATA_VOLUMES } from './dataVolume.ts'
import type { ExportIntent } from './exportIntent.ts'
import { exportImageKey } from './exportedImage.ts'
import type { ExportSafetyWord } from './exportSafety.ts'
import type { StepReason } from './exportStep.ts'
import { VOLUME_SNAPSHOTS } from './volumeSnapshot.ts'

export const SAFETY_TONES: Readonly<Record<ExportSafetyWord, Tone>> = { 'at-rest': 'ok', 'detaching': 'progress', 'in-use': 'attention', 'will-start': 'attention', 'unknown': 'unknown' }

/** By the field of a reason, in the order in which a sentence names them. */
const KINDS: Readonly<Record<string, Resource>> = { pod: PODS as Resource, vmi: VMIS as Resource, vm: VMS as Resource, claim: CLAIMS as Resource, attachment: VOLUME_ATTACHMENTS as Resource, node: NODES as Resource, image: IMAGES as Resource, dataVolume: DATA_VOLUMES as Resource, snapshot: VOLUME_SNAPSHOTS as Resource, backup: VM_BACKUPS as Resource, restore: VM_RESTORES as Resource, vmExport: VM_EXPORTS as Resource }

function reference(resource: Resource<KubeObject>, key: string): ObjectReference {
  const slash = key.indexOf('/')
  return slash < 0 ? { resource, name: key } : { resource, namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

/** Turns the reasons of an export into sentences that name their objects. */
export function useExportWords() {
  const { t, te } = useI18n()

  function reasonOf(reason: StepReason): VerdictReason {
    return sentence(reason, keyOf(reason))
  }

  /** What is said differently of the same, as far as it is known. */
  function keyOf(reason: StepReason): string {
    if (reason.code === 'waiting-for-guest' && reason.leftSeconds !== undefined)
      return 'waiting-for-guest-left'
    if (reason.code === 'not-seen')
      return `not-seen-${reason.state}`
    return reason.code === 'attached' && reason.ending ? 'attached-ending' : reason.code
  }

  /** The same where this console does not carry the export out, and perhaps nobody does: what is to be sent is not said to be under way. */
  function waitingOf(reason: StepReason): VerdictReason {
    return reason.code === 'stopping-vm' || reason.code === 'starting-vm' ? sentence(reason, `${reason.code}-waiting`) : reasonOf(reason)
  }

  function sentence(reason: StepReason, key: string): VerdictReason {
    const facts: Record<string, unknown> = { ...reason }
    const objects = Object.entries(KINDS).flatMap(([field, resource]) => typeof facts[field] === 'string' && !(field === 'attachment' && 'node' in facts) ? [reference(resource, facts[field])] : [])
    const longhorn = 'volume' in reason ? [{ resource: LONGHORN_VOLUMES as Resource, namespace: LONGHORN_NAMESPACE, name: reason.volume }] : []
    const where = typeof facts.namespace === 'string' ? t('volumes.fact.inNamespace', { namespace: facts.namespace }) : t('volumes.fact.inCluster')
    const text = t(`volumes.because.${key}`, { ...facts, where, ...wordsOf(facts) })
    return { text: typeof facts.message === 'string' ? `${text} ${facts.message}` : text, objects: [...objects, ...longhorn] }
  }

  /** The words for what the cluster says in one: strategies, phases, states. What has no word of ours stays as it came. */
  function wordsOf(facts: Readonly<Record<string, unknown>>): Record<string, string> {
    const { strategy, phase, state, with: work } = facts
    const said = { strategy: [strategy, `vms.strategy.${String(strategy)}`], phase: [phase, `volumes.fact.phase.${String(phase)}`], state: [state, `volumes.fact.state.${String(state)}`], with: [work, `volumes.fact.with.${String(work)}`] } as const
    return Object.fromEntries(Object.entries(said).flatMap(([field, [fact, key]]) => fact !== undefined && te(key) ? [[field, t(key)]] : []))
  }

  /** The reasons of an export with its image by the name that it was given; in the cluster it has another. */
  const named = (reasons: readonly VerdictReason[], intent: ExportIntent): VerdictReason[] =>
    reasons.map(reason => ({ ...reason, objects: reason.objects?.map(object => `${object.namespace}/${object.name}` === exportImageKey(intent) ? { ...object, label: intent.image.displayName } : object) }))

  /** Several reasons where there is one line for all, and no place for links. */
  const inOneLine = (reasons: readonly VerdictReason[]): string => reasons.map(({ text, objects = [] }) => [text, ...objects.map(({ name, label }) => label ?? name)].join(' ')).join(' · ')

  return { reasonOf, waitingOf, named, inOneLine }
}
