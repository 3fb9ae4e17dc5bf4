import { CLAIMS } from '#kube/core.ts'
import type { PersistentVolumeClaim } from '#kube/core.ts'
import { jsonPointer } from '#kube/write.ts'
import { EXPORT_ANNOTATION } from '#volumes/exportIntentText.ts'
import { signIntent } from '#volumes/exportRequester.ts'
import type { AdmissionAnswer, AdmissionRequest } from './admissionReview.ts'
import { readObject, refuse } from './admissionReview.ts'
import { LET_THROUGH } from './exportAdmission.ts'
import { quoted } from './imageSentences.ts'

/** Annotations can be written through `/status` too. */
const WRITTEN = [CLAIMS.plural, `${CLAIMS.plural}/status`]

const PATH = jsonPointer('metadata', 'annotations', EXPORT_ANNOTATION)

/**
 * Writes into the intent of an export on whose behalf it is carried out (`signIntent`). Everything else is let through as it is.
 * An export begins with an UPDATE. What a claim is created with was written by whoever wrote the VM's claim template, or stood
 * on the claim of which it is a backup, and Harvester creates it with its own rights (harvester
 * pkg/controller/master/virtualmachine/vm_controller.go, createPVCsFromAnnotation; backup/restore.go, createRestoredPVC).
 */
export function admitRequester({ operation, resource, namespace, user, object, oldObject }: AdmissionRequest): AdmissionAnswer {
  const claim = WRITTEN.includes(resource) && ['CREATE', 'UPDATE'].includes(operation) ? readObject<PersistentVolumeClaim>(object, namespace) : undefined
  const old = operation === 'UPDATE' ? readObject<PersistentVolumeClaim>(oldObject, namespace) : undefined
  const [before, after] = [old, claim].map(each => each?.metadata.annotations?.[EXPORT_ANNOTATION])
  if (!claim || after === undefined || after === before)
    return LET_THROUGH
  if (operation === 'CREATE')
    return { warnings: [`a volume that is only being made is under no export: annotation ${EXPORT_ANNOTATION} was left out.`], patch: [{ op: 'remove', path: PATH }] }
  const signature = signIntent(before, after, user)
  if (signature.state === 'signed')
    return { warnings: [], patch: [{ op: 'replace', path: PATH, value: signature.text }] }
  if (signature.state === 'as-written')
    return LET_THROUGH
  const message = `this export was asked for by ${quoted(signature.requester)}, and its ${signature.field} stays as it was: choose "Abandon the export" in the console and begin another.`
  return { warnings: [], refusal: refuse(403, message, { group: '', kind: CLAIMS.kind, name: claim.metadata.name }) }
}
