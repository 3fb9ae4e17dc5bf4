import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { STORIES } from './all.ts'
import { describe as inWords, differencesOf } from './comparison.ts'
import { startEmbedded } from './embedded.ts'
import type { Mutation } from './mutations.ts'
import { MUTATIONS, broken } from './mutations.ts'
import { Theatre } from './play.ts'
import { readRecord } from './records.ts'
import type { Story } from './story.ts'
import type { Trace } from './trace.ts'

// `npm test` and `npm run test:stories` break every fifth rule: the same ones all through a day of UTC, others on the next. All of them are broken by `npm run test:mutations`. What was broken is printed with its day.
const SHARE = 5
const DAY_MS = 86_400_000
const day = Math.floor(Date.now() / DAY_MS)
const today = day % SHARE
const chosen = process.env.ALL_MUTATIONS ? MUTATIONS : MUTATIONS.filter((_mutation, index) => index % SHARE === today)
/** What takes longer than this where no rule is broken would seem to be noticed whatever is broken: such a story is red there. */
const PATIENCE_SECONDS = 30
const PACE = 3

/** A controller that throws wherever it should look. Its story waits in vain too. */
const CRASH: Mutation = { name: 'a controller throws', file: 'server/cluster/controllers/kubelet.ts', find: `if (!isAttached(pod, world))`, replace: `if (nodeName)\n      throw new Error('broken on purpose')\n    if (!isAttached(pod, world))`, noticedBy: 'Always: stop, stop again, start, start again', tells: ['was not seen within'] }

/** Seen to be as they are recorded where no rule is broken: without that a story that is red would prove nothing. */
const green = new Set<string>()
const noticed: string[] = []

function recorded({ noticedBy: name }: Mutation): { readonly story: Story, readonly record: Trace } {
  const story = STORIES.find(one => one.name === name)
  const record = story && readRecord(story)
  if (!record)
    throw new Error(`${name} is no recorded story`)
  return { story, record }
}

interface Play {
  /** What is different, or what was waited for in vain and what there was instead; empty where nothing was noticed. */
  readonly told: string
  /** What a controller or the API threw: a cluster that crashes breaks no rule. */
  readonly crashed: readonly string[]
}

/** As a controller tells of it that throws, and the API of a request that it could not answer. */
const isCrash = (line: string) => /: \w*Error\b|\bincident\b/.test(line)

async function playBroken(mutation: Mutation): Promise<Play> {
  const { story, record } = recorded(mutation)
  const crashed: string[] = []
  const cluster = await startEmbedded({ pace: PACE, plugins: [broken(mutation)], log: line => { if (isCrash(line)) crashed.push(line) } })
  const theatre = new Theatre(cluster.kubeconfig)
  try {
    const trace = await theatre.play(story, PATIENCE_SECONDS)
    return { told: inWords(differencesOf(record, trace), ['upstream', 'broken']), crashed }
  }
  catch (thrown) {
    const told = String(thrown)
    if (!told.includes('was not seen within'))
      throw thrown
    return { told, crashed }
  }
  finally {
    await theatre.close()
    await cluster.stop()
  }
}

/** Throws where a play does not tell what its mutation must tell, or where something crashed in it. */
function judge({ told, crashed }: Play, { tells }: Mutation): void {
  expect(crashed, crashed.join('\n')).toEqual([])
  tells.forEach(words => { expect(told).toContain(words) })
}

describe('no rule broken', () => {
  let cluster: Awaited<ReturnType<typeof startEmbedded>>
  let theatre: Theatre
  beforeAll(async () => {
    cluster = await startEmbedded({ pace: PACE })
    theatre = new Theatre(cluster.kubeconfig)
  })
  afterAll(async () => {
    await theatre.close()
    await cluster.stop()
  })

  it.each([...new Map(chosen.map(mutation => [mutation.noticedBy, mutation])).values()])('$noticedBy: is as it is recorded', async mutation => {
    const { story, record } = recorded(mutation)
    const differences = differencesOf(record, await theatre.play(story, PATIENCE_SECONDS))
    expect(differences, inWords(differences, ['upstream', 'embedded'])).toEqual([])
    green.add(story.name)
  })
})

describe('a broken rule turns a story red', () => {
  afterAll(() => { console.log(`mutations: ${MUTATIONS.length} known, ${chosen.length} broken, ${noticed.length} noticed${noticed.map(name => `\n  ${name}`).join('')}\nthe share of ${new Date(day * DAY_MS).toISOString().slice(0, 10)} (UTC); all of them: npm run test:mutations`) })

  it.each(chosen)('$name', async mutation => {
    expect(green).toContain(mutation.noticedBy)
    judge(await playBroken(mutation), mutation)
    noticed.push(mutation.name)
  })

  it('and one that crashes does not count', async () => {
    const play = await playBroken(CRASH)
    expect(play.crashed.join('\n')).toContain('Error: broken on purpose')
    // By its words alone it would count.
    judge({ ...play, crashed: [] }, CRASH)
    expect(() => { judge(play, CRASH) }).toThrow('broken on purpose')
  })
})
