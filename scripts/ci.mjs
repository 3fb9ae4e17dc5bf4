// `.ci/run`: `npm test`, then the tier on the real API server. A tier left out is a failure in both. Harvester's own control plane,
// which `npm run test:apiserver` plays beside it, is not among them before it has been seen green as a whole on a quiet machine.
import { installIfMissing } from './install.mjs'
import { ensureGo } from './go.mjs'
import { run } from './tiers.mjs'

await installIfMissing()
const first = await run('npm', ['test', '--', '--require'])
const go = await ensureGo()
const second = await run('npm', ['run', '--silent', 'test:apiserver', '--', '--require', '--leave-planes'], go.environment)
process.exitCode = first || second
