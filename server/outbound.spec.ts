import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { parseMirror, rangeOf } from './addressRules.ts'
import type { Mirror } from './addressRules.ts'
import { createOutbound } from './outbound.ts'
import type { OutboundOptions } from './outbound.ts'
import { follow } from './redirects.ts'
import type { Arrival } from './redirects.ts'
import { readTarget } from './targetRules.ts'
import { startServer } from './testCluster.ts'
import type { TestServer } from './testCluster.ts'

vi.setConfig({ testTimeout: 20_000 })

const running: (() => Promise<unknown>)[] = []
afterEach(async () => { await Promise.all(running.splice(0).map(stop => stop())) })

async function serve(handler: RequestListener): Promise<TestServer> {
  const server = await startServer(handler)
  running.push(server.stop)
  return server
}

function open(options: Partial<OutboundOptions> = {}) {
  const outbound = createOutbound({ mirrors: [], proxyFor: () => '', resolve: async () => [{ address: '127.0.0.1', family: 4 }], connectTimeout: 300, ...options })
  running.push(() => outbound.close())
  return outbound
}

const mirrors = (...texts: string[]): Mirror[] => texts.flatMap(text => parseMirror(text) ?? [])

async function ask(text: string, options: Partial<OutboundOptions> = {}): Promise<Arrival | string> {
  const url = readTarget(text)
  if (typeof url === 'string')
    return url
  const arrival = await follow(open(options), url, { method: 'GET', signal: AbortSignal.timeout(10_000) })
  if (arrival.state === 'arrived')
    arrival.answer.body.destroy()
  return arrival
}

/** What was refused and why, in one word. */
async function refusal(text: string, options: Partial<OutboundOptions> = {}): Promise<string> {
  const arrival = await ask(text, options)
  return typeof arrival === 'string' ? arrival : arrival.state === 'refused' ? arrival.refusal : `not refused: ${arrival.state}`
}

// `{port}` is that of a server on 127.0.0.1 which no request may reach. Names resolve to what DNS below says.
const DNS: Readonly<Record<string, readonly string[]>> = {
  'loop.example': ['127.0.0.1'], 'six.example': ['::1'], 'lan.example': ['192.168.1.10'], 'ten.example': ['10.0.0.1'], 'twelve.example': ['172.31.255.255'], 'link.example': ['169.254.10.10'],
  'meta.example': ['169.254.169.254'], 'azure.example': ['168.63.129.16'], 'alibaba.example': ['100.100.100.200'], 'nat.example': ['100.64.0.1'], 'zero.example': ['0.0.0.0'],
  'many.example': ['93.184.216.34', '10.1.2.3'], 'mapped.example': ['::ffff:127.0.0.1'], 'nat64.example': ['64:ff9b::a9fe:a9fe'], 'sixtofour.example': ['2002:7f00:1::'], 'teredo.example': ['2001:0:4136:e378:8000:63bf:3fff:fdd2'],
  'ula.example': ['fd12::1'], 'linklocal6.example': ['fe80::1'], 'sitelocal.example': ['fec0::1'], 'multi.example': ['224.0.0.251'], 'multi6.example': ['ff02::1'], 'broadcast.example': ['255.255.255.255'],
  'class-e.example': ['240.0.0.1'], 'bench.example': ['198.18.0.1'], 'doc.example': ['192.0.2.1'], 'doc6.example': ['2001:db8::1'], 'unused6.example': ['4000::1'], 'compatible.example': ['::127.0.0.1'],
  'localhost.localdomain': ['127.0.0.1'], 'kubernetes.default.svc': ['10.43.0.1'], 'xn--e1afmkfd.example': ['127.0.0.1'],
}
const resolve = async (name: string) => (DNS[name.replace(/\.$/, '')] ?? []).map(address => ({ address, family: address.includes(':') ? 6 : 4 }))

const ATTACKS: readonly (readonly [url: string, refusal: string])[] = [
  // Written plainly.
  ['http://127.0.0.1:{port}/', 'address-loopback'], ['http://127.8.8.8:{port}/x.img', 'address-loopback'], ['http://[::1]:{port}/', 'address-loopback'],
  ['http://localhost:{port}/', 'local-name'], ['http://LOCALHOST:{port}/', 'local-name'], ['http://localhost.:{port}/', 'local-name'], ['http://a.localhost:{port}/', 'local-name'],
  ['http://0/', 'address-unspecified'], ['http://0.0.0.0:{port}/', 'address-unspecified'], ['http://[::]:{port}/', 'address-unspecified'],
  ['http://10.0.0.1/', 'address-private'], ['http://172.16.0.1/', 'address-private'], ['http://192.168.0.1/', 'address-private'], ['https://[fd00::1]/', 'address-private'], ['http://[fec0::1]/', 'address-private'],
  ['http://100.64.0.1/', 'address-shared'], ['http://169.254.1.1/', 'address-link-local'], ['http://[fe80::1]/', 'address-link-local'],
  ['http://169.254.169.254/latest/meta-data/', 'address-metadata'], ['http://[fd00:ec2::254]/latest/', 'address-metadata'], ['http://100.100.100.200/', 'address-metadata'], ['http://168.63.129.16/', 'address-metadata'],
  ['http://224.0.0.1/', 'address-multicast'], ['http://[ff02::1]/', 'address-multicast'], ['http://255.255.255.255/', 'address-multicast'],
  ['http://240.0.0.1/', 'address-reserved'], ['http://198.18.0.1/', 'address-reserved'], ['http://192.0.2.1/', 'address-reserved'], ['http://[2001:db8::1]/', 'address-reserved'], ['http://[100::1]/', 'address-reserved'],
  // Octal, hexadecimal, decimal, short.
  ['http://2130706433:{port}/', 'address-loopback'], ['http://0x7f000001:{port}/', 'address-loopback'], ['http://0x7f.1:{port}/', 'address-loopback'], ['http://0177.0.0.1:{port}/', 'address-loopback'],
  ['http://017700000001:{port}/', 'address-loopback'], ['http://127.1:{port}/', 'address-loopback'], ['http://127.0.1:{port}/', 'address-loopback'], ['http://0x7F.0x0.0x0.0x1:{port}/', 'address-loopback'],
  ['http://127.0.0.1.:{port}/', 'address-loopback'], ['http://0xa9fea9fe/', 'address-metadata'], ['http://2852039166/latest/', 'address-metadata'], ['http://0251.0376.0251.0376/', 'address-metadata'],
  // Inside of IPv6.
  ['http://[::ffff:127.0.0.1]:{port}/', 'address-loopback'], ['http://[::ffff:7f00:1]:{port}/', 'address-loopback'], ['http://[::ffff:169.254.169.254]/', 'address-metadata'], ['http://[0:0:0:0:0:ffff:a9fe:a9fe]/', 'address-metadata'],
  ['http://[::127.0.0.1]:{port}/', 'address-reserved'], ['http://[::8.8.8.8]/', 'address-reserved'], ['http://[::ffff:0:127.0.0.1]:{port}/', 'address-tunnel'], ['http://[64:ff9b::127.0.0.1]:{port}/', 'address-loopback'], ['http://[64:ff9b::a9fe:a9fe]/', 'address-metadata'],
  ['http://[64:ff9b:1::7f00:1]/', 'address-tunnel'], ['http://[2002:7f00:1::]/', 'address-tunnel'], ['http://[2002:a9fe:a9fe::1]/', 'address-tunnel'], ['http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/', 'address-tunnel'],
  // Other alphabets, percent signs.
  ['http://①②⑦.⓪.⓪.①:{port}/', 'address-loopback'], ['http://１２７.０.０.１:{port}/', 'address-loopback'], ['http://127。0。0。1:{port}/', 'address-loopback'], ['http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{port}/', 'local-name'],
  ['http://%31%32%37.0.0.1:{port}/', 'address-loopback'], ['http://loc%61lhost:{port}/', 'local-name'], ['http://пример.example:{port}/', 'address-loopback'],
  // Names before an at sign, and what parsers disagree about.
  ['http://cloud-images.ubuntu.com@127.0.0.1:{port}/', 'credentials'], ['http://user:secret@cloud-images.ubuntu.com/', 'credentials'], ['http://127.0.0.1:{port}@cloud-images.ubuntu.com/', 'credentials'],
  ['http://cloud-images.ubuntu.com:80@127.0.0.1:{port}/', 'credentials'], ['http://cloud-images.ubuntu.com%2f@127.0.0.1:{port}/', 'credentials'], ['http://:@127.0.0.1:{port}/', 'address-loopback'],
  ['http://cloud-images.ubuntu.com\\@127.0.0.1:{port}/', 'not-a-url'], ['http:\\\\127.0.0.1:{port}\\', 'not-a-url'], ['http:127.0.0.1:{port}', 'not-a-url'], ['http:///127.0.0.1:{port}/', 'not-a-url'],
  ['http://127.0.0.1:{port}#@cloud-images.ubuntu.com/', 'address-loopback'], ['http://127.0.0.1:{port}?@cloud-images.ubuntu.com/', 'address-loopback'], ['http://cloud-images.ubuntu.com\n.evil.example/', 'not-a-url'],
  ['//127.0.0.1:{port}/', 'not-a-url'], ['127.0.0.1:{port}/x.img', 'not-a-url'], ['http://[::1%25lo]:{port}/', 'not-a-url'], ['http://256.256.256.256/', 'not-a-url'], ['http://1.1.1.1.1/', 'not-a-url'],
  // Other schemes, other ports.
  ['file:///etc/passwd', 'scheme'], ['ftp://127.0.0.1/x.iso', 'scheme'], ['gopher://127.0.0.1:{port}/_x', 'scheme'], ['javascript:fetch(1)', 'scheme'], ['data:text/plain,x', 'scheme'], ['unix:/var/run/docker.sock', 'scheme'],
  ['http://93.184.216.34:22/', 'port'], ['http://cloud-images.ubuntu.com:25/', 'port'], ['https://93.184.216.34:389/', 'port'], [`http://a.example/${'a'.repeat(5000)}`, 'too-long'],
  // Names that resolve inwards.
  ...([
    ['loop', 'loopback'], ['six', 'loopback'], ['lan', 'private'], ['ten', 'private'], ['twelve', 'private'], ['link', 'link-local'], ['meta', 'metadata'], ['azure', 'metadata'], ['alibaba', 'metadata'], ['nat', 'shared'],
    ['zero', 'unspecified'], ['many', 'private'], ['mapped', 'loopback'], ['nat64', 'metadata'], ['sixtofour', 'tunnel'], ['teredo', 'tunnel'], ['ula', 'private'], ['linklocal6', 'link-local'], ['sitelocal', 'private'],
    ['multi', 'multicast'], ['multi6', 'multicast'], ['broadcast', 'multicast'], ['class-e', 'reserved'], ['bench', 'reserved'], ['doc', 'reserved'], ['doc6', 'reserved'], ['unused6', 'reserved'], ['compatible', 'reserved'],
  ] as const).map(([name, range]) => [`http://${name}.example:{port}/`, `address-${range}`] as const),
  ['http://loop.example.:{port}/', 'address-loopback'], ['http://LOOP.EXAMPLE:{port}/', 'address-loopback'], ['http://localhost.localdomain:{port}/', 'address-loopback'], ['https://kubernetes.default.svc/api', 'address-private'],
]

describe('a URL that leads inwards', () => {
  it.each(ATTACKS)('%s is refused: %s', async (url, because) => {
    const inside = await serve((_request, response) => response.end('secret'))
    expect(await refusal(url.replace('{port}', String(inside.port)), { resolve })).toBe(because)
    expect(inside.seen).toEqual([])
  })

  it('is one of more than sixty kinds', () => expect(new Set(ATTACKS.map(([url]) => url)).size).toBeGreaterThan(100))

  it.each(ATTACKS.filter(([url, because]) => !/^not-a-url|too-long/.test(because) && !url.includes('\n')))('%s is refused as the target of a redirect as well', async (target, because) => {
    const inside = await serve((_request, response) => response.end('secret'))
    const outside = await serve((_request, response) => response.writeHead(302, { location: encodeURI(target.replace('{port}', String(inside.port))).replaceAll('%25', '%').replaceAll('%5B', '[').replaceAll('%5D', ']') }).end())
    expect(await refusal(`http://127.0.0.1:${outside.port}/`, { resolve, mirrors: mirrors(`127.0.0.1:${outside.port}`) })).toBe(because)
    expect(inside.seen).toEqual([])
    expect(outside.seen).toHaveLength(1)
  })

  it('is refused however many honest hops stand before it, and the hops are told', async () => {
    const inside = await serve((_request, response) => response.end('secret'))
    const outside = await serve(({ url }, response) => response.writeHead(307, { location: url === '/3' ? `http://127.1:${inside.port}/?token=1` : `/${Number(url?.slice(1) || 0) + 1}` }).end())
    const arrival = await ask(`http://127.0.0.1:${outside.port}/`, { mirrors: mirrors(`127.0.0.1:${outside.port}`) }) as Arrival
    expect(arrival).toMatchObject({ state: 'refused', refusal: 'address-loopback', host: `127.0.0.1:${inside.port}` })
    expect(arrival.hops.map(({ status }) => status)).toEqual([307, 307, 307, 307, undefined])
    expect(arrival.hops.at(-1)).toEqual({ url: `http://127.0.0.1:${inside.port}/`, hasQuery: true })
    expect(inside.seen).toEqual([])
  })

  it('is refused when its name changes its mind between two looks (DNS rebinding)', async () => {
    const inside = await serve((_request, response) => response.end('secret'))
    const answers = ['93.184.216.34', '127.0.0.1']
    const looks: string[] = []
    const outbound = open({ resolve: async name => { looks.push(name); return [{ address: answers.shift() ?? '127.0.0.1', family: 4 }] } })
    const url = new URL(`http://rebind.example:${inside.port}/`)
    const first = await follow(outbound, url, { method: 'GET', signal: AbortSignal.timeout(5_000) })
    // The first look was public: the socket went there and nowhere else, whether or not somebody is at home.
    expect(first.state).toBe('failed')
    expect(looks).toHaveLength(1)
    const second = await follow(outbound, url, { method: 'GET', signal: AbortSignal.timeout(5_000) })
    expect(second).toMatchObject({ state: 'refused', refusal: 'address-loopback' })
    expect(inside.seen).toEqual([])
  })

  it('is refused for each of many requests at once while a name flips', async () => {
    const inside = await serve((_request, response) => response.end('secret'))
    let flips = 0
    const outbound = open({ connectTimeout: 50, resolve: async () => [{ address: flips++ % 2 ? '127.0.0.1' : '93.184.216.34', family: 4 }] })
    await Promise.all(Array.from({ length: 20 }, (_each, index) => follow(outbound, new URL(`http://flip.example:${inside.port}/${index}`), { method: 'GET', signal: AbortSignal.timeout(5_000) })))
    expect(inside.seen).toEqual([])
  })
})

describe('what the configuration opens', () => {
  const hello: RequestListener = (_request, response) => response.end('hello')

  it.each(['127.0.0.1:{port}', 'mirror.example:{port}', '127.0.0.0/8:{port}', 'MIRROR.example.:{port}'])('%s is served, and nothing beside it', async text => {
    const server = await serve(hello)
    const other = await serve(hello)
    const opened = { mirrors: mirrors(text.replace('{port}', String(server.port))) }
    const host = text.startsWith('1') ? '127.0.0.1' : 'mirror.example'
    expect(await ask(`http://${host}:${server.port}/x.img`, opened)).toMatchObject({ state: 'arrived', hops: [{ status: 200 }] })
    expect(await refusal(`http://${host}:${other.port}/x.img`, opened)).toBe('address-loopback')
    expect(await refusal(`http://other.example:${other.port}/x.img`, opened)).toBe('address-loopback')
    expect(other.seen).toEqual([])
  })

  it('is an IPv6 address as well, where this machine has one', async () => {
    const server = createServer(hello)
    const bound = await new Promise<boolean>(done => server.once('error', () => done(false)).listen(0, '::1', () => done(true)))
    if (!bound)
      return
    running.push(() => new Promise(done => { server.closeAllConnections(); server.close(done) }))
    const { port } = server.address() as AddressInfo
    expect(await ask(`http://[::1]:${port}/`, { mirrors: mirrors(`[::1]:${port}`) })).toMatchObject({ state: 'arrived' })
    expect(await refusal(`http://[::1]:${port}/`)).toBe('address-loopback')
  })

  it('is not the metadata service of a cloud because a name was opened', async () => {
    expect(await refusal('http://mirror.example/', { mirrors: mirrors('mirror.example'), resolve: async () => [{ address: '169.254.169.254', family: 4 }] })).toBe('address-metadata')
    expect(await refusal('http://mirror.example/', { mirrors: mirrors('mirror.example'), resolve: async () => [{ address: 'fe80::1', family: 6 }] })).toBe('address-link-local')
  })

  it('does not open another host that resolves to the same address', async () => {
    const server = await serve(hello)
    expect(await refusal(`http://other.example:${server.port}/`, { mirrors: mirrors(`mirror.example:${server.port}`) })).toBe('address-loopback')
  })

  it.each(['mirror.lan', 'mirror.lan:8080', '10.0.0.7', '10.0.0.0/8', '10.1.0.0/16:8080', 'fd00::1', '[fd00::1]:8080', 'fd00::/8', 'registry_1.corp'])('%s is understood', text => {
    expect(parseMirror(text)).toBeDefined()
  })

  it.each(['', '*', '*.corp', 'http://mirror.lan', 'mirror.lan/images', 'mirror.lan:0', 'mirror.lan:99999', '10.0.0.0/33', '10.0.0', '1.2.3.4.5', 'fd00::/129', 'a b', 'user@mirror.lan', 'mirror.lan/8'])('%j is refused', text => {
    expect(parseMirror(text)).toBeUndefined()
  })
})

describe('a request that goes out', () => {
  it('says who we are and nothing else, across redirects too', async () => {
    const server = await serve(({ url }, response) => {
      if (url === '/x')
        return response.writeHead(302, { 'location': '/y', 'set-cookie': 'a=b; Path=/' }).end()
      return response.end('hello')
    })
    await ask(`http://127.0.0.1:${server.port}/x`, { mirrors: mirrors(`127.0.0.1:${server.port}`) })
    const sent = server.seen.map(({ headers }) => Object.keys(headers).sort())
    expect(sent).toEqual(Array.from({ length: 2 }, () => ['accept', 'accept-encoding', 'connection', 'host', 'user-agent']))
  })

  it('follows eight redirects and no more', async () => {
    const server = await serve((_request, response) => response.writeHead(301, { location: '/again' }).end())
    expect(await ask(`http://127.0.0.1:${server.port}/`, { mirrors: mirrors(`127.0.0.1:${server.port}`) })).toMatchObject({ state: 'failed', failure: { code: 'too-many-redirects', most: 8 } })
    expect(server.seen).toHaveLength(9)
  })

  it.each([[{ location: 'http://[bad' }], [{}]])('fails at a redirect to nowhere: %j', async headers => {
    const server = await serve((_request, response) => response.writeHead(302, headers).end())
    expect(await ask(`http://127.0.0.1:${server.port}/`, { mirrors: mirrors(`127.0.0.1:${server.port}`) })).toMatchObject({ state: 'failed', failure: { code: 'bad-redirect' } })
  })

  it.each([
    ['a name that nobody knows', { resolve: async () => { throw Object.assign(new Error('x'), { code: 'ENOTFOUND' }) } }, 'no-name'],
    ['a name without an address', { resolve: async () => [] }, 'no-name'],
    ['a port where nobody listens', { mirrors: mirrors('127.0.0.1:9') }, 'no-connection'],
  ])('fails with a code: %s', async (_what, options, code) => {
    expect(await ask(code === 'no-name' ? 'http://gone.example/x.img' : 'http://127.0.0.1:9/x.img', options)).toMatchObject({ state: 'failed', failure: { code } })
  })

  it('fails as cut where the line is cut', async () => {
    const server = await serve((request, response) => { request.socket.destroy(); response.end() })
    expect(await ask(`http://127.0.0.1:${server.port}/`, { mirrors: mirrors(`127.0.0.1:${server.port}`) })).toMatchObject({ state: 'failed', failure: { code: 'cut' } })
  })
})

describe('through an HTTP proxy', () => {
  /** A proxy that answers everything itself and tells what it was asked for. */
  async function startProxy(answer: RequestListener = (_request, response) => response.end('by proxy')) {
    const server = await serve(answer)
    const tunnels: string[] = []
    server.server.on('connect', (request, socket) => {
      tunnels.push(request.url ?? '')
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
    })
    return { server, tunnels, proxyFor: () => `http://user:secret@127.0.0.1:${server.port}` }
  }

  it.each(['http://cloud-images.ubuntu.com/noble/current/x.img', 'http://mirror.corp/x.img'])('%s is asked for, with the proxy\'s own credentials only', async url => {
    const { server, proxyFor } = await startProxy()
    expect(await ask(url, { proxyFor, mirrors: mirrors('mirror.corp') })).toMatchObject({ state: 'arrived', hops: [{ proxied: true, status: 200 }] })
    expect(server.seen.map(request => request.url)).toEqual([url])
    expect(server.seen[0]?.headers).toMatchObject({ 'host': new URL(url).host, 'proxy-authorization': `Basic ${btoa('user:secret')}` })
  })

  it('https goes through a tunnel, and a refused one is the proxy\'s doing', async () => {
    const { tunnels, proxyFor } = await startProxy()
    expect(await ask('https://cloud-images.ubuntu.com/x.img', { proxyFor })).toMatchObject({ state: 'failed', failure: { code: 'proxy', detail: '403' } })
    expect(tunnels).toEqual(['cloud-images.ubuntu.com:443'])
  })

  it('that closes the line is asked once, not for ever', async () => {
    const { server, proxyFor } = await startProxy()
    server.server.removeAllListeners('connect')
    let lines = 0
    server.server.on('connection', () => lines++)
    expect(await ask('https://cloud-images.ubuntu.com/x.img', { proxyFor })).toMatchObject({ state: 'failed', failure: { code: 'cut' } })
    expect(lines).toBe(1)
  })

  it.each([
    ['http://files.example.com/x.img', 'not-listed'], ['http://evil-cloud-images.ubuntu.com.example.com/', 'not-listed'], ['http://xubuntu.com/', 'not-listed'], ['http://kubernetes.default.svc/', 'not-listed'],
    ['http://cloud-images.ubuntu.com:8080/', 'port'], ['https://cloud-images.ubuntu.com:22/', 'port'], ['http://mirror.corp:8080/x.img', 'port'],
    ['http://93.184.216.34/', 'address-through-proxy'], ['http://127.0.0.1/', 'address-through-proxy'], ['http://0x7f.1/', 'address-through-proxy'], ['http://[::ffff:169.254.169.254]/', 'address-through-proxy'], ['http://10.0.0.7/', 'address-through-proxy'],
    ['http://localhost/', 'local-name'], ['http://a.localhost/', 'local-name'], ['http://a@cloud-images.ubuntu.com/', 'credentials'],
  ])('%s is not: %s', async (url, because) => {
    const { server, tunnels, proxyFor } = await startProxy()
    expect(await refusal(url, { proxyFor, mirrors: mirrors('mirror.corp', 'mirror.corp:8080', '10.0.0.7') })).toBe(because)
    expect([...server.seen, ...tunnels]).toEqual([])
  })

  it('a redirect to a host that is on no list is not followed', async () => {
    const { server, proxyFor } = await startProxy((_request, response) => response.writeHead(302, { location: 'http://internal.corp/x.img' }).end())
    expect(await refusal('http://cloud-images.ubuntu.com/x.img', { proxyFor })).toBe('not-listed')
    expect(server.seen).toHaveLength(1)
  })

  it('does not reach a URL that the environment takes out of it, which is judged as any direct one', async () => {
    const { server } = await startProxy()
    const proxyFor = (url: string) => new URL(url).hostname === 'inside.example' ? '' : `http://127.0.0.1:${server.port}`
    expect(await refusal('http://inside.example/', { proxyFor })).toBe('address-loopback')
    expect(server.seen).toEqual([])
  })
})

describe('the range of an address', () => {
  it.each([
    ['8.8.8.8', 'public'], ['::ffff:8.8.8.8', 'public'], ['::8.8.8.8', 'reserved'], ['8.8', 'reserved'], ['2606:4700:4700::1111', 'public'], ['64:ff9b::808:808', 'public'], ['not an address', 'reserved'], ['', 'reserved'], ['fe80::1%eth0', 'link-local'],
    ['172.15.255.255', 'public'], ['172.32.0.0', 'public'], ['100.63.255.255', 'public'], ['100.128.0.0', 'public'], ['192.0.0.1', 'reserved'], ['192.88.99.1', 'reserved'], ['3fff::1', 'reserved'], ['5f00::1', 'reserved'],
  ])('of %s is %s', (address, range) => expect(rangeOf(address)).toBe(range))

  it('of this machine\'s own public address is closed', () => expect(rangeOf('8.8.8.8', new Set(['8.8.8.8']))).toBe('own'))
})
