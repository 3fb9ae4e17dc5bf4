// `npm run build`: the console and the server, into dist, with the stamp by which `npm start` knows of which sources they are.
import { removeStamp, sourceHash, writeStamp } from './sources.mjs'
import { run } from './tiers.mjs'

removeStamp()
const hash = sourceHash()
// Whoever builds may itself run in development, as a script does that Vite has loaded modules for.
const production = { NODE_ENV: 'production' }
const code = await run('npx', ['vite', 'build'], production) || await run('npx', ['vite', 'build', '--ssr', 'server/main.ts'], production)
if (code === 0)
  writeStamp(hash)
process.exitCode = code
