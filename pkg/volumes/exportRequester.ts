import type { ExportIntent, Identity } from './exportIntent.ts'
import { parseIntent } from './exportIntentText.ts'

// On whose behalf an export is carried out, as the API server knows him: part of the intent, written by a mutating webhook
// and by nobody else. The console knows only what somebody says he is called.

/** As in authentication/v1 UserInfo. */
export interface Requester extends Identity { readonly name: string }

/** What was asked for, which stays as it was: whoever changes it has somebody else's rights used for what he wants. */
const ASKED = ['claimUid', 'image', 'storageClass', 'vms', 'restart', 'startedAt', 'ifCutOff', 'backupFirst', 'deadline', 'runningAcknowledged'] as const satisfies readonly (keyof ExportIntent)[]

/** Who decided that, which is told of nobody else: the power of a guest is cut with the rights of him alone who said so. */
const DECIDED = ['abandonedBy', 'forcedBy'] as const satisfies readonly (keyof ExportIntent)[]

type Fields = Readonly<Record<string, unknown>>
export type Signature
  = | { readonly state: 'as-written' }
    | { readonly state: 'signed', readonly text: string }
    | { readonly state: 'refused', readonly requester: string, readonly field: typeof ASKED[number] }

/**
 * The intent with its requester, from the annotation as it was (`before`) and as it is to be. A new intent is the writer's
 * own. One that is there already keeps its requester, whatever the writer says, and may only be added to; who decides on
 * the way is the writer too, once and for good. One that began before the webhook was asked has nobody who vouches for it,
 * and gets none later. What is no JSON object is no intent (`readIntent`) and is left alone.
 */
export function signIntent(before: string | undefined, after: string, writer: Requester): Signature {
  const intent = fieldsOf(after)
  if (!intent)
    return { state: 'as-written' }
  const old = fieldsOf(before)
  if (!old || typeof old.id !== 'string' || old.id !== intent.id) {
    const { name, ...identity } = writer
    return signed(after, { ...intent, ...decisionsOf({}, intent, writer), requester: name, identity })
  }
  const { requester, identity } = old
  const [was, is] = [asRead(old), asRead(intent)]
  const changed = identity === undefined ? undefined : ASKED.find(field => !isSame(was[field], is[field]))
  if (changed)
    return { state: 'refused', requester: typeof requester === 'string' ? requester : '', field: changed }
  return signed(after, { ...intent, ...decisionsOf(old, intent, writer), requester, identity })
}

/** As everybody reads it who carries it out, and writes it back: a script may have left out what is the same unsaid. */
function asRead(intent: Fields): Fields {
  const read: object = parseIntent(intent, { namespace: '', name: '' }) ?? intent
  return read as Fields
}

function decisionsOf(old: Fields, intent: Fields, { name }: Requester): Fields {
  return Object.fromEntries(DECIDED.map(field => [field, old[field] ?? (intent[field] === undefined ? undefined : name)]))
}

function signed(after: string, intent: Fields): Signature {
  const text = JSON.stringify(intent)
  return text === after ? { state: 'as-written' } : { state: 'signed', text }
}

/** Whether two values that were read as JSON say the same: a client may write the keys in another order. */
function isSame(one: unknown, other: unknown): boolean {
  if (!isObject(one) || !isObject(other) || Array.isArray(one) !== Array.isArray(other))
    return one === other
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].every(key => isSame(one[key], other[key]))
}

function isObject(read: unknown): read is Fields {
  return typeof read === 'object' && read !== null
}

function fieldsOf(text: string | undefined): Fields | undefined {
  try {
    const read: unknown = JSON.parse(text ?? 'null')
    return isObject(read) && !Array.isArray(read) ? read : undefined
  }
  catch {
    return undefined
  }
}
