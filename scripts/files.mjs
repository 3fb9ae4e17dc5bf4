// What the scripts ask of the file system; Node 20 has no globSync of its own.
import { existsSync, readFileSync as read, readdirSync } from 'node:fs'
import { join } from 'node:path'

export { existsSync }

/** The text of a file. */
export function readFileSync(file) {
  return read(file, 'utf8')
}

/** Every file below the folders of `root` whose path matches. */
export function globSync(root, folders, pattern) {
  return folders.flatMap(folder => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .filter(file => pattern.test(file))
    .sort()
}
