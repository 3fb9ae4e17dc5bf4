import { recognizeChecksum } from './checksum.ts'

/** The strongest first. */
export const DIGEST_ALGORITHMS = ['sha512', 'sha384', 'sha256', 'sha1', 'md5'] as const
export type DigestAlgorithm = typeof DIGEST_ALGORITHMS[number]
/** Checksums of a file in lower-case hexadecimal digits, as far as they are known. */
export type Digests = Readonly<Partial<Record<DigestAlgorithm, string>>>

/** To the worker. */
export interface DigestRequest { readonly file: File, readonly algorithm: DigestAlgorithm }
/** From the worker: how many bytes are read, and at the end the checksum or why there is none. */
export type DigestMessage = { readonly read: number } | { readonly hex: string } | { readonly failure: string }

/** SHA-512 is what Longhorn verifies, SHA-256 what publishers print; and whatever the operator pasted. */
export function wantedDigests(pasted: string): readonly DigestAlgorithm[] {
  const kind = recognizeChecksum(pasted)
  return kind === 'none' || kind === 'unrecognised' || kind === 'sha512' || kind === 'sha256' ? ['sha512', 'sha256'] : ['sha512', 'sha256', kind]
}
