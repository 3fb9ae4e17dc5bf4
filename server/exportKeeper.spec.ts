import fastify from 'fastify'
import { Agent, fetch } from 'undici'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createKubeClient } from '#kube/client.ts'
import type { KubeClient } from '#kube/client.ts'
import { CLAIMS } from '#kube/core.ts'
import type { KubeObject } from '#kube/object.ts'
import { LEASES } from '#kube/lease.ts'
import { defineResource } from '#kube/resource.ts'
import { carryOut } from '#kube/write.ts'
import { VMIS, VMS, effectiveRunStrategy } from '#vms/vm.ts'
import type { RunStrategy } from '#vms/vm.ts'
import { amendIntent, readIntent } from '#volumes/exportIntent.ts'
import { exportImageName } from '#volumes/exportedImage.ts'
import { EXPORT_ANNOTATION } from '#volumes/exportIntentText.ts'
import type { ExportIntent } from '#volumes/exportIntent.ts'
import type { ExportRequest } from '#volumes/exportPlan.ts'
import type { KeeperReport } from '#volumes/keeperStatus.ts'
import { startEmbeddedCluster } from './cluster/main.ts'
import type { EmbeddedCluster } from './cluster/main.ts'
import { startExportKeeper } from './exportKeeper.ts'
import type { ExportKeeper, KeeperOptions } from './exportKeeper.ts'
import { bringToLife } from './cluster/life.ts'
import type { Life } from './cluster/life.ts'
import { PLATFORM } from './cluster/seed/platform.ts'
import { ownExportsIn, ownExportsInMemory } from './ownExports.ts'
import { startConsole, makeFolder } from './testCluster.ts'
import { REQUESTER_INSTALLED, REQUESTER_WEBHOOKS, beginExport, endOfExport, isOver, runVm, until as untilFound } from './testExports.ts'
import type { Begun } from './testExports.ts'

// On the embedded cluster, two hundred times as fast as in the demonstration. What happens to the line happens below the client.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

interface Role extends KubeObject { readonly rules: readonly object[] }
interface RoleBinding extends KubeObject { readonly roleRef: object, readonly subjects: readonly object[] }
const ROLES = defineResource<Role>('rbac.authorization.k8s.io/v1', 'Role', 'roles')
const ROLE_BINDINGS = defineResource<RoleBinding>('rbac.authorization.k8s.io/v1', 'RoleBinding', 'rolebindings')

const PACE: KeeperOptions['pace'] = {
  turns: { settle: 10, patience: 300, first: 50, longest: 200, slowest: 400 },
  lease: { duration: 1_500, deadline: 1_000, retry: 150 },
  follow: { first: 50, longest: 200, slow: 300 },
}

let cluster: EmbeddedCluster
let life: Life
let dispatcher: Agent
let admin: KubeClient
const ending: (() => Promise<unknown>)[] = []
/** Of the test under way: what they say is part of why one fails. */
const keepers: ExportKeeper[] = []

beforeAll(async () => {
  cluster = await startEmbeddedCluster({ log: () => undefined })
  life = await bringToLife(cluster, { seed: PLATFORM, pace: 200, log: () => undefined })
  dispatcher = new Agent({ connect: { ca: cluster.caPem } })
  admin = clientOn(newLine())
})
afterEach(async () => {
  keepers.length = 0
  await Promise.all(ending.splice(0).map(end => end()))
})
afterAll(async () => {
  await life.stop()
  await dispatcher.destroy()
  await cluster.stop()
})

interface Line {
  /** Writes that the cluster has taken. */
  writes: string[]
  /** After so many writes the line is cut, before the answer to the last one is heard. */
  lives: number
  /** Answers in place of the cluster. */
  answer?: (path: string, method: string) => Response | undefined
  /** How far the cluster's clock is behind this machine's, in milliseconds; without it, its answers say no time. */
  behind?: number | 'unsaid'
}
const newLine = (given: Partial<Line> = {}): Line => ({ writes: [], lives: Infinity, ...given })
const isWrite = (method: string, path: string) => method !== 'GET' && !path.includes('accessreviews') && !path.includes('/leases')

function clientOn(line: Line, account = 'admin'): KubeClient {
  return createKubeClient({
    baseUrl: cluster.url, token: cluster.users[account]?.token,
    fetch: async (url, init) => {
      const { method = 'GET' } = init
      const path = new URL(url).pathname
      const dead = () => line.writes.length >= line.lives
      if (dead())
        throw new Error('the process has ended')
      const own = line.answer?.(path, method)
      if (own)
        return own
      const answer = await fetch(url, { ...init, dispatcher } as Parameters<typeof fetch>[1]) as unknown as Response
      if (isWrite(method, path) && answer.ok)
        line.writes.push(`${method} ${path}`)
      if (dead() && method !== 'GET')
        throw new Error('the process has ended')
      return line.behind === undefined ? answer : dated(answer, line.behind)
    },
  })
}

/** The answer with what a clock that is so far behind would say. */
function dated(answer: Response, behind: number | 'unsaid'): Response {
  const headers = new Headers(answer.headers)
  headers.delete('date')
  if (behind !== 'unsaid')
    headers.set('date', new Date(Date.now() - behind).toUTCString())
  return new Response(answer.body, { status: answer.status, headers })
}

function keep(line: Line, options: Partial<KeeperOptions> = {}): ExportKeeper {
  const keeper = startExportKeeper({ client: clientOn(line), mode: 'own', namespace: 'harvester-system', cluster: 'here', own: ownExportsInMemory(), log: fastify({ logger: false }).log, pace: PACE, ...options })
  keepers.push(keeper)
  ending.push(() => keeper.stop())
  return keeper
}

const until = <T>(find: Parameters<typeof untilFound<T>>[0], what: string): Promise<T> => untilFound(find, what, { told: () => JSON.stringify(keepers.map(keeper => keeper.report())) })
const begin = (namespace: string, name: string, runStrategy: RunStrategy, request: Partial<ExportRequest> = {}, extra: Partial<ExportIntent> = {}): Promise<Begun> => beginExport(admin, { namespace, name }, runStrategy, request, extra)
const endOf = (begun: Begun) => endOfExport(admin, begun)
/** So fast a guest's ending may go by unseen: then the image says that, and nothing worse. */
const exported = ({ intent }: Begun, strategy: string) => ({ intent: undefined, note: undefined, strategy, guest: 'Running', images: [expect.stringMatching(new RegExp(`^${exportImageName(intent)} 100 (whole|not-observed)$`)) as string] })
const isOff = (begun: Begun) => () => isOver(admin, begun)
const jobOf = (keeper: ExportKeeper, { at }: Begun): KeeperReport['jobs'][number] | undefined => keeper.report().jobs.find(job => job.claim === `${at.namespace}/${at.name}`)
const restarted = async ({ vm }: Begun) => { await until(async () => (await admin.get(VMIS, vm).catch(() => undefined))?.status?.phase === 'Running', `${vm.name} runs again`) }

describe('an export whose browser was closed after its first write', () => {
  let writes = 0

  it('is carried to its end with the credentials of the session that began it', async () => {
    const line = newLine()
    const keeper = keep(line)
    const begun = await begin('production', 'web-01', 'RerunOnFailure')
    expect(await keeper.take(begun.at, begun.intent.id)).toBe('taken')
    await until(isOff(begun), 'the end')
    expect(await endOf(begun)).toEqual(exported(begun, 'RerunOnFailure'))
    await until(() => keeper.report().jobs.length === 0, 'the job to be forgotten')
    expect(keeper.report()).toMatchObject({ word: 'own', lastAct: { claim: 'production/web-01-root', step: 'clean' } })
    writes = line.writes.length
    expect(writes).toBeGreaterThan(5)
  })

  it('ends the same when the server is killed after any one of its writes, before it hears the answer, and started again', async () => {
    expect(writes).toBeGreaterThan(0)
    const [died, ends]: [string[], string[]] = [[], []]
    for (let lives = 1; lives <= writes; lives++) {
      const folder = makeFolder()
      const line = newLine({ lives })
      const first = keep(line, { own: ownExportsIn(folder) })
      const begun = await begin('production', 'web-02', 'RerunOnFailure')
      await first.take(begun.at, begun.intent.id)
      await until(() => line.writes.length >= lives, `${lives} writes`)
      await first.stop()
      died.push(line.writes.at(-1) ?? '')
      keep(newLine(), { own: ownExportsIn(folder) })
      await until(isOff(begun), `the end after write ${lives}: ${line.writes.at(-1)}`)
      const end = await endOf(begun)
      expect(end, `killed after ${line.writes.at(-1)}`).toEqual(exported(begun, 'RerunOnFailure'))
      ends.push(...end.images)
      await Promise.all(ending.splice(0).map(end => end()))
    }
    expect(new Set(died).size).toBeGreaterThan(3)
    expect(ends.some(image => image.endsWith(' whole'))).toBe(true)
  })

  it('ends the same when every server is killed after its first write', async () => {
    const folder = makeFolder()
    let line = newLine({ lives: 1 })
    let server = keep(line, { own: ownExportsIn(folder) })
    const begun = await begin('staging', 'build-01', 'Manual')
    await server.take(begun.at, begun.intent.id)
    let servers = 1
    for (; !await isOff(begun)(); servers++) {
      await until(async () => line.writes.length >= line.lives || await isOff(begun)(), 'a write')
      await server.stop()
      line = newLine({ lives: 1 })
      server = keep(line, { own: ownExportsIn(folder) })
    }
    expect(servers).toBeGreaterThan(4)
    expect(await endOf(begun)).toEqual(exported(begun, 'Manual'))
  })

  it('goes on after the API server has answered 503 for a while, and comes to one image though two servers carry it out', async () => {
    let outage: 'to come' | 'now' | 'over' = 'to come'
    const lines = [newLine(), newLine()]
    // It begins with the first answer after the VM was halted: whoever only looks now and then may see it running again.
    const answer = () => {
      if (outage === 'to come' && lines.some(({ writes }) => writes.some(write => write.includes('/virtualmachines/'))))
        outage = 'now'
      return outage === 'now' ? Response.json({ kind: 'Status', status: 'Failure', code: 503, reason: 'ServiceUnavailable', message: 'etcd is away' }, { status: 503 }) : undefined
    }
    const [one, other] = lines.map(line => keep(Object.assign(line, { answer }))) as [ExportKeeper, ExportKeeper]
    const begun = await begin('production', 'ldap-01', 'Always')
    await one.take(begun.at, begun.intent.id)
    await other.take(begun.at, begun.intent.id)
    await until(() => outage === 'now', 'the VM to be shut down')
    await new Promise(done => setTimeout(done, 1_000))
    expect([effectiveRunStrategy(await admin.get(VMS, begun.vm)), await isOff(begun)()]).toEqual(['Halted', false])
    outage = 'over'
    await until(isOff(begun), 'the end')
    expect(await endOf(begun)).toEqual(exported(begun, 'Always'))
  })
})

describe('the time limit of an export', () => {
  const HOUR = 3_600_000
  const within = (minutes: number, behind: number) => ({ deadline: new Date(Date.now() - behind + minutes * 60_000).toISOString() })

  it('is judged by the clock of the cluster, not by that of this machine, which is an hour ahead', async () => {
    const keeper = keep(newLine({ behind: HOUR }))
    const begun = await begin('production', 'web-01', 'RerunOnFailure', {}, within(30, HOUR))
    await keeper.take(begun.at, begun.intent.id)
    await until(isOff(begun), 'the end')
    expect(await endOf(begun)).toEqual(exported(begun, 'RerunOnFailure'))
  })

  it('has passed by the clock of the cluster, though this machine\'s is an hour behind', async () => {
    const keeper = keep(newLine({ behind: -HOUR }))
    const begun = await begin('production', 'web-01', 'RerunOnFailure', {}, within(-1, -HOUR))
    await keeper.take(begun.at, begun.intent.id)
    const calledOff = await until(async () => { const written = readIntent(await admin.get(CLAIMS, begun.at)); return typeof written === 'object' && written.calledOff }, 'the end to be noted')
    expect(calledOff).toMatchObject([{ code: 'deadline-passed' }])
    expect((await endOf(begun)).images).toEqual([])
    await admin.patch(CLAIMS, begun.at, { type: 'merge', body: { metadata: { annotations: { [EXPORT_ANNOTATION]: null } } } })
  })

  it('is judged by nobody to whom the cluster says no time, who does nothing and says so', async () => {
    const line = newLine({ behind: 'unsaid' })
    const keeper = keep(line)
    const begun = await begin('production', 'web-01', 'RerunOnFailure', {}, within(-1, 0))
    await keeper.take(begun.at, begun.intent.id)
    await until(() => jobOf(keeper, begun)?.because.some(({ code }) => code === 'time-unknown'), 'it to be said')
    expect(line.writes).toEqual([])
    await admin.patch(CLAIMS, begun.at, { type: 'merge', body: { metadata: { annotations: { [EXPORT_ANNOTATION]: null } } } })
  })
})

describe('what a keeper does not do with the credentials of a session', () => {
  it('leaves alone what nobody in this console has begun', async () => {
    const line = newLine()
    const keeper = keep(line)
    const begun = await begin('lab', 'jump-01', 'Always')
    expect(await keeper.take(begun.at, 'another1')).toBe('absent')
    await new Promise(done => setTimeout(done, 500))
    expect(line.writes).toEqual([])
    expect(keeper.report().jobs).toEqual([])
    await carryOut(admin, { act: 'patch', resource: CLAIMS, at: begun.at, patch: { type: 'merge', body: { metadata: { annotations: { [EXPORT_ANNOTATION]: null } } } } })
  })

  it('leaves an export alone that somebody has made into another one, and says so', async () => {
    await runVm(admin, { namespace: 'production', name: 'web-09' }, 'RerunOnFailure')
    const begun = await begin('production', 'cache-01', 'RerunOnFailure', { choices: { backupFirst: true } })
    const line = newLine()
    const keeper = keep(line)
    const claim = await admin.get(CLAIMS, begun.at)
    await keeper.take(begun.at, begun.intent.id)
    await carryOut(admin, amendIntent(claim, { ...begun.intent, vms: [{ name: 'web-09', runStrategy: 'RerunOnFailure', wasRunning: true }] }, {}))
    await until(() => jobOf(keeper, begun)?.word === 'changed', 'the change to be seen')
    const before = line.writes.length
    await new Promise(done => setTimeout(done, 500))
    expect(line.writes).toHaveLength(before)
    expect(effectiveRunStrategy(await admin.get(VMS, { namespace: 'production', name: 'web-09' }))).toBe('RerunOnFailure')
    await carryOut(admin, { act: 'patch', resource: CLAIMS, at: begun.at, patch: { type: 'merge', body: { metadata: { annotations: { [EXPORT_ANNOTATION]: null } } } } })
  })
})

describe('a keeper that carries out what others have asked for', () => {
  const vouched = (path: string) => path === REQUESTER_WEBHOOKS ? Response.json(REQUESTER_INSTALLED) : undefined
  let roles = 0
  const ALL = { mode: 'all' as const }
  const ANN = { identity: { uid: 'u-1', groups: ['operators'] } }

  async function grant(namespace: string, rules: readonly object[]) {
    const name = `ann-${++roles}`
    await admin.create(ROLES, { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name, namespace }, rules })
    await admin.create(ROLE_BINDINGS, { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', metadata: { name, namespace }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name }, subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ann' }] })
  }
  const EXPORTER = [
    { apiGroups: [''], resources: ['persistentvolumeclaims'], verbs: ['patch'] },
    { apiGroups: ['harvesterhci.io'], resources: ['virtualmachineimages'], verbs: ['create'] },
  ]
  const STARTER = [{ apiGroups: ['kubevirt.io'], resources: ['virtualmachines'], verbs: ['patch'] }]

  it('shuts no VM down for who may not start it again, says what is missing, and goes on once it was granted', async () => {
    const line = newLine({ answer: vouched })
    const keeper = keep(line, ALL)
    await grant('staging', EXPORTER)
    const begun = await begin('staging', 'web-01', 'RerunOnFailure', {}, ANN)
    await until(() => jobOf(keeper, begun)?.word === 'barred', 'the requester to be barred')
    expect(jobOf(keeper, begun)).toMatchObject({ onBehalfOf: 'requester', step: 'stop-vm', message: expect.stringContaining('ann may not patch virtualmachines.kubevirt.io in namespace staging') as string })
    expect(keeper.report()).toMatchObject({ word: 'leading', because: [] })
    expect(line.writes).toEqual([])
    await grant('staging', STARTER)
    await until(isOff(begun), 'the end')
    expect(await endOf(begun)).toEqual(exported(begun, 'RerunOnFailure'))
  })

  it('says that a VM stays off whose requester has lost the right to start it, and asks ever more seldom', async () => {
    let asked = 0
    let lost = false
    const keeper = keep(newLine({
      answer(path) {
        if (!path.endsWith('/subjectaccessreviews') || !lost)
          return vouched(path)
        asked++
        return Response.json({ apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', metadata: {}, spec: {}, status: { allowed: false } }, { status: 201 })
      },
    }), ALL)
    await grant('production', [...EXPORTER, ...STARTER])
    const begun = await begin('production', 'mail-01', 'RerunOnFailure', {}, ANN)
    await until(() => jobOf(keeper, begun)?.step === 'wait-import', 'the import')
    lost = true
    await until(() => jobOf(keeper, begun)?.word === 'barred', 'the requester to be barred')
    const before = asked
    await new Promise(done => setTimeout(done, 1_000))
    expect(asked - before).toBeLessThan(10)
    expect(jobOf(keeper, begun)?.word).toBe('barred')
    lost = false
    await until(isOff(begun), 'the end')
    expect(await endOf(begun)).toEqual(exported(begun, 'RerunOnFailure'))
  })

  it('cuts the power of a guest with the rights of its requester only if he said so himself', async () => {
    const line = newLine({ answer: vouched })
    const keeper = keep(line, ALL)
    await grant('production', [...EXPORTER, ...STARTER, { apiGroups: ['subresources.kubevirt.io'], resources: ['virtualmachines/stop'], verbs: ['update'] }])
    const forced = async (name: string, forcedBy: string) => {
      await runVm(admin, { namespace: 'production', name }, 'RerunOnFailure', 1_200)
      return begin('production', name, 'RerunOnFailure', {}, { ...ANN, forcedBy })
    }
    const stops = ({ vm }: Begun) => line.writes.filter(write => write.endsWith(`/virtualmachines/${vm.name}/stop`))
    const byOther = await forced('deaf-01', 'bob')
    await until(() => jobOf(keeper, byOther)?.step === 'force-stop', 'the decision to be seen')
    await new Promise(done => setTimeout(done, 1_000))
    expect(stops(byOther)).toEqual([])
    expect(jobOf(keeper, byOther)).toMatchObject({ step: 'force-stop', word: 'waiting' })
    const byHimself = await forced('deaf-02', 'ann')
    await until(() => stops(byHimself).length > 0, 'the power to be cut')
    for (const { at } of [byOther, byHimself])
      await carryOut(admin, { act: 'patch', resource: CLAIMS, at, patch: { type: 'merge', body: { metadata: { annotations: { [EXPORT_ANNOTATION]: null } } } } })
  })

  it('takes a new export of a volume on at once, though it waits before it asks again about the old one', async () => {
    const keeper = keep(newLine({ answer: path => path.endsWith('/subjectaccessreviews') ? Response.json({ apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', metadata: {}, spec: {}, status: { allowed: false } }, { status: 201 }) : vouched(path) }), { ...ALL, pace: { ...PACE, turns: { ...PACE?.turns, first: 60_000, longest: 60_000, slowest: 60_000 } } })
    const lift = ({ at }: Begun) => carryOut(admin, { act: 'patch', resource: CLAIMS, at, patch: { type: 'merge', body: { metadata: { annotations: { [EXPORT_ANNOTATION]: null } } } } })
    const old = await begin('production', 'again-01', 'RerunOnFailure', {}, ANN)
    await until(() => jobOf(keeper, old)?.word === 'barred', 'the requester to be barred')
    await lift(old)
    const anew = await begin('production', 'again-01', 'RerunOnFailure', {}, ANN)
    await until(() => jobOf(keeper, anew)?.id === anew.intent.id, 'the new one to be taken on')
    await lift(anew)
  })

  it('believes no name that the cluster does not vouch for', async () => {
    const line = newLine({ answer: path => path === REQUESTER_WEBHOOKS ? Response.json({ ...REQUESTER_INSTALLED, items: [] }) : undefined })
    const keeper = keep(line, ALL)
    const begun = await begin('production', 'registry-01', 'RerunOnFailure', {}, { identity: { groups: ['system:masters'] } })
    await until(() => keeper.report().because.some(({ code }) => code === 'no-requester-webhook'), 'the webhook to be missed')
    await new Promise(done => setTimeout(done, 500))
    expect(line.writes).toEqual([])
    expect(keeper.report().word).toBe('standing-by')
    await carryOut(admin, { act: 'patch', resource: CLAIMS, at: begun.at, patch: { type: 'merge', body: { metadata: { annotations: { [EXPORT_ANNOTATION]: null } } } } })
  })

  it('shuts nothing down for a note that was backed up with another volume', async () => {
    const line = newLine({ answer: vouched })
    const keeper = keep(line, ALL)
    await until(() => keeper.report().word === 'leading', 'it to lead')
    await grant('production', [...EXPORTER, ...STARTER])
    const restored = await begin('production', 'restored-01', 'RerunOnFailure', {}, { ...ANN, claimUid: 'of-the-volume-that-was-backed-up' })
    await new Promise(done => setTimeout(done, 1_000))
    expect([line.writes, keeper.report().jobs]).toEqual([[], []])
    expect(await keeper.take(restored.at, restored.intent.id)).toBe('absent')
    await carryOut(admin, { act: 'patch', resource: CLAIMS, at: restored.at, patch: { type: 'merge', body: { metadata: { annotations: { [EXPORT_ANNOTATION]: null } } } } })
  })

  it('stops writing when it has lost the Lease, and another leads and goes on', async () => {
    let cut = false
    const line = newLine({ answer: (path, method) => vouched(path) ?? (cut && path.includes('/leases') && method !== 'GET' ? Response.json({ kind: 'Status', status: 'Failure', code: 503, reason: 'ServiceUnavailable', message: 'no' }, { status: 503 }) : undefined) })
    const first = keep(line, ALL)
    await until(() => first.report().word === 'leading', 'the first to lead')
    const otherLine = newLine({ answer: vouched })
    const other = keep(otherLine, ALL)
    await until(() => other.report().because.some(({ code }) => code === 'led-by'), 'the other to stand by')
    cut = true
    await until(() => other.report().word === 'leading', 'the other to lead')
    await until(() => first.report().word === 'standing-by', 'the first to stand by')
    const begun = await begin('production', 'db-01', 'Always', {}, ANN)
    await until(isOff(begun), 'the end')
    expect(line.writes).toEqual([])
    expect(otherLine.writes.length).toBeGreaterThan(0)
    expect(await endOf(begun)).toEqual(exported(begun, 'Always'))
    const lease = await admin.get(LEASES, { namespace: 'harvester-system', name: 'guardrails-export-keeper' })
    expect(lease.spec?.leaseTransitions).toBeGreaterThan(0)
  })

  it('says which of its own rights are missing', async () => {
    const keeper = startExportKeeper({ client: clientOn(newLine({ answer: vouched }), 'editor'), mode: 'all', namespace: 'harvester-system', cluster: 'here', own: ownExportsInMemory(), log: fastify({ logger: false }).log, pace: PACE })
    ending.push(() => keeper.stop())
    await until(() => keeper.report().word === 'without-rights', 'the missing right')
    expect(keeper.report().because).toEqual([{ code: 'rights-missing', rights: [expect.stringContaining('leases.coordination.k8s.io in namespace harvester-system')] }])
  })
})

it('goes on when an object can be read again that it could make nothing of', async () => {
  const streams: ReadableStreamDefaultController[] = []
  let asked: 'not yet' | 'list' | 'watch' | 'enough' = 'not yet'
  const odd = { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineList', metadata: { resourceVersion: '1' }, items: [{ metadata: { name: 'odd-01', namespace: 'production', uid: 'x', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' } }] }
  const answer = (path: string) => {
    if (!path.endsWith('/virtualmachines') || asked === 'not yet' || asked === 'enough')
      return undefined
    if (asked === 'watch')
      return new Response(new ReadableStream({ start: stream => { streams.push(stream) } }))
    asked = 'watch'
    return Response.json(odd)
  }
  const keeper = keep(newLine({ answer }))
  const begun = await begin('production', 'odd-01', 'RerunOnFailure')
  asked = 'list'
  await keeper.take(begun.at, begun.intent.id)
  await until(() => jobOf(keeper, begun)?.word === 'failing', 'the failure to be told')
  asked = 'enough'
  streams.forEach(stream => stream.close())
  await until(isOff(begun), 'the end')
  expect(await endOf(begun)).toEqual(exported(begun, 'RerunOnFailure'))
})

it('marks an image as overtaken when a VM was started while the disk was read', async () => {
  const keeper = keep(newLine())
  // Large enough to be read for seconds: of what comes in the second in which that ends nobody can say that it came before.
  await runVm(admin, { namespace: 'production', name: 'web-03' }, 'RerunOnFailure', undefined, '1Ti')
  const begun = await begin('production', 'web-03', 'RerunOnFailure')
  await keeper.take(begun.at, begun.intent.id)
  await until(() => jobOf(keeper, begun)?.step === 'wait-import', 'the import')
  await carryOut(admin, { act: 'patch', resource: VMS, at: begun.vm, patch: { type: 'merge', body: { spec: { runStrategy: 'Always' } } } })
  await until(async () => (await endOf(begun)).images.some(image => image.endsWith('overtaken')), 'the mark')
  await restarted(begun)
  await until(() => jobOf(keeper, begun)?.word === 'over', 'the end')
  expect(readIntent(await admin.get(CLAIMS, begun.at))).toMatchObject({ id: begun.intent.id })
})

describe('the page and the keeper', () => {
  it('hands an export over by its claim and id, and asks how it stands', async () => {
    const console = await startConsole(cluster.kubeconfig, { keeper: { mode: 'own', namespace: 'harvester-system', own: ownExportsInMemory(), pace: PACE } })
    ending.push(() => console.app.stop())
    const id = (await (await fetch(`${console.url}/console/clusters`)).json() as { clusters: { id: string, default: boolean }[] }).clusters.find(each => each.default)?.id
    const post = (body: object) => fetch(`${console.url}/guard/keeper/jobs`, { method: 'POST', headers: { 'content-type': 'application/json', 'origin': console.url }, body: JSON.stringify(body) })
    const begun = await begin('production', 'win-ad-01', 'Always')
    const task = { cluster: id, namespace: begun.at.namespace, claim: begun.at.name, id: begun.intent.id }
    expect((await post({ ...task, cluster: 'none' })).status).toBe(404)
    expect((await post({ ...task, namespace: '../..' })).status).toBe(400)
    expect((await post({ ...task, id: 'another1' })).status).toBe(409)
    expect((await post({ ...task, claim: 'nosuch' })).status).toBe(404)
    expect((await post(task)).status).toBe(202)
    const report = await (await fetch(`${console.url}/guard/keeper?cluster=${id}`)).json() as KeeperReport
    expect(report).toMatchObject({ word: 'own', version: expect.stringMatching(/^\d/) as string })
    await until(isOff(begun), 'the end')
    expect(await endOf(begun)).toEqual(exported(begun, 'Always'))
  })
})
