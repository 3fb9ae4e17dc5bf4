import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ownFolder } from '../folder.ts'
import { makeCertificate } from './certificate.ts'
import type { ServingCertificate } from './certificate.ts'
import type { JsonObject } from './json.ts'
import { isObject } from './json.ts'
import type { Tokens } from './users.ts'
import { makeTokens } from './users.ts'

/** By what clients know a cluster again after a restart. */
export interface Identity { readonly tokens: Tokens, readonly certificate: ServingCertificate, readonly port: number, readonly mirrorPort: number }

const FILE = 'identity.json'

function readKept(folder: string): JsonObject {
  const path = join(folder, FILE)
  if (!existsSync(path)) return {}
  const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
  return isObject(value) ? value : {}
}

/** The identity kept in the folder, completed where it has none; a new one without a folder. Ports are 0 until they were kept. */
export async function readIdentity(folder: string | undefined, now: Date): Promise<Identity> {
  const kept = folder === undefined ? {} : readKept(folder)
  const tokens = isObject(kept['tokens']) ? Object.fromEntries(Object.entries(kept['tokens']).map(([account, token]) => [account, String(token)])) : {}
  const { certPem, keyPem, port, mirrorPort } = kept
  return {
    tokens: makeTokens(tokens),
    certificate: typeof certPem === 'string' && typeof keyPem === 'string' ? { certPem, keyPem } : await makeCertificate(now),
    port: typeof port === 'number' ? port : 0,
    mirrorPort: typeof mirrorPort === 'number' ? mirrorPort : 0,
  }
}

/** Keeps an identity in the folder, readable by its owner only. */
export function keepIdentity(folder: string, { tokens, certificate, port, mirrorPort }: Identity): void {
  ownFolder(folder)
  const path = join(folder, FILE)
  writeFileSync(`${path}.new`, JSON.stringify({ tokens, ...certificate, port, mirrorPort }), { mode: 0o600 })
  renameSync(`${path}.new`, path)
}
