import { describe, expect, it } from 'vitest'
import { aliasDirectory, datedSiblings, findInIndex, isPinned, namedUrl, publisherNamed, readVersionFile, twinsOf } from './pinning.ts'

const UBUNTU = 'https://cloud-images.ubuntu.com/noble/current/noble-server-cloudimg-amd64.img'
const folder = (name: string) => ({ name, directory: true })
const file = (name: string) => ({ name, directory: false })

describe('the directory that a later build takes over', () => {
  it.each([
    [UBUNTU, 'noble/', 'current', 'noble-server-cloudimg-amd64.img'],
    ['https://cloud.debian.org/images/cloud/sid/daily/latest/debian-sid-generic-amd64-daily.qcow2', 'daily/', 'latest', 'debian-sid-generic-amd64-daily.qcow2'],
    ['https://cloud-images.ubuntu.com/releases/24.04/release/ubuntu-24.04-server-cloudimg-amd64.img', '24.04/', 'release', 'ubuntu-24.04-server-cloudimg-amd64.img'],
    ['https://files.example.com/images/nightly/kvm/disk.qcow2', 'images/', 'nightly', 'kvm/disk.qcow2'],
  ])('of %s', (url, parent, alias, rest) => {
    expect(aliasDirectory(url)).toEqual({ parent: expect.stringMatching(new RegExp(`/${parent}$`)) as string, alias, rest })
  })

  it('is none where the file\'s name alone is the alias, or at the root', () => {
    expect(aliasDirectory('https://dl.rockylinux.org/pub/rocky/9/images/x86_64/Rocky-9-GenericCloud.latest.x86_64.qcow2')).toBeUndefined()
    expect(aliasDirectory('https://files.example.com/disk.img')).toBeUndefined()
  })

  it('has dated siblings, newest first, of which a few are looked at', () => {
    const listing = ['current', '20240423', '20240423.1', '20250101', '20231231', '20230101', 'unpacked', 'HEADER'].map(folder)
    expect(datedSiblings(aliasDirectory(UBUNTU) ?? { parent: '', alias: '', rest: '' }, [...listing, file('20260101')])).toEqual(
      ['20250101', '20240423.1', '20240423', '20231231'].map(name => `https://cloud-images.ubuntu.com/noble/${name}/noble-server-cloudimg-amd64.img`),
    )
  })
})

describe('what a checksum file names', () => {
  const entry = (name: string | undefined, digest: string) => ({ algorithm: 'sha256' as const, digest, file: name })

  it('is a twin where the checksum is the same and the name another', () => {
    const own = [entry('a-latest.qcow2', '1')]
    expect(twinsOf([...own, entry('a-20240101.qcow2', '1'), entry('b-20240101.qcow2', '2'), entry(undefined, '1')], own, 'a-latest.qcow2')).toEqual([entry('a-20240101.qcow2', '1')])
  })

  it.each([
    ['x-20240101.qcow2', 'https://h.example/images/cloud/bookworm/latest/x-20240101.qcow2'],
    ['bookworm/20241125-1942/x.qcow2', 'https://h.example/images/cloud/bookworm/20241125-1942/x.qcow2'],
    ['trixie/20241125-1942/x.qcow2', undefined],
    ['bookworm/../../../x.qcow2', undefined],
    ['https:/evil.example/x-20240101.qcow2', undefined],
    ['a:b?c#d.img', 'https://h.example/images/cloud/bookworm/latest/a:b%3Fc%23d.img'],
  ])('%s is a URL on the same host or nothing', (name, url) => {
    expect(namedUrl('https://h.example/images/cloud/bookworm/latest/x.qcow2?t=1', name)).toBe(url)
  })
})

describe('a publisher\'s own word for its newest build', () => {
  const flatcar = publisherNamed('flatcar')?.versionFile ?? { name: '', key: '' }
  const index = publisherNamed('ubuntu-cloud')?.releaseIndex ?? { url: '', root: '', cut: '' }

  it('is a line of a version file', () => {
    expect(readVersionFile('FLATCAR_BUILD=3975\nFLATCAR_VERSION=3975.2.2\nFLATCAR_VERSION_ID=3975.2.2\n', flatcar)).toBe('3975.2.2')
    expect(readVersionFile('FLATCAR_VERSION=../../etc\n', flatcar)).toBeUndefined()
    expect(readVersionFile('<html>', flatcar)).toBeUndefined()
  })

  it('is a row of an index', () => {
    const items = { 'disk1.img': { path: 'server/releases/noble/release-20241119/ubuntu-24.04-server-cloudimg-amd64.img', sha256: 'abc' }, 'root.tar.xz': { path: 'x', sha256: 'def' } }
    const text = JSON.stringify({ products: { 'com.ubuntu.cloud:server:24.04:amd64': { versions: { 20241119: { items }, 20240423: {} } } } })
    expect(findInIndex(text, 'abc', index)).toEqual({ url: 'https://cloud-images.ubuntu.com/releases/noble/release-20241119/ubuntu-24.04-server-cloudimg-amd64.img', serial: '20241119' })
    expect(findInIndex(text, '0', index)).toBeUndefined()
    expect(findInIndex('{"products": 7}', 'abc', index)).toBeUndefined()
    expect(findInIndex('not JSON', 'abc', index)).toBeUndefined()
  })

  it('is offered only where it names one build', () => {
    expect(isPinned('https://cloud-images.ubuntu.com/noble/20240423/noble-server-cloudimg-amd64.img')).toBe(true)
    expect(isPinned(UBUNTU)).toBe(false)
    expect(isPinned('https://objects.githubusercontent.com/a/1.2.3/x-1.2.3.iso?X-Amz-Signature=1&X-Amz-Expires=300')).toBe(false)
  })
})
