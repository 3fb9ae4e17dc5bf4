import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'vite'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { holdFolder } from './hold.ts'

let folder: string
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'guardrails-hold-')) })
afterEach(() => { rmSync(folder, { recursive: true }) })

describe('a folder that is held', () => {
  it('says in one line by which process, and is free when it is let go', () => {
    const letGo = holdFolder(folder)
    expect(() => holdFolder(folder)).toThrow(expect.objectContaining({ name: 'UsageError', message: expect.stringMatching(new RegExp(`^the data folder ${folder} is in use by process ${process.pid}: [^\\n]+--data$`)) as string }))
    letGo()
    holdFolder(folder)()
    expect(readdirSync(folder)).toEqual(['holder.4'])
  })

  it('is free again when its process was killed, and when its id has come again', async () => {
    const child = spawn('sleep', ['600'])
    writeFileSync(join(folder, 'holder.7'), `${child.pid}\n`)
    expect(() => holdFolder(folder)).toThrow(`in use by process ${child.pid}`)
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    holdFolder(folder)()
    writeFileSync(join(folder, 'holder.99'), `${process.pid} 1\n`)
    expect(() => holdFolder(folder)).not.toThrow()
  })

  it.each(['', 'half a li', '\u0000'])('is free where what is kept of the holder names nobody: %j', text => {
    writeFileSync(join(folder, 'holder.1'), text)
    expect(() => holdFolder(folder)).not.toThrow()
  })
})

describe('a folder that several want at the same moment', { timeout: 60_000 }, () => {
  const home = mkdtempSync(join(tmpdir(), 'guardrails-holders-'))
  beforeAll(async () => {
    await build({ logLevel: 'error', configFile: false, build: { ssr: 'server/cluster/hold.ts', outDir: home, target: 'node20', rollupOptions: { output: { entryFileNames: 'hold.mjs' } } } })
  }, 60_000)
  afterAll(() => { rmSync(home, { recursive: true }) })

  /** Tries at a moment, and lives until its input ends. */
  async function startRival(moment: number) {
    const program = `
      import { holdFolder } from ${JSON.stringify(pathToFileURL(join(home, 'hold.mjs')).href)}
      while (Date.now() < ${moment});
      try { holdFolder(${JSON.stringify(folder)}); console.log('holds') }
      catch (error) { console.log(error.name) }
      process.stdin.resume().on('end', () => process.exit())`
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['pipe', 'pipe', 'inherit'] })
    const [said] = await once(child.stdout, 'data') as [Buffer]
    return { said: String(said).trim(), end: async () => { const ended = once(child, 'exit'); child.stdin.end(); await ended } }
  }

  it.each([['a fresh one', ''], ['one of a process that is gone', '4194999 1\n']])('is given to one of them: %s', async (_what, left) => {
    if (left)
      writeFileSync(join(folder, 'holder.5'), left)
    const moment = Date.now() + 2_500
    const rivals = await Promise.all(Array.from({ length: 6 }, () => startRival(moment)))
    await Promise.all(rivals.map(({ end }) => end()))
    expect(rivals.map(({ said }) => said).sort()).toEqual([...Array(5).fill('UsageError') as string[], 'holds'])
  })
})
