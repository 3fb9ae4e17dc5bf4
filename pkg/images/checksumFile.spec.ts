import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readChecksumFile, strongest } from './checksumFile.ts'

const MD5 = 'a'.repeat(32)
const SHA1 = 'b'.repeat(40)
const SHA256 = 'c'.repeat(64)
const SHA512 = 'e'.repeat(128)
const BLAKE = 'f'.repeat(128)
const BASE64 = Buffer.from(SHA512, 'hex').toString('base64').replace(/=+$/, '')

const FEDORA = `-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA256

# Fedora-Cloud-Base-Generic-41-1.4.x86_64.qcow2: 468647936 bytes
SHA256 (Fedora-Cloud-Base-Generic-41-1.4.x86_64.qcow2) = ${SHA256}
- ----- a line that begins with a dash
-----BEGIN PGP SIGNATURE-----

iQIzBAEBCAAdFiEERmxFsN4PDyRNrNxsYPu5Ur2FqpUFAmcZ
${SHA1}
-----END PGP SIGNATURE-----
`

const GENTOO = `# SHA512 HASH
${SHA512}  di-amd64-cloudinit-20241117T163407Z.qcow2
# BLAKE2B HASH
${BLAKE}  di-amd64-cloudinit-20241117T163407Z.qcow2
`

const FLATCAR = `# MD5 HASH
${MD5}  flatcar_production_qemu_image.img
# SHA1 HASH
${SHA1}  flatcar_production_qemu_image.img
# SHA512 HASH
${SHA512}  flatcar_production_qemu_image.img
`

const DEBIAN = JSON.stringify({
  apiVersion: 'v1', kind: 'List', items: [
    { kind: 'Build', data: { info: { version: '20241125-1942' } }, metadata: { annotations: {} } },
    { kind: 'Upload', data: { provider: 'cloud.debian.org', ref: 'bookworm/20241125-1942/debian-12-genericcloud-amd64-20241125-1942.qcow2' }, metadata: { annotations: { 'cloud.debian.org/digest': `sha512:${BASE64}` } } },
  ],
})

describe('a checksum file', () => {
  it.each([
    ['of Ubuntu', `${SHA256} *noble-server-cloudimg-amd64.img\n`, [{ algorithm: 'sha256', digest: SHA256, file: 'noble-server-cloudimg-amd64.img' }]],
    ['of Debian', `${SHA512}  debian-12.qcow2\n${SHA512.replace(/^e/, '1')}  debian-12.raw\n`, [{ algorithm: 'sha512', digest: SHA512, file: 'debian-12.qcow2' }, { algorithm: 'sha512', digest: SHA512.replace(/^e/, '1'), file: 'debian-12.raw' }]],
    ['with Windows line ends and capitals', `${SHA256.toUpperCase()}  x.iso\r\n\r\n`, [{ algorithm: 'sha256', digest: SHA256, file: 'x.iso' }]],
    ['with a mark of byte order', `\ufeff${SHA256}  x.iso`, [{ algorithm: 'sha256', digest: SHA256, file: 'x.iso' }]],
    ['with paths', `${SHA256}  ./iso/x.iso\n`, [{ algorithm: 'sha256', digest: SHA256, file: 'iso/x.iso' }]],
    ['with blanks in a name', `${SHA256}  my disk.iso\n`, [{ algorithm: 'sha256', digest: SHA256, file: 'my disk.iso' }]],
    ['of CentOS', `# CentOS-Stream-9-latest.qcow2: 100 bytes\nSHA256 (CentOS-Stream-9-latest.qcow2) = ${SHA256}\n`, [{ algorithm: 'sha256', digest: SHA256, file: 'CentOS-Stream-9-latest.qcow2', size: 100 }]],
    ['of FreeBSD', `SHA512 (FreeBSD-14.1-RELEASE-amd64.qcow2.xz) = ${SHA512}\n`, [{ algorithm: 'sha512', digest: SHA512, file: 'FreeBSD-14.1-RELEASE-amd64.qcow2.xz' }]],
    ['whose tag and length differ', `SHA512 (x) = ${SHA256}\n`, []],
    ['with a tag that is not known', `SHA3-512 (x) = ${SHA512}\nWHIRLPOOL (x) = ${SHA512}\n`, []],
    ['of Alpine, a bare hash', `${SHA512}\n`, [{ algorithm: 'sha512', digest: SHA512 }]],
    ['with algorithms by length', `${MD5}  x\n${SHA1}  x\n`, [{ algorithm: 'md5', digest: MD5, file: 'x' }, { algorithm: 'sha1', digest: SHA1, file: 'x' }]],
    ['of no kind', '<!doctype html><title>404</title>\nhello abc\n', []],
    ['with a comment that holds a hash', `# ${SHA256}  x\n`, []],
    ['that is empty', '', []],
    ['of JSON that is something else', '{"items": [null, {"data": null}, 7]}', []],
    ['of JSON that is cut', '{"items": [', []],
  ])('%s is read', (_what, text, entries) => {
    expect(readChecksumFile(text)).toEqual({ entries, signed: false })
  })

  it('signed with PGP is read inside its signature only, with its sizes', () => {
    expect(readChecksumFile(FEDORA)).toEqual({ signed: true, entries: [{ algorithm: 'sha256', digest: SHA256, file: 'Fedora-Cloud-Base-Generic-41-1.4.x86_64.qcow2', size: 468647936 }] })
    expect(readChecksumFile(FEDORA.replaceAll('\n', '\r\n')).entries).toHaveLength(1)
    expect(readChecksumFile(`-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA1\n\n- ${SHA256}  - x\n`).entries).toEqual([{ algorithm: 'sha256', digest: SHA256, file: '- x' }])
  })

  it('with sections takes the section\'s word for the algorithm: BLAKE2b is as long as SHA-512', () => {
    expect(readChecksumFile(GENTOO).entries.map(({ algorithm, digest }) => [algorithm, digest])).toEqual([['sha512', SHA512], ['blake2b', BLAKE]])
    expect(readChecksumFile(FLATCAR).entries.map(({ algorithm }) => algorithm)).toEqual(['md5', 'sha1', 'sha512'])
    expect(readChecksumFile(`${BLAKE}  x.iso\n`, 'b2sums.txt').entries).toEqual([{ algorithm: 'blake2b', digest: BLAKE, file: 'x.iso' }])
    expect(strongest(readChecksumFile(FLATCAR).entries)?.algorithm).toBe('sha512')
  })

  it('of Debian in JSON has its base64 turned into digits, and the dated path', () => {
    expect(readChecksumFile(DEBIAN).entries).toEqual([{ algorithm: 'sha512', digest: SHA512, file: 'bookworm/20241125-1942/debian-12-genericcloud-amd64-20241125-1942.qcow2' }])
  })

  it('never throws, whatever it holds', () => {
    const line = fc.oneof(fc.string(), fc.constantFrom(SHA256, `${SHA256}  a`, '-----BEGIN PGP SIGNED MESSAGE-----', '# SHA512 HASH', '{'))
    fc.assert(fc.property(fc.array(line), lines => { expect(readChecksumFile(lines.join('\n')).entries).toBeInstanceOf(Array) }), { numRuns: 2000 })
  })
})
