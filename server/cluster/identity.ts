import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSecureContext } from 'node:tls'
import { ownFolder } from '../folder.ts'
import { makeCertificate } from './certificate.ts'
import type { ServingCertificate } from './certificate.ts'
import { damaged, parseKept } from './damage.ts'
import type { JsonValue } from './json.ts'
import { isObject } from './json.ts'
import type { Tokens } from './users.ts'
import { makeTokens } from './users.ts'

/** By what clients know a cluster again after a restart. */
export interface Identity { readonly tokens: Tokens, readonly certificate: ServingCertificate, readonly port: number, readonly mirrorPort: number }

const FILE = 'identity.json'

function isPair(cert: string, key: string): boolean {
  try {
    return Boolean(createSecureContext({ cert, key }))
  }
  catch {
    return false
  }
}

function readTokens(value: JsonValue | undefined): Tokens | undefined {
  if (!isObject(value)) return undefined
  const tokens: Record<string, string> = {}
  for (const [account, token] of Object.entries(value)) {
    if (typeof token !== 'string') return undefined
    tokens[account] = token
  }
  return tokens
}

/** What a folder keeps; undefined where it was never used. Throws UsageError where the file is damaged. */
function readKept(folder: string): Identity | undefined {
  const path = join(folder, FILE)
  if (!existsSync(path)) return undefined
  const value = parseKept(readFileSync(path, 'utf8'))
  if (!isObject(value)) throw damaged(path, 'not the JSON that was written')
  const { certPem, keyPem, port, mirrorPort = 0 } = value
  const tokens = readTokens(value['tokens'])
  if (!tokens) throw damaged(path, 'its tokens')
  if (typeof certPem !== 'string' || typeof keyPem !== 'string' || !isPair(certPem, keyPem)) throw damaged(path, 'its certificate')
  if (typeof port !== 'number' || typeof mirrorPort !== 'number') throw damaged(path, 'its ports')
  return { tokens: makeTokens(tokens), certificate: { certPem, keyPem }, port, mirrorPort }
}

/** The identity kept in the folder, with a token for each account; a new one where there is none. Ports are 0 until they were kept. Throws UsageError where it is damaged. */
export async function readIdentity(folder: string | undefined, now: Date): Promise<Identity> {
  const kept = folder === undefined ? undefined : readKept(folder)
  return kept ?? { tokens: makeTokens(), certificate: await makeCertificate(now), port: 0, mirrorPort: 0 }
}

/** Keeps an identity in the folder, readable by its owner only. */
export function keepIdentity(folder: string, { tokens, certificate, port, mirrorPort }: Identity): void {
  ownFolder(folder)
  const path = join(folder, FILE)
  writeFileSync(`${path}.new`, JSON.stringify({ tokens, ...certificate, port, mirrorPort }), { mode: 0o600 })
  renameSync(`${path}.new`, path)
}
