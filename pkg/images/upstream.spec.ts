import type { BackingImage } from '#health/longhorn.ts'
import type { UpstreamCheck, VirtualMachineImage } from './image.ts'
import type { ProbeReport, PublishedChecksum, ServedFile } from './probe.ts'
import type { UpstreamRecord } from './upstream.ts'
import { describe, expect, it } from 'vitest'
import { lossOfUpstream, UPSTREAM_CHECK_ANNOTATION, upstreamCheckOf } from './image.ts'
import { judgeUpstream, judgeUpstreamRead, recordOf } from './upstream.ts'

const A = 'a'.repeat(128)
const B = 'b'.repeat(128)
const MADE = '2026-06-01T00:00:00Z'
const OLD = 'Sun, 31 May 2026 10:00:00 GMT'
const NEW = 'Tue, 02 Jun 2026 10:00:00 GMT'
const published = (algorithm: PublishedChecksum['algorithm'], digest: string, names?: string): PublishedChecksum => ({ algorithm, digest, file: 'https://x/SUMS', ...(names && { names }) })
const served = (facts: Partial<ServedFile> = {}, checksums: readonly PublishedChecksum[] = []): ProbeReport => ({
  state: 'served', hops: [], file: { format: { kind: 'raw' } as ServedFile['format'], ranges: true, ...facts }, checksums, pins: { state: 'none', because: 'no-twin' },
})
const earlier = (word: UpstreamCheck['word'], facts: UpstreamCheck['served']): UpstreamCheck => ({ word, at: '2026-07-01T00:00:00Z', findings: [], served: facts })
const record = (facts: Partial<UpstreamRecord> = {}): UpstreamRecord => ({ made: MADE, link: 'pinned', size: 100, ...facts })
const failed = (status: number): ProbeReport => ({ state: 'failed', hops: [], failure: { code: 'http', status } })

describe('what the URL serves today', () => {
  it.each<[string, UpstreamRecord, ProbeReport, UpstreamCheck['word']]>([
    ['has the recorded SHA-512 by its publisher, whatever its date and size', record({ sha512: A }), served({ size: 101, lastModified: NEW }, [published('sha512', A)]), 'unchanged'],
    ['has another SHA-512', record({ sha512: A }), served({ size: 100, lastModified: OLD }, [published('sha512', B)]), 'changed'],
    ['has another size', record({ sha512: A }), served({ size: 101, lastModified: OLD }), 'changed'],
    ['has the same size and was written before the image was made', record(), served({ size: 100, lastModified: OLD }), 'alike'],
    ['has the same size and was written before the image was made, behind a link whose bytes change', record({ link: 'mutable' }), served({ size: 100, lastModified: OLD }), 'cannot-say'],
    ['has the same size and was written before the image was made, behind a link that says nothing', record({ link: 'unknown', sha512: A }), served({ size: 100, lastModified: OLD }, [published('sha256', '1')]), 'cannot-say'],
    ['has the same size and was written later', record(), served({ size: 100, lastModified: NEW }), 'cannot-say'],
    ['has the same size and no date', record(), served({ size: 100 }), 'cannot-say'],
    ['has an old date and no size', record(), served({ lastModified: OLD }), 'cannot-say'],
    ['has an old date, and no size was recorded', { made: MADE, link: 'pinned' }, served({ size: 100, lastModified: OLD }), 'cannot-say'],
    ['says nothing at all', record(), served(), 'cannot-say'],
    ['has the checksum of another file beside it', record({ sha512: A }), served({ size: 100 }, [published('sha512', B, 'other.img')]), 'cannot-say'],
    ['has a published SHA-256 that differs from that of the look before', record({ sha512: A, before: earlier('unchanged', { published: { algorithm: 'sha256', digest: '1' } }) }), served({ size: 100, lastModified: OLD }, [published('sha256', '2')]), 'changed'],
    ['has the published SHA-256 of a look that found it unchanged', record({ before: earlier('unchanged', { published: { algorithm: 'sha256', digest: '1' } }) }), served({ size: 100, lastModified: NEW }, [published('sha256', '1')]), 'unchanged'],
    ['has the ETag of a look that found it unchanged', record({ before: earlier('unchanged', { etag: '"1"' }) }), served({ size: 100, lastModified: NEW, etag: '"1"' }), 'unchanged'],
    ['has the ETag of a look that found it alike', record({ before: earlier('alike', { etag: '"1"' }) }), served({ size: 100, lastModified: OLD, etag: '"1"' }), 'alike'],
    ['has the ETag of a look that found it unchanged, before one that was not answered', record({ before: { ...earlier('cannot-say', { etag: '"1"' }), last: { word: 'unchanged', at: MADE } } }), served({ size: 100, lastModified: NEW, etag: '"1"' }), 'unchanged'],
    ['has the ETag of a look that found it changed', record({ before: earlier('changed', { etag: '"1"' }) }), served({ size: 100, lastModified: OLD, etag: '"1"' }), 'changed'],
    ['has the ETag of a look that could not say', record({ before: earlier('cannot-say', { etag: '"1"' }) }), served({ size: 100, etag: '"1"' }), 'cannot-say'],
    ['has another ETag, which servers make of more than the bytes', record({ before: earlier('unchanged', { etag: '"1"' }) }), served({ size: 100, lastModified: NEW, etag: '"2"' }), 'cannot-say'],
    ['is nothing any more', record({ sha512: A }), failed(404), 'gone'],
    ['was taken away', record(), failed(410), 'gone'],
    ['is not for everybody any more', record(), failed(401), 'gone'],
    ['is behind a signed link that has ended', record(), failed(403), 'gone'],
    ['cannot be asked', record(), failed(503), 'cannot-say'],
    ['is asked for too often', record(), failed(429), 'cannot-say'],
    ['is at a host that is not there', record(), { state: 'failed', hops: [], failure: { code: 'no-name', detail: 'ENOTFOUND' } }, 'gone'],
    ['is at a host whose name cannot be asked for today', record(), { state: 'failed', hops: [], failure: { code: 'no-name', detail: 'EAI_AGAIN' } }, 'cannot-say'],
    ['does not come in time', record(), { state: 'failed', hops: [], failure: { code: 'timeout', detail: 'ABORTED' } }, 'cannot-say'],
  ])('%s', (_, given, report, word) => {
    expect(judgeUpstream(given, report).word).toBe(word)
  })

  it('is compared as far as it can be, and the rest is said', () => {
    const answer = judgeUpstream(record({ sha512: A }), served({ size: 100, lastModified: OLD, etag: '"1"' }, [published('sha256', '1')]))
    expect(answer.findings).toEqual([
      { fact: 'checksum', standing: 'not-served' }, { fact: 'size', standing: 'same' }, { fact: 'date', standing: 'same' },
      { fact: 'earlier-checksum', standing: 'not-recorded' }, { fact: 'earlier-etag', standing: 'not-recorded' },
    ])
    expect(answer.served).toEqual({ size: 100, lastModified: OLD, etag: '"1"', published: { algorithm: 'sha256', digest: '1' } })
    expect(judgeUpstream({ made: MADE, link: 'pinned' }, served()).findings.map(({ standing }) => standing)).toEqual(['not-recorded', 'not-recorded', 'not-served', 'not-served', 'not-served'])
  })

  it('is remembered while nothing is served, and what was found while nobody answers', () => {
    const before = earlier('gone', { etag: '"1"' })
    expect(judgeUpstream(record({ before }), failed(404)).served).toEqual({ etag: '"1"' })
    const passing = judgeUpstream(record({ before }), failed(503))
    expect(passing).toEqual({ word: 'cannot-say', findings: [], served: { etag: '"1"' }, failure: { code: 'http', status: 503 }, last: { word: 'gone', at: before.at } })
    const again = judgeUpstreamRead({ state: 'failed', file: {}, failure: { code: 'shorter' } }, { ...passing, at: MADE })
    expect(again).toEqual({ word: 'cannot-say', findings: [], served: { etag: '"1"' }, failure: { code: 'shorter' }, last: { word: 'gone', at: before.at } })
    expect(judgeUpstream(record({ before: { ...passing, at: MADE } }), served())).not.toHaveProperty('last')
    expect(judgeUpstream(record({ before: earlier('cannot-say', {}) }), failed(503))).not.toHaveProperty('last')
  })

  it('is known for certain when all of it was read', () => {
    const file = { size: 100, etag: '"1"' }
    expect(judgeUpstreamRead({ state: 'verified', file, digests: { sha512: A } })).toEqual({ word: 'unchanged', findings: [{ fact: 'bytes', standing: 'same' }], served: { ...file, published: { algorithm: 'sha512', digest: A } } })
    expect(judgeUpstreamRead({ state: 'mismatch', file, digests: { sha512: B } })?.word).toBe('changed')
    expect(judgeUpstreamRead({ state: 'failed', file: {}, failure: { code: 'http', status: 404 } })?.word).toBe('gone')
    expect(judgeUpstreamRead({ state: 'failed', file: {}, failure: { code: 'http', status: 403 } })?.word).toBe('gone')
    expect(judgeUpstreamRead({ state: 'failed', file: {}, failure: { code: 'shorter' } })?.word).toBe('cannot-say')
    expect(judgeUpstreamRead({ state: 'reading', file })).toBeUndefined()
    expect(judgeUpstreamRead({ state: 'computed', file, digests: { sha512: A } })).toBeUndefined()
  })
})

describe('what is recorded of an image', () => {
  const image = (spec: Partial<VirtualMachineImage['spec']>, annotation?: string): VirtualMachineImage => ({
    apiVersion: '', kind: '', metadata: { name: 'i', uid: 'u', resourceVersion: '1', creationTimestamp: MADE, ...(annotation && { annotations: { [UPSTREAM_CHECK_ANNOTATION]: annotation } }) },
    spec: { displayName: 'i', sourceType: 'download', ...spec }, status: { size: 100 },
  })
  const backing = (checksum: string): BackingImage => ({ apiVersion: '', kind: '', metadata: { name: 'b', uid: 'u', resourceVersion: '1', creationTimestamp: '' }, spec: {}, status: { checksum } })

  it('is the checksum that Longhorn counted, before the one that was asked for', () => {
    expect(recordOf(image({ checksum: B }), backing(A)).sha512).toBe(A)
    expect(recordOf(image({ checksum: B.toUpperCase() }), backing('')).sha512).toBe(B)
    expect(recordOf(image({ checksum: 'not one' }), undefined).sha512).toBeUndefined()
  })

  it('is none on CDI, which looks at no checksum', () => {
    expect(recordOf(image({ checksum: B, backend: 'cdi' }), undefined)).toEqual({ size: 100, made: MADE, link: 'unusable' })
  })

  it('is the last look too, where it can be read', () => {
    const check: UpstreamCheck = { word: 'changed', at: MADE, findings: [{ fact: 'size', standing: 'differs' }], served: { size: 2 } }
    expect(recordOf(image({}, JSON.stringify(check)), undefined).before).toEqual(check)
    for (const text of ['', '{', 'null', '[]', '{"word":"fine","at":"2026-06-01T00:00:00Z"}', '{"word":"gone","at":"yesterday"}', '{"word":"gone"}'])
      expect(upstreamCheckOf(image({}, text)), text).toBeUndefined()
    expect(upstreamCheckOf(image({}, `{"word":"gone","at":"${MADE}","findings":3}`))).toEqual({ word: 'gone', at: MADE, findings: [] })
  })

  it('tells whether the image could be downloaded again', () => {
    const at = (word: string) => lossOfUpstream(image({}, JSON.stringify({ word, at: MADE })))
    expect(at('changed')).toEqual({ word: 'changed', at: MADE })
    expect(at('gone')).toEqual({ word: 'gone', at: MADE })
    expect(at('unchanged')).toBeUndefined()
    expect(at('alike')).toBeUndefined()
    const unanswered = (last: unknown) => lossOfUpstream(image({}, JSON.stringify({ word: 'cannot-say', at: OLD, last })))
    expect(unanswered({ word: 'gone', at: MADE })).toEqual({ word: 'gone', at: MADE })
    for (const last of [{ word: 'unchanged', at: MADE }, { word: 'gone' }, { word: 'gone', at: 'yesterday' }, 'gone', null])
      expect(unanswered(last), JSON.stringify(last)).toBeUndefined()
    expect(at('cannot-say')).toBeUndefined()
    expect(lossOfUpstream(image({}))).toBeUndefined()
  })
})
