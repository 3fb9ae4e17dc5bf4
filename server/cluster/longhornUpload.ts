import { setTimeout as sleep } from 'node:timers/promises'
import { toApiError } from '#kube/apiError.ts'
import type { BackingImageDataSource } from '#health/longhorn.ts'
import { BACKING_IMAGES, BACKING_IMAGE_DATA_SOURCES, LONGHORN_NAMESPACE } from '#health/longhorn.ts'
import { arrived } from './controllers/imageSources.ts'
import { HEAD_BYTES, virtualSizeIn } from './mirror/qcow2.ts'
import { PROGRESS_EVERY, UploadError, formRefusal, receive } from './uploadForm.ts'
import type { Upload } from './uploads.ts'

// Longhorn's end of an upload: longhorn/backing-image-manager pkg/datasource/service.go, pkg/sync/service.go and sync_file.go.

const POLLS = { times: 30, every: 2_000 }

/** A refusal of Longhorn's, as Harvester passes it on; Go ends what http.Error says with a new line. */
export class UploadRefused extends Error {
  /** Its data source is asked how it is once a second: by then Harvester has written the refusal down. */
  readonly toldNext: (() => Promise<unknown>) | undefined

  constructor(because: string, toldNext?: () => Promise<unknown>) {
    super(`upload failed: ${because}\n`)
    this.toldNext = toldNext
  }
}

/** The size that the sender told of. Throws Longhorn's refusals. */
function sizeIn(query: URLSearchParams): number {
  const text = query.get('size') ?? ''
  if (!/^[+-]?\d+$/.test(text))
    throw new UploadRefused(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  const size = Number(text)
  if (size % 512 !== 0)
    throw new UploadRefused(`the uploaded file size ${size} should be a multiple of 512 bytes since Longhorn uses directIO by default`)
  return size
}

async function sourceOf({ clientFor }: Upload, name: string): Promise<BackingImageDataSource | undefined> {
  return clientFor('harvester').get(BACKING_IMAGE_DATA_SOURCES, { namespace: LONGHORN_NAMESPACE, name }).catch((thrown: unknown) => {
    const error = toApiError(thrown)
    if (error.status === 404)
      return undefined
    throw new UploadError(`failed waiting for backing image data source to be ready: ${error.message}`)
  })
}

/** Harvester's wait: a source that was never meant for an upload does not come either. Throws what went wrong. */
async function awaitSource(upload: Upload, name: string): Promise<BackingImageDataSource> {
  for (let polls = 0; polls < POLLS.times; polls++) {
    const source = await sourceOf(upload, name)
    if (source?.status?.currentState === 'pending')
      return source
    if (source?.status?.currentState === 'failed')
      throw new UploadError(source.status.message ?? '')
    await sleep(upload.takes(POLLS.every))
  }
  throw new UploadError('timeout waiting for backing image data source to be ready')
}

/** Takes the file in. Throws what Harvester answers with. */
export async function uploadToLonghorn(upload: Upload): Promise<void> {
  const { image, clientFor, line, query, headers, body } = upload
  const name = `vmi-${image.metadata.uid}`
  const { spec } = await awaitSource(upload, name)
  const at = { namespace: LONGHORN_NAMESPACE, name }
  const longhorn = clientFor('longhorn')
  // Who cannot say how far it is has lost its image, and with it the pod that takes the bytes.
  const tell = (status: object) => longhorn.patch(BACKING_IMAGE_DATA_SOURCES, at, { type: 'merge', body: { status } }, { subresource: 'status' }).catch((thrown: unknown) => {
    throw toApiError(thrown).status === 404 ? new UploadRefused('EOF') : thrown
  })
  const failing = (because: string, more: object = {}) => new UploadRefused(because, () => tell({ currentState: 'failed', ...more, message: `failed to process sync file: ${because}` }))
  const size = sizeIn(query)
  await tell({ currentState: 'starting', progress: 0, size, message: '' })
  const noForm = formRefusal(headers)
  if (noForm)
    throw new UploadRefused(noForm)

  let head = Buffer.alloc(0)
  let told = 0
  const received = await receive(body, headers, {
    field: 'chunk',
    piece: async (piece, bytes) => {
      if (head.length < HEAD_BYTES)
        head = Buffer.concat([head, piece.subarray(0, HEAD_BYTES)])
      if (Date.now() - told >= PROGRESS_EVERY) {
        told = Date.now()
        await tell({ currentState: 'in-progress', progress: Math.min(100, Math.floor(bytes * 100 / size)) })
      }
      await line(piece, bytes)
    },
  }).catch((thrown: unknown) => {
    throw thrown instanceof UploadRefused ? thrown : failing('unexpected EOF')
  })
  if (!received)
    throw new UploadRefused('EOF')
  if (received.bytes !== size)
    throw failing(`processed data size ${received.bytes} does not match the expected file size ${size}`, { progress: Math.floor(received.bytes * 100 / size) })
  // The sender has his answer before the bytes are compared with a checksum that was given: that they are others is told by the image alone.
  const status = arrived(spec.checksum ?? '', received.sha512, size)
  if (status.currentState === 'ready-for-transfer')
    await longhorn.patch(BACKING_IMAGES, at, { type: 'merge', body: { status: { virtualSize: virtualSizeIn(head) ?? size } } }, { subresource: 'status' })
  await tell(status)
}
