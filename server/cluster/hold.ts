import { linkSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ownFolder } from '../folder.ts'
import { UsageError } from '../usageError.ts'

// One file for each who held the folder, of which only the highest number counts: it names a process. Who finds that
// process gone adds the next number, which the file system gives to one of several. No file is ever taken over, so
// nobody can take away what another has just got. File systems have locks of their own that Node does not offer.

const NAME = /^holder\.(\d+)$/
/** In the place of a process: nobody holds the folder. */
const NOBODY = 'nobody'

const fileOf = (folder: string, number: number) => join(folder, `holder.${number}`)

function highest(folder: string): number {
  return Math.max(0, ...readdirSync(folder).map(name => Number(NAME.exec(name)?.[1] ?? 0)))
}

/** State and start of a process, of fields 3 and 22 of /proc/PID/stat; undefined where that cannot be read. */
function readProcess(id: number): { readonly state: string, readonly start: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${id}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '', start: fields[19] ?? '' }
  }
  catch {
    return undefined
  }
}

/** A process as it is kept: its id, and since when, because ids come again (in a container nearly at once). */
function signOf(id: number): string {
  return `${id} ${readProcess(id)?.start ?? ''}`
}

function isAlive(id: number, start: string): boolean {
  try {
    process.kill(id, 0)
  }
  catch (error) {
    // One of somebody else's is alive too.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM')
      return false
  }
  const found = readProcess(id)
  return found === undefined || (!['Z', 'X'].includes(found.state) && (start === '' || found.start === start))
}

/** The process that wrote a file, if it lives; undefined also where the file went away meanwhile. */
function holderIn(folder: string, number: number): number | undefined {
  try {
    const [id = '', start = ''] = readFileSync(fileOf(folder, number), 'utf8').trim().split(' ')
    return /^\d+$/.test(id) && isAlive(Number(id), start) ? Number(id) : undefined
  }
  catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      return undefined
    throw error
  }
}

/** Adds a file with its text already in it; false where another was first. */
function add(folder: string, number: number, text: string): boolean {
  const draft = join(folder, `holder.${process.pid}.new`)
  writeFileSync(draft, `${text}\n`, { mode: 0o600 })
  try {
    linkSync(draft, fileOf(folder, number))
    return true
  }
  catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      return false
    throw error
  }
  finally {
    rmSync(draft, { force: true })
  }
}

function removeBelow(folder: string, number: number): void {
  for (const name of readdirSync(folder)) {
    if (Number(NAME.exec(name)?.[1] ?? number) < number)
      rmSync(join(folder, name), { force: true })
  }
}

/**
 * Holds a folder for this process, made where it is missing, until the answered function is called or the process is
 * gone, killed or not. Throws UsageError where another process of this machine holds it, and what the file system says
 * where it cannot be written.
 */
export function holdFolder(folder: string): () => void {
  ownFolder(folder)
  for (;;) {
    const last = highest(folder)
    const holder = last === 0 ? undefined : holderIn(folder, last)
    if (holder !== undefined)
      throw new UsageError(`the data folder ${folder} is in use by process ${holder}: stop that console first (kill ${holder}), or name another folder with --data`)
    if (!add(folder, last + 1, signOf(process.pid)))
      continue
    // Who looked long ago may add a number that has come and gone: a higher one is there then.
    if (highest(folder) > last + 1) {
      rmSync(fileOf(folder, last + 1), { force: true })
      continue
    }
    removeBelow(folder, last + 1)
    return () => {
      add(folder, last + 2, NOBODY)
      removeBelow(folder, last + 2)
    }
  }
}
