import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { request as secureRequest } from 'node:https'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { kubeconfigOf, makeAuthority, makeCertificate, makeFolder, startServer } from './testCluster.ts'
import { buildFolder, buildServer } from './testProcess.ts'

// The server as the operator runs it: built, a process of its own.
const home = buildFolder('spec')
const state = makeFolder()

beforeAll(() => buildServer(home), 60_000)
afterAll(() => rmSync(home, { recursive: true, force: true }))

interface Process { readonly child: ChildProcess, readonly out: () => string, readonly err: () => string, readonly ended: Promise<number | null> }

const running: (() => Promise<unknown>)[] = []
afterEach(async () => { await Promise.all(running.splice(0).map(stop => stop())) })

function run(args: readonly string[], cwd = makeFolder(), environment: NodeJS.ProcessEnv = { XDG_STATE_HOME: state }): Process {
  const child = spawn(process.execPath, [join(home, 'server', 'main.js'), ...args], { cwd, env: { ...process.env, ...environment } })
  let [out, err] = ['', '']
  child.stdout.on('data', chunk => { out += String(chunk) })
  child.stderr.on('data', chunk => { err += String(chunk) })
  const ended = new Promise<number | null>(done => child.on('exit', done))
  running.push(() => { child.kill('SIGKILL'); return ended })
  return { child, out: () => out, err: () => err, ended }
}

async function until<T>(find: () => T | undefined, { ended, err }: Process): Promise<T> {
  let over = false
  void ended.then(() => { over = true })
  for (;;) {
    const found = find()
    if (found !== undefined)
      return found
    if (over)
      throw new Error(`the server ended: ${err()}`)
    await new Promise(done => setTimeout(done, 20))
  }
}

/** Waits for the address that the server prints. */
async function start(args: readonly string[], cwd?: string, environment?: NodeJS.ProcessEnv): Promise<Process & { link: string, origin: string, port: string }> {
  const process = run(args, cwd, environment)
  const link = await until(() => /^ {2}console {2}(\S+)$[^]*^ {2}stop /m.exec(process.out())?.[1], process)
  const { origin, port } = new URL(link)
  return { ...process, link, origin, port }
}

function ask(url: string, headers: Record<string, string> = {}, ca?: string): Promise<{ response: IncomingMessage, text: string }> {
  return new Promise((done, fail) => {
    const sent = (url.startsWith('https') ? secureRequest : request)(url, { headers, agent: false, ca, servername: 'localhost' }, response => {
      let text = ''
      response.on('data', chunk => { text += String(chunk) })
      response.on('end', () => done({ response, text }))
    })
    sent.on('error', fail)
    sent.end()
  })
}

/** A port that nobody has just now, for whoever needs to know it beforehand. */
async function freePort(): Promise<string> {
  const server = await startServer(() => undefined)
  await server.stop()
  return String(server.port)
}

function fileOf(text: string): string {
  const file = join(makeFolder(), 'config')
  writeFileSync(file, text)
  return file
}

const nowhere = fileOf(kubeconfigOf({ name: 'lab', cluster: { server: 'https://127.0.0.1:9/k8s/clusters/local' }, user: { token: 'kubeconfig-secret' } }))

/** The demonstration without the log's line that it listens. */
const quiet = ['--port', '0', '--log-level', 'warn']

describe('what cannot be done', { timeout: 60_000 }, () => {
  it.each([
    ['a flag that is not known', ['--colour'], '--colour'],
    ['a kubeconfig that is missing', ['--kubeconfig', 'no-such-file'], 'no-such-file does not exist'],
    ['a kubeconfig that is malformed', ['--kubeconfig', fileOf('a: [')], 'is malformed'],
    ['a context that is not known', ['--kubeconfig', nowhere, '--context', 'prod'], 'has no context prod; it has: lab'],
    ['an address of another machine', ['--port', '0', '--host', '192.0.2.1'], '192.0.2.1 is not an address of this machine'],
    ['a webhook\'s certificate that is missing', ['--webhook-port', '0', '--webhook-tls-cert', 'no-such-cert', '--webhook-tls-key', 'k', '--port', '0'], 'no-such-cert cannot be read'],
    ['a webhook in a service whose authority is not named', ['webhook-manifest', 'lab/guardrails'], 'guardrails.lab.svc'],
    ['a data folder that cannot be made', [...quiet, '--data', '/proc/guardrails/data'], '--data /proc/guardrails/data cannot be used: '],
    ['a data folder that is a file', [...quiet, '--data', nowhere], `--data ${nowhere} cannot be used: EEXIST`],
    ['a link of a console that does not run', ['link', '--port', '1'], 'no console of yours runs on port 1'],
  ])('is said in one line with exit code 2: %s', async (_what, args, words) => {
    const process = run(args)
    expect(await process.ended).toBe(2)
    expect(process.err()).toContain(words)
    expect(process.err().trim().split('\n')).toHaveLength(1)
    expect(process.out()).toBe('')
  })

  it('is said when the port is in use, and the one who has it is not disturbed', async () => {
    const taken = await startServer((_request, response) => response.end('mine'))
    running.push(taken.stop)
    const folder = makeFolder()
    for (const args of [['--kubeconfig', nowhere], []]) {
      const process = run([...args, '--port', String(taken.port)], folder)
      expect(await process.ended).toBe(2)
      expect(process.err()).toContain(`port ${taken.port} on 127.0.0.1 is in use`)
    }
    expect(existsSync(join(folder, 'demo.kubeconfig'))).toBe(false)
    expect((await ask(taken.url)).text).toBe('mine')
  })

  it('is not --help', async () => {
    const process = run(['--help'])
    expect(await process.ended).toBe(0)
    expect(process.out()).toContain('--kubeconfig FILE')
  })
})

/** State folders that cannot be used, for root too. */
const UNUSABLE = ['a home that cannot be made', 'a folder that is a file', 'a key that is a folder'] as const

function spoilt(how: typeof UNUSABLE[number]): NodeJS.ProcessEnv {
  const folder = makeFolder()
  if (how === 'a home that cannot be made')
    return { XDG_STATE_HOME: '', HOME: '/dev/null/nobody' }
  if (how === 'a folder that is a file')
    writeFileSync(join(folder, 'harvester-guardrails'), '')
  else
    mkdirSync(join(folder, 'harvester-guardrails', 'session.key'), { recursive: true })
  return { XDG_STATE_HOME: folder }
}

describe('a state folder that cannot be used', { timeout: 60_000 }, () => {
  it.each(UNUSABLE)('is named in one line where a login needs it: %s', async how => {
    for (const args of [['--kubeconfig', nowhere, '--port', '0'], ...how === 'a key that is a folder' ? [] : [['link', '--port', '1']]]) {
      const process = run(args, makeFolder(), spoilt(how))
      expect(await process.ended).toBe(2)
      expect(process.err()).toMatch(/^the state folder \S+ cannot be used: .*XDG_STATE_HOME.*\n$/)
      expect(process.out()).toBe('')
    }
  })

  it.each(UNUSABLE)('does not stop the demonstration: %s', async how => {
    const console = await start(['--port', '0'], makeFolder(), spoilt(how))
    expect((await ask(`${console.origin}/readyz`)).text).toBe('ok')
    const warnings = console.err().split('\n').filter(line => line.startsWith('warning: '))
    expect(warnings).toEqual(how === 'a key that is a folder' ? [] : [expect.stringMatching(/^warning: npm start -- link will not work: the state folder \S+ cannot be used: /)])
  })
})

describe('a console on a kubeconfig', { timeout: 60_000 }, () => {
  it('starts though the cluster does not answer, and says which and why', async () => {
    const console = await start(['--kubeconfig', nowhere, '--port', '0'])
    const warning = await until(() => /^warning: .*$/m.exec(console.err())?.[0], console)
    expect(warning).toBe('warning: cluster lab at https://127.0.0.1:9/k8s/clusters/local does not answer: nothing listens there (connection refused) [ECONNREFUSED]')
    const { response } = await ask(console.link)
    const Cookie = response.headers['set-cookie']?.[0]?.split(';')[0] ?? ''
    expect(JSON.parse((await ask(`${console.origin}/console/clusters`, { Cookie })).text)).toEqual({ version: expect.any(String) as string, real: true, clusters: [{ id: 'lab', title: 'lab', demo: false, default: true, server: 'https://127.0.0.1:9/k8s/clusters/local', upload: 'offered' }] })
    expect(JSON.parse((await ask(`${console.origin}/console/clusters/lab`, { Cookie })).text)).toMatchObject({ state: 'unreachable', reason: 'ECONNREFUSED' })
  })

  it('gives another link on request, and its sessions outlive a restart', async () => {
    const port = await freePort()
    const first = await start(['--kubeconfig', nowhere, '--port', port])
    const asked = run(['link', '--port', port])
    expect(await asked.ended).toBe(0)
    const link = asked.out().trim()
    expect(link.replace(`http://127.0.0.1:${port}/`, '')).toMatch(/^session\?code=[\w-]{43}$/)
    expect(link).not.toBe(first.link)
    const { response } = await ask(link)
    const Cookie = response.headers['set-cookie']?.[0]?.split(';')[0] ?? ''
    expect((await ask(link)).response.statusCode).toBe(403)
    first.child.kill('SIGTERM')
    expect(await first.ended).toBe(0)
    const second = await start(['--kubeconfig', nowhere, '--port', port])
    expect((await ask(`${second.origin}/console/clusters`, { Cookie })).response.statusCode).toBe(200)
    expect((await ask(first.link)).response.statusCode).toBe(403)
  })

  it('keeps secrets out of its logs and out of what the browser sees', async () => {
    const cluster = await startServer((request, response) => response.writeHead(request.url === '/api' ? 500 : 200, { 'set-cookie': 'upstream-secret=1' }).end('{}'))
    running.push(cluster.stop)
    const file = fileOf(kubeconfigOf({ name: 'lab', cluster: { server: cluster.url }, user: { token: 'kubeconfig-secret' } }))
    const console = await start(['--kubeconfig', file, '--port', '0', '--log-level', 'debug'])
    const { response } = await ask(console.link)
    const Cookie = response.headers['set-cookie']?.[0]?.split(';')[0] ?? ''
    const answers = await Promise.all(['/console/clusters', '/k8s/clusters/lab/api', '/k8s/clusters/lab/version?token=query-secret', '/metrics?code=query-secret'].map(path => ask(`${console.origin}${path}`, { Cookie, Authorization: 'Bearer browser-secret' })))
    await cluster.stop()
    await ask(`${console.origin}/k8s/clusters/lab/api?x=query-secret`, { Cookie })
    await ask(`${console.origin}/k8s/clusters/lab/api`, { Origin: 'http://evil.example' })
    const seen = answers.map(answer => answer.text + JSON.stringify(answer.response.headers)).join('\n')
    const lines = console.err().trim().split('\n')
    expect(lines.map(line => JSON.parse(line) as { msg: string }).filter(({ msg }) => msg === 'answered').length).toBeGreaterThanOrEqual(5)
    for (const secret of ['kubeconfig-secret', 'browser-secret', 'query-secret', 'upstream-secret', Cookie.split('=')[1] ?? '', new URL(console.link).searchParams.get('code') ?? ''])
      expect(`${seen}\n${console.err()}`).not.toContain(secret)
  })

  it('serves HTTPS with a certificate, under the certificate\'s names too', async () => {
    const authority = await makeAuthority()
    const { cert, key } = await makeCertificate(authority)
    const folder = makeFolder()
    writeFileSync(join(folder, 'cert.pem'), cert)
    writeFileSync(join(folder, 'key.pem'), key)
    const console = await start(['--kubeconfig', nowhere, '--port', '0', '--host', '0.0.0.0', '--tls-cert', 'cert.pem', '--tls-key', 'key.pem'], folder)
    expect(console.link).toMatch(/^https:\/\/[\d.]+:\d+\/session\?code=/)
    const { response } = await ask(`https://localhost:${console.port}/session${new URL(console.link).search}`, {}, authority.cert)
    expect(response.headers['set-cookie']?.[0]).toMatch(/^__Host-guardrails-\d+=.*; Secure/)
    expect((await ask(`https://localhost:${console.port}/console/clusters`, { Host: `evil.example:${console.port}` }, authority.cert)).response.statusCode).toBe(421)
  })
})

describe('a console on the demonstration', { timeout: 90_000 }, () => {
  it('asks for no login, writes demo.kubeconfig for its owner alone, and serves the console', async () => {
    const folder = makeFolder()
    const console = await start(['--port', '0'], folder)
    expect(console.link).toBe(`http://127.0.0.1:${console.port}/`)
    expect(console.out()).toContain('no login, because only this machine can reach it')
    expect(statSync(join(folder, 'demo.kubeconfig')).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(folder, 'demo.kubeconfig'), 'utf8')).toContain('demo-viewer')
    const { text } = await ask(`${console.origin}/console/clusters`)
    expect(JSON.parse(text)).toMatchObject({ real: false, clusters: [{ id: 'demo', demo: true, default: true }, { id: 'demo-editor', demo: true }, { id: 'demo-viewer', demo: true }] })
    expect(JSON.parse((await ask(`${console.origin}/k8s/clusters/demo/api/v1/namespaces`)).text)).toMatchObject({ kind: 'NamespaceList' })
    expect((await ask(`${console.origin}/readyz`)).text).toBe('ok')
    const asked = run(['link', '--port', console.port])
    await asked.ended
    expect(asked.out()).toBe(`${console.link}\n`)

    // Hashed files stay in the browser for ever, the page never.
    const Accept = 'text/html,*/*'
    const page = await ask(`${console.origin}/`, { Accept })
    const deep = await ask(`${console.origin}/c/demo/vms/default/web.01?tab=yaml`, { Accept })
    expect([page.text, deep.text]).toEqual(Array(2).fill('<!doctype html><title>console</title>'))
    expect([page, deep].map(({ response }) => [response.statusCode, response.headers['cache-control'], response.headers['content-type']])).toEqual(Array(2).fill([200, 'no-store', 'text/html; charset=utf-8']))
    expect(deep.response.headers['content-security-policy']).toContain('default-src \'self\'')
    expect((await ask(`${console.origin}/assets/main-abc123.js`)).response.headers['cache-control']).toBe('public, max-age=31536000, immutable')
    expect((await ask(`${console.origin}/favicon.svg`)).response.headers['cache-control']).toBe('no-cache')
    for (const path of ['/assets/gone.js', '/console/nothing', '/../package.json', '/.vite/manifest.json'])
      expect([path, (await ask(`${console.origin}${path}`)).response.statusCode]).toEqual([path, 404])
  })

  it('says in which folder it is kept', async () => {
    const folder = makeFolder()
    const console = await start(['--port', '0', '--data', 'kept'], folder)
    expect(console.out()).toContain(`  cluster  a demonstration kept in ${join(folder, 'kept')}; no login`)
  })

  it.each(['identity.json', 'objects.ndjson'])('says which file of its folder is damaged, and nothing of what is in it: %s', async file => {
    const folder = makeFolder()
    const first = await start(['--port', '0', '--data', 'kept'], folder)
    first.child.kill('SIGTERM')
    await first.ended
    const path = join(folder, 'kept', file)
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, 300))
    const second = run([...quiet, '--data', 'kept'], folder)
    expect(await second.ended).toBe(2)
    expect(second.err()).toMatch(new RegExp(`^${path} is damaged \\([^)]+\\): [^\\n{]+\\n$`))
  })

  it('has its folder for itself, until it ends in whatever way', async () => {
    const folder = makeFolder()
    const first = await start(['--port', '0', '--data', 'kept'], folder)
    const second = run([...quiet, '--data', 'kept'], folder)
    expect(await second.ended).toBe(2)
    expect(second.err()).toMatch(new RegExp(`^the data folder ${join(folder, 'kept')} is in use by process ${first.child.pid}: [^\n]+\n$`))
    first.child.kill('SIGKILL')
    await first.ended
    const third = await start(['--port', '0', '--data', 'kept'], folder)
    third.child.kill('SIGTERM')
    expect(await third.ended).toBe(0)
    expect(readFileSync(join(folder, 'kept', 'holder.3'), 'utf8')).toBe('nobody\n')
  })

  it('asks for a login where the network can reach it', async () => {
    const console = await start(['--port', '0', '--host', '0.0.0.0'])
    expect(console.link).toContain('/session?code=')
    expect(console.err()).toContain('clear text')
    expect((await ask(`http://127.0.0.1:${console.port}/console/clusters`)).response.statusCode).toBe(401)
  })

  it('ends on a signal within seconds, streams and all', async () => {
    const console = await start(['--port', '0'])
    const broken = new Promise(done => request(`${console.origin}/k8s/clusters/demo/api/v1/namespaces?watch=1`, { agent: false }, response => {
      response.once('data', () => console.child.kill('SIGINT'))
      response.on('error', done)
      response.on('close', done)
    }).on('error', done).end())
    expect(await console.ended).toBe(0)
    await broken
  })
})
