import { createHash } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import type { RequestListener } from 'node:http'
import { gzipSync } from 'node:zlib'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ProbeReport, ReadJob } from '../pkg/images/probe.ts'
import { beginReadCall, endReadCall, isOver, probeCall, readCall, readsCall } from '../pkg/images/probe.ts'
import { parseMirror } from './addressRules.ts'
import type { AppOptions } from './app.ts'
import type { GuardOptions } from './guard.ts'
import { createOutbound } from './outbound.ts'
import type { Question } from './outbound.ts'
import { probe } from './probe.ts'
import { createSessions } from './session.ts'
import type { Status } from './status.ts'
import { kubeconfigOf, startConsole, startServer } from './testCluster.ts'
import type { TestServer } from './testCluster.ts'

vi.setConfig({ testTimeout: 60_000 })

const running: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of running.splice(0).reverse())
    await stop()
})

async function serve(handler: RequestListener): Promise<TestServer> {
  const server = await startServer(handler)
  running.push(server.stop)
  return server
}

interface Review { readonly spec: { readonly resourceAttributes: { readonly namespace: string, readonly verb: string, readonly resource: string, readonly group: string } } }

/** An API server where images may be created in every namespace but `closed`; it tells what it was asked. */
async function startCluster() {
  const asked: Review[] = []
  const cluster = await serve((request, response) => {
    let text = ''
    request.on('data', chunk => { text += String(chunk) })
    request.on('end', () => {
      const review = JSON.parse(text) as Review
      asked.push(review)
      const allowed = review.spec.resourceAttributes.namespace !== 'closed'
      response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify({ ...review, status: { allowed, ...!allowed && { reason: 'no rule says so' } } }))
    })
  })
  return { cluster, asked }
}

interface Answer<T> { readonly code: number, readonly body: T, readonly headers: Record<string, unknown> }

interface Asking { readonly method?: string, readonly path: string, readonly body?: unknown, readonly headers?: Record<string, string> }

function asker(url: string) {
  return <T = ProbeReport & ReadJob & Status>({ method = 'POST', path, body, headers = {} }: Asking): Promise<Answer<T>> => new Promise((done, fail) => {
    const { hostname, port } = new URL(url)
    const sent = httpRequest({ hostname, port, path, method, agent: false, headers: { ...body !== undefined && { 'content-type': 'application/json' }, ...headers } }, response => {
      let text = ''
      response.on('data', chunk => { text += String(chunk) })
      response.on('end', () => done({ code: response.statusCode ?? 0, body: JSON.parse(text || '{}') as T, headers: response.headers }))
    })
    sent.on('error', fail)
    sent.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

async function start(guard: Partial<GuardOptions> = {}, options: Partial<AppOptions> = {}) {
  const { cluster, asked } = await startCluster()
  const console = await startConsole(kubeconfigOf({ cluster: { server: cluster.url }, user: { token: 'the-token' } }), { ...options, guard: { mirrors: [], proxyFor: () => '', ...guard } })
  running.push(() => console.app.stop())
  const ask = asker(console.url)
  const place = { cluster: 'c0', namespace: 'default' }
  return {
    ask, asked, place, cluster, url: console.url,
    // As the page asks.
    probe: async (image: string) => (await ask<ProbeReport>(probeCall({ ...place, url: image }))).body,
  }
}

const opened = (...servers: TestServer[]) => ({ mirrors: servers.flatMap(({ port }) => parseMirror(`127.0.0.1:${port}`) ?? []) })

const QCOW2 = Buffer.alloc(200_000, 7)
QCOW2.write('QFI\xfb', 0, 'latin1')
QCOW2.writeUInt32BE(3, 4)
QCOW2.fill(0, 8, 24)
QCOW2.writeBigUInt64BE(10n * 1024n ** 3n, 24)
QCOW2.writeUInt32BE(0, 32)
QCOW2.fill(0, 72, 80)
const sum = (algorithm: string, bytes: Buffer = QCOW2) => createHash(algorithm).update(bytes).digest('hex')

type Files = Readonly<Record<string, Buffer | string>>

/** A server of files that takes ranges, names ETags by their content and lists directories as nginx does. */
function files(tree: Files): RequestListener {
  return ({ url = '', method, headers }, response) => {
    const path = decodeURIComponent(new URL(url, 'http://host').pathname)
    const content = tree[path]
    if (content === undefined) {
      const names = path.endsWith('/') ? [...new Set(Object.keys(tree).filter(name => name.startsWith(path)).map(name => name.slice(path.length).replace(/\/.*$/, '/')))] : []
      return names.length ? response.end(`<h1>Index of ${path}</h1><pre><a href="../">../</a>\n${names.map(name => `<a href="${name}">${name}</a>`).join('\n')}</pre>`) : response.writeHead(404).end('<html>not found</html>')
    }
    const bytes = Buffer.from(content)
    const facts = { 'etag': `"${sum('md5', bytes)}"`, 'last-modified': 'Mon, 25 Nov 2024 19:42:00 GMT', 'accept-ranges': 'bytes', 'content-type': 'application/octet-stream' }
    const range = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? '')
    if (!range || bytes.length === 0)
      return response.writeHead(range ? 416 : 200, { ...facts, ...range ? { 'content-range': 'bytes */0' } : { 'content-length': bytes.length } }).end(method === 'HEAD' || range ? undefined : bytes)
    const from = range[1] ? Number(range[1]) : bytes.length - Number(range[2])
    const part = bytes.subarray(from, range[1] && range[2] ? Number(range[2]) + 1 : undefined)
    return response.writeHead(206, { ...facts, 'content-length': part.length, 'content-range': `bytes ${from}-${from + part.length - 1}/${bytes.length}` }).end(part)
  }
}

describe('who may ask', () => {
  const session = createSessions({ key: Buffer.alloc(32), port: () => 8090, secure: false, real: true, now: () => 0 })
  const cookie = (session.exchange(session.issueCode()) ?? '').split(';')[0] ?? ''

  it.each(['/guard/probe', '/guard/reads', '/%67uard/reads', '/guard//reads', '/guard/%72eads?cluster=c0&namespace=default', '/guard/reads/1'])('nobody without a session: %s', async path => {
    const { ask } = await start({}, { sessions: session })
    for (const method of ['GET', 'POST', 'DELETE'])
      expect([400, 401, 404]).toContain((await ask({ method, path, body: method === 'POST' ? {} : undefined })).code)
    expect((await ask({ method: 'GET', path: '/guard/reads?cluster=c0&namespace=default', headers: { cookie } })).code).toBe(200)
    expect((await ask({ method: 'GET', path: '/%67uard/reads?cluster=c0&namespace=default' })).code).not.toBe(200)
  })

  it('nobody without a session reads the clusters, in whatever spelling', async () => {
    const { ask } = await start({}, { sessions: session })
    for (const path of ['/console/clusters', '/%63onsole/clusters', '/console/%63lusters', '//console/clusters'])
      expect((await ask({ method: 'GET', path })).code, path).not.toBe(200)
  })

  it.each([
    ['another site', { origin: 'https://evil.example' }, 403], ['another site without Origin', { 'sec-fetch-site': 'cross-site' }, 403], ['a page under another name', { host: 'evil.example' }, 421],
  ])('not %s', async (_what, headers, code) => {
    const { ask, place, asked } = await start()
    expect((await ask({ path: '/guard/probe', body: { ...place, url: 'http://127.0.0.1/x.img' }, headers })).code).toBe(code)
    expect(asked).toEqual([])
  })

  it('only who may create images in the namespace, by the cluster\'s word, which is asked for once in a while', async () => {
    const { ask, asked, place, cluster } = await start()
    const closed = { ...place, namespace: 'closed' }
    for (const asking of [{ path: '/guard/probe', body: { ...closed, url: 'https://a.example/x.img' } }, { path: '/guard/reads', body: { ...closed, url: 'https://a.example/x.img' } }, { method: 'GET', path: '/guard/reads?cluster=c0&namespace=closed' }]) {
      const { code, body } = await ask(asking)
      expect(code).toBe(403)
      expect(body).toMatchObject({ kind: 'Status', reason: 'Forbidden', details: { kind: 'guard', name: 'closed', causes: [{ reason: 'may-not-create-images', field: 'namespace' }] } })
      expect(body.message).toContain('no rule says so')
    }
    expect(asked[0]?.spec.resourceAttributes).toMatchObject({ verb: 'create', group: 'harvesterhci.io', resource: 'virtualmachineimages', namespace: 'closed' })
    expect(cluster.seen[0]?.headers.authorization).toBe('Bearer the-token')
    const before = asked.length
    for (let count = 0; count < 5; count++)
      expect((await ask({ method: 'GET', path: '/guard/reads?cluster=c0&namespace=default' })).code).toBe(200)
    expect(asked.length).toBe(before + 1)
  })

  it('nobody while the cluster does not say', async () => {
    const { ask, place, cluster } = await start()
    await cluster.stop()
    const { code, body } = await ask({ path: '/guard/probe', body: { ...place, url: 'https://a.example/x.img' } })
    expect(code).toBe(503)
    expect(body).toMatchObject({ kind: 'Status', details: { kind: 'cluster', name: 'c0' } })
  })

  it.each([
    [{}, 400, 'bad-request'], [{ cluster: 'c0' }, 400, 'bad-request'], [{ cluster: 'c0', namespace: '', url: 'x' }, 400, 'bad-request'], [{ cluster: 'c0', namespace: '*', url: 'x' }, 400, 'bad-request'],
    [{ cluster: 'c0', namespace: ['default'], url: 'x' }, 400, 'bad-request'], [{ cluster: 'no', namespace: 'default', url: 'x' }, 404, 'no-cluster'], [{ cluster: 'c0', namespace: 'default' }, 400, 'bad-request'], [[1], 400, 'bad-request'],
    [{ cluster: 'c0', namespace: 'default', url: 'file:///etc/passwd' }, 403, 'scheme'], [{ cluster: 'c0', namespace: 'default', url: 'http://0x7f.1/x.img' }, 403, 'address-loopback'], [{ cluster: 'c0', namespace: 'default', url: 'http://a:b@a.example/' }, 403, 'credentials'],
  ])('%j is refused', async (body, code, reason) => {
    const { ask } = await start()
    for (const path of ['/guard/probe', '/guard/reads']) {
      const answer = await ask({ path, body })
      expect(answer.code).toBe(code)
      expect(answer.body.details?.causes[0]?.reason).toBe(reason)
    }
  })

  it('nobody with more than a question', async () => {
    const { ask, place } = await start()
    expect((await ask({ path: '/guard/probe', body: { ...place, url: 'x'.repeat(20_000) } })).code).toBe(413)
  })
})

describe('a probe', () => {
  it('tells the way, the file and its format', async () => {
    const server = await serve(files({ '/img/disk-latest.qcow2': QCOW2 }))
    const front = await serve((_request, response) => response.writeHead(301, { location: `http://127.0.0.1:${server.port}/img/disk-latest.qcow2?sig=secret` }).end())
    const { probe } = await start(opened(server, front))
    expect(await probe(`http://127.0.0.1:${front.port}/go/disk-latest.qcow2#part`)).toEqual({
      state: 'served',
      hops: [{ url: `http://127.0.0.1:${front.port}/go/disk-latest.qcow2`, status: 301 }, { url: `http://127.0.0.1:${server.port}/img/disk-latest.qcow2`, hasQuery: true, status: 206 }],
      file: {
        size: 200_000, type: 'application/octet-stream', etag: `"${sum('md5')}"`, lastModified: 'Mon, 25 Nov 2024 19:42:00 GMT', ranges: true,
        format: { kind: 'qcow2', version: 3, virtualSize: 10 * 1024 ** 3 },
      },
      checksums: [], pins: { state: 'none', because: 'no-checksum' },
    })
  })

  it.each([[405], [403], [404], [501]])('asks by GET where HEAD is answered with %s', async status => {
    const take = files({ '/disk.img.gz': gzipSync(QCOW2) })
    const server = await serve((request, response) => request.method === 'HEAD' ? response.writeHead(status).end() : take(request, response))
    const { probe } = await start(opened(server))
    expect(await probe(`http://127.0.0.1:${server.port}/disk.img.gz`)).toMatchObject({ state: 'served', file: { headRefused: true, size: gzipSync(QCOW2).length, format: { kind: 'compressed', by: 'gzip' } } })
  })

  it('believes the file and not HEAD, where HEAD says that it is empty', async () => {
    const take = files({ '/disk.qcow2': QCOW2 })
    const server = await serve((request, response) => {
      if (request.method === 'HEAD')
        return response.writeHead(200, { 'content-length': 0, 'etag': '"head"' }).end()
      if (request.url === '/chunked.qcow2')
        return response.writeHead(200, { 'transfer-encoding': 'chunked' }).end(QCOW2)
      return take(request, response)
    })
    const { probe } = await start(opened(server))
    expect(await probe(`http://127.0.0.1:${server.port}/disk.qcow2`)).toMatchObject({ state: 'served', file: { size: 200_000, headSize: 0, etag: '"head"', format: { kind: 'qcow2' } } })
    const chunked = await probe(`http://127.0.0.1:${server.port}/chunked.qcow2`)
    expect(chunked).toMatchObject({ state: 'served', file: { headSize: 0, format: { kind: 'qcow2' } } })
    expect(chunked).not.toHaveProperty('file.size')
  })

  it('reads no more than the first bytes of a server that knows no ranges', async () => {
    const server = await serve((request, response) => {
      if (request.url !== '/huge.qcow2')
        return response.writeHead(404).end()
      response.writeHead(200, { 'content-length': 10 ** 12 })
      return request.method === 'HEAD' ? response.end() : response.write(QCOW2)
    })
    const { probe } = await start(opened(server))
    expect(await probe(`http://127.0.0.1:${server.port}/huge.qcow2`)).toMatchObject({ state: 'served', file: { size: 10 ** 12, ranges: false, format: { kind: 'qcow2' } } })
  })

  it('tells an empty file, a page in place of an image, and a VHD by its end', async () => {
    const footer = Buffer.alloc(512)
    footer.write('conectix')
    footer.writeBigUInt64BE(4096n, 48)
    footer.writeUInt32BE(2, 60)
    const server = await serve(files({ '/empty.img': '', '/page.img': '<!doctype html><h1>Log in</h1>', '/disk.vhd': Buffer.concat([Buffer.alloc(70_000), footer]) }))
    const { probe } = await start(opened(server))
    const kind = async (path: string) => {
      const report = await probe(`http://127.0.0.1:${server.port}${path}`)
      return report.state === 'served' ? report.file.format : report
    }
    expect(await kind('/empty.img')).toEqual({ kind: 'empty' })
    expect(await kind('/page.img')).toEqual({ kind: 'text', html: true })
    expect(await kind('/disk.vhd')).toEqual({ kind: 'vhd', layout: 'fixed', virtualSize: 4096 })
  })

  it('fails with a code and the hops', async () => {
    const server = await serve(files({}))
    const { probe } = await start(opened(server))
    expect(await probe(`http://127.0.0.1:${server.port}/x.img`)).toEqual({ state: 'failed', hops: [{ url: `http://127.0.0.1:${server.port}/x.img`, status: 404 }], failure: { code: 'http', status: 404 } })
  })

  it('takes no checksum of another file for this image\'s', async () => {
    const right = 'b'.repeat(128)
    const wrong = 'a'.repeat(128)
    const server = await serve(files({
      '/bare/ubuntu.img': QCOW2, '/bare/ubuntu-minimal.img.sha512': wrong,
      '/sib/app.img': QCOW2, '/sib/app-arm64.img': 'arm', '/sib/app-arm64.img.sha512': wrong,
      '/sib2/foo-amd64.img': QCOW2, '/sib2/foo-arm64.sha512': wrong,
      '/paths/disk.img': QCOW2, '/paths/SHA512SUMS': `${wrong}  ./aarch64/disk.img\n${right}  ./disk.img\n`,
      '/stem/disk.img': QCOW2, '/stem/disk.sha512': right,
      '/stems/disk.img': QCOW2, '/stems/disk.iso': 'iso', '/stems/disk.sha512': wrong,
    }))
    const { probe } = await start(opened(server))
    const published = async (path: string) => {
      const report = await probe(`http://127.0.0.1:${server.port}${path}`)
      return report.state === 'served' ? report.checksums.map(({ digest }) => digest) : report
    }
    expect(await published('/bare/ubuntu.img')).toEqual([])
    expect(await published('/sib/app.img')).toEqual([])
    expect(await published('/sib2/foo-amd64.img')).toEqual([])
    expect(await published('/paths/disk.img')).toEqual([right])
    expect(await published('/stem/disk.img')).toEqual([right])
    expect(await published('/stems/disk.img')).toEqual([])
  })

  it('refuses a redirect inwards by a Status that names the host', async () => {
    const inside = await serve((_request, response) => response.end('secret'))
    const server = await serve((_request, response) => response.writeHead(302, { location: `http://127.0.0.1:${inside.port}/?token=secret` }).end())
    const { ask, place } = await start(opened(server))
    const { code, body } = await ask({ path: '/guard/probe', body: { ...place, url: `http://127.0.0.1:${server.port}/x.img` } })
    expect(code).toBe(403)
    expect(body).toMatchObject({ kind: 'Status', reason: 'Forbidden', details: { kind: 'guard', name: `127.0.0.1:${inside.port}`, causes: [{ reason: 'address-loopback', field: 'url' }] } })
    expect(JSON.stringify(body)).not.toContain('secret')
    expect(inside.seen).toEqual([])
  })

  it('is one of four of a session at once, and of no more', async () => {
    const server = await serve(() => undefined)
    const { ask, place } = await start(opened(server))
    const asking = Array.from({ length: 6 }, () => ask({ path: '/guard/probe', body: { ...place, url: `http://127.0.0.1:${server.port}/x.img` } }).catch(() => undefined))
    const answers = await Promise.race([Promise.all([sleep(5_000), ...asking]), vi.waitFor(async () => {
      const settled = await Promise.all(asking.map(each => Promise.race([each, sleep(10)])))
      expect(settled.filter(each => each?.code === 429)).toHaveLength(2)
      return settled
    }, { timeout: 5_000 })])
    expect(answers.filter(each => each && 'body' in each && each.body.details?.causes[0]?.reason === 'too-many')).toHaveLength(2)
  })
})

describe('the build behind an alias', () => {
  /** Publishers' hosts are played by an HTTP proxy, which is how they are reached without a network. */
  async function publish(tree: Files, more: RequestListener = () => undefined) {
    const proxy = await serve((request, response) => {
      const { host, pathname } = new URL(request.url ?? '')
      more(request, response)
      if (!response.writableEnded)
        files(Object.fromEntries(Object.entries(tree).filter(([name]) => name.startsWith(`${host}/`)).map(([name, content]) => [name.slice(host.length), content])))(Object.assign(request, { url: pathname }), response)
    })
    return start({ proxyFor: () => proxy.url })
  }

  async function pins(tree: Files, url: string, more?: RequestListener) {
    const { probe } = await publish(tree, more)
    const report = await probe(url)
    return report.state === 'served' ? report.pins : report
  }

  it('is the dated twin in the same directory (AlmaLinux, CentOS)', async () => {
    const directory = 'repo.almalinux.org/almalinux/9/cloud/x86_64/images'
    const dated = 'AlmaLinux-9-GenericCloud-9.5-20241120.x86_64.qcow2'
    const tree = {
      [`${directory}/AlmaLinux-9-GenericCloud-latest.x86_64.qcow2`]: QCOW2, [`${directory}/${dated}`]: QCOW2,
      [`${directory}/CHECKSUM`]: `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n${sum('sha256')}  AlmaLinux-9-GenericCloud-latest.x86_64.qcow2\n${'0'.repeat(64)}  AlmaLinux-9-OpenNebula-9.5-20241120.x86_64.qcow2\n${sum('sha256')}  ${dated}\n-----BEGIN PGP SIGNATURE-----\n`,
    }
    expect(await pins(tree, `http://${directory}/AlmaLinux-9-GenericCloud-latest.x86_64.qcow2`)).toEqual({ state: 'found', candidates: [{
      url: `http://${directory}/${dated}`, checksum: { algorithm: 'sha256', digest: sum('sha256') }, looks: 'same', sameEtag: true, size: 200_000, mayDisappear: 'moved',
      evidence: [{ code: 'same-checksum', file: `http://${directory}/CHECKSUM`, name: dated }],
    }] })
  })

  it('is in the newest dated directory with the same checksum (Ubuntu)', async () => {
    const root = 'cloud-images.ubuntu.com/noble'
    const file = 'noble-server-cloudimg-amd64.img'
    const line = (bytes: Buffer) => `${sum('sha256', bytes)} *${file}\n`
    const newer = Buffer.from('a build that current does not point to yet')
    const tree = {
      [`${root}/current/${file}`]: QCOW2, [`${root}/current/SHA256SUMS`]: line(QCOW2),
      [`${root}/20241125/${file}`]: newer, [`${root}/20241125/SHA256SUMS`]: line(newer),
      [`${root}/20241119/${file}`]: QCOW2, [`${root}/20241119/SHA256SUMS`]: line(QCOW2),
      [`${root}/20241101/${file}`]: QCOW2, [`${root}/20241101/SHA256SUMS`]: line(QCOW2),
    }
    expect(await pins(tree, `http://${root}/current/${file}`)).toMatchObject({ state: 'found', candidates: [{
      url: `http://${root}/20241119/${file}`, looks: 'same', mayDisappear: 'pruned', evidence: [{ code: 'dated-sibling', directory: `http://${root}/20241119/`, file: `http://${root}/20241119/SHA256SUMS` }],
    }] })
  })

  it('has another name in the dated directory, with a SHA-512 (Debian)', async () => {
    const root = 'cloud.debian.org/images/cloud/bookworm'
    const dated = 'debian-12-genericcloud-amd64-20241125-1942.qcow2'
    const tree = {
      [`${root}/latest/debian-12-genericcloud-amd64.qcow2`]: QCOW2, [`${root}/latest/SHA512SUMS`]: `${sum('sha512')}  debian-12-genericcloud-amd64.qcow2\n`,
      [`${root}/20241125-1942/${dated}`]: QCOW2, [`${root}/20241125-1942/SHA512SUMS`]: `${sum('sha512')}  ${dated}\n`,
    }
    const url = `http://${root}/latest/debian-12-genericcloud-amd64.qcow2`
    const pinned = { url: `http://${root}/20241125-1942/${dated}`, looks: 'same', checksum: { algorithm: 'sha512', digest: sum('sha512') } }
    expect(await pins(tree, url)).toMatchObject({ state: 'found', candidates: [pinned] })
    // The description beside the image names the dated path, so that no directory need be listed.
    const described = { items: [{ data: { ref: `bookworm/20241125-1942/${dated}` }, metadata: { annotations: { 'cloud.debian.org/digest': `sha512:${Buffer.from(sum('sha512'), 'hex').toString('base64')}` } } }] }
    expect(await pins({ ...tree, [`${root}/latest/debian-12-genericcloud-amd64.json`]: JSON.stringify(described) }, url)).toMatchObject({ state: 'found', candidates: [{ ...pinned, evidence: [{ code: 'named-by-checksum' }] }] })
  })

  it('is named by the checksum file of the alias (openSUSE)', async () => {
    const directory = 'download.opensuse.org/distribution/leap/15.6/appliances'
    const build = 'openSUSE-Leap-15.6-Minimal-VM.x86_64-15.6.0-Cloud-Build16.30.qcow2'
    const alias = 'openSUSE-Leap-15.6-Minimal-VM.x86_64-Cloud.qcow2'
    const tree = { [`${directory}/${alias}`]: QCOW2, [`${directory}/${build}`]: QCOW2, [`${directory}/${alias}.sha256`]: `${sum('sha256')}  ${build}\n` }
    expect(await pins(tree, `http://${directory}/${alias}`)).toMatchObject({ state: 'found', candidates: [{ url: `http://${directory}/${build}`, looks: 'same', evidence: [{ code: 'named-by-checksum', name: build }] }] })
  })

  it('is what a version file tells, once its checksum agrees (Flatcar)', async () => {
    const root = 'stable.release.flatcar-linux.net/amd64-usr'
    const file = 'flatcar_production_qemu_image.img'
    const digests = `# MD5 HASH\n${sum('md5')}  ${file}\n# SHA512 HASH\n${sum('sha512')}  ${file}\n`
    const tree = {
      [`${root}/current/${file}`]: QCOW2, [`${root}/current/${file}.DIGESTS`]: digests, [`${root}/current/version.txt`]: 'FLATCAR_BUILD=3975\nFLATCAR_VERSION=3975.2.2\n',
      [`${root}/3975.2.2/${file}`]: QCOW2, [`${root}/3975.2.2/${file}.DIGESTS`]: digests,
    }
    expect(await pins(tree, `http://${root}/current/${file}`)).toMatchObject({ state: 'found', candidates: [{
      url: `http://${root}/3975.2.2/${file}`, looks: 'same', evidence: [{ code: 'version-file', version: '3975.2.2' }, { code: 'dated-sibling' }], checksum: { algorithm: 'sha512', digest: sum('sha512') },
    }] })
  })

  it('is in the publisher\'s index where the directories tell nothing (Ubuntu releases)', async () => {
    const file = 'ubuntu-24.04-server-cloudimg-amd64.img'
    const index = { products: { p: { versions: { 20241119: { items: { 'disk1.img': { path: `server/releases/noble/release-20241119/${file}`, sha256: sum('sha256') } } } } } } }
    const tree: Files = {
      [`/releases/24.04/release/${file}`]: QCOW2, '/releases/24.04/release/SHA256SUMS': `${sum('sha256')} *${file}\n`, [`/releases/noble/release-20241119/${file}`]: QCOW2,
      '/releases/streams/v1/com.ubuntu.cloud:released:download.json': JSON.stringify(index),
    }
    const proxy = await serve((request, response) => files(tree)(Object.assign(request, { url: new URL(request.url ?? '').pathname }), response))
    const outbound = createOutbound({ mirrors: [], proxyFor: () => proxy.url })
    running.push(() => outbound.close())
    // The publisher's index is served over https, for which this proxy has no certificate.
    const plain = { ...outbound, send: (url: URL, question: Question) => outbound.send(new URL(url.href.replace(/^https:/, 'http:')), question) }
    expect(await probe(plain, new URL(`http://cloud-images.ubuntu.com/releases/24.04/release/${file}`), AbortSignal.timeout(20_000))).toMatchObject({ pins: { state: 'found', candidates: [{
      url: `https://cloud-images.ubuntu.com/releases/noble/release-20241119/${file}`, looks: 'same', evidence: [{ code: 'release-index', serial: '20241119' }], checksum: { algorithm: 'sha256', digest: sum('sha256') },
    }] } })
  })

  it('is where the URL redirects to (NixOS, GitHub)', async () => {
    const pinned = 'releases.nixos.org/nixos/24.11/nixos-24.11.710050.62c435d93bf0/nixos-minimal-24.11.710050.62c435d93bf0-x86_64-linux.iso'
    expect(await pins({ [pinned]: QCOW2 }, 'http://channels.nixos.org/nixos-24.11/latest-nixos-minimal-x86_64-linux.iso', ({ url }, response) => {
      if (url === 'http://channels.nixos.org/nixos-24.11/latest-nixos-minimal-x86_64-linux.iso')
        response.writeHead(302, { location: `http://${pinned}` }).end()
    })).toMatchObject({ state: 'found', candidates: [{ url: `http://${pinned}`, looks: 'same', evidence: [{ code: 'redirect' }] }] })
  })

  it('is not asked for where the URL is one', async () => {
    const url = 'cloud-images.ubuntu.com/noble/20241119/noble-server-cloudimg-amd64.img'
    expect(await pins({ [url]: QCOW2 }, `http://${url}`)).toEqual({ state: 'pinned' })
  })

  it('is none where the publisher keeps none (Rocky)', async () => {
    const directory = 'dl.rockylinux.org/pub/rocky/9/images/x86_64'
    const alias = 'Rocky-9-GenericCloud.latest.x86_64.qcow2'
    const tree = { [`${directory}/${alias}`]: QCOW2, [`${directory}/CHECKSUM`]: `SHA256 (${alias}) = ${sum('sha256')}\nSHA256 (Rocky-9-GenericCloud-Base-9.5-20241118.0.x86_64.qcow2) = ${'1'.repeat(64)}\n` }
    expect(await pins(tree, `http://${directory}/${alias}`)).toEqual({ state: 'none', because: 'no-twin' })
  })

  it('says so when what it names has another size', async () => {
    const directory = 'repo.almalinux.org/almalinux/9/cloud/x86_64/images'
    const dated = 'AlmaLinux-9-GenericCloud-9.5-20241120.x86_64.qcow2'
    const tree = {
      [`${directory}/AlmaLinux-9-GenericCloud-latest.x86_64.qcow2`]: QCOW2, [`${directory}/${dated}`]: 'half uploaded',
      [`${directory}/CHECKSUM`]: `${sum('sha256')}  AlmaLinux-9-GenericCloud-latest.x86_64.qcow2\n${sum('sha256')}  ${dated}\n`,
    }
    expect(await pins(tree, `http://${directory}/AlmaLinux-9-GenericCloud-latest.x86_64.qcow2`)).toMatchObject({ state: 'found', candidates: [{ looks: 'different', sameEtag: false, size: 13 }] })
  })

  it('is found on a mirror that nobody knows, by what its directory lists', async () => {
    const server = await serve(files({
      '/pub/router/latest/router.qcow2': QCOW2, '/pub/router/latest/sha512sums.txt': `${sum('sha512')}  router.qcow2\r\n`,
      '/pub/router/2024-11-20/router.qcow2': QCOW2, '/pub/router/2024-11-20/sha512sums.txt': `${sum('sha512')}  router.qcow2\r\n`,
    }))
    const { probe } = await start(opened(server))
    expect(await probe(`http://127.0.0.1:${server.port}/pub/router/latest/router.qcow2`)).toMatchObject({
      checksums: [{ algorithm: 'sha512', digest: sum('sha512'), file: `http://127.0.0.1:${server.port}/pub/router/latest/sha512sums.txt` }],
      pins: { state: 'found', candidates: [{ url: `http://127.0.0.1:${server.port}/pub/router/2024-11-20/router.qcow2`, looks: 'same' }] },
    })
  })
})

describe('a long read', () => {
  async function reading(server: TestServer, guard: Partial<GuardOptions> = {}) {
    const console = await start({ ...opened(server), ...guard })
    const { ask, place } = console
    const begin = (path: string, body: object = {}) => ask<ReadJob & Status>(beginReadCall({ ...place, url: `http://127.0.0.1:${server.port}${path}`, ...body }))
    const find = async (id: string) => (await ask<ReadJob>(readCall(id))).body
    const over = (id: string) => vi.waitFor(async () => {
      const job = await find(id)
      expect(isOver(job)).toBe(true)
      return job
    }, { timeout: 15_000, interval: 20 })
    return { ...console, begin, find, over }
  }

  it.each([
    ['the publisher\'s checksum', {}, 'verified', ['sha256', 'sha512']],
    ['a given SHA-512', { expected: { algorithm: 'sha512', digest: sum('sha512').toUpperCase() } }, 'verified', ['sha512']],
    ['a given MD5', { expected: { algorithm: 'md5', digest: sum('md5') } }, 'verified', ['md5', 'sha512']],
    ['a given checksum that is another\'s', { expected: { algorithm: 'sha256', digest: '0'.repeat(64) } }, 'mismatch', ['sha256', 'sha512']],
  ])('compares with %s', async (_what, body, state, algorithms) => {
    const server = await serve(files({ '/disk.qcow2': QCOW2, '/SHA256SUMS': `${sum('sha256')} *disk.qcow2\n` }))
    const { begin, over } = await reading(server)
    const begun = await begin('/disk.qcow2', body)
    expect(begun.code).toBe(202)
    const job = await over(begun.body.id)
    expect(job).toMatchObject({ state, bytes: 200_000, resumed: 0, file: { size: 200_000, etag: `"${sum('md5')}"` }, format: { kind: 'qcow2' }, cluster: 'c0', namespace: 'default' })
    expect(Object.keys(job.digests ?? {}).sort()).toEqual(algorithms)
    expect(job.digests?.sha512).toBe(sum('sha512'))
  })

  it('computes where there is nothing to compare with', async () => {
    const server = await serve(files({ '/disk.qcow2': QCOW2 }))
    const { begin, over } = await reading(server)
    expect(await over((await begin('/disk.qcow2')).body.id)).toMatchObject({ state: 'computed', digests: { sha512: sum('sha512') } })
  })

  /** Sends so many bytes of each answer and cuts the line. */
  function cutting(each: number, { etag = '"one"', ranges = true }: { etag?: string | ((count: number) => string), ranges?: boolean } = {}): RequestListener {
    let count = 0
    return ({ url, method, headers }, response) => {
      if (url !== '/disk.qcow2')
        return response.writeHead(404).end()
      const from = ranges ? Number(/^bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0) : 0
      const tag = typeof etag === 'string' ? etag : etag(count++)
      const fits = headers['if-range'] === undefined || headers['if-range'] === tag
      const begin = fits ? from : 0
      const facts = { ...tag && { etag: tag }, 'content-length': QCOW2.length - begin }
      response.writeHead(begin ? 206 : 200, { ...facts, ...begin && { 'content-range': `bytes ${begin}-${QCOW2.length - 1}/${QCOW2.length}` } })
      if (method === 'HEAD')
        return response.end()
      response.write(QCOW2.subarray(begin, begin + each), () => setTimeout(() => response.destroy(), 20))
      return undefined
    }
  }

  it('is taken up where the line was cut, and has the right sum', async () => {
    const server = await serve(cutting(70_000))
    const { begin, over } = await reading(server)
    const job = await over((await begin('/disk.qcow2')).body.id)
    expect(job).toMatchObject({ state: 'computed', bytes: 200_000, resumed: 2, digests: { sha512: sum('sha512') } })
    expect(server.seen.filter(({ url }) => url === '/disk.qcow2').map(({ headers }) => [headers.range, headers['if-range']])).toEqual([[undefined, undefined], ['bytes=70000-', '"one"'], ['bytes=140000-', '"one"']])
  })

  it.each([
    ['other bytes are served now', cutting(70_000, { etag: count => `"${count}"` }), { code: 'changed' }],
    ['parts cannot be asked for', cutting(70_000, { ranges: false }), { code: 'not-resumable' }],
    ['nothing names the bytes', cutting(70_000, { etag: '' }), { code: 'not-resumable' }],
  ])('fails where the line was cut and %s', async (_what, handler, failure) => {
    const server = await serve(handler)
    const { begin, over } = await reading(server)
    expect(await over((await begin('/disk.qcow2')).body.id)).toMatchObject({ state: 'failed', bytes: 70_000, failure })
  })

  it('fails where the file is missing, too large, or redirects inwards', async () => {
    const take = files({ '/disk.qcow2': QCOW2 })
    const server = await serve((request, response) => {
      if (request.url === '/inwards')
        return response.writeHead(302, { location: 'http://169.254.169.254/latest/' }).end()
      if (request.url === '/endless')
        return response.write(QCOW2)
      return take(request, response)
    })
    const { begin, over } = await reading(server, { limits: { most: 100_000 } })
    expect(await over((await begin('/none.qcow2')).body.id)).toMatchObject({ state: 'failed', failure: { code: 'http', status: 404 } })
    expect(await over((await begin('/disk.qcow2')).body.id)).toMatchObject({ state: 'failed', bytes: 0, failure: { code: 'too-large', most: 100_000 } })
    expect(await over((await begin('/endless')).body.id)).toMatchObject({ state: 'failed', failure: { code: 'too-large' } })
    expect(await over((await begin('/inwards')).body.id)).toMatchObject({ state: 'failed', failure: { code: 'refused', refusal: 'address-metadata', host: '169.254.169.254' } })
  })

  it('is found again after a reload, by namespace, and forgotten when told so', async () => {
    const server = await serve(files({ '/disk.qcow2': QCOW2 }))
    const { ask, begin, over } = await reading(server)
    const { id } = (await begin('/disk.qcow2?token=secret')).body
    await over(id)
    const list = async (namespace: string) => (await ask<{ reads: ReadJob[] }>(readsCall({ cluster: 'c0', namespace }))).body.reads
    expect((await list('default')).map(job => job.id)).toEqual([id])
    expect((await list('default'))[0]?.url).toContain('token=secret')
    expect(await list('other')).toEqual([])
    expect((await ask(endReadCall(id))).code).toBe(200)
    expect((await ask({ method: 'GET', path: `/guard/reads/${id}` })).body.details?.causes[0]?.reason).toBe('no-such-read')
  })

  it('is cancelled at once and lets its connection go; the next in line begins', async () => {
    const open = new Set<unknown>()
    const server = await serve((request, response) => {
      if (!request.url?.endsWith('.qcow2'))
        return response.writeHead(404).end()
      open.add(response)
      response.on('close', () => open.delete(response))
      return response.writeHead(200, { 'content-length': 10 ** 9 }).write(QCOW2)
    })
    const { ask, begin, find } = await reading(server, { limits: { atOnce: 1, perSession: 3 } })
    const [first, second] = [(await begin('/a.qcow2')).body, (await begin('/b.qcow2')).body]
    await vi.waitFor(async () => expect(await find(first.id)).toMatchObject({ state: 'reading', bytes: 200_000 }), { timeout: 10_000 })
    expect(await find(second.id)).toMatchObject({ state: 'queued' })
    expect((await ask<ReadJob>(endReadCall(first.id))).body).toMatchObject({ state: 'cancelled' })
    await vi.waitFor(async () => expect(await find(second.id)).toMatchObject({ state: 'reading', bytes: 200_000 }), { timeout: 10_000 })
    await vi.waitFor(() => expect(open.size).toBe(1))
    expect(await find(first.id)).toMatchObject({ state: 'cancelled' })
  })

  it('is one of a few, and the same one for the same request', async () => {
    const server = await serve((request, response) => request.url?.endsWith('.qcow2') ? response.writeHead(200, { 'content-length': 10 ** 9 }).write(QCOW2) : response.writeHead(404).end())
    const { begin } = await reading(server, { limits: { perSession: 2 } })
    const first = await begin('/a.qcow2')
    expect((await begin('/a.qcow2')).body.id).toBe(first.body.id)
    expect((await begin('/b.qcow2')).code).toBe(202)
    const third = await begin('/c.qcow2')
    expect(third.code).toBe(429)
    expect(third.body.details?.causes[0]?.reason).toBe('too-many')
  })

  it.each([[{ algorithm: 'sha256', digest: 'x' }], [{ algorithm: 'sha512', digest: '0'.repeat(64) }], ['a'], [{ digest: '0'.repeat(64) }]])('is not begun for what is no checksum: %j', async expected => {
    const server = await serve(files({}))
    const { begin } = await reading(server)
    expect((await begin('/a.qcow2', { expected })).body.details?.causes[0]?.reason).toBe('bad-request')
  })
})
