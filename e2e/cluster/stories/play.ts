import { Api } from '../../api.ts'
import { contextsOf, readAccess } from '../../kubeconfig.ts'
import type { People } from './stage.ts'
import { Stage } from './stage.ts'
import type { Story } from './story.ts'
import type { Trace } from './trace.ts'

/** A cluster that stories are played on, by its kubeconfig. */
export class Theatre {
  private readonly people: People

  constructor(kubeconfig: string) {
    const contexts = contextsOf(kubeconfig)
    const as = (suffix: string) => new Api(readAccess(kubeconfig, contexts.find(name => name.endsWith(suffix)) ?? ''))
    this.people = { admin: new Api(readAccess(kubeconfig, contexts[0] ?? '')), editor: as('-editor'), viewer: as('-viewer') }
  }

  /** Plays a story once; throws with what was seen where it does not come to its end, or a wait of its takes longer than `patienceSeconds`, or all of it than `playSeconds`. */
  async play(story: Story, patienceSeconds?: number, playSeconds?: number): Promise<Trace> {
    const stage = new Stage(this.people, { looksAt: story.looksAt, patience: patienceSeconds, playSeconds })
    const trace = await perform(story, stage).catch(async (error: unknown) => {
      // What could not be put right again afterwards is not why it failed.
      await stage.close().catch(() => undefined)
      throw new Error(`${story.name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    })
    await stage.close()
    return trace
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.people).map((api: Api) => api.close()))
  }
}

async function perform(story: Story, stage: Stage): Promise<Trace> {
  await stage.open()
  await story.run(stage)
  await stage.settle()
  return stage.trace()
}

/** Does something for each, so many at once; answers in the order of the items. */
export async function eachOf<T, R>(items: readonly T[], atOnce: number, does: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  const waiting = items.map((item, index) => ({ item, index }))
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (let next = waiting.shift(); next; next = waiting.shift())
      results[next.index] = await does(next.item)
  }))
  return results
}
