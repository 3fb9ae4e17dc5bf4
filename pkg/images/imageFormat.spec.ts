import { execFileSync } from 'node:child_process'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FORMAT_HEAD, readImageFormat } from './imageFormat.ts'

type Patch = readonly [at: number, bytes: string | number[]]

function file(size: number, ...patches: readonly Patch[]): Uint8Array {
  const bytes = new Uint8Array(size)
  for (const [at, content] of patches)
    bytes.set(typeof content === 'string' ? Buffer.from(content, 'latin1') : content, at)
  return bytes
}

const u64 = (value: number) => [...Buffer.from(BigInt(value).toString(16).padStart(16, '0'), 'hex')]
const little = (value: number) => u64(value).reverse()
const GIB = 1024 ** 3
const QCOW: Patch[] = [[0, 'QFI\xfb'], [4, [0, 0, 0, 3]], [24, u64(10 * GIB)]]
const BOOT: Patch = [510, [0x55, 0xaa]]
const VHD = (type: number): Patch[] => [[0, 'conectix'], [48, u64(GIB)], [60, [0, 0, 0, type]]]

describe('what a file is by its bytes', () => {
  it.each([
    ['an empty file', file(0), { kind: 'empty' }],
    ['qcow2', file(1024, ...QCOW), { kind: 'qcow2', version: 3, virtualSize: 10 * GIB }],
    ['qcow2 of the old version', file(1024, [0, 'QFI\xfb'], [4, [0, 0, 0, 2]], [24, u64(GIB)]), { kind: 'qcow2', version: 2, virtualSize: GIB }],
    ['qcow2 that leans on another file', file(1024, ...QCOW, [8, u64(512)], [16, [0, 0, 0, 11]], [512, '/etc/shadow']), { kind: 'qcow2', version: 3, virtualSize: 10 * GIB, backingFile: '/etc/shadow' }],
    ['qcow2 that is encrypted', file(1024, ...QCOW, [32, [0, 0, 0, 2]]), { kind: 'qcow2', version: 3, virtualSize: 10 * GIB, encrypted: true }],
    ['qcow2 whose data is elsewhere', file(1024, ...QCOW, [72, u64(4)]), { kind: 'qcow2', version: 3, virtualSize: 10 * GIB, externalData: true }],
    ['qcow of the first kind', file(1024, [0, 'QFI\xfb'], [4, [0, 0, 0, 1]], [24, u64(GIB)]), { kind: 'qcow1', virtualSize: GIB }],
    ['a qcow2 cut in its header', file(20, [0, 'QFI\xfb'], [4, [0, 0, 0, 3]]), { kind: 'unknown' }],
    ['raw with GPT', file(4096, BOOT, [446, [0]], [450, [0xee]], [512, 'EFI PART']), { kind: 'raw', layout: 'gpt' }],
    ['raw with GPT in sectors of 4 KiB', file(8192, BOOT, [450, [0xee]], [4096, 'EFI PART']), { kind: 'raw', layout: 'gpt' }],
    ['raw with MBR', file(4096, BOOT, [446, [0x80]], [450, [0x83]]), { kind: 'raw', layout: 'mbr' }],
    ['a boot sector without a partition table', file(4096, BOOT, [446, [0x33]]), { kind: 'unknown' }],
    ['raw without any mark', file(4096), { kind: 'unknown' }],
    ['ISO', file(FORMAT_HEAD, [32769, 'CD001'], [32808, 'Ubuntu-Server 24.04 LTS amd64   ']), { kind: 'iso', label: 'Ubuntu-Server 24.04 LTS amd64', hybrid: false }],
    ['ISO that is a disk too', file(FORMAT_HEAD, BOOT, [446, [0x80]], [450, [0xee]], [32769, 'CD001']), { kind: 'iso', label: '', hybrid: true }],
    ['vmdk, sparse', file(1024, [0, 'KDMV'], [4, [1]], [8, [3]], [12, little(2048)]), { kind: 'vmdk', layout: 'sparse', virtualSize: 1024 ** 2 }],
    ['vmdk as OVA carries it', file(1024, [0, 'KDMV'], [4, [3]], [10, [3]], [12, little(2048)]), { kind: 'vmdk', layout: 'stream', virtualSize: 1024 ** 2 }],
    ['vmdk that only describes', file(600, [0, '# Disk DescriptorFile\nversion=1\n']), { kind: 'vmdk', layout: 'descriptor' }],
    ['vhd, dynamic', file(2048, ...VHD(3)), { kind: 'vhd', layout: 'dynamic', virtualSize: GIB }],
    ['vhd that leans on another file', file(2048, ...VHD(4)), { kind: 'vhd', layout: 'differencing', virtualSize: GIB }],
    ['vhdx', file(2048, [0, 'vhdxfile']), { kind: 'vhdx' }],
    ['vdi', file(1024, [0, '<<< Oracle VM VirtualBox Disk Image >>>\n'], [64, [0x7f, 0x10, 0xda, 0xbe]], [368, little(GIB)]), { kind: 'vdi', virtualSize: GIB }],
    ['gzip', gzipSync('x'.repeat(99)), { kind: 'compressed', by: 'gzip' }],
    ['xz', file(64, [0, '\xfd7zXZ\0']), { kind: 'compressed', by: 'xz' }],
    ['zstd', file(64, [0, [0x28, 0xb5, 0x2f, 0xfd]]), { kind: 'compressed', by: 'zstd' }],
    ['bzip2', file(64, [0, 'BZh91AY&SY']), { kind: 'compressed', by: 'bzip2' }],
    ['zip', file(64, [0, 'PK\x03\x04']), { kind: 'compressed', by: 'zip' }],
    ['tar', file(1024, [0, 'disk.ovf'], [257, 'ustar']), { kind: 'tar' }],
    ['a program of Linux', file(4096, [0, '\x7fELF\x02\x01\x01']), { kind: 'other', what: 'elf' }],
    ['a Windows image', file(4096, [0, 'MSWIM\0\0\0\xd0']), { kind: 'other', what: 'wim' }],
    ['a program of Windows or EFI', file(4096, [0, 'MZ'], [60, [0x80]], [128, 'PE\0\0']), { kind: 'other', what: 'pe' }],
    ['a disk whose boot code begins like a program of Windows', file(4096, BOOT, [0, 'MZ'], [60, [0x80]], [128, 'PE\0\0'], [446, [0x80]], [450, [0x83]]), { kind: 'raw', layout: 'mbr' }],
    ['a disk that begins like a program of Windows and goes on like none', file(4096, [0, 'MZ']), { kind: 'unknown' }],
    ['a PDF', file(4096, [0, '%PDF-1.7\n%\0']), { kind: 'other', what: 'pdf' }],
    ['a package of Debian', file(4096, [0, '!<arch>\ndebian-binary   ']), { kind: 'other', what: 'ar' }],
    ['a package of RPM', file(4096, [0, [0xed, 0xab, 0xee, 0xdb]]), { kind: 'other', what: 'rpm' }],
    ['XML', Buffer.from('<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'), { kind: 'text', html: true }],
    ['JSON', Buffer.from('{"error": "not found"}\n'), { kind: 'text', html: false }],
    ['an error page', Buffer.from('\n<!DOCTYPE html><html><title>404</title>'), { kind: 'text', html: true }],
    ['a checksum file', Buffer.from('abc  x.iso\n'), { kind: 'text', html: false }],
  ] as const)('%s', (_what, bytes, format) => {
    expect(readImageFormat(bytes)).toEqual(format)
  })

  it('knows a fixed VHD by its footer alone', () => {
    const disk = file(4096, BOOT, [446, [0x80]], [450, [7]])
    expect(readImageFormat(disk)).toEqual({ kind: 'raw', layout: 'mbr' })
    expect(readImageFormat(disk, file(512, ...VHD(2)))).toEqual({ kind: 'vhd', layout: 'fixed', virtualSize: GIB })
  })

  it('reads what tar itself writes', () => {
    expect(readImageFormat(execFileSync('tar', ['-c', '-C', import.meta.dirname, 'imageFormat.ts']))).toEqual({ kind: 'tar' })
  })

  it('never throws, whatever the bytes and however early they end', () => {
    const marks = fc.constantFrom('QFI\xfb', 'KDMV', 'conectix', 'vhdxfile', '\x1f\x8b\x08', '').map(mark => Buffer.from(mark, 'latin1'))
    fc.assert(fc.property(marks, fc.uint8Array({ maxLength: 600 }), fc.nat(600), (mark, rest, cut) => {
      expect(readImageFormat(Buffer.concat([mark, rest]).subarray(0, cut)).kind).toBeTypeOf('string')
    }), { numRuns: 2000 })
  })
})
