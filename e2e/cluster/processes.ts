import { execFileSync, spawn } from 'node:child_process'
import { closeSync, constants, existsSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const GRACE_MS = 8_000

/** How to start one process of a cluster: in the cluster's folder its log is `NAME.log`, its pid `NAME.pid`, and all of this `NAME.program`. */
interface Program {
  readonly folder: string
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Ends when the process that started it first ends, however that happens. */
  readonly tied: boolean
}

/** Starts a program as the leader of a process group of its own. */
export function startProgram(program: Program): void {
  const { folder, name, tied } = program
  if (tied)
    tie(folder)
  writeFileSync(join(folder, `${name}.program`), JSON.stringify(program), { mode: 0o600 })
  launch(program)
}

/** Starts a program again as it was started before, whichever process that was; its log goes on. Throws where the folder has none of that name. */
export function startAgain(folder: string, name: string): void {
  launch(JSON.parse(readFileSync(join(folder, `${name}.program`), 'utf8')) as Program)
}

/** Ends a program without a chance to say goodbye, as a power cut does; answers once it is gone. */
export async function killProgram(folder: string, name: string): Promise<void> {
  const pid = pidOf(join(folder, `${name}.pid`))
  signal(pid, 'SIGKILL')
  while (isAlive(pid))
    await sleep(20)
}

/** The programs of a folder that have ended by themselves or were killed. */
export function endedPrograms(folder: string): string[] {
  return pidFiles(folder).filter(file => !isAlive(pidOf(file))).map(file => basename(file, '.pid'))
}

const tieOf = (folder: string) => join(folder, 'tie')

/** A pipe that this process alone holds open for writing for as long as it lives: who reads it sees its end. */
function tie(folder: string): void {
  if (existsSync(tieOf(folder)))
    return
  execFileSync('mkfifo', ['-m', '600', tieOf(folder)])
  openSync(tieOf(folder), 'r+')
}

function launch({ folder, name, command, args, env = {}, tied }: Program): void {
  const log = openSync(join(folder, `${name}.log`), 'a')
  // Without waiting for a writer: where nobody holds the pipe any more, the program shall see its end at once.
  const input = tied ? openSync(tieOf(folder), constants.O_RDONLY | constants.O_NONBLOCK) : 'ignore'
  const child = spawn(command, args, {
    cwd: folder,
    detached: true,
    stdio: [input, log, log],
    env: { ...process.env, ...env, ...(tied ? { KUBE_ENDS_WITH_STDIN: '1' } : {}) },
  })
  for (const descriptor of [log, input]) if (typeof descriptor === 'number') closeSync(descriptor)
  if (child.pid === undefined)
    throw new Error(`${command} could not be started`)
  writeFileSync(join(folder, `${name}.pid`), String(child.pid))
  child.on('error', () => {}) // its absence is seen by `waitFor`
  child.unref()
}

/** Ends every program of a folder and answers once they are gone, the last resort being SIGKILL. */
export async function stopPrograms(folder: string): Promise<void> {
  const files = pidFiles(folder)
  const groups = files.map(pidOf).filter(pid => pid > 1)
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

function pidFiles(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter(name => name.endsWith('.pid')).map(name => join(folder, name)) : []
}

function pidOf(file: string): number {
  return Number(readFileSync(file, 'utf8'))
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
