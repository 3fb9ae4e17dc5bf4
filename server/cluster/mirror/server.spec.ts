import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { request } from 'undici'
import type { Dispatcher } from 'undici'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { follow } from './catalogue.ts'
import { virtualSizeIn } from './qcow2.ts'
import type { MirrorServer } from './server.ts'
import { startMirror } from './server.ts'

const TODAY = Date.parse('2026-11-26T09:00:00Z')
const DAY = Math.floor(TODAY / 86_400_000)
let ahead = 0
let mirror: MirrorServer
beforeAll(async () => { mirror = await startMirror({ port: 0, now: () => TODAY, daysAhead: () => ahead }) })
beforeEach(() => { ahead = 0 })
afterAll(() => mirror.stop())

interface Said { readonly status: number, readonly headers: Dispatcher.ResponseData['headers'], readonly body: Buffer, readonly text: string }

async function ask(path: string, headers: Record<string, string> = {}, method: Dispatcher.HttpMethod = 'GET'): Promise<Said> {
  const answer = await request(new URL(path, mirror.url), { method, headers })
  const body = Buffer.from(await answer.body.arrayBuffer())
  return { status: answer.statusCode, headers: answer.headers, body, text: body.toString() }
}
const sum = (algorithm: string, body: Buffer) => createHash(algorithm).update(body).digest('hex')

const NOBLE = 'ubuntu-cloud-images/noble/current/noble-server-cloudimg-amd64.img'

describe('a `current/` image', () => {
  it('is a sound qcow2 of two GiB, whose clusters are all used once', async () => {
    const { body, headers } = await ask(NOBLE)
    expect(body.length).toBe(2 * 2 ** 20)
    expect(headers['content-length']).toBe(String(body.length))
    expect(virtualSizeIn(body)).toBe(2 * 2 ** 30)
    const cluster = 65_536
    const l1 = Number(body.readBigUInt64BE(40))
    const l2 = Number(body.readBigUInt64BE(l1) & ~(1n << 63n))
    const refcounts = Number(body.readBigUInt64BE(Number(body.readBigUInt64BE(48))))
    const data = Array.from({ length: body.length / cluster - 5 }, (_, index) => Number(body.readBigUInt64BE(l2 + index * 8) & ~(1n << 63n)))
    expect(data).toEqual(data.map((_, index) => (5 + index) * cluster))
    expect(Array.from({ length: body.length / cluster }, (_, index) => body.readUInt16BE(refcounts + index * 2)).every(count => count === 1)).toBe(true)
  })

  it('has other bytes on the next day, and other validators', async () => {
    const today = await ask(NOBLE)
    ahead = 1
    const tomorrow = await ask(NOBLE)
    expect(sum('sha512', tomorrow.body)).not.toBe(sum('sha512', today.body))
    expect(tomorrow.body.length).toBe(today.body.length)
    expect(tomorrow.headers['etag']).not.toBe(today.headers['etag'])
    expect(Date.parse(String(tomorrow.headers['last-modified'])) - Date.parse(String(today.headers['last-modified']))).toBe(86_400_000)
  })

  it('lies with the same bytes in the folder of its day, which goes after five days', async () => {
    const dated = NOBLE.replace('current', '20261126')
    const { body } = await ask(NOBLE)
    expect((await ask(dated)).body.equals(body)).toBe(true)
    ahead = 4
    expect((await ask(dated)).body.equals(body)).toBe(true)
    ahead = 5
    expect((await ask(dated)).status).toBe(404)
  })

  it('has beside it the checksum of its very bytes', async () => {
    const [{ body }, { text }] = [await ask(NOBLE), await ask('ubuntu-cloud-images/noble/current/SHA256SUMS')]
    expect(text).toContain(`${sum('sha256', body)} *noble-server-cloudimg-amd64.img\n`)
  })
})

const SERIAL = '20261126'
const WEEKLY = '20261126'
describe('checksum files', () => {
  const DEBIAN = `images/cloud/bookworm/${SERIAL}-${DAY % 2000}`
  const DEBIAN_IMAGE = `debian-12-genericcloud-amd64-${SERIAL}-${DAY % 2000}.qcow2`
  const LEAP = 'distribution/leap/15.6/appliances'
  it.each([
    ['Debian, SHA512SUMS', `${DEBIAN}/${DEBIAN_IMAGE}`, `${DEBIAN}/SHA512SUMS`, 'sha512', (hash: string) => `${hash}  ${DEBIAN_IMAGE}\n`],
    ['AlmaLinux, in a signed text', 'almalinux/9/cloud/x86_64/images/AlmaLinux-9-GenericCloud-latest.x86_64.qcow2', 'almalinux/9/cloud/x86_64/images/CHECKSUM', 'sha256', (hash: string) => `${hash}  AlmaLinux-9-GenericCloud-latest.x86_64.qcow2\n${hash}  AlmaLinux-9-GenericCloud-9.6-${WEEKLY}.x86_64.qcow2\n`],
    ['CentOS, BSD lines', 'centos/10-stream/x86_64/images/CentOS-Stream-GenericCloud-10-latest.x86_64.qcow2', 'centos/10-stream/x86_64/images/CHECKSUM', 'sha256', (hash: string) => `SHA256 (CentOS-Stream-GenericCloud-10-latest.x86_64.qcow2) = ${hash}\n`],
    ['Fedora, BSD lines in a signed text', 'fedora/linux/releases/43/Cloud/x86_64/images/Fedora-Cloud-Base-Generic-43-1.6.x86_64.qcow2', 'fedora/linux/releases/43/Cloud/x86_64/images/Fedora-Cloud-43-1.6-x86_64-CHECKSUM', 'sha256', (hash: string) => `# Fedora-Cloud-Base-Generic-43-1.6.x86_64.qcow2: 2097152 bytes\nSHA256 (Fedora-Cloud-Base-Generic-43-1.6.x86_64.qcow2) = ${hash}\n-----BEGIN PGP SIGNATURE-----`],
    ['Rocky, of an alias without a twin', 'rocky/9/images/x86_64/Rocky-9-GenericCloud-Base.latest.x86_64.qcow2', 'rocky/9/images/x86_64/CHECKSUM', 'sha256', (hash: string) => `SHA256 (Rocky-9-GenericCloud-Base.latest.x86_64.qcow2) = ${hash}\n`],
    ['openSUSE, naming the build', `${LEAP}/openSUSE-Leap-15.6-Minimal-VM.x86_64-Cloud.qcow2`, `${LEAP}/openSUSE-Leap-15.6-Minimal-VM.x86_64-Cloud.qcow2.sha256`, 'sha256', (hash: string) => `${hash}  openSUSE-Leap-15.6-Minimal-VM.x86_64-15.6.0-Cloud-Build19.`],
    ['Alpine, bare', 'alpine/v3.22/releases/cloud/nocloud_alpine-3.22.1-x86_64-bios-cloudinit-r0.qcow2', 'alpine/v3.22/releases/cloud/nocloud_alpine-3.22.1-x86_64-bios-cloudinit-r0.qcow2.sha512', 'sha512', (hash: string) => `${hash}\n`],
    ['Flatcar, DIGESTS', 'amd64-usr/current/flatcar_production_qemu_image.img', 'amd64-usr/current/flatcar_production_qemu_image.img.DIGESTS', 'sha512', (hash: string) => `# SHA512 HASH\n${hash}  flatcar_production_qemu_image.img\n`],
  ])('%s: tells the truth', async (_name, image, sums, algorithm, line) => {
    const { body } = await ask(image)
    const { text, status } = await ask(sums)
    expect(status).toBe(200)
    expect(text).toContain(line(sum(algorithm, body)))
  })

  it('Debian\'s JSON has the digest in base64 and the serial of the build', async () => {
    const { body } = await ask('images/cloud/bookworm/latest/debian-12-genericcloud-amd64.qcow2')
    const { text } = await ask('images/cloud/bookworm/latest/debian-12-genericcloud-amd64.json')
    expect(text).toContain(`sha512:${createHash('sha512').update(body).digest('base64').replace(/=+$/, '')}"`)
    expect(text).toContain(`"version": "${SERIAL}-${DAY % 2000}"`)
  })

  it('Ubuntu\'s index of releases leads to files with the hashes that it names', async () => {
    const { text } = await ask('ubuntu-cloud-images/releases/streams/v1/com.ubuntu.cloud:released:download.json')
    const index = JSON.parse(text) as { products: Record<string, { versions: Record<string, { items: Record<string, { path: string, sha256: string }> }> }> }
    const versions = Object.values(index.products['com.ubuntu.cloud:server:24.04:amd64']?.versions ?? {})
    expect(versions).toHaveLength(5)
    for (const { items } of versions) for (const { path, sha256 } of Object.values(items)) expect(sum('sha256', (await ask(`ubuntu-cloud-images/releases/${path}`)).body)).toBe(sha256)
  })

  it('one beside another file\'s image does not fit', async () => {
    const { body } = await ask('faults/other-checksum/disk.qcow2')
    expect((await ask('faults/other-checksum/SHA256SUMS')).text).not.toContain(sum('sha256', body))
  })
})

describe('formats', () => {
  it('an installer is ISO 9660, a disk has a boot record, a packed one unpacks to one', async () => {
    expect((await ask('appliances/4.2/installer-4.2.iso')).body.subarray(32_768, 32_775).toString('latin1')).toBe('\x01CD001\x01')
    const { body } = await ask('appliances/4.2/appliance-4.2.raw')
    expect(body.readUInt16LE(510)).toBe(0xAA55)
    expect(gunzipSync((await ask('appliances/4.2/appliance-4.2.raw.gz')).body).readUInt16LE(510)).toBe(0xAA55)
  })

  it('an image on a base names it, another is VMware\'s, a page is no image, and one is no multiple of 512', async () => {
    const { body } = await ask('faults/on-base/disk.qcow2')
    const at = Number(body.readBigUInt64BE(8))
    expect(body.subarray(at, at + body.readUInt32BE(16)).toString()).toBe('base.qcow2')
    expect((await ask('faults/vmdk/disk.img')).body.subarray(0, 4).toString()).toBe('KDMV')
    expect((await ask('faults/page/disk.img')).headers['content-type']).toBe('text/html; charset=utf-8')
    expect((await ask('faults/odd-size/disk.raw')).body.length % 512).toBe(100)
  })
})

describe('requests', () => {
  it('for a part of a file get it', async () => {
    const { body } = await ask(NOBLE)
    for (const [range, from, to] of [['bytes=0-127', 0, 128], ['bytes=327675-327689', 327_675, 327_690], ['bytes=2097100-', 2_097_100, 2_097_152], ['bytes=-16', 2_097_136, 2_097_152], ['bytes=2097000-9999999', 2_097_000, 2_097_152]] as const) {
      const part = await ask(NOBLE, { range })
      expect([part.status, part.headers['content-range']]).toEqual([206, `bytes ${from}-${to - 1}/2097152`])
      expect(part.body.equals(body.subarray(from, to))).toBe(true)
    }
    expect(await ask(NOBLE, { range: 'bytes=2097152-' })).toMatchObject({ status: 416, headers: { 'content-range': 'bytes */2097152' } })
  })

  it('with a known ETag or date are answered 304', async () => {
    const { headers } = await ask(NOBLE, {}, 'HEAD')
    expect((await ask(NOBLE, { 'if-none-match': String(headers['etag']) })).status).toBe(304)
    expect((await ask(NOBLE, { 'if-modified-since': String(headers['last-modified']) })).status).toBe(304)
    ahead = 1
    expect((await ask(NOBLE, { 'if-none-match': String(headers['etag']) }, 'HEAD')).status).toBe(200)
  })

  it.each([
    ['ubuntu-cloud-images/noble/', ['20261122/', '20261126/', 'current/'], '<table>'],
    ['centos/10-stream/x86_64/images/', ['CHECKSUM', 'CentOS-Stream-GenericCloud-10-latest.x86_64.qcow2'], '<pre>'],
    ['', ['almalinux/', 'faults/', 'ubuntu-cloud-images/'], '<pre>'],
  ])('for the folder %s get a listing', async (path, names, form) => {
    const { text, headers } = await ask(path)
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    expect(text).toContain(form)
    for (const name of names) expect(text).toContain(`<a href="${name}">${name}</a>`)
  })

  it('for a folder without its slash are sent there; for what nobody has get 404; for writing get 405', async () => {
    expect(await ask('ubuntu-cloud-images/noble')).toMatchObject({ status: 301, headers: { location: '/ubuntu-cloud-images/noble/' } })
    for (const path of ['nothing', '__proto__', 'constructor/x', '%zz', 'faults/../../etc/passwd']) expect((await ask(path)).status).toBe(404)
    expect((await ask(NOBLE, {}, 'PUT')).status).toBe(405)
    const doubled = await request(`${mirror.url}/${NOBLE.replaceAll('/', '//')}`, { method: 'HEAD' })
    expect(doubled.statusCode).toBe(200)
  })
})

describe('faults', () => {
  it.each([['missing', 404], ['forbidden', 403], ['broken', 500], ['busy', 503]])('%s is %i', async (name, status) => {
    expect((await ask(`faults/${name}/disk.qcow2`)).status).toBe(status)
  })

  it('HEAD is refused where a part can be read', async () => {
    expect((await ask('faults/no-head/disk.qcow2', {}, 'HEAD')).status).toBe(405)
    expect((await ask('faults/no-head/disk.qcow2', { range: 'bytes=0-0' })).status).toBe(206)
    expect((await ask('faults/no-head-no-range/disk.qcow2', { range: 'bytes=0-0' })).status).toBe(200)
  })

  it('a server without ranges sends all, one without a length says none, one without validators none', async () => {
    const whole = await ask('faults/no-range/disk.qcow2', { range: 'bytes=0-127' })
    expect([whole.status, whole.body.length, whole.headers['accept-ranges']]).toEqual([200, 2_097_152, undefined])
    const unsized = await ask('faults/no-length/disk.qcow2')
    expect([unsized.body.length, unsized.headers['content-length']]).toEqual([2_097_152, undefined])
    expect(Object.keys((await ask('faults/no-validators/disk.qcow2', {}, 'HEAD')).headers)).not.toEqual(expect.arrayContaining(['etag']))
    expect((await ask('faults/wrong-length/disk.qcow2', {}, 'HEAD')).headers['content-length']).toBe('2101248')
  })

  it('an answer breaks off in its middle', async () => {
    const answer = await request(new URL('faults/cut/disk.qcow2', mirror.url))
    let got = 0
    await expect((async () => { for await (const piece of answer.body) got += (piece as Buffer).length })()).rejects.toThrow()
    expect(got).toBe(2 ** 20)
  })

  it.each([['endless', 4 * 2 ** 20, 'more than the file'], ['slow', 64 * 1024, 'a first piece only'], ['stalled', 64 * 1024, 'a first piece only']])('%s: gives %i bytes and can be left', async (name, bytes) => {
    const answer = await request(new URL(`faults/${name}/disk.qcow2`, mirror.url))
    let got = 0
    for await (const piece of answer.body) {
      got += (piece as Buffer).length
      if (got >= bytes)
        break
    }
    expect(got).toBeGreaterThanOrEqual(bytes)
  })
})

describe('redirects', () => {
  it.each([
    ['relative', 307, '../../faults/target/disk.qcow2'],
    ['absolute', 308, '{origin}/faults/target/disk.qcow2'],
    ['chain/3', 301, '../2/disk.qcow2'],
    ['loop/a', 302, '../b/disk.qcow2'],
    ['private', 302, 'http://10.0.0.1/disk.qcow2'],
    ['metadata', 302, 'http://169.254.169.254/latest/meta-data/iam/disk.qcow2'],
    ['file', 302, 'file:///etc/passwd'],
  ])('%s: %i to %s', async (name, status, location) => {
    expect(await ask(`redirects/${name}/disk.qcow2`)).toMatchObject({ status, headers: { location: location.replace('{origin}', mirror.url.slice(0, -1)) } })
  })

  it.each([
    ['relative/disk.qcow2', 'leaf'], ['absolute/disk.qcow2', 'leaf'], ['chain/10/disk.qcow2', 'leaf'], ['chain/11/disk.qcow2', 'too-many-redirects'], ['loop/a/disk.qcow2', 'too-many-redirects'],
    ['private/disk.qcow2', 'elsewhere'], ['file/disk.qcow2', 'elsewhere'], ['current/disk.img', 'leaf'], ['nosuch', 'nothing'],
  ])('a client that follows %s finds %s', (path, found) => {
    expect(follow(`${mirror.url}redirects/${path}`, mirror.url, DAY).is).toBe(found)
  })
})
