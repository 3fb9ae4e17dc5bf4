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

/** Writes into the intent of an export on whose behalf it is carried out (`signIntent`). Everything else is let through as it is. */
export function admitRequester({ operation, resource, namespace, user, object, oldObject }: AdmissionRequest): AdmissionAnswer {
  const claim = WRITTEN.includes(resource) && ['CREATE', 'UPDATE'].includes(operation) ? readObject<PersistentVolumeClaim>(object, namespace) : undefined
  const old = operation === 'UPDATE' ? readObject<PersistentVolumeClaim>(oldObject, namespace) : undefined
  const [before, after] = [old, claim].map(each => each?.metadata.annotations?.[EXPORT_ANNOTATION])
  if (!claim || after === undefined || after === before)
    return LET_THROUGH
  const signature = signIntent(before, after, user)
  if (signature.state === 'signed')
    return { warnings: [], patch: [{ op: 'replace', path: jsonPointer('metadata', 'annotations', EXPORT_ANNOTATION), value: signature.text }] }
  if (signature.state === 'as-written')
    return LET_THROUGH
  const message = `this export was asked for by ${quoted(signature.requester)}, and its ${signature.field} stays as it was: give it up in the console (Start now) and begin another.`
  return { warnings: [], refusal: refuse(403, message, { group: '', kind: CLAIMS.kind, name: claim.metadata.name }) }
}
