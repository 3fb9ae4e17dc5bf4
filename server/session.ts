import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** How long a one-time code waits to be used, and how long a session lasts, in milliseconds (issue 3, section 5). */
export const CODE_LIFE = 5 * 60_000
export const SESSION_LIFE = 12 * 3_600_000

const LIVE_CODES = 16
const LIVE_SESSIONS = 256

export interface Sessions {
  /** A new one-time code of 256 bits. */
  issueCode(): string
  /** Uses a code up: the Set-Cookie value of a new session, or nothing when the code is unknown, used or too old. */
  exchange(code: string): string | undefined
  /** Whether a request with this Cookie header belongs to a session. */
  admits(cookieHeader: string | undefined): boolean
  /** A name by which a session can be counted, and which opens nothing; undefined where there is none. */
  nameOf(cookieHeader: string | undefined): string | undefined
}

export interface SessionOptions {
  /** Signs sessions; the same key after a restart means that they outlive it. */
  readonly key: Buffer
  /** Asked when needed: the port may not be taken yet. */
  readonly port: () => number
  readonly secure: boolean
  /** Whether it opens clusters of a kubeconfig, and not the demonstration. */
  readonly real: boolean
  readonly now: () => number
}

function digest(code: string): Buffer {
  return createHash('sha256').update(code).digest()
}

function sign(text: string, key: Buffer): string {
  return createHmac('sha256', key).update(text).digest('base64url')
}

/** What a session is signed for: all consoles of a user share the key, and a cookie's name can be changed. */
function consoleOf({ real, secure, port }: SessionOptions): string {
  return `${real}|${secure}|${port()}`
}

/** When a session of this console ends, in milliseconds since 1970; 0 for anything else. Its form is `end.random.signature`. */
function endOf(session: string, options: SessionOptions): number {
  const [end = '', salt = '', signature = ''] = session.split('.')
  const [given, right] = [digest(signature), digest(sign(`${consoleOf(options)}|${end}.${salt}`, options.key))]
  return timingSafeEqual(given, right) ? Number(end) : 0
}

/** The values of a cookie in a Cookie header: a browser may send several of one name. */
function valuesOf(header: string, name: string): string[] {
  return header.split(';').map(pair => pair.trim()).filter(pair => pair.startsWith(`${name}=`)).map(pair => pair.slice(name.length + 1))
}

/** Cookies are shared by all ports of a host: the name carries ours. */
function cookieName(port: number, secure: boolean): string {
  return `${secure ? '__Host-' : ''}guardrails-${port}`
}

/** One-time codes in memory and signed sessions in cookies: nothing of a session is kept on the server. */
export function createSessions(options: SessionOptions): Sessions {
  const { key, port, secure, now } = options
  // A page sends the same cookie with each of its requests: a signature that was right stays so.
  const known = new Map<string, number>()
  const endOfKnown = (session: string): number => {
    const end = known.get(session) ?? endOf(session, options)
    if (end > 0 && known.size < LIVE_SESSIONS)
      known.set(session, end)
    return end
  }
  const liveSession = (cookieHeader: string | undefined) => valuesOf(cookieHeader ?? '', cookieName(port(), secure)).find(session => endOfKnown(session) > now())
  let codes: { readonly digest: Buffer, readonly until: number }[] = []
  return {
    issueCode() {
      const code = randomBytes(32).toString('base64url')
      codes = [...codes.filter(({ until }) => until > now()), { digest: digest(code), until: now() + CODE_LIFE }].slice(-LIVE_CODES)
      return code
    },
    exchange(code) {
      const given = digest(code)
      const match = codes.filter(known => timingSafeEqual(known.digest, given)).find(({ until }) => until > now())
      if (!match)
        return undefined
      codes = codes.filter(known => known !== match)
      const session = `${now() + SESSION_LIFE}.${randomBytes(16).toString('base64url')}`
      const cookie = `${cookieName(port(), secure)}=${session}.${sign(`${consoleOf(options)}|${session}`, key)}`
      return [cookie, `Max-Age=${SESSION_LIFE / 1000}`, 'Path=/', 'HttpOnly', 'SameSite=Strict', ...secure ? ['Secure'] : []].join('; ')
    },
    admits: cookieHeader => liveSession(cookieHeader) !== undefined,
    nameOf(cookieHeader) {
      const session = liveSession(cookieHeader)
      return session === undefined ? undefined : digest(session).toString('base64url')
    },
  }
}
