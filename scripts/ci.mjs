// `.ci/run`: `npm test`, then the tier on the real API server. A tier left out is a failure in both. Harvester's own control plane,
// which `npm run test:apiserver` plays beside it, is not among them: it has been seen green as a whole, but not yet twice in a row.
import { installIfMissing } from './install.mjs'
import { ensureGo } from './go.mjs'
import { closeWith, runTier } from './tiers.mjs'

await installIfMissing()
const first = await runTier({ name: 'npm test', command: 'npm', args: ['test', '--', '--require'], reader: 'tiers' })
const go = await ensureGo()
const second = await runTier({ name: 'test:apiserver', command: 'npm', args: ['run', '--silent', 'test:apiserver', '--', '--require', '--leave-planes'], environment: go.environment, reader: 'tiers' })
// What failed in the first stands a long way above the end of the second: both are told once more.
process.exitCode = closeWith([first, second])
