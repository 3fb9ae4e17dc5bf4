// How well and how fast judgeImageUrl reads labelled URLs.
// npm run bench:urls -- FILE.tsv [--confidence high]   columns: url, label, publisher, os, reason, source, confidence
// `unusable` counts as unknown; `unknown` on a mutable row is a miss. The last line is JSON.
// Speed: the judgement is bundled as the console and the server carry it, warmed up for a second, then timed over
// windows of 0.2 s. Counted is the time that this process had a core, not the clock; the fastest window is the figure,
// for it was disturbed least and is nearest to an idle core. The median and the figure by the clock stand beside it.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'vite'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { confidence: { type: 'string' } } })
const [file] = positionals
if (!file) {
  console.error('Name a file of labelled URLs: npm run bench:urls -- FILE.tsv [--confidence high]')
  process.exit(2)
}

const root = fileURLToPath(new URL('..', import.meta.url))
const bundle = await build({ root, configFile: false, logLevel: 'error', build: { ssr: 'pkg/images/imageUrl.ts', write: false, target: 'node20' } })
const { judgeImageUrl } = await import(`data:text/javascript,${encodeURIComponent(bundle.output[0].code)}`)

const [header = '', ...lines] = readFileSync(file, 'utf8').split(/\r?\n/).filter(Boolean)
const columns = header.split('\t')
const accepted = new Set((values.confidence ?? 'high,medium').split(','))
const rows = lines
  .map(line => Object.fromEntries(line.split('\t').map((value, index) => [columns[index], value])))
  .filter(row => !row.confidence || accepted.has(row.confidence))

const words = ['mutable', 'pinned', 'unknown']
const counts = Object.fromEntries(words.map(label => [label, Object.fromEntries(words.map(said => [said, 0]))]))
for (const row of rows) {
  const judgement = judgeImageUrl(row.url)
  const said = judgement.verdict === 'unusable' ? 'unknown' : judgement.verdict
  counts[row.label][said]++
  if (said !== row.label)
    console.log(`${row.label} called ${judgement.verdict} (${row.confidence})\t${row.url}\t${JSON.stringify(judgement.reasons[0])}`)
}

function figures(word) {
  const said = words.reduce((sum, label) => sum + counts[label][word], 0)
  const are = words.reduce((sum, other) => sum + counts[word][other], 0)
  const round = value => Math.round(value * 10_000) / 10_000
  return { precision: said ? round(counts[word][word] / said) : 1, recall: are ? round(counts[word][word] / are) : 1 }
}

/** Judges all rows again and again for so many milliseconds; gives judgements per second of the core and of the clock. */
function timed(milliseconds) {
  const [cores, begin] = [process.cpuUsage(), performance.now()]
  let judged = 0
  while (performance.now() - begin < milliseconds) {
    for (const row of rows)
      judgeImageUrl(row.url)
    judged += rows.length
  }
  const { user, system } = process.cpuUsage(cores)
  return { ofTheCore: judged / (user + system) * 1e6, byTheClock: judged / (performance.now() - begin) * 1000 }
}

function median(numbers) {
  return Math.round(numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)])
}

function urlsPerSecond() {
  timed(1000)
  const windows = Array.from({ length: 15 }, () => timed(200))
  const ofTheCore = windows.map(window => window.ofTheCore)
  const fastest = Math.round(Math.max(...ofTheCore))
  console.log(`\nper second of a core: ${fastest} in the fastest of ${windows.length} windows, ${median(ofTheCore)} in the median; ${median(windows.map(window => window.byTheClock))} by the clock`)
  return fastest
}

console.log(`\n${'label'.padEnd(10)}${words.map(word => `said ${word}`.padStart(14)).join('')}`)
for (const label of words)
  console.log(label.padEnd(10) + words.map(said => String(counts[label][said]).padStart(14)).join(''))
const speed = rows.length ? urlsPerSecond() : 0
console.log(JSON.stringify({ rows: rows.length, mutable: figures('mutable'), pinned: figures('pinned'), mutableCalledPinned: counts.mutable.pinned, urlsPerSecond: speed }))
