import { createCipheriv, createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { qcow2Head } from './qcow2.ts'

// Image files that are small, real in format, and the same each time: their bytes follow from what they are called.

type ImageFormat = 'qcow2' | 'qcow2-on-base' | 'raw' | 'iso' | 'gzip' | 'vmdk'
export type HashName = 'md5' | 'sha1' | 'sha256' | 'sha512'

export interface ImageFile {
  readonly format: ImageFormat
  readonly size: number
  /** The disk that a guest sees. */
  readonly virtualSize: number
  /** Files with other names have other bytes. */
  readonly name: string
}

const MIB = 2 ** 20
const GIB = 2 ** 30
const SECTOR = 2048
const BLOCK = 16

/** A file of that format; of a qcow2 in whole MiB. */
export function imageFile(format: ImageFormat, name: string, size = 2 * MIB): ImageFile {
  if (format === 'gzip')
    return { format, name, size: packed(name).length, virtualSize: MIB }
  return { format, name, size, virtualSize: format.startsWith('qcow2') ? 2 * GIB : size }
}

/** A key stream: bytes without pattern, from any place on. */
function noise(name: string, from: number, to: number): Buffer {
  const first = Math.floor(from / BLOCK)
  const counter = Buffer.alloc(BLOCK)
  counter.writeBigUInt64BE(BigInt(first), 8)
  const key = createHash('sha256').update(name).digest()
  const stream = createCipheriv('aes-256-ctr', key, counter).update(Buffer.alloc(to - first * BLOCK))
  return stream.subarray(from - first * BLOCK)
}

const packages = new Map<string, Buffer>()

/** A MiB of raw disk in a gzip; it must be made to know its size. */
function packed(name: string): Buffer {
  const made = packages.get(name) ?? gzipSync(Buffer.concat([rawHead(), noise(name, 512, MIB)]), { level: 1 })
  packages.set(name, made)
  return made
}

/** A master boot record with one Linux partition. */
function rawHead(): Buffer {
  const head = Buffer.alloc(512)
  head.writeUInt8(0x83, 450)
  head.writeUInt32LE(2048, 454)
  head.writeUInt32LE(2048, 458)
  head.writeUInt16LE(0xAA55, 510)
  return head
}

/** ISO 9660: an empty system area, the primary volume descriptor, and the end of the list. */
function isoHead({ size, name }: ImageFile): Buffer {
  const head = Buffer.alloc(18 * SECTOR)
  const volume = head.subarray(16 * SECTOR)
  volume.write('\x01CD001\x01', 0, 'latin1')
  volume.write(name.slice(0, 32).toUpperCase().padEnd(32), 40)
  volume.writeUInt32LE(size / SECTOR, 80)
  volume.writeUInt32BE(size / SECTOR, 84)
  volume.writeUInt16LE(SECTOR, 128)
  volume.writeUInt16BE(SECTOR, 130)
  head.write('\xffCD001\x01', 17 * SECTOR, 'latin1')
  return head
}

function headOf(file: ImageFile): Buffer {
  switch (file.format) {
    case 'qcow2': return qcow2Head(file)
    case 'qcow2-on-base': return qcow2Head({ ...file, base: 'base.qcow2' })
    case 'iso': return isoHead(file)
    case 'raw': return rawHead()
    case 'vmdk': return Buffer.concat([Buffer.from('KDMV\x01\0\0\0', 'latin1'), Buffer.alloc(504)])
    case 'gzip': return packed(file.name)
  }
}

const heads = new Map<string, Buffer>()

function keptHead(file: ImageFile): Buffer {
  const key = `${file.format} ${file.size} ${file.format === 'iso' || file.format === 'gzip' ? file.name : ''}`
  const head = heads.get(key) ?? headOf(file)
  heads.set(key, head)
  return head
}

/** The bytes of a file from one place to before another. */
export function bytesOf(file: ImageFile, from: number, to: number): Buffer {
  const head = keptHead(file)
  const end = Math.min(to, file.size)
  const start = head.subarray(from, Math.min(end, head.length))
  return end <= head.length ? start : Buffer.concat([start, noise(file.name, Math.max(from, head.length), end)])
}

const hashes = new Map<string, string>()

/** The checksum of a file's bytes, in hex. */
export function hashOf(file: ImageFile, algorithm: HashName): string {
  const key = `${algorithm} ${file.format} ${file.size} ${file.name}`
  const known = hashes.get(key)
  if (known)
    return known
  const made = createHash(algorithm).update(bytesOf(file, 0, file.size)).digest('hex')
  hashes.set(key, made)
  return made
}
