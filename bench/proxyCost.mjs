// What the proxy costs against a direct connection: latency of small reads, throughput of pages, delay of events.
import { Agent, fetch } from 'undici'

const SMALL = 400
const WAYS = ['direct', 'proxy']

function quantile(values, at) {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))]
}

async function latency({ url, headers }, dispatcher) {
  const begun = performance.now()
  const answer = await fetch(`${url}/apis/longhorn.io/v1beta2/volumes?limit=1`, { headers, dispatcher })
  await answer.arrayBuffer()
  return performance.now() - begun
}

async function throughput({ url, headers }, dispatcher) {
  const begun = performance.now()
  let bytes = 0
  for (let token = ''; ;) {
    const answer = await fetch(`${url}/apis/longhorn.io/v1beta2/volumes?limit=500${token}`, { headers, dispatcher })
    const body = Buffer.from(await answer.arrayBuffer())
    bytes += body.length
    const next = /"continue":"([^"]+)"/.exec(body.subarray(0, 400).toString())?.[1]
    if (!next)
      return bytes / 1e6 / ((performance.now() - begun) / 1000)
    token = `&continue=${next}`
  }
}

async function eventDelays({ url, headers }, dispatcher, signal) {
  const answer = await fetch(`${url}/apis/longhorn.io/v1beta2/volumes?watch=1&resourceVersion=1`, { headers, dispatcher, signal })
  const delays = []
  const reading = (async () => {
    for await (const chunk of answer.body) {
      for (const [, at] of Buffer.from(chunk).toString('latin1').matchAll(/bench\.guardrails\/at":"(\d+)"/g))
        delays.push(Date.now() - Number(at))
    }
  })().catch(() => undefined)
  return { delays, reading }
}

/** Measures both ways in turn, so that the machine's mood is shared. `ways` is `{ direct, proxy }`, each `{ url, headers }`. */
export async function measureProxy(ways, emit) {
  const dispatcher = new Agent({ connections: 4, keepAliveTimeout: 60_000 })
  const times = { direct: [], proxy: [] }
  for (let turn = 0; turn < SMALL; turn++) {
    for (const way of WAYS)
      times[way].push(await latency(ways[way], dispatcher))
  }
  const rates = { direct: [], proxy: [] }
  for (let turn = 0; turn < 3; turn++) {
    for (const way of WAYS)
      rates[way].push(await throughput(ways[way], dispatcher))
  }
  const abort = new AbortController()
  const heard = {}
  for (const way of WAYS)
    heard[way] = await eventDelays(ways[way], dispatcher, abort.signal)
  await emit(200, 5)
  abort.abort()
  await Promise.all(WAYS.map(way => heard[way].reading))
  await dispatcher.close()
  return Object.fromEntries(WAYS.map(way => [way, {
    latencyP50: quantile(times[way], 0.5), latencyP99: quantile(times[way], 0.99), megabytesPerSecond: quantile(rates[way], 0.5), eventDelayP50: quantile(heard[way].delays, 0.5), eventDelayP99: quantile(heard[way].delays, 0.99), events: heard[way].delays.length,
  }]))
}
