// Stories of VMs and images, played on a cluster and laid beside their records.
//   npm run stories -- [WORD …]                 those whose names have one of the words, all without any, on the embedded cluster
//   npm run stories -- --real KUBECONFIG …      on a control plane that `npm run cluster -- --real` has brought up
//     --parts A,B    leaves out those that these parts, which are really there, cannot play
//     --record       keeps what is seen there as the record; without --real, what the embedded cluster does otherwise
//     --times N   plays each so often, each play beside the first
//     --atonce N     plays so many beside each other (5)        --print     prints the traces
//     --pace N       of the embedded cluster
import { parseArgs } from 'node:util'
import { runnerImport } from 'vite'
import { root } from './tiers.mjs'

const load = async path => (await runnerImport(`/${path}`, { root, configFile: false, logLevel: 'error' })).module
const { STORIES } = await load('e2e/cluster/stories/all.ts')
const { Theatre, eachOf } = await load('e2e/cluster/stories/play.ts')
const { describe, differencesOf } = await load('e2e/cluster/stories/comparison.ts')
const { isPlayedBy } = await load('e2e/cluster/stories/story.ts')
const { readExpected, readRecord, writeRecord } = await load('e2e/cluster/stories/records.ts')
const { startEmbedded } = await load('e2e/cluster/stories/embedded.ts')

const { positionals: words, values } = parseArgs({
  allowPositionals: true,
  options: { real: { type: 'string' }, parts: { type: 'string' }, record: { type: 'boolean', default: false }, times: { type: 'string', default: '1' }, pace: { type: 'string', default: '4' }, atonce: { type: 'string', default: '5' }, print: { type: 'boolean', default: false } },
})

if (values.real && values.record)
  await (await load('e2e/cluster/demandUpstream.ts')).demandUpstream(values.real)
const side = values.real ? 'upstream' : 'embedded'
// What the embedded cluster does as upstream has upstream's record alone.
const named = STORIES.filter(({ name, otherwise }) => (otherwise || values.real || !values.record) && (words.length === 0 || words.some(word => name.toLowerCase().includes(word.toLowerCase()))))
const parts = values.parts?.split(',')
const chosen = named.filter(story => !parts || isPlayedBy(parts, story))
const own = values.real ? undefined : await startEmbedded({ pace: Number(values.pace), log: console.error })
for (const { name } of named.filter(story => !chosen.includes(story)))
  console.log(`- ${name}: not played with ${values.parts}`)
const theatre = new Theatre(values.real ?? own.kubeconfig)
const plays = chosen.flatMap(story => Array.from({ length: Number(values.times) }, (_none, time) => ({ story, time })))
const firsts = new Map()
const different = new Set()
const compared = new Set()
const playAndTell = async ({ story, time }) => {
  const from = Date.now()
  try {
    const trace = await theatre.play(story)
    const before = time === 0 ? undefined : await firsts.get(story.name)
    if (time === 0)
      firsts.set(story.name, trace)
    if (time === 0 && values.record)
      writeRecord(story, trace, side)
    const reference = values.record ? before : values.real ? readRecord(story) : readExpected(story)
    // Beside itself, where there is nothing else, it still must not show what none may.
    const differences = differencesOf(reference ?? trace, trace)
    if (reference)
      compared.add(story.name)
    if (differences.length > 0)
      different.add(story.name)
    console.log(`${differences.length ? '✗' : reference ? '✓' : '·'} ${story.name} (${((Date.now() - from) / 1000).toFixed(1)} s)${differences.length ? `\n${describe(differences, ['record', 'played'])}` : ''}`)
    if (values.print)
      console.log(trace.answers.map(one => JSON.stringify(one)).join('\n'), '\n' + trace.changes.map(one => JSON.stringify(one)).join('\n'))
  }
  catch (error) {
    different.add(story.name)
    console.log(`✗ ${error.message}`)
  }
}
await eachOf(plays.filter(({ story }) => !story.alone), Number(values.atonce), playAndTell)
await eachOf(plays.filter(({ story }) => story.alone), 1, playAndTell)
const equal = [...compared].filter(name => !different.has(name))
const alone = chosen.length - equal.length - different.size
console.log(`\nstories: ${chosen.length} played, ${equal.length} equal, ${different.size} different${alone ? `, ${alone} with nothing to be compared with` : ''}${different.size ? `: ${[...different].join(', ')}` : ''}`)
await theatre.close()
await own?.stop()
process.exit(different.size ? 1 : 0)
