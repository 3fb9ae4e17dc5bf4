import { closeWithAnswer } from '#volumes/exportAnswer.ts'
import { RUNNING_ACKNOWLEDGED_ANNOTATION } from '#volumes/exportedImage.ts'
import type { ExportHold } from '#volumes/exportHold.ts'
import { EXPORT_ANNOTATION } from '#volumes/exportIntentText.ts'
import type { ExportSafetyReason } from '#volumes/exportReason.ts'
import type { ExportSafety } from '#volumes/exportSafety.ts'
import { quoted } from './imageSentences.ts'
import type { Sentence } from './imageSentences.ts'

// What the export guard says, in English. Names come from the cluster and are DNS names; what people wrote is quoted.

/** So many reasons are told; the rest are counted. */
const MOST_REASONS = 6

function sentenceOf(reason: ExportSafetyReason): string {
  switch (reason.code) {
    case 'not-seen': return `${reason.resource} cannot be read (${reason.state})`
    case 'guest': return `VM ${reason.vmi} is on it (${reason.paused ? 'paused' : reason.phase || 'starting'}${reason.ending ? ', ending' : ''})`
    case 'guest-without-disk': return `VM ${reason.vmi} runs and takes it at its next start or when it is plugged in`
    case 'pod': return `pod ${reason.pod} holds it (${reason.phase || 'starting'})`
    case 'attached': return `it is attached to node ${reason.node}${reason.ending ? ' and being detached' : ''}`
    case 'longhorn-attached': return `Longhorn says that volume ${reason.volume} is ${reason.state}`
    case 'longhorn-busy': return `Longhorn is at work on volume ${reason.volume} (${reason.with})`
    case 'vm-wanted-on': return `VM ${reason.vm} starts by itself (run strategy ${reason.strategy})`
    case 'vm-start-requested': return `a start of VM ${reason.vm} was asked for`
    case 'vm-will-restart': return `VM ${reason.vm} is about to restart`
    case 'vm-terminating': return `VM ${reason.vm} is being deleted, and the volume may go with it`
    case 'vm-busy': return `VM ${reason.vm} is busy (${reason.with})`
    case 'vm-in-other-export': return `the export of volume ${reason.claim} has VM ${reason.vm} off and starts it when it ends`
    case 'instance-unseen': return `KubeVirt says that VM ${reason.vm} has an instance, and none is seen`
    case 'node-unresponsive': return `node ${reason.node} of VM ${reason.vmi} does not answer, so the guest may still run`
    case 'node-unreachable': return `node ${reason.node}, where it was last used, ${reason.fenced ? 'was lost and fenced' : 'does not answer'}, so what runs there cannot be known`
    case 'node-fenced': return `node ${reason.node} was lost and fenced, and a VM of this volume may have run there`
    case 'claim-deleting': return 'it is being deleted'
    case 'claim-resizing': return 'it is being made larger'
    case 'export-in-progress': return `image ${reason.image} is being exported from it`
    case 'clone-in-progress': return `DataVolume ${reason.dataVolume} is being cloned from it`
    case 'being-filled': return `DataVolume ${reason.dataVolume} still fills it, or has failed to`
    case 'snapshot-in-progress': return `snapshot ${reason.snapshot} of it is being taken`
    case 'vm-export-in-progress': return `VirtualMachineExport ${reason.vmExport} has it, or takes it as soon as it is free, until it is deleted or its time is over`
    case 'backup-in-progress': return `backup ${reason.backup} of VM ${reason.vm} is being taken`
    case 'restore-in-progress': return `restore ${reason.restore} gives VM ${reason.vm} other disks`
  }
}

function vmOf(reason: ExportSafetyReason): string | undefined {
  switch (reason.code) {
    case 'guest': case 'guest-without-disk': return reason.vmi
    case 'pod': case 'vm-wanted-on': case 'vm-start-requested': case 'vm-will-restart': return reason.vm
    default: return undefined
  }
}

/** What to do about it: shut down, wait, or give the guard the right to look. */
function adviceOn({ word, reasons }: ExportSafety): string {
  const vms = [...new Set(reasons.flatMap(reason => vmOf(reason) ?? []))]
  if (vms.length)
    return `Shut down ${vms.join(' and ')} (runStrategy: Halted), wait until the pod is gone and the volume detached, and export then; the console's export does all of it and starts the VM again.`
  const forbidden = reasons.flatMap(reason => reason.code === 'not-seen' && reason.state === 'forbidden' ? reason.resource : [])
  if (forbidden.length)
    return `What cannot be looked at is not called at rest: the guard's own account needs get and list of ${[...new Set(forbidden)].join(', ')}.`
  if (word === 'unknown')
    return 'What cannot be looked at is not called at rest: try again when it can, or make sure that the node is off.'
  return word === 'detaching' ? 'That takes some seconds: try again then.' : 'Wait until that is over, and export then.'
}

const CALLED = { 'in-use': 'is in use', 'will-start': 'is about to be used', 'detaching': 'is still being detached', 'unknown': 'may be in use' } as const

/** Why the volume is not exported, and what to do. `acknowledgeable`: it may be, torn, to whoever says that he knows. */
export function refusedExport(claim: string, safety: ExportSafety & { readonly word: keyof typeof CALLED }, acknowledgeable: boolean): string {
  const sentences = safety.reasons.map(sentenceOf)
  const rest = sentences.length - MOST_REASONS
  const why = [...sentences.slice(0, MOST_REASONS), ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ')
  const wayOut = acknowledgeable ? ` Who wants an image that is only as whole as after a power cut says so in its annotation ${RUNNING_ACKNOWLEDGED_ANNOTATION}: '{"who": "<name>", "when": "<RFC 3339 time>"}'.` : ''
  return closeWithAnswer(`volume ${claim} ${CALLED[safety.word]}: ${why}. ${adviceOn(safety)}${wayOut}`, { claim, word: safety.word })
}

/** CDI reads the claim of that name in the image's own namespace, whatever the image says (harvester pkg/image/cdi/common.go:81). */
export function foreignNamespace(claim: string, namespace: string): string {
  return `CDI would read the volume of that name in namespace ${namespace}, not ${claim}: create the image in the volume's namespace.`
}

/** An image that is only being made has nothing that whoever carries its export out could have found out. */
export function foundTooEarly(annotation: string): Sentence {
  return { field: 'metadata.annotations', text: `annotation ${annotation} says what is found out of an image after it was made, and nobody has looked at one that is only being made: create it without. The console notes it on the exports that it carries out.` }
}

/** By what is noted of the last pods it is found out who had the disk while it was read. Longhorn may have noted another's end between a look and the image: then the next try has it. */
export function otherPods(claim: string): string {
  return `the note on the image (annotation ${EXPORT_ANNOTATION}) does not say of the last pods on volume ${claim} what Longhorn says of them now: create it without lastPods. An export of the console's own is tried again.`
}

/** Why a start waits, short enough for the condition of a VM, and who can end it. */
export function heldStart({ claim, image, displayName, by, since, requester, progress, minutesLeft }: ExportHold): string {
  const begun = Number.isNaN(Date.parse(since)) ? '' : ` since ${new Date(since).toISOString().slice(0, 16).replace('T', ' ')} UTC`
  const who = requester ? `, asked for by ${quoted(requester)}` : ''
  const far = progress === undefined ? ', and its image is not begun' : `, ${progress} % read${minutesLeft === undefined ? '' : `, some ${minutesLeft} min left`}`
  const way = by === 'intent' ? 'choose "Abandon the export" in the console' : `delete image ${image}`
  return `volume ${claim} is being exported to image ${quoted(displayName)} (${image})${begun}${who}${far}. The VM may have it when that is over; to have it now, ${way}.`
}

/** An export and a start that were asked for in the same moment: the first has the disk. */
export function lostTurn(claim: string, { kind, who }: { readonly kind: 'export' | 'start', readonly who: string }): string {
  return kind === 'export'
    ? `volume ${claim} is being exported to image ${who}, which was asked for a moment ago. The VM may have it when that is over.`
    : `volume ${claim} is in use: VM ${who} was started on it a moment ago.`
}
