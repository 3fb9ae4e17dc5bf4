import { describe, expect, it } from 'vitest'
import { STORIES } from './all.ts'
import { differencesOf } from './comparison.ts'
import { startEmbedded } from './embedded.ts'
import type { Mutation } from './mutations.ts'
import { MUTATIONS, broken } from './mutations.ts'
import { Theatre } from './play.ts'
import { readRecord } from './records.ts'

// `npm test` breaks every fifth rule; all of them are broken by `npm run test:mutations`.
const chosen = process.env.ALL_MUTATIONS ? MUTATIONS : MUTATIONS.filter((_mutation, index) => index % 5 === 0)
/** A story that waits for what never comes is not waited for. */
const PATIENCE_SECONDS = 20

async function isNoticed({ noticedBy: [name] }: Mutation, theatre: Theatre): Promise<boolean> {
  const story = STORIES.find(one => one.name === name)
  const record = story && readRecord(story)
  if (!record)
    throw new Error(`${name} is no recorded story`)
  // What never comes is a difference too; a cluster that is broken in another way is none.
  return theatre.play(story, PATIENCE_SECONDS).then(trace => differencesOf(record, trace).length > 0, (thrown: unknown) => String(thrown).includes('was not seen within'))
}

describe('a broken rule turns a story red', () => {
  it.each(chosen)('$name', async mutation => {
    const cluster = await startEmbedded({ pace: 3, plugins: [broken(mutation)] })
    const theatre = new Theatre(cluster.kubeconfig)
    try {
      expect(await isNoticed(mutation, theatre)).toBe(true)
    }
    finally {
      await theatre.close()
      await cluster.stop()
    }
  })
})
