import type { ImageUrlJudgement } from './imageUrl.ts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { judgeImageUrl } from './imageUrl.ts'

// Sampled in every run; `npm run test:properties` runs each a hundred thousand times.
const numRuns = Number(process.env.PROPERTY_RUNS ?? 500)
const timeout = 30_000 + numRuns * 5

const VERDICTS = ['mutable', 'pinned', 'unknown', 'unusable']
const piece = fc.constantFrom(
  '/', '//', '.', '-', '_', '~', '+', '%', '%zz', '%2F', '%00', '?', '#', '@', ':', '&', '=', '[', ']', '..', '\\', '\u0000', '\u202e', 'é', '😀', ' ', '\n',
  'latest', 'current', 'daily', 'stable', 'release', 'releases/download/', 'v2', '9', '20240423', '2024-04-23', '1.2.3', '22.04', 'b12', '8'.repeat(40), 'a'.repeat(200), '0'.repeat(300),
  'x86_64', 'cloudimg', 'genericcloud', '.qcow2', '.iso', '.img.xz', '.sha256', 'SHA512SUMS', 'versionId=', 'branch=main', 'X-Amz-Signature=', 'X-Amz-Date=', 'se=', 'expires=9999999999',
)
const scrap = fc.array(piece, { maxLength: 40 }).map(pieces => pieces.join(''))
const host = fc.constantFrom('host', '127.0.0.1', '[::1]', '[fd00::1]', '0x7f.1', 'xn--bcher-kva.example', 'bücher.example', 'cloud-images.ubuntu.com', 'github.com', 'a..b', 'nightly.example.org', 'sourceforge.net', 'example.org.', 'bucket.s3.amazonaws.com')
const scheme = fc.constantFrom('https://', 'http://', 'HTTP://', 'ftp://', 'file:///', 'javascript:', 'data:', 'https:/', 'https:', '//', 's3://', '')
const anyText = fc.oneof(
  fc.string({ maxLength: 300 }), fc.string({ unit: 'binary', maxLength: 100 }), fc.webUrl({ withFragments: true, withQueryParameters: true }), scrap,
  fc.tuple(scheme, scrap).map(parts => parts.join('')),
  fc.tuple(scheme, fc.constantFrom('', 'user:secret@', 'cloud-images.ubuntu.com@', '@'), host, fc.constantFrom('', ':8080', ':0', ':99999', ':x'), fc.constantFrom('/', '', '//'), scrap).map(parts => parts.join('')),
)

function isWellFormed({ verdict, reasons, mayDisappear, expires, checksumFiles }: ImageUrlJudgement): boolean {
  return VERDICTS.includes(verdict) && reasons.length > 0 && reasons.every(reason => typeof reason.code === 'string' && Object.values(reason).every(value => typeof value === 'string'))
    && (mayDisappear === undefined || verdict === 'pinned')
    && (expires?.at === undefined || !Number.isNaN(Date.parse(expires.at)))
    && (checksumFiles ?? []).every(({ url }) => URL.canParse(url))
}

// URLs of which something is known, made of the parts that decide.
const directory = fc.constantFrom('images', 'current', 'latest', 'daily', 'stable', 'releases', '24.04', '9', '20240423', '1.2.3', 'noble', 'x86_64', 'pub')
const name = fc.constantFrom('disk', 'foo-latest', 'foo-1.2.3', 'foo-20240423', 'ubuntu-24.04-server-cloudimg', 'foo-nightly', 'foo-22.04', 'debian-12-genericcloud', 'foo-9', 'Foo-Rolling')
const ending = fc.constantFrom('.qcow2', '.img', '.iso', '.raw.xz', '')
const publicHost = fc.constantFrom('files.example.org', 'cloud-images.ubuntu.com', 'download.opensuse.org', 'nightly.example.org', 'github.com', 'bucket.s3.amazonaws.com')
interface Parts { readonly host: string, readonly directories: readonly string[], readonly name: string, readonly ending: string }
const parts: fc.Arbitrary<Parts> = fc.record({ host: publicHost, directories: fc.array(directory, { minLength: 1, maxLength: 4 }), name, ending })
const write = ({ host, directories, name, ending }: Parts) => `https://${host}/${directories.join('/')}/${name}${ending}`

/** The letters of a path as `%xx`; which bytes are meant stays the same (RFC 3986 §2.3). */
function encoded(path: string, every: number): string {
  return path.replace(/[\w.~-]/g, (letter, at: number) => at % every ? letter : `%${letter.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

describe('any text', () => {
  it('is judged without an error, with a reason, and twice alike', () => {
    fc.assert(fc.property(anyText, text => {
      const judgement = judgeImageUrl(text)
      expect(judgement).toEqual(judgeImageUrl(text))
      return isWellFormed(judgement)
    }), { numRuns })
  }, timeout)

  it('is never pinned or mutable when it names no http server', () => {
    fc.assert(fc.property(fc.constantFrom('ftp', 'file', 'javascript', 'data', 's3', 'docker', 'nfs', 'ssh', 'gopher', 'mailto', 'blob', 'ws'), parts, scrap, (scheme, one, rest) => {
      expect(judgeImageUrl(`${scheme}${write(one).slice(5)}${rest}`).verdict).toBe('unusable')
    }), { numRuns })
  }, timeout)
})

describe('what does not change the bytes', () => {
  const changes: readonly (readonly [string, (url: string) => string])[] = [
    ['a fragment', url => `${url}#20240423`],
    ['a fragment that looks like a build', url => `${url}#/1.2.3/foo-20240423.qcow2`],
    ['a user', url => url.replace('://', '://cloud-images.ubuntu.com@')],
    ['a user and a password', url => url.replace('://', '://20240423:1.2.3@')],
    ['a port', url => url.replace(/(:\/\/[^/]+)/, '$1:8443')],
    ['a host written to the root', url => url.replace(/(:\/\/[^/]+)/, '$1.')],
    ['the host in capitals', url => url.replace(/:\/\/[^/]+/, host => host.toUpperCase())],
    ['the scheme in capitals', url => url.replace('https', 'HTTPS')],
    ['http in place of https', url => url.replace('https', 'http')],
    ['blanks around it', url => `  ${url}\n`],
    ['doubled slashes', url => url.replace(/(?<!:\/?)\//g, '//')],
    ['a directory that is left again', url => url.replace(/(:\/\/[^/]+\/)/, '$120240423/../')],
    ['a directory that is the same', url => url.replace(/(:\/\/[^/]+\/)/, '$1./')],
    ['every letter of the path as percent-encoding', url => url.replace(/(:\/\/[^/]+)(\/.*)/, (_, host: string, path: string) => host + encoded(path, 1))],
    ['some letters of the path as percent-encoding', url => url.replace(/(:\/\/[^/]+)(\/.*)/, (_, host: string, path: string) => host + encoded(path, 3))],
  ]
  it.each(changes)('%s does not change the verdict', (_, change) => {
    fc.assert(fc.property(parts, one => {
      expect(judgeImageUrl(change(write(one))).verdict).toBe(judgeImageUrl(write(one)).verdict)
    }), { numRuns })
  }, timeout)
})

describe('what an attacker or a careless hand adds', () => {
  const query = fc.constantFrom('?20240423', '?foo-1.2.3.qcow2', '?file=foo-20240423.qcow2', '?v=1.2.3', '?a=b&c=20240423', '?download=1', '?version=1.2.3', '?ref=v1.2.3', '?id=20240423', '?versionId=1', '?versionId=3HL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY', '?generation=1700000000000000', `?ref=${'8'.repeat(40)}`, '?')

  it('a query never makes a mutable URL pinned, unless a store of objects is asked for a version of its own', () => {
    fc.assert(fc.property(parts, query, (one, added) => {
      fc.pre(!(one.host.endsWith('.amazonaws.com') && added.startsWith('?versionId')))
      fc.pre(judgeImageUrl(write(one)).verdict === 'mutable')
      expect(judgeImageUrl(write(one) + added).verdict).not.toBe('pinned')
    }), { numRuns })
  }, timeout)

  it('a host that only looks like a publisher is not taken for it', () => {
    fc.assert(fc.property(parts, fc.constantFrom('evil-', 'x'), fc.constantFrom('.evil.example', '.ch'), (one, before, after) => {
      expect(judgeImageUrl(write({ ...one, host: `${one.host}${after}`, directories: ['a'] })).publisher).toBeUndefined()
      expect(judgeImageUrl(write({ ...one, host: `${before}${one.host.replace(/^[^.]+\./, '')}`, directories: ['a'] })).publisher).toBeUndefined()
    }), { numRuns })
  }, timeout)

  it('a directory of a daily tree never makes a URL without build and version pinned', () => {
    fc.assert(fc.property(parts, fc.constantFrom('daily', 'nightly', 'snapshots'), (one, word) => {
      fc.pre(!one.directories.includes('20240423') && !/1\.2\.3|2024/.test(one.name))
      expect(judgeImageUrl(write({ ...one, directories: [...one.directories, word] })).verdict).not.toBe('pinned')
    }), { numRuns })
  }, timeout)
})

describe('the time of a judgement', () => {
  // Growth and not the clock: a judgement that looks back over what it has seen takes sixteen times as long for four times the text.
  // Counted is the time that the process had a core, in the round that was disturbed least.
  function spent(text: string): number {
    const rounds = Array.from({ length: 15 }, () => {
      const begin = process.cpuUsage()
      for (let round = 0; round < 40; round++)
        judgeImageUrl(text)
      const { user, system } = process.cpuUsage(begin)
      return user + system
    })
    return Math.min(...rounds)
  }

  it.each(['0', 'a', '.', '-', '0.', 'a0', '20', '2024', 'f0', '/', '0-', '1.', '_1', 'latest', 'v1', 'r1', '-b', 'build-', '1.2-', '%', '%41', '/0', '/a/', 'x86', '&a=', '1_1_'])('grows no faster than the text, of %j', unit => {
    const url = (length: number) => `https://host.example/${unit.repeat(Math.floor(length / unit.length))}.img`
    judgeImageUrl(url(4000))
    expect(spent(url(4000)) / Math.max(spent(url(1000)), 100)).toBeLessThan(12)
  })

  it('does not depend on how much longer than a URL a text is', () => {
    for (const unit of ['a', '0.', 'https://', '-', '%', ' ']) {
      const text = (length: number) => `https://host.example/${unit.repeat(Math.floor(length / unit.length))}`
      expect(spent(text(400_000)) / Math.max(spent(text(50_000)), 200), unit).toBeLessThan(16)
      expect(judgeImageUrl(text(100_000)).verdict).toBe('unusable')
    }
  })
})
