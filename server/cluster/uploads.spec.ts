import { createHash, randomBytes } from 'node:crypto'
import { request as secureRequest } from 'node:https'
import { Readable } from 'node:stream'
import { Agent, fetch, request } from 'undici'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { toApiError } from '#kube/apiError.ts'
import type { KubeClient } from '#kube/client.ts'
import { createKubeClient } from '#kube/client.ts'
import type { Condition } from '#kube/object.ts'
import { findCondition } from '#kube/object.ts'
import { BACKING_IMAGES, BACKING_IMAGE_DATA_SOURCES } from '#health/longhorn.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import { IMAGES } from '#images/image.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import type { UploadTrouble } from './controllers/importTrouble.ts'
import type { Life } from './life.ts'
import { bringToLife } from './life.ts'
import type { EmbeddedCluster } from './main.ts'
import { startEmbeddedCluster } from './main.ts'
import { bytesOf, imageFile } from './mirror/imageFile.ts'
import { PLATFORM } from './seed/platform.ts'

// Real requests to the embedded cluster, fifty times as fast as in the demonstration.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const MIB = 2 ** 20
let cluster: EmbeddedCluster
let life: Life
let client: KubeClient
let dispatcher: Agent
beforeAll(async () => {
  cluster = await startEmbeddedCluster({ log: () => undefined })
  life = await bringToLife(cluster, { seed: PLATFORM, pace: 50, log: () => undefined })
  await life.runner?.ready
  dispatcher = new Agent({ connect: { ca: cluster.caPem } })
  client = createKubeClient({ baseUrl: cluster.url, token: cluster.users.admin?.token, fetch: (url, init) => fetch(url, { ...init, dispatcher } as Parameters<typeof fetch>[1]) as unknown as Promise<Response> })
})
afterAll(async () => {
  await life.stop()
  await dispatcher.destroy()
  await cluster.stop()
})

async function make(name: string, { trouble, ...spec }: Partial<VirtualMachineImage['spec']> & { trouble?: UploadTrouble } = {}): Promise<VirtualMachineImage> {
  const { object } = await client.create(IMAGES, {
    apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage',
    metadata: { name, namespace: 'lab', ...(trouble ? { annotations: { 'guardrails.test/upload': trouble } } : {}) }, spec: { displayName: name, sourceType: 'upload', url: '', retry: 0, ...spec },
  })
  return object
}
const CDI = { backend: 'cdi', targetStorageClassName: 'longhorn-v2' } as const
/** An image of CDI's that Harvester has begun with: what its upload, which waits for nothing of Harvester's, said before that would be gone. */
async function makeForCdi(name: string, more: Parameters<typeof make>[1] = {}): Promise<void> {
  await make(name, { ...CDI, ...more })
  await until(() => imageNow(name), has('Initialized', 'True'))
}

interface Sent { readonly size?: number | string, readonly field?: string, readonly account?: string, readonly type?: string, readonly action?: string, readonly before?: string }
const BOUNDARY = '----guardrails'

/** A form around a file that is made while it is sent. */
async function* formOf(pieces: Iterable<Buffer>, { field = 'chunk', before = '' }: Sent): AsyncGenerator<Buffer> {
  yield Buffer.from(`${before}--${BOUNDARY}\r\nContent-Disposition: form-data; name="${field}"; filename="disk.img"\r\nContent-Type: application/octet-stream\r\n\r\n`)
  yield* pieces
  yield Buffer.from(`\r\n--${BOUNDARY}--\r\n`)
}

function* pieces(file: Buffer): Generator<Buffer> {
  for (let at = 0; at < file.length; at += 65_536) yield file.subarray(at, at + 65_536)
}

async function send(name: string, file: Iterable<Buffer>, sent: Sent): Promise<{ status: number, text: string }> {
  const { account = 'admin', type = `multipart/form-data; boundary=${BOUNDARY}`, action = 'upload', size = 0 } = sent
  const token = cluster.users[account]?.token
  const { statusCode, body } = await request(`${cluster.url}/v1/harvester/harvesterhci.io.virtualmachineimages/lab/${name}?action=${action}&size=${size}`, {
    method: 'POST', dispatcher, headersTimeout: 0, body: Readable.from(formOf(file, sent)),
    headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), 'content-type': type, 'file-size': String(size) },
  })
  return { status: statusCode, text: await body.text() }
}
const upload = (name: string, file: Buffer, sent: Sent = {}) => send(name, pieces(file), { size: file.length, ...sent })

async function until<T>(read: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const value = await read()
    if (holds(value))
      return value
    if (tries > 800)
      throw new Error(`not seen: ${JSON.stringify(value)}`)
    await new Promise(done => setTimeout(done, 20))
  }
}
const imageNow = (name: string) => client.get(IMAGES, { namespace: 'lab', name })
const has = (type: string, status: Condition['status'], reason?: string) => (image: VirtualMachineImage) => {
  const condition = findCondition(image.status?.conditions, type)
  return condition?.status === status && (reason === undefined || condition.reason === reason)
}
const sourceNow = (image: VirtualMachineImage) => client.get(BACKING_IMAGE_DATA_SOURCES, { namespace: 'longhorn-system', name: `vmi-${image.metadata.uid}` }).catch((thrown: unknown) => {
  if (toApiError(thrown).status === 404)
    return undefined
  throw thrown
})
const whole = (format: 'qcow2' | 'raw' | 'gzip', name = 'upload') => { const file = imageFile(format, name, 4 * MIB); return bytesOf(file, 0, file.size) }
const sha512 = (file: Buffer) => createHash('sha512').update(file).digest('hex')

describe('an upload to Longhorn', () => {
  it('becomes an image with the checksum of its very bytes and the size of its disk', async () => {
    const made = await make('qcow2')
    const file = whole('qcow2')
    expect(await upload('qcow2', file)).toEqual({ status: 200, text: '' })
    const image = await until(() => imageNow('qcow2'), has('Imported', 'True'))
    expect(image.status).toMatchObject({ progress: 100, size: file.length, virtualSize: 2 ** 31 })
    const backing = await client.get(BACKING_IMAGES, { namespace: 'longhorn-system', name: `vmi-${made.metadata.uid}` })
    expect(backing.status).toMatchObject({ checksum: sha512(file), size: file.length, virtualSize: 2 ** 31 })
  })

  it('tells how far it is, and reads over fields of other names', async () => {
    await make('progress', { trouble: 'slow' })
    const file = whole('raw').subarray(0, MIB)
    const before = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n`
    let status = 0
    void upload('progress', file, { before }).then(said => { status = said.status })
    const seen = new Set<number>()
    const image = await until(async () => { const now = await imageNow('progress'); seen.add(now.status?.progress ?? 0); return now }, has('Imported', 'True'))
    expect(status).toBe(200)
    expect([...seen].filter(progress => progress > 0 && progress < 99).length).toBeGreaterThan(0)
    expect(image.status?.virtualSize).toBe(MIB)
  })

  it('holds nothing of 256 MiB in memory', async () => {
    await make('big')
    const piece = randomBytes(MIB)
    const count = 256
    const hash = createHash('sha512')
    let most = 0
    const before = process.memoryUsage().rss
    function* generated(): Generator<Buffer> {
      for (let index = 0; index < count; index++) {
        hash.update(piece)
        most = Math.max(most, process.memoryUsage().rss - before)
        yield piece
      }
    }
    expect((await send('big', generated(), { size: count * MIB })).status).toBe(200)
    const image = await until(() => imageNow('big'), has('Imported', 'True'))
    const backing = await client.get(BACKING_IMAGES, { namespace: 'longhorn-system', name: `vmi-${image.metadata.uid}` })
    expect(backing.status?.checksum).toBe(hash.digest('hex'))
    expect(most).toBeLessThan(96 * MIB)
  })

  it.each([
    ['short', { size: 8 * MIB }, 'processed data size 4194304 does not match the expected file size 8388608', 'failed to process sync file: processed data size 4194304 does not match the expected file size 8388608'],
    ['long', { size: 2 * MIB }, 'processed data size 4194304 does not match the expected file size 2097152', 'failed to process sync file: processed data size 4194304 does not match the expected file size 2097152'],
    ['odd', { size: 4 * MIB + 1 }, 'the uploaded file size 4194305 should be a multiple of 512 bytes since Longhorn uses directIO by default', ''],
    ['wordy', { size: 'many' }, 'strconv.ParseInt: parsing "many": invalid syntax', ''],
    ['other-field', { field: 'file' }, 'EOF', ''],
    ['no-form', { type: 'application/octet-stream' }, 'request Content-Type isn\'t multipart/form-data', ''],
    ['no-boundary', { type: 'multipart/form-data' }, 'no multipart boundary param in Content-Type', ''],
  ])('%s: is refused in Longhorn\'s words, and no half image is left', async (name, sent, because, onSource) => {
    const made = await make(name)
    expect(await upload(name, whole('raw'), sent)).toEqual({ status: 500, text: `upload failed: ${because}\n` })
    // Where Longhorn's source fails too, Harvester soon says that instead, and makes the image anew.
    if (!onSource)
      expect(findCondition((await imageNow(name)).status?.conditions, 'Imported')).toMatchObject({ status: 'False', reason: 'UploadFailed', message: `upload failed: ${because}\n` })
    else
      expect((await sourceNow(made))?.status).toMatchObject({ message: onSource })
    expect((await sourceNow(made))?.status?.currentState).not.toBe('ready')
  })

  it('whose bytes are not those that were expected is taken, and its image fails as a download does', async () => {
    await make('expected', { checksum: 'a'.repeat(128) })
    const file = whole('raw')
    const because = `the expected checksum ${'a'.repeat(128)} doesn't match the file actual checksum ${sha512(file)}`
    expect(await upload('expected', file)).toEqual({ status: 200, text: '' })
    const image = await until(() => imageNow('expected'), has('RetryLimitExceeded', 'True'))
    expect(findCondition(image.status?.conditions, 'RetryLimitExceeded')?.message).toBe(`failed due to error: failed to process sync file: ${because}`)
  })

  it('is cut in its middle: counted as a failure, and waits for nobody any more: Longhorn fetches no upload again', async () => {
    const made = await make('cut', { trouble: 'cut', retry: 3 })
    await expect(upload('cut', whole('raw'))).rejects.toThrow()
    const failed = await until(() => imageNow('cut'), image => image.status?.failed === 1)
    expect(findCondition(failed.status?.conditions, 'RetryLimitExceeded')).toMatchObject({ status: 'False', message: 'failed due to error: failed to process sync file: unexpected EOF' })
    const source = await until(() => sourceNow(made), source => source?.status?.currentState === 'failed-and-cleanup')
    expect(source?.metadata.deletionTimestamp).toBeUndefined()
    expect((await imageNow('cut')).status?.failed).toBe(1)
  })

  it('is given up by its sender', async () => {
    await make('given-up')
    const sent = secureRequest(`${cluster.url}/v1/harvester/harvesterhci.io.virtualmachineimages/lab/given-up?action=upload&size=${4 * MIB}`, { method: 'POST', ca: cluster.caPem, headers: { 'authorization': `Bearer ${cluster.users.admin?.token}`, 'content-type': `multipart/form-data; boundary=${BOUNDARY}` } })
    sent.on('error', () => undefined)
    sent.write(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="chunk"; filename="x"\r\n\r\n`)
    sent.write(Buffer.alloc(MIB))
    await until(() => imageNow('given-up'), has('Initialized', 'True'))
    await new Promise(done => setTimeout(done, 500))
    sent.destroy()
    const image = await until(() => imageNow('given-up'), has('Imported', 'False', 'UploadFailed'))
    // Harvester's words, or those of Longhorn's source after them.
    expect(findCondition(image.status?.conditions, 'Imported')?.message).toMatch(/^context canceled$|unexpected EOF$/)
  })

  it('that is too large for the ingress is answered by it, and Harvester never hears of it', async () => {
    await make('too-large', { trouble: 'too-large' })
    const { status, text } = await upload('too-large', whole('raw'))
    expect([status, text]).toEqual([413, expect.stringContaining('413 Request Entity Too Large')])
    expect(findCondition((await imageNow('too-large')).status?.conditions, 'Imported')?.status).not.toBe('False')
  })

  it.each([['of an image whose source never comes', 'never', { trouble: 'not-ready' }], ['to an image that is downloaded', 'download', { sourceType: 'download', url: 'https://cloud-images.ubuntu.com/noble/20260801/noble.img' }]] as const)('%s times out', async (_what, name, more) => {
    await make(name, more)
    const message = 'timeout waiting for backing image data source to be ready'
    expect(await upload(name, whole('raw'))).toEqual({ status: 500, text: message })
    // Harvester loses that on the way to the image.
    expect(JSON.stringify((await imageNow(name)).status)).not.toContain('UploadFailed')
  })
})

describe('an upload to CDI', () => {
  it('makes a DataVolume of the size of the disk, and is imported', async () => {
    await makeForCdi('cdi')
    const file = whole('qcow2')
    expect(await upload('cdi', file, { field: 'file' })).toEqual({ status: 200, text: '' })
    const image = await until(() => imageNow('cdi'), has('Imported', 'True'))
    expect(image.status).toMatchObject({ size: file.length, virtualSize: 2 ** 31, progress: 100 })
    const volume = await client.get(DATA_VOLUMES, { namespace: 'lab', name: 'cdi' })
    expect(volume.spec.storage?.resources?.requests?.storage).toBe(String(2 ** 31))
    expect(volume.status?.phase).toBe('Succeeded')
    expect(await upload('cdi', file, { field: 'file' })).toEqual({ status: 500, text: 'failed to create DataVolume lab/cdi: datavolumes.cdi.kubevirt.io "cdi" already exists' })
    // Harvester loses that on the way to the image.
    expect(has('Imported', 'True')(await imageNow('cdi'))).toBe(true)
  })

  it.each([
    ['cdi-other-field', { field: 'chunk' }, 'upload failed: '],
    ['cdi-long', { field: 'file', size: MIB }, 'upload failed: Saving stream failed: effective image size is larger than the reported available storage: virtual image size '],
  ])('%s: is refused', async (name, sent, message) => {
    await makeForCdi(name)
    const { status, text } = await upload(name, whole('raw'), sent)
    expect(status).toBe(500)
    expect(text.startsWith(message)).toBe(true)
    expect(findCondition((await imageNow(name)).status?.conditions, 'Imported')).toMatchObject({ status: 'False', reason: 'UploadFailed', ...(text === '' ? {} : { message: text }) })
  })

  it('without a word on its size is refused, noted, and waited for as if it had never come', async () => {
    await makeForCdi('cdi-no-size')
    const because = 'strconv.ParseInt: parsing "": invalid syntax'
    expect(await upload('cdi-no-size', whole('raw'), { field: 'file', size: '' })).toEqual({ status: 500, text: `failed to parse file size: ${because}` })
    const waiting = await until(() => imageNow('cdi-no-size'), has('Imported', 'Unknown', 'Importing'))
    expect(findCondition(waiting.status?.conditions, 'Imported')?.message).toBe(because)
    expect((await upload('cdi-no-size', whole('raw'), { field: 'file' })).status).toBe(200)
    await until(() => imageNow('cdi-no-size'), has('Imported', 'True'))
  })

  it('is cut in its middle: the image says so, and the DataVolume waits on', async () => {
    await makeForCdi('cdi-cut', { trouble: 'cut' })
    await expect(upload('cdi-cut', whole('raw'), { field: 'file' })).rejects.toThrow()
    const image = await until(() => imageNow('cdi-cut'), has('Imported', 'False', 'UploadFailed'))
    expect(findCondition(image.status?.conditions, 'Imported')?.message).toBe('context canceled')
    expect((await client.get(DATA_VOLUMES, { namespace: 'lab', name: 'cdi-cut' })).status?.phase).toBe('UploadReady')
  })
})

describe('who may upload', () => {
  it('is whoever may update the image', async () => {
    await make('guarded')
    expect(await upload('guarded', Buffer.alloc(512), { account: 'nobody' })).toMatchObject({ status: 401, text: '{"type":"error","status":"401","message":"must authenticate"}' })
    const viewer = await upload('guarded', Buffer.alloc(512), { account: 'viewer' })
    expect([viewer.status, JSON.parse(viewer.text)]).toEqual([403, { type: 'error', links: {}, code: 'Forbidden', status: 403, message: 'virtualmachineimages.harvesterhci.io "guarded" is forbidden: User "viewer" cannot update resource "virtualmachineimages" in API group "harvesterhci.io" in the namespace "lab"' }])
    expect(findCondition((await imageNow('guarded')).status?.conditions, 'Imported')?.status).not.toBe('False')
    expect((await upload('guarded', whole('raw'), { account: 'editor' })).status).toBe(200)
  })

  it('must name an image that is there, and an action that there is', async () => {
    expect(JSON.parse((await upload('nosuch', Buffer.alloc(512))).text)).toMatchObject({ code: 'NotFound', status: 404, message: 'virtualmachineimages.harvesterhci.io "nosuch" not found' })
    expect(JSON.parse((await upload('guarded', Buffer.alloc(512), { action: 'shred' })).text)).toMatchObject({ code: 'InvalidAction' })
  })
})
