import { randomBytes } from 'node:crypto'
import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { ownFolder } from './folder.ts'
import { firstLine, UsageError } from './usageError.ts'

/** What `use` makes of the folder; what the file system has against it becomes a UsageError. */
function using<T>(folder: string, use: () => T): T {
  try {
    return use()
  }
  catch (error) {
    throw new UsageError(`the state folder ${folder} cannot be used: ${firstLine(error)}; XDG_STATE_HOME may name another place`)
  }
}

/**
 * Where the server keeps what outlives it: $XDG_STATE_HOME/harvester-guardrails or ~/.local/state/…, made for its owner
 * alone. Throws UsageError when it cannot be had.
 */
export function stateFolder(env: NodeJS.ProcessEnv): string {
  const folder = join(env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'harvester-guardrails')
  return using(folder, () => {
    ownFolder(folder)
    chmodSync(folder, 0o700)
    return folder
  })
}

function readKey(file: string): Buffer | undefined {
  try {
    // A key that others could read may be known to them: sessions signed with it end here.
    if (statSync(file).mode & 0o077)
      rmSync(file)
    const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64')
    return key.length === 32 ? key : undefined
  }
  catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      return undefined
    throw error
  }
}

function makeKey(file: string): Buffer {
  const key = randomBytes(32)
  rmSync(file, { force: true })
  writeFileSync(file, `${key.toString('base64')}\n`, { mode: 0o600, flag: 'wx' })
  return key
}

/**
 * The key that signs sessions, 32 bytes, from a file of mode 0600 in the folder; made when it is missing, broken or was
 * open to others. Throws UsageError when the file can be neither read nor made.
 */
export function sessionKey(folder: string): Buffer {
  const file = join(folder, 'session.key')
  return using(folder, () => readKey(file) ?? makeKey(file))
}
