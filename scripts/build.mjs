// `npm run build`: the console and the server, into dist, with the stamp by which `npm start` knows of which sources they are.
import { removeStamp, sourceHash, writeStamp } from './sources.mjs'
import { run } from './tiers.mjs'

removeStamp()
const hash = sourceHash()
const code = await run('npx', ['vite', 'build']) || await run('npx', ['vite', 'build', '--ssr', 'server/main.ts'])
if (code === 0)
  writeStamp(hash)
process.exitCode = code
