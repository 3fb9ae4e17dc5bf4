// QEMU docs/interop/qcow2.txt, version 3, clusters of 64 KiB.

const MAGIC = Buffer.from('QFI\xfb', 'latin1')
const CLUSTER = 65_536
const CLUSTER_BITS = 16
/** On an entry of the L1 and L2 tables: the cluster is used once. */
const COPIED = 1n << 63n
const SECTOR_HEAD = 104
/** Header, refcount table, refcount block, L1 table, L2 table. */
const TABLES = 5

/** How many bytes of a file tell all that is asked of its head. */
export const HEAD_BYTES = 32

/** The size of the disk in a qcow2 file, from its first 32 bytes; undefined for any other file. */
export function virtualSizeIn(head: Buffer): number | undefined {
  return head.length >= HEAD_BYTES && head.subarray(0, 4).equals(MAGIC) ? Number(head.readBigUInt64BE(24)) : undefined
}

function put(target: Buffer, cluster: number, entries: readonly bigint[]): void {
  entries.forEach((entry, index) => target.writeBigUInt64BE(entry, cluster * CLUSTER + index * 8))
}

/** The tables of a qcow2 file of so many bytes (whole clusters, at most 512 MiB) in which the guest's first clusters are the file's last ones. */
export function qcow2Head({ size, virtualSize, base = '' }: { readonly size: number, readonly virtualSize: number, readonly base?: string }): Buffer {
  const clusters = size / CLUSTER
  const head = Buffer.alloc(TABLES * CLUSTER)
  MAGIC.copy(head)
  head.writeUInt32BE(3, 4)
  head.writeUInt32BE(CLUSTER_BITS, 20)
  head.writeBigUInt64BE(BigInt(virtualSize), 24)
  head.writeUInt32BE(Math.ceil(virtualSize / (CLUSTER * CLUSTER / 8)), 36)
  head.writeBigUInt64BE(BigInt(3 * CLUSTER), 40)
  head.writeBigUInt64BE(BigInt(CLUSTER), 48)
  head.writeUInt32BE(1, 56)
  // Refcounts of 16 bits.
  head.writeUInt32BE(4, 96)
  head.writeUInt32BE(SECTOR_HEAD, 100)
  if (base) {
    // After the empty list of header extensions.
    const at = SECTOR_HEAD + 8
    head.write(base, at)
    head.writeBigUInt64BE(BigInt(at), 8)
    head.writeUInt32BE(base.length, 16)
  }
  put(head, 1, [BigInt(2 * CLUSTER)])
  for (let cluster = 0; cluster < clusters; cluster++) head.writeUInt16BE(1, 2 * CLUSTER + cluster * 2)
  put(head, 3, [BigInt(4 * CLUSTER) | COPIED])
  put(head, 4, Array.from({ length: clusters - TABLES }, (_, index) => BigInt((TABLES + index) * CLUSTER) | COPIED))
  return head
}
