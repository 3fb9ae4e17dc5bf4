import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { OwnConsole } from '../embedded.ts'

const LINK = /https?:\/\/\S+\/session\?code=\S+/

/** Opens a console's printed link as its operator would, and answers a file with the session for Playwright's `storageState`. */
export async function logIn(own: OwnConsole): Promise<string> {
  const deadline = Date.now() + 10_000
  while (!LINK.test(own.output) && Date.now() < deadline)
    await sleep(50)
  const link = LINK.exec(own.output)?.[0]
  if (!link)
    throw new Error(`the console printed no link: ${own.output}`)
  const [cookie = ''] = (await fetch(link, { redirect: 'manual' })).headers.getSetCookie()
  const [, name, value] = /^([^=]+)=([^;]+)/.exec(cookie) ?? []
  if (!name)
    throw new Error(`${link} opened no session`)
  const file = join(own.folder, 'session.json')
  const session = { name, value, domain: '127.0.0.1', path: '/', expires: -1, httpOnly: true, secure: false, sameSite: 'Strict' }
  writeFileSync(file, JSON.stringify({ cookies: [session], origins: [] }), { mode: 0o600 })
  return file
}
