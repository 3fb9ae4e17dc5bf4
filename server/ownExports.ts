import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExportIntent, ExportNotes } from '#volumes/exportIntent.ts'
import { writeIntent } from '#volumes/exportIntent.ts'
import { parseIntent } from '#volumes/exportIntentText.ts'
import { ownFolder } from './folder.ts'

/** The exports that sessions of this console have begun or taken up: what the keeper may do with the session's credentials. */
export interface OwnExports {
  /** Those of a cluster, by its server's address and its context. */
  readonly of: (cluster: string) => readonly ExportIntent[]
  readonly keep: (cluster: string, intent: ExportIntent) => void
  readonly forget: (cluster: string, intent: ExportIntent) => void
}

/** What may become known on the way; every note is named here, or it would count as another wish. */
const UNKNOWN: Readonly<Record<keyof ExportNotes, undefined>> = {
  abandonedBy: undefined, refusal: undefined, calledOff: undefined, forcedBy: undefined, isBackedUp: undefined, backedUpAt: undefined, endings: undefined, madeAt: undefined, blindSince: undefined, isSettled: undefined, settledAt: undefined, nodes: undefined,
}

/**
 * What was asked for, without what became known on the way: a session stands for that, and not for what somebody who may
 * write to the claim has made of it since.
 */
export function askedFor(intent: ExportIntent): string {
  return writeIntent({ ...intent, ...UNKNOWN })
}

/** Kept in memory: of a demonstration, which ends with the server. */
export function ownExportsInMemory(): OwnExports {
  const kept = new Map<string, { readonly cluster: string, readonly intent: ExportIntent }>()
  return {
    of: cluster => [...kept.values()].filter(each => each.cluster === cluster).map(({ intent }) => intent),
    keep: (cluster, intent) => { kept.set(nameOf(cluster, intent), { cluster, intent }) },
    forget: (cluster, intent) => { kept.delete(nameOf(cluster, intent)) },
  }
}

/** Kept in files for the owner alone, one for each, so that several servers of one user do not overwrite each other's. Throws what the file system says. */
export function ownExportsIn(folder: string): OwnExports {
  ownFolder(folder)
  const fileOf = (cluster: string, intent: ExportIntent) => join(folder, `${nameOf(cluster, intent)}.json`)
  return {
    of: cluster => readdirSync(folder).filter(name => name.endsWith('.json')).flatMap(name => readOwn(join(folder, name), cluster) ?? []),
    keep(cluster, intent) {
      const file = fileOf(cluster, intent)
      writeFileSync(`${file}.new`, JSON.stringify({ cluster, claim: intent.claim, intent: JSON.parse(writeIntent(intent)) as unknown }), { mode: 0o600 })
      renameSync(`${file}.new`, file)
    },
    forget: (cluster, intent) => rmSync(fileOf(cluster, intent), { force: true }),
  }
}

function nameOf(cluster: string, { claim, id }: ExportIntent): string {
  return createHash('sha256').update(JSON.stringify([cluster, claim.namespace, claim.name, id])).digest('hex')
}

/** The export of a file; undefined for another cluster's, and for what is none. */
function readOwn(file: string, cluster: string): ExportIntent | undefined {
  try {
    const read = JSON.parse(readFileSync(file, 'utf8')) as { readonly cluster?: unknown, readonly claim?: { readonly namespace?: unknown, readonly name?: unknown }, readonly intent?: unknown }
    const { namespace, name } = read.claim ?? {}
    return read.cluster === cluster && typeof namespace === 'string' && typeof name === 'string' ? parseIntent(read.intent, { namespace, name }) : undefined
  }
  catch {
    return undefined
  }
}
