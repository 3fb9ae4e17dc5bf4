import { setTimeout as sleep } from 'node:timers/promises'
import { toApiError } from '#kube/apiError.ts'
import type { KubeObject } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import { parseQuantity } from '#kube/quantity.ts'
import { IMAGES } from '#images/image.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import { carryOut } from './carryOut.ts'
import type { FileTaker } from './cdiDoor.ts'
import { to } from './controllers/cdiStatus.ts'
import { dataVolumeFor, importing } from './controllers/harvesterImages.ts'
import type { Write } from './controllers/step.ts'
import { setStatus } from './controllers/step.ts'
import { HEAD_BYTES, virtualSizeIn } from './mirror/qcow2.ts'
import { PROGRESS_EVERY, UploadError, formRefusal, receive } from './uploadForm.ts'
import type { Upload } from './uploads.ts'

// Harvester's upload to CDI, which makes the DataVolume once it knows the size of the disk, and tells the progress itself; CDI's end is pkg/uploadserver.

const POLLS = { times: 60, every: 1_000 }
const TRIES = 5
const ALL = 100

function sizeIn(query: URLSearchParams): number {
  const text = query.get('size') ?? ''
  if (!/^[+-]?\d+$/.test(text)) {
    const because = `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`
    throw new UploadError(`failed to parse file size: ${because}`, because)
  }
  return Number(text)
}

/** Writes what follows from an object as it is now, once more where somebody else wrote meanwhile. */
async function change<T extends KubeObject>({ clientFor, namespace, name }: Pick<Upload, 'clientFor' | 'namespace' | 'name'>, kind: Resource<T>, account: string, writes: (object: T) => readonly Write[]): Promise<void> {
  const client = clientFor(account)
  for (let tries = 1; ; tries++) {
    try {
      for (const write of writes(await client.get(kind, { namespace, name }))) await carryOut(client, write)
      return
    }
    catch (thrown) {
      if (toApiError(thrown).status !== 409 || tries >= TRIES)
        throw thrown
    }
  }
}

/** Waits for a phase of the DataVolume. Throws Go's words where it does not come within a minute. */
async function awaitPhase({ clientFor, takes, namespace, name }: Upload, phase: string): Promise<void> {
  for (let polls = 0; polls < POLLS.times; polls++) {
    const volume = await clientFor('harvester').get(DATA_VOLUMES, { namespace, name })
    if (volume.status?.phase === phase)
      return
    await sleep(takes(POLLS.every))
  }
  throw new UploadError('failed to wait for VMImage status: context deadline exceeded')
}

/** The sizes on the image, the DataVolume, and the pod that takes the bytes. Throws what went wrong. */
async function prepare(upload: Upload, size: number, virtualSize: number): Promise<void> {
  const { image, clientFor } = upload
  await change(upload, IMAGES, 'harvester', current => setStatus(IMAGES, current, { ...current.status, size, virtualSize }))
  await carryOut(clientFor('harvester'), dataVolumeFor(image, { upload: {} }, String(virtualSize))).catch((thrown: unknown) => {
    throw new UploadError(`failed to create DataVolume ${upload.namespace}/${upload.name}: ${toApiError(thrown).message}`)
  })
  await awaitPhase(upload, 'UploadReady')
}

/** CDI's words for a file that its disk has no room for (pkg/uploadserver handleStreamError). */
function refusalOfBytes(bytes: number, room: number): string {
  return `Saving stream failed: effective image size is larger than the reported available storage: virtual image size ${bytes} is larger than the reported available storage ${room}. A larger PVC is required`
}

const filled = (at: Pick<Upload, 'clientFor' | 'namespace' | 'name'>) => change(at, DATA_VOLUMES, 'cdi', volume => to(volume, { phase: 'Succeeded', progress: '100.0%' }, { now: Date.now() }))

/** CDI's upload server alone, for a Harvester that is really there. Throws where the line is cut. */
export function fileTaker(clientFor: Upload['clientFor']): FileTaker {
  return async ({ namespace, name, headers, body }) => {
    const { spec } = await clientFor('cdi').get(DATA_VOLUMES, { namespace, name })
    const room = parseQuantity(spec.storage?.resources?.requests?.storage) || 0
    let bytes = 0
    const received = await receive(body, headers, { field: 'file', piece: (_piece, sum) => { bytes = sum } })
    if (!received || bytes > room)
      return { status: 400, body: received ? refusalOfBytes(bytes, room) : '' }
    await filled({ clientFor, namespace, name })
    return { status: 200 }
  }
}

/** Takes the file in. Throws what Harvester answers with. A file that is shorter than it was said to be is none of CDI's business. */
export async function uploadToDataVolume(upload: Upload): Promise<void> {
  const { line, query, headers, body } = upload
  const size = sizeIn(query)
  const noForm = formRefusal(headers)
  if (noForm)
    throw new Error(`upload failed: ${noForm}`)
  let head = Buffer.alloc(0)
  let virtualSize: number | undefined
  let told = 0
  const ready = async () => {
    virtualSize = virtualSizeIn(head) ?? size
    await prepare(upload, size, virtualSize)
  }
  const received = await receive(body, headers, {
    field: 'file',
    piece: async (piece, bytes) => {
      if (head.length < HEAD_BYTES)
        head = Buffer.concat([head, piece.subarray(0, HEAD_BYTES)])
      if (virtualSize === undefined && head.length >= HEAD_BYTES)
        await ready()
      if (virtualSize !== undefined && bytes > Math.max(virtualSize, size))
        throw new Error(`upload failed: ${refusalOfBytes(bytes, virtualSize)}`)
      if (Date.now() - told >= PROGRESS_EVERY) {
        told = Date.now()
        await change(upload, IMAGES, 'harvester', image => importing(image, Math.floor(bytes * 100 / size), 'Image Importing', Date.now()))
      }
      await line(piece, bytes)
    },
  })
  if (virtualSize === undefined)
    await ready()
  // Harvester counts the bytes of the whole form. CDI answers 400 and says nothing.
  if (!received) {
    await change(upload, IMAGES, 'harvester', image => importing(image, ALL, 'Image Importing', Date.now()))
    throw new Error('upload failed: ')
  }
  await filled(upload)
}
