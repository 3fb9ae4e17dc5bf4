// What a file is by its first bytes, whatever its name says. Pure, on a Uint8Array: the same for the probe and for a file picked in the browser.

export type ImageFormat
  = | { readonly kind: 'qcow2', readonly version: number, readonly virtualSize: number, readonly backingFile?: string, readonly encrypted?: true, readonly externalData?: true }
    | { readonly kind: 'qcow1', readonly virtualSize: number, readonly backingFile?: string }
    | { readonly kind: 'raw', readonly layout: 'gpt' | 'mbr' }
    | { readonly kind: 'iso', readonly label: string, readonly hybrid: boolean }
    | { readonly kind: 'vmdk', readonly layout: 'sparse' | 'stream' | 'descriptor', readonly virtualSize?: number }
    | { readonly kind: 'vhd', readonly layout: 'fixed' | 'dynamic' | 'differencing', readonly virtualSize: number }
    | { readonly kind: 'vhdx' }
    | { readonly kind: 'vdi', readonly virtualSize: number }
    | { readonly kind: 'compressed', readonly by: 'gzip' | 'xz' | 'zstd' | 'bzip2' | 'zip' | 'lz4' | '7z' }
    | { readonly kind: 'tar' }
    /** Something that is known, and no disk. */
    | { readonly kind: 'other', readonly what: 'elf' | 'wim' | 'pe' | 'pdf' | 'ar' | 'rpm' }
    /** A page of text where an image should be: an error page, a login, a checksum file. */
    | { readonly kind: 'text', readonly html: boolean }
    | { readonly kind: 'empty' }
    /** No mark of any format: a raw disk without a partition table, or something else. */
    | { readonly kind: 'unknown' }

/** So many first bytes tell every format: the volume descriptor of an ISO 9660 stands at 32 KiB. */
export const FORMAT_HEAD = 64 * 1024
/** So many last bytes tell a fixed VHD, whose only mark is its footer. */
export const FORMAT_TAIL = 512

const SECTOR = 512
const ISO_DESCRIPTOR = 32_768
const MBR_PROTECTIVE = 0xee

/** Byte by byte: what TextDecoder calls latin1 is windows-1252, which changes 0x80 to 0x9f. */
function textAt(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length))
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}

/** The file that an image leans on: its name stands anywhere in the first cluster; longer than 1023 bytes is no name (docs/interop/qcow2.txt). */
function backingFile(bytes: Uint8Array): string | undefined {
  const view = viewOf(bytes)
  const at = Number(view.getBigUint64(8))
  const length = view.getUint32(16)
  return at === 0 || length === 0 ? undefined : new TextDecoder().decode(bytes.subarray(at, at + Math.min(length, 1023)))
}

/** Source: QEMU docs/interop/qcow2.txt; all numbers big-endian. */
function readQcow(bytes: Uint8Array): ImageFormat | undefined {
  if (textAt(bytes, 0, 4) !== 'QFI\xfb' || bytes.length < 48)
    return undefined
  const view = viewOf(bytes)
  const version = view.getUint32(4)
  const backing = backingFile(bytes)
  const leans = backing !== undefined && { backingFile: backing }
  if (version === 1)
    return { kind: 'qcow1', virtualSize: Number(view.getBigUint64(24)), ...leans }
  const external = version >= 3 && bytes.length >= 80 && (view.getBigUint64(72) & 4n) !== 0n
  return {
    kind: 'qcow2', version, virtualSize: Number(view.getBigUint64(24)), ...leans,
    ...(view.getUint32(32) !== 0 && { encrypted: true as const }),
    ...(external && { externalData: true as const }),
  }
}

/** Source: VMware Virtual Disk Format 1.1; little-endian, capacity in sectors, flag 16 marks compressed grains as streamOptimized has them. */
function readVmdk(bytes: Uint8Array): ImageFormat | undefined {
  if (textAt(bytes, 0, 4) === 'KDMV' && bytes.length >= 20) {
    const view = viewOf(bytes)
    return { kind: 'vmdk', layout: (view.getUint32(8, true) & 0x10000) === 0 ? 'sparse' : 'stream', virtualSize: Number(view.getBigUint64(12, true)) * SECTOR }
  }
  return /^# Disk DescriptorFile/.test(textAt(bytes, 0, 32)) ? { kind: 'vmdk', layout: 'descriptor' } : undefined
}

/** Source: Microsoft Virtual Hard Disk Image Format Specification; a dynamic disk has a copy of its footer at the beginning. */
function readVhd(bytes: Uint8Array): ImageFormat | undefined {
  if (textAt(bytes, 0, 8) !== 'conectix' || bytes.length < 64)
    return undefined
  const view = viewOf(bytes)
  const layout = view.getUint32(60) === 2 ? 'fixed' : view.getUint32(60) === 4 ? 'differencing' : 'dynamic'
  return { kind: 'vhd', layout, virtualSize: Number(view.getBigUint64(48)) }
}

/** Source: VirtualBox VDICore.h: signature at 64, the disk's size at 368 of a version 1 header. */
function readVdi(bytes: Uint8Array): ImageFormat | undefined {
  const marked = bytes.length >= 376 && viewOf(bytes).getUint32(64, true) === 0xbeda107f
  return marked ? { kind: 'vdi', virtualSize: Number(viewOf(bytes).getBigUint64(368, true)) } : undefined
}

function hasBootSignature(bytes: Uint8Array): boolean {
  return bytes[510] === 0x55 && bytes[511] === 0xaa
}

function readIso(bytes: Uint8Array): ImageFormat | undefined {
  if (textAt(bytes, ISO_DESCRIPTOR + 1, 5) !== 'CD001')
    return undefined
  return { kind: 'iso', label: (textAt(bytes, ISO_DESCRIPTOR + 40, 32).split('\0')[0] ?? '').trim(), hybrid: hasBootSignature(bytes) }
}

/** A partition table: GPT behind a protective entry (sectors of 512 or 4096 bytes), else an MBR whose entries are well formed. */
function readRaw(bytes: Uint8Array): ImageFormat | undefined {
  if (!hasBootSignature(bytes))
    return undefined
  if (textAt(bytes, SECTOR, 8) === 'EFI PART' || textAt(bytes, 4096, 8) === 'EFI PART')
    return { kind: 'raw', layout: 'gpt' }
  const entries = [446, 462, 478, 494].map(at => ({ status: bytes[at] ?? 1, type: bytes[at + 4] ?? 0 }))
  const wellFormed = entries.every(({ status }) => status === 0 || status === 0x80) && entries.some(({ type }) => type !== 0)
  return wellFormed ? { kind: 'raw', layout: entries.some(({ type }) => type === MBR_PROTECTIVE) ? 'gpt' : 'mbr' } : undefined
}

const COMPRESSED: readonly (readonly [mark: string, by: Extract<ImageFormat, { kind: 'compressed' }>['by']])[] = [
  ['\x1f\x8b\x08', 'gzip'], ['\xfd7zXZ\x00', 'xz'], ['\x28\xb5\x2f\xfd', 'zstd'], ['BZh', 'bzip2'], ['PK\x03\x04', 'zip'], ['\x04\x22\x4d\x18', 'lz4'], ['7z\xbc\xaf\x27\x1c', '7z'],
]

function readCompressed(bytes: Uint8Array): ImageFormat | undefined {
  const head = textAt(bytes, 0, 6)
  const found = COMPRESSED.find(([mark]) => head.startsWith(mark))
  return found && { kind: 'compressed', by: found[1] }
}

const OTHERS: readonly (readonly [mark: string, what: Extract<ImageFormat, { kind: 'other' }>['what']])[] = [
  ['\x7fELF', 'elf'], ['MSWIM\0\0\0', 'wim'], ['%PDF-', 'pdf'], ['!<arch>\n', 'ar'], ['\xed\xab\xee\xdb', 'rpm'],
]

/** What is no disk: asked last, for boot code may begin with anything. A PE file names at 60 where its own mark stands. */
function readOther(bytes: Uint8Array): ImageFormat | undefined {
  const head = textAt(bytes, 0, 8)
  const found = OTHERS.find(([mark]) => head.startsWith(mark))
  const isPe = head.startsWith('MZ') && bytes.length >= 64 && textAt(bytes, viewOf(bytes).getUint32(60, true), 4) === 'PE\0\0'
  return found ? { kind: 'other', what: found[1] } : isPe ? { kind: 'other', what: 'pe' } : undefined
}

function readText(bytes: Uint8Array): ImageFormat | undefined {
  const head = textAt(bytes, 0, 1024)
  // Control characters other than tab, line ends and escape are in no text; a bit above 127 may be UTF-8.
  if ([...head].some(character => character < ' ' && !'\t\r\n\f\x1b'.includes(character)))
    return undefined
  return { kind: 'text', html: /^(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|head|body|\?xml|!--)/i.test(head) }
}

/**
 * Tells the format of a disk image from its first bytes (`FORMAT_HEAD` of them, or the whole of a smaller file) and,
 * where given, its last (`FORMAT_TAIL`). Never throws: what was cut too short to tell is `unknown`.
 */
export function readImageFormat(head: Uint8Array, tail: Uint8Array = new Uint8Array()): ImageFormat {
  if (head.length === 0)
    return { kind: 'empty' }
  const marked = readQcow(head) ?? readVmdk(head) ?? (textAt(head, 0, 8) === 'vhdxfile' ? { kind: 'vhdx' as const } : undefined) ?? readVhd(head) ?? readVdi(head) ?? readIso(head)
  // The mark of a fixed VHD comes after its disk, which begins as any raw one.
  const footed = readVhd(tail.subarray(Math.max(0, tail.length - FORMAT_TAIL)))
  return marked ?? readCompressed(head) ?? footed ?? (textAt(head, 257, 5) === 'ustar' ? { kind: 'tar' } : undefined) ?? readRaw(head) ?? readOther(head) ?? readText(head) ?? { kind: 'unknown' }
}
