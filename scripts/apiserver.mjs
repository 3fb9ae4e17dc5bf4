// The real kube-apiserver of e2e/cluster by hand:  node scripts/apiserver.mjs up DIR [--port N] | down DIR
import { parseArgs } from 'node:util'
import { runnerImport } from 'vite'
import { ensureGo } from './go.mjs'

const { positionals: [command = 'test', folder], values: { port } } = parseArgs({
  allowPositionals: true,
  options: { port: { type: 'string' } },
})
const load = async name => (await runnerImport(`/e2e/cluster/${name}.ts`, { configFile: false, logLevel: 'error' })).module
const { buildBinary } = await load('binary')
const { startRealCluster, stopRealCluster } = await load('realCluster')

async function up() {
  const go = ensureGo()
  const binary = buildBinary(go.path, console.log)
  const { kubeconfig, server } = await startRealCluster({ folder, binary, port: port && Number(port), tied: false })
  console.log(`${server} is ready. KUBECONFIG=${kubeconfig}, kubectl: ${binary} kubectl --kubeconfig ${kubeconfig}`)
}

const commands = { up, down: () => stopRealCluster(folder) }
if (!folder || !commands[command]) {
  console.error('usage: node scripts/apiserver.mjs up DIR [--port N] | down DIR')
  process.exit(2)
}
await commands[command]()
