// `.ci/run`: `npm test`, then the tier on the real API server. A tier left out is a failure in both.
import { installIfMissing } from './install.mjs'
import { ensureGo } from './go.mjs'
import { run } from './tiers.mjs'

await installIfMissing()
const first = await run('npm', ['test', '--', '--require'])
const go = await ensureGo()
const second = await run('npm', ['run', '--silent', 'test:apiserver', '--', '--require'], go.environment)
process.exitCode = first || second
