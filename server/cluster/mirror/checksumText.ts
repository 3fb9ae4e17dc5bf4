import { createHash } from 'node:crypto'
import type { HashName, ImageFile } from './imageFile.ts'
import { hashOf } from './imageFile.ts'

// How publishers write checksums down; each function is one dialect.

export type NamedFiles = Readonly<Record<string, ImageFile>>

const lines = (all: readonly string[]) => `${all.join('\n')}\n`

/** Ubuntu: `hash *name`. */
export function starred(files: NamedFiles, algorithm: HashName): string {
  return lines(Object.entries(files).map(([name, file]) => `${hashOf(file, algorithm)} *${name}`))
}

/** Debian, AlmaLinux, coreutils: `hash  name`. */
export function plain(files: NamedFiles, algorithm: HashName): string {
  return lines(Object.entries(files).map(([name, file]) => `${hashOf(file, algorithm)}  ${name}`))
}

/** Fedora, CentOS, Rocky: `# name: size bytes` and `SHA256 (name) = hash`. */
export function bsd(files: NamedFiles, algorithm: HashName): string {
  return lines(Object.entries(files).flatMap(([name, file]) => [`# ${name}: ${file.size} bytes`, `${algorithm.toUpperCase()} (${name}) = ${hashOf(file, algorithm)}`]))
}

/** Alpine: the hash and nothing else. */
export function bare(file: ImageFile, algorithm: HashName): string {
  return lines([hashOf(file, algorithm)])
}

/** Flatcar and Gentoo: a section for each algorithm. */
export function digests(files: NamedFiles): string {
  return (['md5', 'sha1', 'sha512'] as const).map(algorithm => `# ${algorithm.toUpperCase()} HASH\n${plain(files, algorithm)}`).join('')
}

/** A text with a PGP signature around it; lines that begin with a dash are escaped. The signature is of the right shape and nobody's. */
export function clearSigned(text: string): string {
  const signature = createHash('sha512').update(text).digest('base64').replace(/(.{64})/g, '$1\n')
  const escaped = text.replace(/^-/gm, '- -')
  return `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n${escaped}-----BEGIN PGP SIGNATURE-----\n\n${signature}\n-----END PGP SIGNATURE-----\n`
}

/** Debian's JSON beside each image: digests are `sha512:` and base64 without padding. */
export function debianJson(name: string, file: ImageFile, serial: string): string {
  const digest = Buffer.from(hashOf(file, 'sha512'), 'hex').toString('base64').replace(/=+$/, '')
  return `${JSON.stringify({
    apiVersion: 'v1', kind: 'List',
    items: [
      {
        apiVersion: 'cloud.debian.org/v1alpha1', kind: 'Build', metadata: { labels: { 'cloud.debian.org/vendor': 'genericcloud', 'debian.org/release': 'bookworm' } },
        data: { info: { arch: 'amd64', build_id: 'bookworm', release: 'bookworm', release_id: '12', type: 'official', vendor: 'genericcloud', version: serial } },
      },
      { apiVersion: 'cloud.debian.org/v1alpha1', kind: 'Upload', metadata: { annotations: { 'cloud.debian.org/digest': `sha512:${digest}` } }, data: { provider: 'cloud.debian.org', ref: name } },
    ],
  }, undefined, 2)}\n`
}
