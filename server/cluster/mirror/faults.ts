import { starred } from './checksumText.ts'
import { imageFile } from './imageFile.ts'
import type { Leaf, Manner, Shelf } from './leaf.ts'
import { below, fileLeaf, serialOf, textLeaf } from './leaf.ts'

// Servers as they should not be, one folder each, and redirects.

const IMAGE = imageFile('qcow2', 'faults')
const HALF = IMAGE.size / 2
/** When these files were made. */
const MADE = 20_400

const MANNERS: Readonly<Record<string, Manner>> = {
  'no-head': { head: 'refused' },
  'no-range': { ranges: 'ignored' },
  'no-head-no-range': { head: 'refused', ranges: 'ignored' },
  'no-length': { announced: 'nothing' },
  'no-validators': { validators: 'none' },
  'wrong-length': { announced: IMAGE.size + 4096 },
  'slow': { rate: 64 * 1024 },
  'stalled': { stallsAt: 64 * 1024 },
  'cut': { breaksAt: HALF },
  'endless': { ends: 'never', announced: 'nothing' },
}

const STATUSES = { missing: 404, forbidden: 403, broken: 500, busy: 503 } as const

const HTML = '<!doctype html><html><head><title>Sign in</title></head><body><form action="/login"><input name="user"></form></body></html>\n'

const redirect = (to: string, code: Extract<Leaf, { is: 'redirect' }>['code'] = 302): Leaf => ({ is: 'redirect', code, to })
const TARGET = '/faults/target/disk.qcow2'

function redirects(day: number): Shelf {
  const chain = (length: number): Shelf => Object.fromEntries(Array.from({ length }, (_, index) => [`chain/${index + 1}/disk.qcow2`, index === 0 ? redirect(TARGET) : redirect(`../${index}/disk.qcow2`, 301)]))
  return {
    ...chain(15),
    'relative/disk.qcow2': redirect('../../faults/target/disk.qcow2', 307),
    'absolute/disk.qcow2': redirect(`{origin}${TARGET}`, 308),
    'loop/a/disk.qcow2': redirect('../b/disk.qcow2'),
    'loop/b/disk.qcow2': redirect('../a/disk.qcow2'),
    'private/disk.qcow2': redirect('http://10.0.0.1/disk.qcow2'),
    'metadata/disk.qcow2': redirect('http://169.254.169.254/latest/meta-data/iam/disk.qcow2'),
    'file/disk.qcow2': redirect('file:///etc/passwd'),
    'gone/disk.qcow2': redirect('/faults/missing/disk.qcow2'),
    'current/disk.img': redirect(`{origin}/ubuntu-cloud-images/noble/${serialOf(day)}/noble-server-cloudimg-amd64.img`, 303),
  }
}

/** Everything below `faults/` and `redirects/` on a day. */
export function faultsOn(day: number): Shelf {
  return {
    ...below('faults', {
      'target/disk.qcow2': fileLeaf(IMAGE, MADE),
      ...Object.fromEntries(Object.entries(MANNERS).map(([name, manner]) => [`${name}/disk.qcow2`, fileLeaf(IMAGE, MADE, manner)])),
      ...Object.fromEntries(Object.entries(STATUSES).map(([name, status]): [string, Leaf] => [`${name}/disk.qcow2`, { is: 'refusal', status }])),
      'page/disk.img': textLeaf(() => HTML, MADE, 'text/html; charset=utf-8'),
      'odd-size/disk.raw': fileLeaf(imageFile('raw', 'odd', 2 ** 20 + 100), MADE),
      'on-base/disk.qcow2': fileLeaf(imageFile('qcow2-on-base', 'on base'), MADE),
      'vmdk/disk.img': fileLeaf(imageFile('vmdk', 'vmdk'), MADE),
      'other-checksum/disk.qcow2': fileLeaf(IMAGE, MADE),
      'other-checksum/SHA256SUMS': textLeaf(() => starred({ 'disk.qcow2': imageFile('qcow2', 'another') }, 'sha256'), MADE),
    }),
    ...below('redirects', redirects(day)),
  }
}
