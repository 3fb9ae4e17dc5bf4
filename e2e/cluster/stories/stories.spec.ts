import type { TestContext } from 'vitest'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { demandUpstream } from '../demandUpstream.ts'
import { STORIES } from './all.ts'
import { describe as inWords, differencesOf } from './comparison.ts'
import { startEmbedded } from './embedded.ts'
import { Theatre } from './play.ts'
import { readExpected, readRecord, writeRecord } from './records.ts'
import type { Outcome } from './report.ts'
import { byName } from './report.ts'
import type { Story } from './story.ts'
import { fileOf, isPlayedBy } from './story.ts'
import type { Trace } from './trace.ts'

// Every story tells the same on upstream's own control plane and on the embedded cluster. Without Go the first is a record.

const { REAL_KUBECONFIG, REAL_PARTS = 'kubevirt', STORIES_NEED, STORIES_RECORD, STORIES_THIRD, STORIES_WITHOUT } = process.env
/** All of them; or those that need a part, or its absence, where the others are played elsewhere; or of those that are KubeVirt's alone one third: 0, 1 or 2. */
const CHOSEN = STORIES.filter(({ needs = [], without = [] }, index) => (!STORIES_NEED || needs.some(part => part === STORIES_NEED))
  && (!STORIES_WITHOUT || without.some(part => part === STORIES_WITHOUT))
  && (!STORIES_THIRD || needs.length > 0 || index % 3 === Number(STORIES_THIRD)))
/** As fast as it may be on two busy cores without a wait of the story's own becoming longer than one of the guest's. */
const PACE = 3
/** Of upstream's first play, where it may play again: what hangs there does not cost the time of both. The longest takes 135 s; the second has all the time there is. */
const FIRST_PLAY_SECONDS = 180

let embedded: Awaited<ReturnType<typeof startEmbedded>>
let ours: Theatre
const theirs = REAL_KUBECONFIG ? new Theatre(REAL_KUBECONFIG) : undefined
const outcomes = new Map<string, Outcome>()
const isReal = (story: Story) => isPlayedBy(REAL_PARTS.split(','), story)

beforeAll(async () => {
  if (REAL_KUBECONFIG && STORIES_RECORD)
    await demandUpstream(REAL_KUBECONFIG)
  embedded = await startEmbedded({ pace: PACE })
  ours = new Theatre(embedded.kubeconfig)
})

afterAll(async () => {
  await Promise.all([ours.close(), theirs?.close()])
  await embedded.stop()
  console.log(byName(CHOSEN.map(({ name }) => name), outcomes))
})

it('has a name of its own for each story\'s record', () => {
  expect(new Set(STORIES.map(fileOf)).size).toBe(STORIES.length)
})

type Attempt = { readonly trace: Trace, readonly failed?: undefined } | { readonly trace?: undefined, readonly failed: unknown }

/**
 * Upstream's play of a story. What goes otherwise there by chance, such as a copy that Longhorn makes beside those that are wanted because
 * another is slow to come, is played once more, and told of by name; the embedded cluster has one play.
 */
async function attempt(story: Story, playSeconds?: number): Promise<Attempt | undefined> {
  try {
    const trace = await theirs?.play(story, undefined, playSeconds)
    return trace && { trace }
  }
  catch (failed) {
    return { failed }
  }
}

async function tellsTheSame(story: Story, { expect, task }: TestContext): Promise<void> {
  const tell = (outcome: Outcome) => {
    outcomes.set(story.name, outcome)
    task.meta.outcome = outcome
  }
  tell('different')
  const [played, first] = await Promise.all([ours.play(story), isReal(story) ? attempt(story, STORIES_RECORD ? undefined : FIRST_PLAY_SECONDS) : undefined])
  const [expected, record] = [readExpected(story), readRecord(story)]
  expect(record, 'nobody has recorded it: npm run test:control-plane -- --record').toBeDefined()
  expect(expected, 'nobody has recorded what the embedded cluster does otherwise: npm run stories -- --record').toBeDefined()
  const ofOurs = expected ? differencesOf(expected, played) : []
  expect(ofOurs, inWords(ofOurs, ['record', 'embedded'])).toEqual([])
  // What is done otherwise is compared on either side with its own record.
  const reference = story.otherwise ? record : played
  const ofTheirs = (judged: Trace | undefined) => judged && reference ? differencesOf(judged, reference) : []
  const isAgain = first !== undefined && !STORIES_RECORD && (first.failed !== undefined || ofTheirs(first.trace).length > 0)
  if (isAgain)
    console.log(`upstream plays again: ${story.name}\n${first.failed === undefined ? inWords(ofTheirs(first.trace), ['upstream', 'embedded']) : String(first.failed)}`)
  const last = isAgain ? await attempt(story) : first
  if (last?.failed !== undefined)
    throw last.failed
  if (last?.trace && STORIES_RECORD)
    writeRecord(story, last.trace)
  const differences = ofTheirs(last?.trace)
  expect(differences, inWords(differences, ['upstream', story.otherwise ? 'record' : 'embedded'])).toEqual([])
  tell(story.otherwise ? 'otherwise' : isAgain ? 'again' : last ? 'both' : 'record')
}

/** A test for each, whose title is the whole name: `-t` finds it by that. */
function play(stories: readonly Story[]): void {
  for (const story of stories)
    it(story.name, context => tellsTheSame(story, context))
}

describe.concurrent('tells the same as upstream', () => play(CHOSEN.filter(({ alone }) => !alone)))

const lonely = CHOSEN.filter(({ alone }) => alone)
describe.skipIf(lonely.length === 0)('tells the same as upstream, played alone', () => play(lonely))
