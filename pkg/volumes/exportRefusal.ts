import type { Write } from '#kube/write.ts'
import { readRefusedAnswer } from './exportAnswer.ts'

/** What a failed write means: somebody was `faster`, so look again; it may pass `later`; or the cluster has `refused` it. */
type WriteFailure = 'faster' | 'later' | 'refused'

interface Failed { readonly status: number, readonly reason: string, readonly message: string }

/** Harvester's CDI check reads its own cache of pods, which may be seconds behind the watch (harvester pkg/image/common/validator.go CheckPVCInUse). */
const IN_USE = /is used by Pods .*cannot export volume when it's running/
/** How often it may say so before it is believed: its index joins namespace and name by a dash, and may confuse two claims for good. */
const IN_USE_TRIES = 12

/**
 * A JSON patch that does not fit the object as it is now, a failed `test` above all, is answered without its reason and before the
 * result is looked at (k8s.io/apiserver pkg/endpoints/handlers/patch.go). What is wrong with the result is 422 too, in words of its own.
 */
const MISFITTING_PATCH = 'the server rejected our request due to an error in our request'

/** Whether Harvester, or our own guard, refused the image because the disk is not at rest: expected as long as the VM runs. */
export function isRefusedInUse({ message }: Pick<Failed, 'message'>): boolean {
  const word = readRefusedAnswer(message)?.word
  return IN_USE.test(message) || word === 'in-use' || word === 'will-start' || word === 'detaching'
}

/**
 * What the failure of a write of the protocol means. `tries`: how often it has failed in the same way before.
 * A refusal by admission is none that passes, whatever its code (Harvester's are 400, 409, 422 and 500); a JSON
 * patch whose `test` fails is 422, and so is one that leaves an object the cluster does not take, which is none that passes; a start of what runs already is 409, and one that the cluster has no API for is 404.
 */
export function judgeWriteFailure(error: Failed, write: Write, tries = 0): WriteFailure {
  const { status, reason, message } = error
  // Our guard may have been unable to look for a moment.
  if (isRefusedInUse(error) || readRefusedAnswer(message)?.word === 'unknown')
    return tries < IN_USE_TRIES ? 'later' : 'refused'
  if (message.includes('admission webhook') && message.includes('denied the request'))
    return 'refused'
  if (status === 0 || status >= 500 || status === 429)
    return 'later'
  if (write.act === 'create')
    return reason === 'AlreadyExists' ? 'faster' : 'refused'
  if (write.act === 'call')
    return status === 409 || (status === 404 && message.includes(write.at.name)) ? 'faster' : 'refused'
  return status === 409 || status === 404 || (status === 422 && message.includes(MISFITTING_PATCH)) ? 'faster' : 'refused'
}
