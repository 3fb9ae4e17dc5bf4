import { setTimeout as sleep } from 'node:timers/promises'
import { toApiError } from '#kube/apiError.ts'
import type { KubeClient } from '#kube/client.ts'
import { addressOf } from './controllers/step.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import { IMAGES } from '#images/image.ts'
import { carryOut } from './carryOut.ts'
import { uploadToDataVolume } from './cdiUpload.ts'
import type { ActionAnswer, ActionCall, ActionRoute } from './cluster.ts'
import { uploadFailed } from './controllers/harvesterImages.ts'
import { uploadTroubleOf } from './controllers/importTrouble.ts'
import { UploadRefused, uploadToLonghorn } from './longhornUpload.ts'
import { UploadError } from './uploadForm.ts'

// harvester pkg/api/image, pkg/image/backingimage/upload.go, pkg/image/cdi/upload.go: one request that carries the whole file.

export interface UploadMeans {
  /** Speaks to the cluster as one of its accounts. */
  readonly clientFor: (account: string) => KubeClient
  /** How many real milliseconds something takes at this cluster's pace. */
  readonly takes: (ms: number) => number
}

/** An upload under way. */
export interface Upload extends UploadMeans, ActionCall {
  readonly image: VirtualMachineImage
  /** Waits where the line is slow; the line is cut, where it shall be, by a rejection. */
  readonly line: (piece: Buffer, bytes: number) => Promise<void>
}

/** What the ingress in front says of a body that is too large for it (nginx). */
const TOO_LARGE = '<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>\r\n<center><h1>413 Request Entity Too Large</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n'
/** Bytes a second of a slow line. */
const SLOW = 512 * 1024
const TRIES = 3

/** `?action=upload` of an image. */
export function uploadAction(means: UploadMeans): ActionRoute {
  return { kind: IMAGES, action: 'upload', answer: call => upload(means, call) }
}

async function upload(means: UploadMeans, call: ActionCall): Promise<ActionAnswer> {
  const client = means.clientFor('harvester')
  const image = await client.get(IMAGES, call)
  const trouble = uploadTroubleOf(image)
  // It never comes to Harvester: the image waits on.
  if (trouble === 'too-large')
    return { status: 413, type: 'text/html', body: TOO_LARGE }
  const half = Number(call.query.get('size')) / 2
  const line = async (piece: Buffer, bytes: number) => {
    if (trouble === 'cut' && bytes >= half)
      call.body.destroy(new Error('the line is cut'))
    if (trouble === 'slow')
      await sleep(piece.length * 1000 / SLOW)
  }
  try {
    await (image.spec.backend === 'cdi' ? uploadToDataVolume : uploadToLonghorn)({ ...means, ...call, image, line })
    return { status: 200 }
  }
  catch (thrown) {
    const message = call.body.destroyed && !call.body.readableEnded ? 'context canceled' : thrown instanceof Error ? thrown.message : String(thrown)
    const noted = thrown instanceof UploadError ? thrown.noted : message
    if (noted !== undefined)
      await failUpload(client, image, noted)
    if (thrown instanceof UploadRefused)
      await thrown.toldNext?.()
    return { status: 500, body: message }
  }
}

/** Says on the image that its upload failed; an image that has gone meanwhile says nothing any more. */
async function failUpload(client: KubeClient, { metadata }: VirtualMachineImage, message: string): Promise<void> {
  for (let tries = 1; tries <= TRIES; tries++) {
    try {
      const current = await client.get(IMAGES, addressOf({ apiVersion: '', kind: '', metadata }))
      if (current.metadata.deletionTimestamp || current.metadata.uid !== metadata.uid)
        return
      for (const write of uploadFailed(current, message, Date.now())) await carryOut(client, write)
      return
    }
    catch (thrown) {
      const { status } = toApiError(thrown)
      if (status !== 409)
        return
    }
  }
}
