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

// `npm test` and `npm run test:stories` break every fifth rule, others each day; all of them are broken by `npm run test:mutations`. What was broken is printed.
const SHARE = 5
const today = Math.floor(Date.now() / 86_400_000) % SHARE
const chosen = process.env.ALL_MUTATIONS ? MUTATIONS : MUTATIONS.filter((_mutation, index) => index % SHARE === today)
/** What takes longer than this where no rule is broken would seem to be noticed whatever is broken: such a story is red there. */
const PATIENCE_SECONDS = 30
const PACE = 3

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

async function isNoticed(mutation: Mutation, theatre: Theatre): Promise<boolean> {
  const { story, record } = recorded(mutation)
  // What never comes is a difference too; a cluster that is broken in another way is none.
  return theatre.play(story, PATIENCE_SECONDS).then(trace => differencesOf(record, trace).length > 0, (thrown: unknown) => String(thrown).includes('was not seen within'))
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
  afterAll(() => { console.log(`mutations: ${MUTATIONS.length} known, ${chosen.length} broken, ${noticed.length} noticed${noticed.map(name => `\n  ${name}`).join('')}\nall of them: npm run test:mutations`) })

  it.each(chosen)('$name', async mutation => {
    expect(green).toContain(mutation.noticedBy)
    const cluster = await startEmbedded({ pace: PACE, plugins: [broken(mutation)] })
    const theatre = new Theatre(cluster.kubeconfig)
    try {
      expect(await isNoticed(mutation, theatre)).toBe(true)
      noticed.push(mutation.name)
    }
    finally {
      await theatre.close()
      await cluster.stop()
    }
  })
})
