// How well and how fast judgeImageUrl reads labelled URLs.
// npm run bench:urls -- FILE.tsv [--confidence high]   columns: url, label, publisher, os, reason, source, confidence
// `unusable` counts as unknown; `unknown` on a mutable row is a miss. The last line is JSON.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runnerImport } from 'vite'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { confidence: { type: 'string' } } })
const [file] = positionals
if (!file) {
  console.error('Name a file of labelled URLs: npm run bench:urls -- FILE.tsv [--confidence high]')
  process.exit(2)
}

const root = fileURLToPath(new URL('..', import.meta.url))
const { module } = await runnerImport(`${root}pkg/images/imageUrl.ts`, { root, configFile: false, logLevel: 'error' })
const { judgeImageUrl } = module

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

function urlsPerSecond() {
  const begin = performance.now()
  let judged = 0
  while (performance.now() - begin < 1000) {
    for (const row of rows)
      judgeImageUrl(row.url)
    judged += rows.length
  }
  return Math.round(judged / (performance.now() - begin) * 1000)
}

console.log(`\n${'label'.padEnd(10)}${words.map(word => `said ${word}`.padStart(14)).join('')}`)
for (const label of words)
  console.log(label.padEnd(10) + words.map(said => String(counts[label][said]).padStart(14)).join(''))
console.log(JSON.stringify({ rows: rows.length, mutable: figures('mutable'), pinned: figures('pinned'), mutableCalledPinned: counts.mutable.pinned, urlsPerSecond: rows.length ? urlsPerSecond() : 0 }))
