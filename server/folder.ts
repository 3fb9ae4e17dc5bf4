import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a folder for its owner alone, and those above it where they are missing. Throws what the file system says where
 * that cannot be: Node's own recursive mkdir goes round for ever below /proc (nodejs/node issue 31481).
 */
export function ownFolder(path: string): void {
  const above = dirname(path)
  if (above !== path && !existsSync(above))
    ownFolder(above)
  try {
    mkdirSync(path, { mode: 0o700 })
  }
  catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !statSync(path).isDirectory())
      throw error
  }
}
