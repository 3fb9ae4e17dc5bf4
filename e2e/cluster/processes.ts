import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const GRACE_MS = 8_000

/** How to start one process of a cluster: its log and pid file are `NAME.log` and `NAME.pid` in the cluster's folder. */
interface Program {
  readonly folder: string
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Ends when the process that started it ends, however that happens. */
  readonly tied: boolean
}

/** Starts a program as the leader of a process group of its own. */
export function startProgram({ folder, name, command, args, env = {}, tied }: Program): void {
  const log = openSync(join(folder, `${name}.log`), 'w')
  const child = spawn(command, args, {
    cwd: folder,
    detached: true,
    stdio: [tied ? 'pipe' : 'ignore', log, log],
    env: { ...process.env, ...env, ...(tied ? { KUBE_ENDS_WITH_STDIN: '1' } : {}) },
  })
  closeSync(log)
  if (child.pid === undefined)
    throw new Error(`${command} could not be started`)
  writeFileSync(join(folder, `${name}.pid`), String(child.pid))
  child.on('error', () => {}) // its absence is seen by `waitFor`
  child.unref()
}

/** Ends every program of a folder and answers once they are gone, the last resort being SIGKILL. */
export async function stopPrograms(folder: string): Promise<void> {
  const files = existsSync(folder) ? readdirSync(folder).filter(name => name.endsWith('.pid')).map(name => join(folder, name)) : []
  const groups = files.map(file => Number(readFileSync(file, 'utf8'))).filter(pid => pid > 1)
  for (const pid of groups)
    signal(pid, 'SIGTERM')
  const deadline = Date.now() + GRACE_MS
  while (groups.some(isAlive) && Date.now() < deadline)
    await sleep(50)
  for (const pid of groups.filter(isAlive))
    signal(pid, 'SIGKILL')
  for (const file of files)
    rmSync(file, { force: true })
}

/** Asks again until `ready` says true; throws with the last lines of the folder's logs when `seconds` have gone by. */
export async function waitFor(what: string, folder: string, ready: () => Promise<boolean>, seconds = 90): Promise<void> {
  const deadline = Date.now() + seconds * 1000
  while (!await ready().catch(() => false)) {
    if (Date.now() > deadline)
      throw new Error(`${what} was not ready after ${seconds} s\n${lastWords(folder)}`)
    await sleep(100)
  }
}

function lastWords(folder: string): string {
  const logs = readdirSync(folder).filter(name => name.endsWith('.log'))
  return logs.map(name => `${name}: ${readFileSync(join(folder, name), 'utf8').trim().split('\n').slice(-3).join('\n  ')}`).join('\n')
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name)
  }
  catch {
    // It has ended by itself.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(-pid, 0)
    return true
  }
  catch {
    return false
  }
}
