import { createMD5, createSHA1, createSHA256, createSHA384, createSHA512 } from 'hash-wasm'
import type { DigestAlgorithm, DigestMessage, DigestRequest } from './fileDigest.ts'

// A thread of its own for one file and one algorithm: the page starts one worker for each, so that no two share a core
// and the page's own thread does nothing. Ended by terminate().

const CREATE = { md5: createMD5, sha1: createSHA1, sha256: createSHA256, sha384: createSHA384, sha512: createSHA512 }
/** Two of these are held at a time, whatever the size of the file. */
const SLICE = 4 << 20
const EVERY_MS = 100

const tell = (message: DigestMessage) => postMessage(message)
const readSlice = (file: File, from: number) => file.slice(from, from + SLICE).arrayBuffer()

/** The file's checksum in hexadecimal digits; the next slice is on its way while one is counted. */
async function digest(file: File, algorithm: DigestAlgorithm): Promise<string> {
  const hasher = await CREATE[algorithm]()
  let told = performance.now()
  let next = readSlice(file, 0)
  for (let from = 0; from < file.size; from += SLICE) {
    const bytes = new Uint8Array(await next)
    if (from + SLICE < file.size)
      next = readSlice(file, from + SLICE)
    hasher.update(bytes)
    if (performance.now() - told > EVERY_MS) {
      told = performance.now()
      tell({ read: from + bytes.length })
    }
  }
  return hasher.digest('hex')
}

addEventListener('message', ({ data: { file, algorithm } }: MessageEvent<DigestRequest>) => {
  digest(file, algorithm).then(hex => tell({ hex }), (thrown: unknown) => tell({ failure: String(thrown) }))
})
