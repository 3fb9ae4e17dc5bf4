export type ChecksumKind = 'none' | 'sha512' | 'sha384' | 'sha256' | 'sha1' | 'md5' | 'unrecognised'

const BY_LENGTH: Readonly<Record<number, ChecksumKind>> = { 0: 'none', 32: 'md5', 40: 'sha1', 64: 'sha256', 96: 'sha384', 128: 'sha512' }

/** Which algorithm a pasted checksum belongs to, by its length in hexadecimal digits. Spaces around it do not count. */
export function recognizeChecksum(text: string): ChecksumKind {
  const digits = text.trim()
  return digits === '' || /^[0-9a-f]+$/i.test(digits) ? BY_LENGTH[digits.length] ?? 'unrecognised' : 'unrecognised'
}

/** The checksum as Longhorn takes it: 128 lower-case digits (longhorn-manager util.ValidateChecksumSHA512). Empty for anything else. */
export function acceptedChecksum(text: string): string {
  return recognizeChecksum(text) === 'sha512' ? text.trim().toLowerCase() : ''
}
