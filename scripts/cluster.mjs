// A Harvester control plane on this machine, of upstream's own programs, with our nodes.
//   npm run cluster -- --real [--parts kubevirt,longhorn-webhook,harvester,longhorn] [--dir DIR] [--console-port N] [--pace N]
//   npm run test:races [-- --require] [--races N]    an export against a start of the same disk, N times (200), on Kubernetes and KubeVirt
//   npm run test:control-plane [-- --require] [--sample] [--record] [--parts …]    the tests on it: without parts on three planes, for
//     what needs Longhorn's own controllers, what needs them away and what needs Harvester's away; --sample plays what `npm run
//     test:apiserver` has the time for; --built takes the console and the programs as they are; --record keeps the stories' traces and
//     the answers anew
// The first time it builds four programs from upstream's modules, which takes some fifteen to twenty minutes on two cores.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { runnerImport } from 'vite'
import { ensureGo } from './go.mjs'
import { isBuilt as isConsoleBuilt } from './sources.mjs'
import { beside, closeWith, root, run, runTier, say, timeTier } from './tiers.mjs'

const load = async path => (await runnerImport(`/${path}`, { root, configFile: false, logLevel: 'error' })).module
const { modulesOf, readParts } = await load('e2e/cluster/parts.ts')
const { buildBinary, definitionsPath, isBuilt } = await load('e2e/cluster/binary.ts')
const { startRealCluster, stopRealCluster } = await load('e2e/cluster/realCluster.ts')

const CONSOLE_PORT = 8780
/** Seconds from the first program to the last, once all are built, on a machine that does nothing else; and what a busy one is allowed. */
const READY = { meant: 90, allowed: 180 }
/** Twice as fast as the nodes' side is: upstream's programs still see each state for long enough. */
const TEST_PACE = 2
const USAGE = `usage: npm run cluster -- --real [--parts kubevirt,longhorn-webhook,harvester,longhorn] [--dir DIR] [--console-port N] [--pace N]
DIR is emptied first and kept; without one it is a new folder below that of temporary files, which goes with the end.
N times faster than real time is what the nodes' side does that we play.
The embedded cluster is what npm start opens.`

/** Brings up Kubernetes, the parts and our nodes in a folder; ends with this process. Answers the kubeconfig and how to end it. */
async function bringUp({ folder, parts, pace, go, say }) {
  const modules = modulesOf(parts)
  const binaries = Object.fromEntries(modules.map(module => [module, buildBinary(module, go.path, say)]))
  const { startControlPlane } = await load('e2e/cluster/controlPlane.ts')
  const { copyKinds } = await load('e2e/cluster/kinds.ts')
  const { startEmbeddedCluster } = await load('server/cluster/main.ts')
  const { liveElsewhere } = await load('server/cluster/elsewhere.ts')
  const { Api } = await load('e2e/api.ts')
  const { contextsOf, readAccess } = await load('e2e/kubeconfig.ts')
  const { kubeconfig, server } = await startRealCluster({ folder, binary: binaries.kube, tied: true, tokens: true })
  const api = new Api(readAccess(kubeconfig, contextsOf(kubeconfig)[0]))
  const bare = await startEmbeddedCluster()
  const from = new Api({ server: bare.url, ca: bare.caPem, token: bare.users.admin.token })
  let doors
  try {
    const definitions = modules.includes('harvester') ? readFileSync(definitionsPath('harvester'), 'utf8') : ''
    doors = await startControlPlane({ folder, api, parts, binaries, definitions, furnishRest: () => copyKinds(from, api), tied: true, say })
  }
  finally {
    await Promise.all([from.close(), api.close()])
    await bare.stop()
  }
  const life = await liveElsewhere({ folder, ...doors, real: ['kubernetes', ...parts.filter(part => part !== 'longhorn-webhook')], seed: false, pace, log: say })
  return {
    kubeconfig, server, mirror: life.mirror, harvesterUrl: doors.harvesterUrl,
    stop: async () => {
      try {
        await life.stop()
      }
      finally {
        await stopRealCluster(folder)
      }
    },
  }
}

/** The console on it, which may ask the mirror of publishers. */
async function openConsole({ kubeconfig, mirror, harvesterUrl }, port) {
  const { OwnConsole } = await load('e2e/embedded.ts')
  const own = new OwnConsole(port, ['--kubeconfig', kubeconfig, '--allow-mirror', new URL(mirror).host, ...harvesterUrl ? ['--harvester-url', harvesterUrl] : []])
  await own.start()
  return own
}

/** What an operator does in the console, in Chromium; of the flows those that are named, all when none is. */
async function runBrowserTier(cluster, environment, { label, flows, port }) {
  const { findChromium } = await import('./chromium.mjs')
  const chromium = await findChromium()
  const tier = { name: `browser on ${label}`, command: 'npx', args: ['playwright', 'test', ...flows], reader: 'playwright' }
  if (!chromium)
    return runTier({ ...tier, skip: 'no Chromium on this machine, and none could be installed' })
  const { logIn } = await load('e2e/cluster/login.ts')
  const own = await openConsole(cluster, port)
  try {
    return await runTier({
      ...tier,
      environment: {
        ...environment, CHROMIUM_PATH: chromium.path, GUARDRAILS_KUBECONFIG: cluster.kubeconfig, GUARDRAILS_CLUSTER: 'real', GUARDRAILS_PORT: String(port),
        GUARDRAILS_SESSION: await logIn(own), GUARDRAILS_FLOWS: 'cluster/controlPlane/*.flow.ts',
      },
    })
  }
  finally {
    await own.remove()
  }
}

/** What a report tells of the stories; nothing where the runner left none that can be read, which its tier has said. */
function readOutcomes(file, outcomesOf) {
  try {
    return outcomesOf(JSON.parse(readFileSync(file, 'utf8')))
  }
  catch {
    return new Map()
  }
}

/** Each story on upstream's own programs and on the embedded cluster; or those that need a part, or its absence. Beside the counts what came of each. */
async function runStories(environment, { record, need, without, third }) {
  const { outcomesOf } = await load('e2e/cluster/stories/report.ts')
  const result = await runTier({
    name: `stories${need ? ` that need ${need}` : without ? ` that ${without} would disturb` : ''} on both clusters`, command: 'npm', args: ['run', '--silent', 'test:stories', '--', 'stories.spec', '--reporter=default', '--reporter=json', '--outputFile.json={report}'], reader: 'vitest',
    environment: { ...environment, ...record && { STORIES_RECORD: '1' }, ...need && { STORIES_NEED: need }, ...without && { STORIES_WITHOUT: without }, ...third !== undefined && { STORIES_THIRD: String(third) } },
  })
  return { ...result, outcomes: readOutcomes(result.report, outcomesOf) }
}

/** One line on all stories, wherever each was played. */
async function tellStories(results) {
  const { STORIES } = await load('e2e/cluster/stories/all.ts')
  const { inOneLine, together } = await load('e2e/cluster/stories/report.ts')
  say(`\n${inOneLine(STORIES.map(({ name }) => name), together(results.flatMap(({ outcomes }) => outcomes ?? [])))}`)
}

const ANSWERING = ['kubevirt', 'longhorn-webhook', 'harvester']

/** Upstream's answers and the embedded cluster's, beside those that are recorded. */
function runAnswers(parts, environment, record) {
  const missing = ANSWERING.filter(part => !parts.includes(part))
  return runTier({
    name: 'answers on both', command: 'npm', args: ['run', '--silent', 'answers', '--', '--reporter=default', '--reporter=json', '--outputFile.json={report}'], reader: 'vitest',
    environment: { ...environment, ...(record ? { ANSWERS_RECORD: 'yes' } : {}) }, ...(missing.length ? { skip: `without ${missing.join(' and ')}` } : {}),
  })
}

async function show({ parts: named, dir, 'console-port': port, pace }) {
  const parts = readParts(named)
  if (!isConsoleBuilt() && await run('npm', ['run', '--silent', 'build']) !== 0)
    process.exit(1)
  const go = await ensureGo()
  const folder = resolve(dir ?? mkdtempSync(join(tmpdir(), 'guardrails-real-')))
  const cluster = await bringUp({ folder, parts, pace: Number(pace), go, say: console.log })
  const own = await openConsole(cluster, Number(port ?? CONSOLE_PORT))
  console.log(`\n${own.output.trim()}\n\nKUBECONFIG=${cluster.kubeconfig}\nkubectl: ${buildBinary('kube')} kubectl\nlogs: ${folder}\nmirror of publishers: ${cluster.mirror}\nCtrl-C ends it all.`)
  let ending = false
  const end = async () => {
    if (ending)
      return
    ending = true
    await own.remove()
    await cluster.stop()
    if (dir === undefined)
      rmSync(folder, { recursive: true, force: true })
    process.exit(0)
  }
  process.on('SIGINT', end).on('SIGTERM', end)
}

/**
 * The planes that it takes to show everything: Longhorn's own controllers lose copies as they do, and have no engines that a volume
 * could be exported from; and Harvester's hold for ever what KubeVirt alone lets go. On the others only what is theirs is tried. A
 * sample has the flows that need KubeVirt alone on its own plane, which stands beside another: each has a port for its console.
 */
const PLANES = [
  { label: 'the real control plane', port: CONSOLE_PORT + 1, parts: readParts(undefined), specs: ['controlPlane/', 'manifests/'], flows: [], sample: { specs: ['firstSteps', 'manifests/'], flows: ['mainJob', 'kubectl', 'twoConsoles'] } },
  { label: 'the real control plane with Longhorn\'s own controllers', port: CONSOLE_PORT + 3, parts: readParts('kubevirt,harvester,longhorn'), specs: ['firstSteps', 'disaster'], flows: ['disaster'], need: 'longhorn', sample: { specs: [], flows: ['disaster'] } },
  { label: 'KubeVirt\'s own control plane', port: CONSOLE_PORT + 5, parts: readParts('kubevirt'), specs: ['races/'], without: 'harvester', sample: { specs: ['races/'], flows: ['exports', 'restarts'] } },
]

const DAY_MS = 86_400_000

/** Which third of the stories that are KubeVirt's alone a sample plays: another each day. Says what is left out. */
function thirdOf(day) {
  const third = Math.floor(day / DAY_MS) % 3
  say(`\nA sample: of the stories that no part of Harvester decides one third, today number ${third + 1} of 3; restarts and the loss of all copies in the browser alone, and exports and restarts there beside Harvester's played controllers. The whole of it: npm run test:control-plane`)
  return third
}

/** Brings a control plane up in a folder of its own, does something on it, and ends it, whatever comes of that. Answers what `does` answers. */
async function onControlPlane({ parts, go }, does) {
  const folder = mkdtempSync(join(tmpdir(), 'guardrails-control-plane-'))
  let cluster
  try {
    cluster = await bringUp({ folder, parts, pace: TEST_PACE, go, say })
    return await does(cluster, { REAL_KUBECONFIG: cluster.kubeconfig, REAL_MIRROR: cluster.mirror, REAL_PARTS: parts.join(), REAL_FOLDER: folder })
  }
  finally {
    await (cluster ? cluster.stop() : stopRealCluster(folder))
    rmSync(folder, { recursive: true, force: true })
  }
}

function runSpecs(environment, { label, specs }) {
  return runTier({
    name: `${specs.map(spec => spec.replace('/', '')).join(', ')} on ${label}`, command: 'npx', reader: 'vitest', environment,
    args: ['vitest', 'run', '-c', 'e2e/cluster/controlPlane.config.ts', ...specs, '--reporter=default', '--reporter=json', '--outputFile.json={report}'],
  })
}

/** Plays on a plane; of a sample the third that is named. Answers the results. */
function testOn(plane, { go, record, third }) {
  const { label, parts, port } = plane
  const { specs, flows } = third === undefined ? plane : plane.sample
  const from = Date.now()
  return onControlPlane({ parts, go }, async (cluster, environment) => {
    const results = [timeTier({ name: `${label} is ready`, seconds: Math.round((Date.now() - from) / 1000), ...READY })]
    if (specs.length)
      results.push(await runSpecs(environment, { label, specs }))
    if (parts.includes('kubevirt'))
      results.push(await runStories(environment, { record, need: plane.need, without: plane.without, third: plane.need || plane.without ? undefined : third }))
    if (!plane.need && !plane.without)
      results.push(await runAnswers(parts, environment, record))
    if (flows)
      results.push(await runBrowserTier(cluster, environment, { label, flows, port }))
    return results
  })
}

/** On Longhorn's webhook, of which a machine has one at a time, the planes are each other's; KubeVirt's alone is beside the second. */
async function testOnAll([first, longhorn, kubevirt], how) {
  const results = await testOn(first, how)
  if (!longhorn)
    return results
  const lanes = await beside({ 'with Longhorn': () => testOn(longhorn, how), 'KubeVirt': () => testOn(kubevirt, how) })
  return [...results, ...lanes.flat()]
}

async function test({ require, sample, built, record, parts: named }) {
  const planes = named === undefined ? PLANES : [{ ...PLANES[0], parts: readParts(named) }]
  const modules = [...new Set(planes.flatMap(({ parts }) => modulesOf(parts)))]
  const go = await ensureGo({ install: require })
  if (!go.path && !modules.every(isBuilt))
    return closeWith([await runTier({ name: PLANES[0].label, skip: 'no Go on this machine, which it is built with' })], { require })
  const results = built ? [] : [await runTier({ name: 'build', command: 'npm', args: ['run', '--silent', 'build'] })]
  modules.forEach(module => buildBinary(module, go.path, say))
  const third = sample ? thirdOf(Date.now()) : undefined
  results.push(...await testOnAll(planes, { go, record, third }))
  await tellStories(results)
  return closeWith(results, { require })
}

/** Exports and starts that race for disks, on Kubernetes and KubeVirt alone: what of Harvester they meet is played. */
async function race({ require, races }) {
  const parts = readParts('kubevirt')
  const go = await ensureGo({ install: require })
  const name = `${races} races of an export against a start`
  if (!go.path && !modulesOf(parts).every(isBuilt))
    return closeWith([await runTier({ name, skip: 'no Go on this machine, which the control plane is built with' })], { require })
  const built = await runTier({ name: 'build', command: 'npm', args: ['run', '--silent', 'build'] })
  const raced = await onControlPlane({ parts, go }, (_cluster, environment) => runTier({
    name, command: 'npx', reader: 'vitest', environment: { ...environment, RACES: races },
    args: ['vitest', 'run', '-c', 'e2e/cluster/controlPlane.config.ts', 'e2e/cluster/races', '--reporter=default', '--reporter=json', '--outputFile.json={report}'],
  }))
  return closeWith([built, raced], { require })
}

const { positionals: [command = 'show'], values } = parseArgs({
  allowPositionals: true,
  options: { 'real': { type: 'boolean', default: false }, 'parts': { type: 'string' }, 'dir': { type: 'string' }, 'console-port': { type: 'string' }, 'pace': { type: 'string', default: '1' }, 'require': { type: 'boolean', default: false }, 'sample': { type: 'boolean', default: false }, 'built': { type: 'boolean', default: false }, 'record': { type: 'boolean', default: false }, 'races': { type: 'string', default: '200' } },
})
if (command === 'test')
  process.exitCode = await test(values)
else if (command === 'races')
  process.exitCode = await race(values)
else if (command === 'show' && values.real)
  await show(values)
else {
  console.error(USAGE)
  process.exitCode = 2
}
