import { dirname } from 'node:path'
import { UsageError } from '../usageError.ts'

/** A file of a data folder cannot be read as what it is: which, where in it, and what to do. Never what it holds: there are tokens in it. */
export function damaged(path: string, where: string): UsageError {
  const folder = dirname(path)
  return new UsageError(`${path} is damaged (${where}): put a copy of the folder back, or start a fresh cluster after mv ${folder} ${folder}.damaged`)
}

/** What a text is as JSON; undefined where it is none. The parser's own error would quote the text. */
export function parseKept(text: string): unknown {
  try {
    return JSON.parse(text)
  }
  catch {
    return undefined
  }
}
