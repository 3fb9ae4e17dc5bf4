import { describe, expect, it } from 'vitest'
import { readChecksumFile } from './checksumFile.ts'
import { judgeImageUrl } from './imageUrl.ts'
import { checksumPlaces, entriesOf } from './publishedChecksum.ts'

const SHA256 = 'c'.repeat(64)
const OTHER = 'd'.repeat(64)
const UBUNTU = 'https://cloud-images.ubuntu.com/noble/current/noble-server-cloudimg-amd64.img'
const file = (name: string) => ({ name, directory: false })

describe('where the checksum of an image may stand', () => {
  const places = (url: string, listing?: Parameters<typeof checksumPlaces>[2]) => checksumPlaces(url, judgeImageUrl(url), listing).map(place => new URL(place).pathname.split('/').at(-1))

  it('is where its publisher puts it', () => expect(places(UBUNTU, [])).toEqual(['SHA256SUMS']))
  it('is the description beside it, of Debian', () => expect(places('https://cloud.debian.org/images/cloud/trixie/latest/debian-13-generic-amd64.qcow2', [])).toEqual(['SHA512SUMS', 'debian-13-generic-amd64.json']))
  it('is what the directory lists, its own file first, no other image\'s', () => {
    const listing = ['x-latest.qcow2', 'y.qcow2.sha256', 'Fedora-Cloud-41-1.4-x86_64-CHECKSUM', 'SHA512SUMS', 'SHA512SUMS.sign', 'x-latest.qcow2.SHA256SUM', 'README.txt'].map(file)
    expect(places('https://files.example.com/x-latest.qcow2', listing)).toEqual(['x-latest.qcow2.SHA256SUM', 'SHA512SUMS', 'Fedora-Cloud-41-1.4-x86_64-CHECKSUM'])
  })
  it('is not in a file that is called by another image of the list', () => {
    const listing = ['foo-amd64.img', 'foo-arm64.img', 'foo-arm64.sha512', 'foo-amd64-minimal.img', 'foo-amd64-minimal.img.sha512', 'foo-amd64.sha512'].map(file)
    expect(places('https://files.example.com/foo-amd64.img', listing)).toEqual(['foo-amd64.sha512'])
  })
  it('is tried by usual names where there is no list', () => {
    expect(places('https://files.example.com/x-latest.qcow2?a=b')).toEqual(expect.arrayContaining(['x-latest.qcow2.sha512', 'x-latest.sha512', 'SHA256SUMS']))
    expect(places('https://releases.rancher.com/harvester/master/harvester-master-amd64.iso')).toContain('harvester-master-amd64.sha512')
  })
})

describe('the checksum of one image', () => {
  const ALONE = ['x.iso', 'README', 'x-cloud.iso'].map(file)
  const of = (text: string, image: string, place: string, listing: Parameters<typeof entriesOf>[3]) =>
    entriesOf(readChecksumFile(text, place), `https://h.example/${image}`, `https://h.example/${place}`, listing).map(({ digest }) => digest)

  it.each<[string, string, string, string, Parameters<typeof entriesOf>[3], string[]]>([
    ['is on the line that names it', `${OTHER}  y.iso\n${SHA256}  x.iso\n`, 'x.iso', 'SHA256SUMS', undefined, [SHA256]],
    ['is on the line whose path leads to it from the checksum file', `${OTHER}  x.iso\n${SHA256}  ./sub/x.iso\n`, 'a/sub/x.iso', 'a/SHA256SUMS', undefined, [SHA256]],
    ['is on its line though an image of the same name in another directory stands before it', `${OTHER}  ./aarch64/disk.img\n${SHA256}  ./disk.img\n`, 'paths/disk.img', 'paths/SHA512SUMS', undefined, [SHA256]],
    ['is not on the line of an image of the same name in another directory', `${OTHER}  aarch64/disk.img\n`, 'paths/disk.img', 'paths/SHA512SUMS', undefined, []],
    ['is found whatever is written in percents', `${SHA256}  my disk.iso\n`, 'a%20b/my%20disk.iso', 'a%20b/SHA256SUMS', undefined, [SHA256]],
    ['is not beyond the root', `${SHA256}  ../../x.iso\n`, 'x.iso', 'SHA256SUMS', undefined, []],
    ['is where Debian\'s path from its root leads', JSON.stringify({ items: [{ data: { ref: 'trixie/1/x.qcow2' }, metadata: { annotations: { 'cloud.debian.org/digest': `sha256:${Buffer.from(SHA256, 'hex').toString('base64')}` } } }] }), 'images/cloud/trixie/1/x.qcow2', 'images/cloud/trixie/1/x.json', [], [SHA256]],
    ['is a bare hash in a file of its name', `${SHA256}\n`, 'x.iso', 'x.iso.sha256', undefined, [SHA256]],
    ['is a bare hash in a file of its name in capitals', `${SHA256}\n`, 'x.iso', 'x.iso.SHA256SUM', undefined, [SHA256]],
    ['is a bare hash in a file of its stem that no other image has', `${SHA256}\n`, 'x.iso', 'x.sha256', ALONE, [SHA256]],
    ['is no bare hash in a file of its stem that another image has too', `${SHA256}\n`, 'x.iso', 'x.sha256', [...ALONE, file('x.qcow2.xz')], []],
    ['is no bare hash in a file of its stem where nobody can say whether another image has it', `${SHA256}\n`, 'x.iso', 'x.sha256', undefined, []],
    ['is no bare hash of a name that begins with its own', `${SHA256}\n`, 'ubuntu.img', 'ubuntu-minimal.img.sha512', [], []],
    ['is no bare hash of another processor\'s', `${SHA256}\n`, 'foo-amd64.img', 'foo-arm64.sha512', [], []],
    ['is no bare hash of the unpacked image', `${SHA256}\n`, 'x.img.xz', 'x.img.sha256', [], []],
    ['is no bare hash of the directory', `${SHA256}\n`, 'x.iso', 'sha256sum.txt', [], []],
    ['is the one line of its own file, though that names the build', `${SHA256}  x-Build7.5.iso\n`, 'x.iso', 'x.iso.sha256', undefined, [SHA256]],
    ['is not the one line of another name in a file of its stem', `${SHA256}  x-Build7.5.iso\n`, 'x.iso', 'x.sha256', ALONE, []],
    ['is not in a file of the directory that does not name it', `${SHA256}  y.iso\n`, 'x.iso', 'SHA256SUMS', undefined, []],
    ['is not in an own file of several names', `${SHA256}  y.iso\n${OTHER}  z.iso\n`, 'x.iso', 'x.iso.sha256', undefined, []],
  ])('%s', (_what, text, image, place, listing, digests) => {
    expect(of(text, image, place, listing)).toEqual(digests)
  })
})
