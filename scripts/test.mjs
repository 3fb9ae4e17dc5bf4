// `npm test`: everything that runs on a machine with Node and a browser, from a fresh clone.
// `npm test -- --require`: a tier that cannot run is a failure.
import { parseArgs } from 'node:util'
import { installIfMissing } from './install.mjs'
import { closeWith, runTier } from './tiers.mjs'

const { require } = parseArgs({ options: { require: { type: 'boolean', default: false } } }).values
await installIfMissing()
const { findChromium } = await import('./chromium.mjs')
const chromium = await findChromium()
console.log(chromium ? `Chromium: ${chromium.path} (${chromium.from})` : 'Chromium: none found; set CHROMIUM_PATH to one')

const browser = chromium ? { CHROMIUM_PATH: chromium.path } : {}
const noBrowser = chromium ? undefined : 'no Chromium on this machine, and none could be installed'

const tiers = [
  { name: 'lint', command: 'npx', args: ['eslint', '.'] },
  { name: 'types', command: 'npx', args: ['vue-tsc'] },
  { name: 'floors', command: 'npm', args: ['run', '--silent', 'floors'] },
  { name: 'dead code', command: 'npx', args: ['knip'] },
  { name: 'unit', command: 'npx', args: ['vitest', 'run', '--reporter=default', '--reporter=json', '--outputFile.json={report}'], reader: 'vitest' },
  { name: 'a server that is killed at every step of an export', command: 'npm', args: ['run', '--silent', 'test:kills', '--', '--reporter=default', '--reporter=json', '--outputFile.json={report}'], environment: { KILLS: 'some' }, reader: 'vitest' },
  { name: 'build', command: 'npm', args: ['run', '--silent', 'build'] },
  { name: 'size', command: 'npm', args: ['run', '--silent', 'size'] },
  { name: 'contract on the embedded cluster', command: 'npm', args: ['run', '--silent', 'contract', '--', '--reporter=default', '--reporter=json', '--outputFile.json={report}'], reader: 'vitest' },
  { name: 'stories on the embedded cluster', command: 'npm', args: ['run', '--silent', 'test:stories', '--', '--reporter=default', '--reporter=json', '--outputFile.json={report}'], reader: 'vitest' },
  { name: 'answers on the embedded cluster', command: 'npm', args: ['run', '--silent', 'answers', '--', '--reporter=default', '--reporter=json', '--outputFile.json={report}'], reader: 'vitest' },
  { name: 'browser on the embedded cluster', command: 'npx', args: ['playwright', 'test'], environment: browser, reader: 'playwright', skip: noBrowser },
]

const results = []
for (const tier of tiers)
  results.push(await runTier(tier))
process.exitCode = closeWith(results, { require })
