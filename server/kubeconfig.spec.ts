import { chmodSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { FRESH, RENEW_EVERY } from './access.ts'
import { forward } from './forward.ts'
import { contextIds, loadKubeconfig } from './kubeconfig.ts'
import type { Cluster } from './kubeconfig.ts'
import { kubeconfigOf, makeAuthority, makeCertificate, makeFolder, startConsole, startServer } from './testCluster.ts'
import type { TestServer } from './testCluster.ts'
import { CredentialError } from './status.ts'

vi.setConfig({ testTimeout: 20_000 })

const running: (() => Promise<unknown>)[] = []
afterEach(async () => { await Promise.all(running.splice(0).map(stop => stop())) })

const base64 = (text: string) => Buffer.from(text).toString('base64')

interface Answer { readonly status: number, readonly text: string }

/** One GET on the way that the proxy goes. */
function get({ access }: Cluster, path = '/version'): Promise<Answer> {
  return new Promise((done, fail) => {
    let status = 0
    let text = ''
    forward(access, { method: 'GET', path, headers: {}, stream: false }, {
      start: code => { status = code },
      data: chunk => { text += String(chunk); return true },
      end: () => done({ status, text }),
      fail,
    })
  })
}

async function clusterOf(cluster: object, user: object, { folder = makeFolder(), now = Date.now } = {}): Promise<Cluster> {
  const { clusters: [first] } = loadKubeconfig(kubeconfigOf({ cluster, user }), join(folder, 'config'), undefined, now)
  if (!first)
    throw new Error('the kubeconfig has no cluster')
  running.push(() => first.access.close())
  return first
}

/** A cluster with a private authority that tells who came: URL, credentials, the client certificate's name. */
async function startTls(code: (request: IncomingMessage) => number = () => 200): Promise<TestServer & { ca: string, clientOf: (name: string) => Promise<{ cert: string, key: string }> }> {
  const authority = await makeAuthority()
  const server = await startServer((request, response) => {
    const subject = (request.socket as TLSSocket).getPeerCertificate().subject
    response.writeHead(code(request), { 'content-type': 'application/json' })
    response.end(JSON.stringify({ url: request.url, authorization: request.headers.authorization, certificate: subject?.CN, impersonate: request.rawHeaders.filter((_value, index, all) => /^impersonate/i.test(all[index - index % 2] ?? '')) }))
  }, { ...await makeCertificate(authority), ca: authority.cert, requestCert: true, rejectUnauthorized: false })
  running.push(server.stop)
  return { ...server, ca: authority.cert, clientOf: name => makeCertificate(authority, name) }
}

const parse = ({ text }: Answer) => JSON.parse(text) as { url: string, authorization?: string, certificate?: string, impersonate: string[] }

describe('the credentials of a kubeconfig', () => {
  it('work as Harvester hands them out: a path prefix, a private authority, a token', async () => {
    const { url, ca } = await startTls()
    const cluster = await clusterOf({ 'server': `${url}/k8s/clusters/local`, 'certificate-authority-data': base64(ca) }, { token: 'kubeconfig-user-abc:xyz' })
    expect(cluster.server).toBe(`${url}/k8s/clusters/local`)
    expect(parse(await get(cluster, '/apis/kubevirt.io/v1/virtualmachines?limit=1'))).toMatchObject({ url: '/k8s/clusters/local/apis/kubevirt.io/v1/virtualmachines?limit=1', authorization: 'Bearer kubeconfig-user-abc:xyz' })
  })

  it('may be a client certificate, in the file or beside it, and the authority too', async () => {
    const { url, ca, clientOf } = await startTls()
    const { cert, key } = await clientOf('operator')
    const inside = await clusterOf({ 'server': url, 'certificate-authority-data': base64(ca) }, { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) })
    expect(parse(await get(inside)).certificate).toBe('operator')
    const folder = makeFolder()
    writeFileSync(join(folder, 'ca.crt'), ca)
    writeFileSync(join(folder, 'me.crt'), cert)
    writeFileSync(join(folder, 'me.key'), key)
    const beside = await clusterOf({ 'server': url, 'certificate-authority': 'ca.crt' }, { 'client-certificate': 'me.crt', 'client-key': 'me.key' }, { folder })
    expect(parse(await get(beside)).certificate).toBe('operator')
  })

  it('follow a client certificate that is replaced in its file', async () => {
    let time = 0
    const { url, ca, clientOf } = await startTls()
    const folder = makeFolder()
    const put = async (name: string) => {
      const { cert, key } = await clientOf(name)
      writeFileSync(join(folder, 'me.crt'), cert)
      writeFileSync(join(folder, 'me.key'), key)
    }
    await put('before')
    const cluster = await clusterOf({ 'server': url, 'certificate-authority-data': base64(ca) }, { 'client-certificate': 'me.crt', 'client-key': 'me.key' }, { folder, now: () => time })
    expect(parse(await get(cluster)).certificate).toBe('before')
    await put('after')
    time += FRESH
    expect(parse(await get(cluster)).certificate).toBe('after')
  })

  it('may skip the check of the server, when the kubeconfig says so', async () => {
    const { url } = await startTls()
    const cluster = await clusterOf({ 'server': url, 'insecure-skip-tls-verify': true }, { token: 't' })
    expect((await get(cluster)).status).toBe(200)
    await expect(get(await clusterOf({ server: url }, { token: 't' }))).rejects.toThrow(/certificate/)
  })

  it('check the server for the authority even where there is no user', async () => {
    const { url, ca } = await startTls()
    const text = JSON.stringify({ 'contexts': [{ name: 'c', context: { cluster: 'c' } }], 'clusters': [{ name: 'c', cluster: { 'server': url, 'certificate-authority-data': base64(ca) } }], 'current-context': 'c' })
    const { clusters: [cluster] } = loadKubeconfig(text, '/config', undefined)
    expect(parse(await get(cluster as Cluster)).authorization).toBeUndefined()
  })

  it('may be a name and a password, and act for somebody else', async () => {
    const { url, ca } = await startTls()
    const cluster = await clusterOf({ 'server': url, 'certificate-authority-data': base64(ca) }, { 'username': 'u', 'password': 'p', 'as': 'jane', 'as-groups': ['a', 'b'], 'as-uid': '7', 'as-user-extra': { 'example.com/Reason': ['x'] } })
    const { authorization, impersonate } = parse(await get(cluster))
    expect(authorization).toBe(`Basic ${base64('u:p')}`)
    expect(impersonate.map((each, index) => index % 2 ? each : each.toLowerCase())).toEqual(['impersonate-user', 'jane', 'impersonate-uid', '7', 'impersonate-group', 'a', 'impersonate-group', 'b', 'impersonate-extra-example.com%2freason', 'x'])
  })

  it('may be a token in a file, and follow it as it turns', async () => {
    let time = 0
    const { url, ca } = await startTls()
    const folder = makeFolder()
    writeFileSync(join(folder, 'token'), 'one\n')
    const cluster = await clusterOf({ 'server': url, 'certificate-authority-data': base64(ca) }, { tokenFile: 'token', token: 'stale' }, { folder, now: () => time })
    expect(parse(await get(cluster)).authorization).toBe('Bearer one')
    writeFileSync(join(folder, 'token'), 'two\n')
    time += FRESH
    expect(parse(await get(cluster)).authorization).toBe('Bearer two')
  })

  it('in a file are read again at once when the cluster refuses them', async () => {
    const { url, ca, seen } = await startTls(request => request.headers.authorization === 'Bearer one' ? 401 : 200)
    const folder = makeFolder()
    writeFileSync(join(folder, 'token'), 'one')
    const cluster = await clusterOf({ 'server': url, 'certificate-authority-data': base64(ca) }, { tokenFile: join(folder, 'token') }, { folder })
    await cluster.access.open()
    writeFileSync(join(folder, 'token'), 'two')
    expect((await get(cluster)).status).toBe(200)
    expect(seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer one', 'Bearer two'])
  })
})

describe('a way through a proxy', () => {
  it('is taken when the kubeconfig names one, for requests and WebSockets', async () => {
    const { url, ca, server } = await startTls()
    server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello'))
    const through: string[] = []
    const proxy = await startServer((_request, response) => response.end())
    running.push(proxy.stop)
    proxy.server.on('connect', (request, socket) => {
      through.push(request.url ?? '')
      const [host = '', port] = (request.url ?? '').split(':')
      const far = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        far.pipe(socket).pipe(far)
      })
      far.on('error', () => socket.destroy())
      socket.on('error', () => far.destroy())
    })
    const cluster = { 'server': url, 'certificate-authority-data': base64(ca), 'proxy-url': proxy.url }
    expect((await get(await clusterOf(cluster, { token: 't' }))).status).toBe(200)
    const console = await startConsole(kubeconfigOf({ cluster, user: { token: 't' } }))
    running.push(() => console.app.stop())
    const socket = connect(console.port, '127.0.0.1', () => socket.write(`GET /k8s/clusters/c0/api/v1/pods?watch=1 HTTP/1.1\r\nHost: 127.0.0.1:${console.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`))
    let heard = ''
    socket.on('data', chunk => { heard += String(chunk) })
    await new Promise(done => socket.on('close', done))
    expect(heard).toMatch(/^HTTP\/1\.1 101 [^]*hello$/)
    expect(through).toEqual(Array(2).fill(url.replace('https://', '')))
  })
})

describe('an exec plugin', () => {
  /** A plugin that counts its runs in its token; `body` may use `n` and `info`. */
  function makePlugin(body: string): { folder: string, exec: object } {
    const folder = makeFolder()
    writeFileSync(join(folder, 'plugin'), `#!${process.execPath}
      const fs = require('node:fs')
      const file = ${JSON.stringify(join(folder, 'count'))}
      const n = fs.existsSync(file) ? Number(fs.readFileSync(file, 'utf8')) + 1 : 1
      fs.writeFileSync(file, String(n))
      const info = JSON.parse(process.env.KUBERNETES_EXEC_INFO)
      const give = status => console.log(JSON.stringify({ kind: 'ExecCredential', apiVersion: info.apiVersion, status }))
      ${body}`)
    chmodSync(join(folder, 'plugin'), 0o755)
    return { folder, exec: { apiVersion: 'client.authentication.k8s.io/v1', command: './plugin', args: ['--for', 'test'], env: [{ name: 'PLUGIN_NAME', value: 'v' }], provideClusterInfo: true, interactiveMode: 'Never' } }
  }

  async function start(body: string, code?: (request: IncomingMessage) => number, now?: () => number): Promise<{ cluster: Cluster, server: TestServer }> {
    const server = await startTls(code)
    const { folder, exec } = makePlugin(body)
    return { server, cluster: await clusterOf({ 'server': server.url, 'certificate-authority-data': base64(server.ca) }, { exec }, { folder, ...now && { now } }) }
  }

  it('gives a token, is told of the cluster, and is run once for many requests', async () => {
    const { cluster, server } = await start('give({ token: [n, process.argv.slice(2).join(" "), process.env.PLUGIN_NAME, info.spec.cluster.server, info.spec.interactive].join("|") })')
    const answers = await Promise.all([get(cluster), get(cluster), get(cluster)])
    expect(new Set(answers.map(answer => parse(answer).authorization))).toEqual(new Set([`Bearer 1|--for test|v|${server.url}|false`]))
  })

  it('is run again when what it gave expires, not before', async () => {
    let time = Date.parse('2030-01-01T00:00:00Z')
    const { cluster } = await start('give({ token: "t" + n, expirationTimestamp: "2030-01-01T01:00:00Z" })', undefined, () => time)
    expect(parse(await get(cluster)).authorization).toBe('Bearer t1')
    time += 30 * 60_000
    expect(parse(await get(cluster)).authorization).toBe('Bearer t1')
    time += 30 * 60_000
    expect(parse(await get(cluster)).authorization).toBe('Bearer t2')
  })

  it('is run again when the cluster refuses what it gave, but not in a storm', async () => {
    let time = 0
    const { cluster, server } = await start('give({ token: "t" + n })', request => request.headers.authorization === 'Bearer t1' ? 401 : 200, () => time += 10)
    expect((await get(cluster)).status).toBe(200)
    expect(server.seen).toHaveLength(2)
    const always = await start('give({ token: "t" + n })', () => 401, () => time += 10)
    expect((await get(always.cluster)).status).toBe(401)
    expect((await get(always.cluster)).status).toBe(401)
    expect(always.server.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer t1', 'Bearer t2', 'Bearer t2'])
  })

  it('may give a client certificate', async () => {
    const server = await startTls()
    const { cert, key } = await server.clientOf('plugged')
    const { folder, exec } = makePlugin(`give(${JSON.stringify({ clientCertificateData: cert, clientKeyData: key })})`)
    const cluster = await clusterOf({ 'server': server.url, 'certificate-authority-data': base64(server.ca) }, { exec }, { folder })
    expect(parse(await get(cluster)).certificate).toBe('plugged')
  })

  it.each([
    ['fails', 'process.exit(3)', 'ended with code 3'],
    ['is killed', 'process.kill(process.pid, "SIGKILL")', 'was ended by SIGKILL'],
    ['prints without end', 'process.stdout.write("x".repeat(1 << 22))', 'could not be run [ERR_CHILD_PROCESS_STDIO_MAXBUFFER]'],
    ['prints something else', 'console.log("hello")', 'did not print JSON'],
    ['prints nothing of use', 'give({})', 'did not print an ExecCredential'],
  ])('that %s is named, and run again after some seconds, not for every request', async (_what, body, words) => {
    let time = 0
    const { cluster } = await start(`if (n === 1) { ${body} } else give({ token: "t" + n })`, undefined, () => time)
    for (const moment of [0, RENEW_EVERY - 1]) {
      time = moment
      await expect(get(cluster)).rejects.toThrow(words)
    }
    time = RENEW_EVERY
    expect(parse(await get(cluster)).authorization).toBe('Bearer t2')
  })

  it.each([
    ['its arguments and words when it fails', ['--secret', 'the-secret'], 'console.error("denied: the-secret"); console.log("the-secret"); process.exit(1)'],
    ['its words when it is not understood', ['the-secret'], 'console.log("the-secret")'],
    ['arguments that no command can have', ['the-secret\u0000'], ''],
  ])('keeps to itself %s', async (_what, args, body) => {
    const { folder, exec } = makePlugin(body)
    const cluster = await clusterOf({ server: 'https://127.0.0.1:1' }, { exec: { ...exec, args } }, { folder })
    const error = await get(cluster).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(CredentialError)
    expect(inspect(error, { depth: 9 })).not.toContain('the-secret')
  })

  it('that is not installed is named, with its own hint', async () => {
    const cluster = await clusterOf({ server: 'https://127.0.0.1:1' }, { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'no-such-plugin', installHint: 'get it from example.com\nand more' } })
    await expect(get(cluster)).rejects.toThrow('the kubeconfig\'s plugin no-such-plugin is not installed: get it from example.com')
  })
})

describe('a kubeconfig', () => {
  const load = (text: string, context?: string) => loadKubeconfig(text, '/home/me/config', context)

  it('gives a cluster for each context, the current one first in mind', async () => {
    const text = kubeconfigOf({ name: 'admin@lab', cluster: { server: 'https://10.0.0.1:6443/' } }, { name: 'admin/lab', cluster: { server: 'https://user:secret@10.0.0.2/k8s/clusters/local?x=y' } })
    const { clusters } = load(text)
    expect(clusters.map(({ id, title, default: isDefault, server }) => ({ id, title, isDefault, server }))).toEqual([
      { id: 'admin-lab', title: 'admin@lab', isDefault: true, server: 'https://10.0.0.1:6443' },
      { id: 'admin-lab-2', title: 'admin/lab', isDefault: false, server: 'https://10.0.0.2/k8s/clusters/local' },
    ])
    expect(load(text, 'admin/lab').clusters.map(cluster => cluster.default)).toEqual([false, true])
  })

  it.each([
    ['broken YAML', 'a: [', 'is malformed: unexpected end of the stream within a flow collection (2:1)'],
    ['nothing', '\n', 'is malformed: it is empty'],
    ['null', 'null', 'is malformed: it is empty'],
    ['a list', '- a', 'is malformed: it is not a mapping'],
    ['a word', 'hello', 'is malformed: it is not a mapping'],
    ['a binary', '\u0000\u0001', 'is malformed'],
    ['a cluster without a server', 'clusters: [{name: a, cluster: {}}]', 'is malformed: clusters[0].cluster.server is missing'],
    ['a server that is no text', 'clusters: [{name: a, cluster: {server: 5}}]', 'is malformed'],
    ['no contexts', 'clusters: [{name: a, cluster: {server: "https://a"}}]', 'has no contexts'],
    ['a context that is null', 'contexts: [null]', 'is malformed: contexts[0] must be object'],
    ['contexts that are a mapping', 'contexts: {a: {}}', 'is malformed: contexts must be array'],
    ['a context whose name is a number', kubeconfigOf({ cluster: { server: 'https://a' } }).replaceAll('"c0"', '1'), 'is malformed: '],
    ['groups that are a word', kubeconfigOf({ cluster: { server: 'https://a' }, user: { 'as-groups': 'system:masters' } }), 'is malformed: users[0].user.as-groups must be array'],
    ['groups that are a truth', kubeconfigOf({ cluster: { server: 'https://a' }, user: { 'as-groups': true } }), 'is malformed: users[0].user.as-groups must be array'],
    ['groups that are no words', kubeconfigOf({ cluster: { server: 'https://a' }, user: { 'as-groups': [1] } }), 'is malformed: users[0].user.as-groups[0] must be string'],
    ['extra fields that are a word', kubeconfigOf({ cluster: { server: 'https://a' }, user: { 'as-user-extra': { 'example.com/a': 'b' } } }), 'is malformed: users[0].user.as-user-extra.example.com/a must be array'],
    ['a person that is a number', kubeconfigOf({ cluster: { server: 'https://a' }, user: { as: 1 } }), 'is malformed: users[0].user.as must be string'],
    ['a token that is a number', kubeconfigOf({ cluster: { server: 'https://a' }, user: { token: 1 } }), 'is malformed: users[0].user.token must be string'],
    ['plugin arguments that are a word', kubeconfigOf({ cluster: { server: 'https://a' }, user: { exec: { command: 'a', args: 'b' } } }), 'is malformed: users[0].user.exec.args must be array'],
    ['a server that is no URL', kubeconfigOf({ cluster: { server: 'ftp://x' } }), 'ftp://x is not an http or https URL'],
    ['a context of an unknown cluster', 'contexts: [{name: a, context: {cluster: b, user: c}}]', 'context a names cluster b, which the kubeconfig does not have'],
    ['a context of an unknown user', '{clusters: [{name: b, cluster: {server: "https://b"}}], contexts: [{name: a, context: {cluster: b, user: c}}]}', 'context a names user c'],
  ])('of %s is refused in one line', async (_what, text, words) => {
    expect(() => load(text)).toThrow(expect.objectContaining({ name: 'UsageError', message: expect.stringMatching(/^kubeconfig \/home\/me\/config[^\n]*$/) as string }))
    expect(() => load(text)).toThrow(words)
  })

  it('may leave out what it does not need with null, as kubectl reads it', async () => {
    const { url, ca } = await startTls()
    const cluster = await clusterOf({ 'server': url, 'certificate-authority-data': base64(ca), 'proxy-url': null }, { 'token': 't', 'exec': null, 'as': 'jane', 'as-groups': null, 'as-user-extra': { a: null, b: [] } })
    expect(parse(await get(cluster)).impersonate.map(each => each.toLowerCase())).toEqual(['impersonate-user', 'jane'])
  })

  it('without the wanted context says which it has', async () => {
    expect(() => load(kubeconfigOf({ name: 'a', cluster: { server: 'https://a' } }, { name: 'b', cluster: { server: 'https://b' } }), 'c')).toThrow('kubeconfig /home/me/config has no context c; it has: a, b')
  })

  it('leaves out the contexts that cannot work, and says so', async () => {
    const text = JSON.stringify({ 'current-context': 'a', 'clusters': [{ name: 'a', cluster: { server: 'https://a' } }], 'contexts': [{ name: 'a', context: { cluster: 'a' } }, { name: 'b', context: { cluster: 'gone' } }] })
    const { clusters, leftOut } = load(text)
    expect(clusters.map(({ id }) => id)).toEqual(['a'])
    expect(leftOut).toEqual(['context b names cluster gone, which the kubeconfig does not have'])
  })

  it('names contexts safely in a URL', () => {
    expect(contextIds(['arn:aws:eks:eu:1:cluster/a b', '..', '镜像', 'a', 'a/', 'a-2'])).toEqual(['arn-aws-eks-eu-1-cluster-a-b', 'context', 'context-2', 'a', 'a-2', 'a-2-2'])
  })
})
