// A Go for a machine that has none, from where Go itself has its toolchains: the module golang.org/toolchain.
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

const VERSION = 'v0.0.1-go1.24.13'
/** The SHA-256 of the module's zip, for each platform that we have looked at. */
const SUMS = {
  'linux-amd64': 'd2b048367a3d1a748b87f756fa06df12ce3b419e1d5f2a3612acb8950d615f9f',
}
const PATIENCE = 600_000

const platform = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`
const name = `golang.org/toolchain@${VERSION}.${platform}`
/** Beside the API server's binary (e2e/cluster/binary.ts), outside the tree. */
const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'harvester-guardrails', `${VERSION.replace(/^.*-/, '')}.${platform}`)

/** Where the fetched Go is, or will be. */
export const toolchainPath = join(folder, 'bin', 'go')

/** The module proxies that Go would ask, in its order; a proxy of files or a version control system is left to Go itself. */
function proxies() {
  const listed = (process.env.GOPROXY || 'https://proxy.golang.org').split(/[,|]/).map(proxy => proxy.trim())
  return listed.filter(proxy => /^https?:/.test(proxy))
}

async function download(file) {
  let why = 'GOPROXY names no proxy that speaks HTTP'
  for (const proxy of proxies()) {
    const { host } = new URL(proxy)
    try {
      const answer = await fetch(`${proxy.replace(/\/$/, '')}/golang.org/toolchain/@v/${VERSION}.${platform}.zip`, { signal: AbortSignal.timeout(PATIENCE) })
      if (answer.ok)
        return await pipeline(Readable.fromWeb(answer.body), createWriteStream(file))
      why = `${host} answered ${answer.status}`
    }
    catch (error) {
      why = `${host}: ${error.cause?.message ?? error.message}`
    }
  }
  throw new Error(why)
}

async function verify(file) {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  if (hash.digest('hex') !== SUMS[platform])
    throw new Error(`${name} is not the one that we know: its SHA-256 is another`)
}

/** As Go unpacks it: a module holds no go.mod of another (they are called _go.mod) and knows no file that may be run. */
async function unpack(file, target) {
  // From node_modules, which may not be there yet when this file is read.
  const { openPromise } = await import('yauzl')
  const zip = await openPromise(file)
  for await (const entry of zip.eachEntry()) {
    if (!entry.fileName.startsWith(`${name}/`) || entry.fileName.endsWith('/'))
      continue
    const path = entry.fileName.slice(name.length + 1)
    const out = join(target, path.replace(/(^|\/)_go\.mod$/, '$1go.mod'))
    mkdirSync(dirname(out), { recursive: true })
    await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(out, { mode: /^(bin|pkg\/tool)\//.test(path) ? 0o755 : 0o644 }))
  }
}

/** Fetches the toolchain into the cache unless it is there, and answers the path of its `go`; says why and answers undefined when it cannot be had. */
export async function fetchToolchain() {
  if (existsSync(toolchainPath))
    return toolchainPath
  if (!SUMS[platform])
    return undefined
  console.log(`Fetching ${name} (80 MB) …`)
  const unfinished = `${folder}.${process.pid}`
  const file = `${unfinished}.zip`
  try {
    mkdirSync(dirname(folder), { recursive: true })
    await download(file)
    await verify(file)
    await unpack(file, unfinished)
    renameSync(unfinished, folder)
    return toolchainPath
  }
  catch (error) {
    console.error(`Go could not be fetched: ${error.message}`)
    return undefined
  }
  finally {
    rmSync(file, { force: true })
    rmSync(unfinished, { recursive: true, force: true })
  }
}
