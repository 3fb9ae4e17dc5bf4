import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { Busboy } from '@fastify/busboy'

/** Milliseconds between two words on how far it is: bytes arrive in real time, at whatever pace the cluster is. */
export const PROGRESS_EVERY = 500

/** What Harvester answers where it writes something else on the image, or nothing: its handler loses some of its errors on the way to that (the `err` of an inner block). */
export class UploadError extends Error {
  readonly noted: string | undefined

  constructor(message: string, noted?: string) {
    super(message)
    this.noted = noted
  }
}

/** What came of an upload. */
export interface Received { readonly bytes: number, readonly sha512: string }

export interface Receiver {
  /** The field that holds the file; others are read over. */
  readonly field: string
  /** Called with each piece of the file and how many bytes there are with it; the sender waits until it has returned. */
  readonly piece: (piece: Buffer, bytes: number) => Promise<void> | void
}

/** Go's words (mime/multipart) for a body that is no form; undefined where it is one. */
export function formRefusal({ 'content-type': type = '' }: IncomingHttpHeaders): string | undefined {
  if (!/^multipart\/form-data\s*(;|$)/i.test(type))
    return 'request Content-Type isn\'t multipart/form-data'
  return /;\s*boundary=/i.test(type) ? undefined : 'no multipart boundary param in Content-Type'
}

/**
 * Reads the file of a form as it arrives, hashed and never held. Undefined where the form has no such field.
 * Rejects where the body ends before the form does, its sender goes away, or a piece is refused; the body is then left as it is, so that the sender can still be answered.
 */
export async function receive(body: Readable, headers: IncomingHttpHeaders, { field, piece }: Receiver): Promise<Received | undefined> {
  const form = new Busboy({ headers: { 'content-type': headers['content-type'] ?? '' }, isPartAFile: () => true })
  const hash = createHash('sha512')
  let bytes = 0
  let taken: Promise<void> | undefined
  const take = async (file: Readable) => {
    for await (const chunk of file as AsyncIterable<Buffer>) {
      hash.update(chunk)
      bytes += chunk.length
      await piece(chunk, bytes)
    }
  }
  await new Promise<void>((resolve, reject) => {
    form.on('file', (name, file) => {
      // Its error is the form's too.
      file.on('error', () => undefined)
      if (taken || name !== field) {
        file.resume()
        return
      }
      taken = take(file)
      taken.catch(reject)
    })
    form.once('error', reject).once('finish', resolve)
    body.once('error', reject).once('close', () => { if (!body.readableEnded) reject(new Error('unexpected EOF')) })
    body.pipe(form)
  }).finally(() => body.unpipe(form))
  await taken
  return taken && { bytes, sha512: hash.digest('hex') }
}
