import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { CODE_LIFE, createSessions, SESSION_LIFE } from './session.ts'
import { sessionKey, stateFolder } from './stateFolder.ts'
import { makeFolder } from './testCluster.ts'

let time = 1_000_000
const now = () => time
const key = Buffer.alloc(32, 7)
const open = (change: { key?: Buffer, port?: () => number, secure?: boolean, real?: boolean } = {}) => createSessions({ key, port: () => 8090, secure: false, real: true, now, ...change })

beforeEach(() => { time = 1_000_000 })

function cookieOf(setCookie: string | undefined): string {
  return setCookie?.split(';')[0] ?? ''
}

describe('a one-time code', () => {
  it('has at least 128 bits and opens a session once', () => {
    const sessions = open()
    const code = sessions.issueCode()
    expect(Buffer.from(code, 'base64url').length * 8).toBeGreaterThanOrEqual(128)
    expect(sessions.admits(cookieOf(sessions.exchange(code)))).toBe(true)
    expect(sessions.exchange(code)).toBeUndefined()
  })

  it('lives for five minutes', () => {
    const sessions = open()
    const [early, late] = [sessions.issueCode(), sessions.issueCode()]
    time += CODE_LIFE - 1
    expect(sessions.exchange(early)).toBeDefined()
    time += 1
    expect(sessions.exchange(late)).toBeUndefined()
  })

  it.each(['', 'x', 'a'.repeat(43), '\u0000', '../..'])('that was never given opens nothing: %j', code => {
    const sessions = open()
    sessions.issueCode()
    expect(sessions.exchange(code)).toBeUndefined()
  })

  it('leaves the others as they are', () => {
    const sessions = open()
    const [first, second] = [sessions.issueCode(), sessions.issueCode()]
    expect(sessions.exchange(second)).toBeDefined()
    expect(sessions.exchange(first)).toBeDefined()
  })
})

describe('a session', () => {
  it('is a cookie that scripts and other sites cannot use', () => {
    const sessions = open()
    const cookie = sessions.exchange(sessions.issueCode()) ?? ''
    expect(cookie).toMatch(/^guardrails-8090=/)
    expect(cookie.split('; ').slice(1).sort()).toEqual(['HttpOnly', 'Max-Age=43200', 'Path=/', 'SameSite=Strict'])
  })

  it('never travels in clear text where there is TLS', () => {
    const sessions = open({ secure: true })
    const cookie = sessions.exchange(sessions.issueCode()) ?? ''
    expect(cookie).toMatch(/^__Host-guardrails-8090=.*; Secure/)
    expect(sessions.admits(cookieOf(cookie))).toBe(true)
  })

  it('outlives a restart and ends after twelve hours', () => {
    const before = open()
    const cookie = cookieOf(before.exchange(before.issueCode()))
    const after = open()
    time += SESSION_LIFE - 1
    expect(after.admits(`theme=dark; ${cookie}; x=y`)).toBe(true)
    time += 1
    expect(after.admits(cookie)).toBe(false)
  })

  it('cannot be made, changed or taken to another port', () => {
    const sessions = open()
    const cookie = cookieOf(sessions.exchange(sessions.issueCode()))
    const [name = '', value = ''] = cookie.split('=')
    const later = value.replace(/^\d+/, String(time + 9 * SESSION_LIFE))
    expect(sessions.admits(undefined)).toBe(false)
    expect(sessions.admits(`${name}=`)).toBe(false)
    expect(sessions.admits(`${name}=${later}`)).toBe(false)
    expect(sessions.admits(`${name}=${time + 1000}.x.`)).toBe(false)
    expect(open({ key: Buffer.alloc(32, 8) }).admits(cookie)).toBe(false)
    expect(open({ port: () => 8091 }).admits(cookie)).toBe(false)
  })
})

describe('the session of another console with the same key', () => {
  it.each([
    ['of the demonstration', { real: false }],
    ['on another port', { port: () => 8091 }],
    ['over TLS', { secure: true }],
  ])('opens nothing here, under our cookie\'s name either: %s', (_what, change) => {
    const [sessions, other] = [open(), open(change)]
    const nameOf = (cookie: string) => cookie.split('=')[0] ?? ''
    const ours = cookieOf(sessions.exchange(sessions.issueCode()))
    const theirs = cookieOf(other.exchange(other.issueCode()))
    expect(other.admits(theirs)).toBe(true)
    expect(sessions.admits(theirs.replace(nameOf(theirs), nameOf(ours)))).toBe(false)
    expect(other.admits(ours.replace(nameOf(ours), nameOf(theirs)))).toBe(false)
  })
})

describe('the key of the sessions', () => {
  it('stays the same in a file that only its owner can read', () => {
    const folder = stateFolder({ XDG_STATE_HOME: makeFolder() })
    const made = sessionKey(folder)
    expect(made).toHaveLength(32)
    expect(sessionKey(folder).equals(made)).toBe(true)
    expect(statSync(join(folder, 'session.key')).mode & 0o777).toBe(0o600)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  })

  it('is made anew when others could read it, or when it is broken', () => {
    const folder = stateFolder({ XDG_STATE_HOME: makeFolder() })
    const file = join(folder, 'session.key')
    const first = sessionKey(folder)
    chmodSync(file, 0o644)
    const second = sessionKey(folder)
    expect(second.equals(first)).toBe(false)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    writeFileSync(file, 'short')
    expect(sessionKey(folder).equals(second)).toBe(false)
    expect(readFileSync(file, 'utf8')).not.toContain('short')
  })
})
