import { X509Certificate } from 'node:crypto'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { generate } from 'selfsigned'
import type { Tls } from './listen.ts'

// The API server calls a webhook over TLS only and has no list of authorities for it but the caBundle of its configuration.

/** A private authority, in PEM. */
export interface Authority { readonly cert: string, readonly key: string }

const YEARS = 10

function validity(now: Date): { notBeforeDate: Date, notAfterDate: Date } {
  const until = new Date(now)
  until.setFullYear(until.getFullYear() + YEARS)
  return { notBeforeDate: new Date(now.getTime() - 3_600_000), notAfterDate: until }
}

function readAuthority(file: string, now: Date): Authority | undefined {
  try {
    // A key that others could read may be known to them.
    if (statSync(file).mode & 0o077)
      return undefined
    const [cert, key] = readFileSync(file, 'utf8').match(/-----BEGIN ([A-Z ]+)-----[^-]+-----END \1-----/g) ?? []
    return cert && key && new Date(new X509Certificate(cert).validTo) > now ? { cert: `${cert}\n`, key: `${key}\n` } : undefined
  }
  catch {
    return undefined
  }
}

/** The webhook's own authority, from a file of mode 0600 in the folder: the same over restarts, so that a configuration stays right. */
export async function webhookAuthority(folder: string, now: Date): Promise<Authority> {
  const file = join(folder, 'webhook-authority.pem')
  const kept = readAuthority(file, now)
  if (kept)
    return kept
  const made = await generate([{ name: 'commonName', value: 'harvester-guardrails-webhook' }], {
    keyType: 'ec', algorithm: 'sha256', ...validity(now),
    extensions: [{ name: 'basicConstraints', cA: true, critical: true }, { name: 'keyUsage', keyCertSign: true, digitalSignature: true, critical: true }],
  })
  const [cert, key] = [`${made.cert.trim()}\n`, `${made.private.trim()}\n`]
  rmSync(file, { force: true })
  writeFileSync(file, cert + key, { mode: 0o600, flag: 'wx' })
  return { cert, key }
}

/** A serving certificate for names and addresses, signed by the authority. */
export async function signServing(ca: Authority, names: Iterable<string>, now: Date): Promise<Tls> {
  const altNames = [...names].map(name => isIP(name) ? { type: 7 as const, ip: name } : { type: 2 as const, value: name })
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'harvester-guardrails' }], {
    keyType: 'ec', algorithm: 'sha256', ca, ...validity(now),
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames },
    ],
  })
  return { cert: Buffer.from(cert), key: Buffer.from(key) }
}
