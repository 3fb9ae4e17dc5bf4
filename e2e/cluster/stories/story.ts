import type { Part } from '../parts.ts'
import type { Kind } from './sight.ts'
import type { Stage } from './stage.ts'

/** No play takes longer: whatever a story waits for then, it says so, before the test that plays it is cut off. */
export const LONGEST_PLAY_SECONDS = 300

/** A short script of what operators, guests and nodes do. */
export interface Story {
  /** In words; the file of its trace is named by it. */
  readonly name: string
  /** The kinds that it looks at; those of VMs when absent. */
  readonly looksAt?: readonly Kind[]
  /** Whose doing it shows: on a real control plane it is played only where all of these are really there. KubeVirt's when absent. */
  readonly needs?: readonly Part[]
  /** What must not be really there, because it would wait for what nobody plays. */
  readonly without?: readonly Part[]
  /** Why it is not played there, where upstream does otherwise: the difference, as `differences.md` names it. */
  readonly differs?: string
  /** The two do otherwise and stay so, each as it is recorded of it: the difference, as `differences.md` names it. */
  readonly otherwise?: string
  /** Played after the others and beside none: what it does to the cluster's own nodes would be seen by all. */
  readonly alone?: boolean
  run(stage: Stage): Promise<void>
}

/** The name of a story's file, without the ending. */
export function fileOf({ name }: Story): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '')
}

/** Whether it can be played where these parts are really there, beside Kubernetes. */
export function isPlayedBy(parts: readonly string[], { needs = ['kubevirt'], without = [] }: Story): boolean {
  return needs.every(part => parts.includes(part)) && !without.some(part => parts.includes(part))
}
