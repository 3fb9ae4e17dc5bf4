import type { IncomingHttpHeaders } from 'node:http'
import type { FileFacts } from '../pkg/images/probe.ts'

function headerOf(value: string | string[] | undefined): string | undefined {
  return (Array.isArray(value) ? value[0] : value) || undefined
}

function count(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

/** First byte and whole size that a 206 (or a 416) names in Content-Range: `bytes 0-9/100`, `bytes` and a star for the unknown. */
export function contentRange(headers: IncomingHttpHeaders): { readonly from: number | undefined, readonly size: number | undefined } | undefined {
  const match = /^bytes (?:(\d{1,15})-\d{1,15}|\*)\/(?:(\d{1,15})|\*)$/.exec(headerOf(headers['content-range']) ?? '')
  return match ? { from: count(match[1]), size: count(match[2]) } : undefined
}

/** What an answer's headers say of the whole file, of a part of it too. */
export function factsOf(headers: IncomingHttpHeaders): FileFacts {
  const range = contentRange(headers)
  const size = range ? range.size : count(headerOf(headers['content-length']))
  const type = headerOf(headers['content-type'])
  const etag = headerOf(headers.etag)
  const lastModified = headerOf(headers['last-modified'])
  return {
    ...(size !== undefined && { size }), ...(type !== undefined && { type }),
    ...(etag !== undefined && { etag }), ...(lastModified !== undefined && { lastModified }),
  }
}
