// The real kube-apiserver of e2e/cluster.
//   npm run test:apiserver [-- --require]      contract, kubectl and browser tests on it, and beside them a sample of `npm run test:control-plane`
//   npm run test:apiserver -- --leave-planes   without Harvester's own control plane
//   npm run test:apiserver -- flows [TEST …]   its browser tests alone, or those that Playwright finds by these words
//   node scripts/apiserver.mjs up DIR [--port N]   one to try things on, in the background, with our kinds
//   node scripts/apiserver.mjs live DIR            lets the demonstration live in it, until Ctrl-C
//   node scripts/apiserver.mjs down DIR            ends it
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runnerImport } from 'vite'
import { ensureGo } from './go.mjs'
import { beside, closeWith, root, runTier, say } from './tiers.mjs'

const load = async path => (await runnerImport(`/${path}`, { root, configFile: false, logLevel: 'error' })).module
const { binaryPath, buildBinary, isBuilt } = await load('e2e/cluster/binary.ts')
const { modulesOf, readParts } = await load('e2e/cluster/parts.ts')
const { startRealCluster, stopRealCluster } = await load('e2e/cluster/realCluster.ts')

const REPORTERS = ['--reporter=default', '--reporter=json', '--outputFile.json={report}']
const BROWSER_PORT = 8760
const PLANE_MODULES = modulesOf(readParts('kubevirt,harvester,longhorn'))
/** By far the most of the time, and the same pages whatever cluster is behind them: `npm test` has axe look at them. */
const LEFT_TO_NPM_TEST = 'accessibility'

/** Why the tier cannot run; undefined when the binary is there or can be built. */
function whyNot(go) {
  return go.path || existsSync(binaryPath('kube')) ? undefined : 'no Go on this machine, which the real API server is built with'
}

/** The embedded cluster without seed and controllers: what its API does by itself. Its kubeconfig is written into the folder. */
async function startBareCluster(folder) {
  const { startEmbeddedCluster } = await load('server/cluster/main.ts')
  const cluster = await startEmbeddedCluster()
  const kubeconfig = join(folder, 'embedded.kubeconfig')
  writeFileSync(kubeconfig, cluster.kubeconfig, { mode: 0o600 })
  return { kubeconfig, stop: cluster.stop }
}

async function furnish(kubeconfig, embedded) {
  const { copyKinds } = await load('e2e/cluster/kinds.ts')
  const { Api } = await load('e2e/api.ts')
  const { contextsOf, readAccess } = await load('e2e/kubeconfig.ts')
  const [from, to] = [embedded, kubeconfig].map(file => new Api(readAccess(file, contextsOf(file)[0])))
  const made = await copyKinds(from, to)
  await Promise.all([from.close(), to.close()])
  return made
}

async function up({ folder, port }) {
  const binary = buildBinary('kube', (await ensureGo()).path, console.log)
  const { kubeconfig, server } = await startRealCluster({ folder, binary, port: port && Number(port), tied: false })
  const bare = await startBareCluster(folder)
  const made = await furnish(kubeconfig, bare.kubeconfig)
  await bare.stop()
  console.log(`${server} is ready, with ${made} kinds, roles and namespaces of ours\nKUBECONFIG=${kubeconfig}\nkubectl: ${binary} kubectl`)
  process.exit()
}

async function live({ folder }) {
  const { liveElsewhere } = await load('server/cluster/elsewhere.ts')
  const life = await liveElsewhere({ folder, log: console.log })
  console.log(`The demonstration lives there now; Ctrl-C ends it. A console may ask its mirror with --allow-mirror ${new URL(life.mirror).host}`)
  const end = () => life.stop().then(() => process.exit(0))
  process.on('SIGINT', end).on('SIGTERM', end)
}

/** The browser tests, on a console that is logged in to the real API server in which the demonstration lives. */
async function runBrowserTier(folder, kubeconfig, tests = [`flows/(?!${LEFT_TO_NPM_TEST})`]) {
  const { findChromium } = await import('./chromium.mjs')
  const chromium = await findChromium()
  const tier = { name: 'browser on the real API server', command: 'npx', args: ['playwright', 'test', ...tests], reader: 'playwright' }
  if (!chromium)
    return runTier({ ...tier, skip: 'no Chromium on this machine, and none could be installed' })
  const { liveElsewhere } = await load('server/cluster/elsewhere.ts')
  const { OwnConsole } = await load('e2e/embedded.ts')
  const { logIn } = await load('e2e/cluster/login.ts')
  const life = await liveElsewhere({ folder })
  say(`\nflows/${LEFT_TO_NPM_TEST}: on the embedded cluster by npm test; here by npm run test:apiserver -- flows ${LEFT_TO_NPM_TEST}`)
  const own = new OwnConsole(BROWSER_PORT, ['--kubeconfig', kubeconfig, '--allow-mirror', new URL(life.mirror).host])
  try {
    await own.start()
    const environment = { CHROMIUM_PATH: chromium.path, GUARDRAILS_KUBECONFIG: kubeconfig, GUARDRAILS_CLUSTER: 'real', GUARDRAILS_PORT: String(BROWSER_PORT), GUARDRAILS_SESSION: await logIn(own) }
    return await runTier({ ...tier, environment })
  }
  finally {
    await own.remove()
    await life.stop()
  }
}

async function runServerTiers({ binary, kubeconfig, etcd, bare }) {
  return [
    await runTier({
      name: 'contract on the real API server', command: 'npm', args: ['run', '--silent', 'contract', '--', ...REPORTERS], reader: 'vitest',
      environment: { CONTRACT_KUBECONFIG: kubeconfig, CONTRACT_FORGET: `${binary} compact ${etcd}` },
    }),
    await runTier({
      name: 'kubectl and upstream\'s definitions on both', command: 'npx', args: ['vitest', 'run', '-c', 'e2e/cluster/vitest.config.ts', ...REPORTERS], reader: 'vitest',
      environment: { KUBE_BINARY: binary, REAL_KUBECONFIG: kubeconfig, EMBEDDED_KUBECONFIG: bare.kubeconfig },
    }),
  ]
}

/** Harvester's own control plane; what takes too long is left to the whole of its own command, and that says so. */
function runControlPlane(go, require) {
  const isThere = go.path || PLANE_MODULES.every(isBuilt)
  return runTier({
    name: 'Harvester\'s own control plane', command: 'node', args: ['scripts/cluster.mjs', 'test', '--sample', '--built', ...require ? ['--require'] : []], reader: 'tiers', environment: go.environment,
    ...isThere ? {} : { skip: 'no Go on this machine, which it is built with' },
  })
}

/** Contract, kubectl and browser on Kubernetes alone. */
async function runOnKubernetes({ binary, flows }) {
  const folder = mkdtempSync(join(tmpdir(), 'guardrails-apiserver-'))
  try {
    const { kubeconfig, etcd } = await startRealCluster({ folder, binary, tied: true })
    const bare = await startBareCluster(folder)
    say(`${await furnish(kubeconfig, bare.kubeconfig)} kinds, roles and namespaces of ours were taken by the real API server`)
    const results = flows ? [] : await runServerTiers({ binary, kubeconfig, etcd, bare })
    await bare.stop()
    return [...results, await runBrowserTier(folder, kubeconfig, flows)]
  }
  finally {
    await stopRealCluster(folder)
    rmSync(folder, { recursive: true, force: true })
  }
}

async function test({ require, flows, 'leave-planes': leavePlanes }) {
  const go = await ensureGo({ install: require })
  const skip = whyNot(go)
  if (skip)
    return closeWith([await runTier({ name: 'real API server', skip })], { require })
  const withPlanes = !leavePlanes && !flows
  const binary = buildBinary('kube', go.path, console.log)
  // A compiler beside them would make tests wait: all is built before the first.
  if (withPlanes && go.path)
    PLANE_MODULES.forEach(module => buildBinary(module, go.path, console.log))
  const built = await runTier({ name: 'build', command: 'npm', args: ['run', '--silent', 'build'] })
  if (leavePlanes)
    console.log('\nHarvester\'s own control plane is left to a run of its own: npm run test:control-plane')
  const lanes = await beside({
    Kubernetes: () => runOnKubernetes({ binary, flows }),
    ...withPlanes && { planes: async () => [await runControlPlane(go, require)] },
  })
  return closeWith([built, ...lanes.flat()], { require })
}

const commands = { test, up, live, flows: test, down: ({ folder }) => stopRealCluster(folder) }
const { positionals: [command = 'test', ...words], values } = parseArgs({
  allowPositionals: true,
  options: { 'port': { type: 'string' }, 'require': { type: 'boolean', default: false }, 'leave-planes': { type: 'boolean', default: false } },
})
const [folder] = words
if (!commands[command] || (!folder && !['test', 'flows'].includes(command))) {
  console.error('usage: node scripts/apiserver.mjs [test [--require] | flows [TEST …] | up DIR [--port N] | live DIR | down DIR]')
  process.exit(2)
}
process.exitCode = await commands[command]({ folder, ...command === 'flows' && { flows: words }, ...values })
