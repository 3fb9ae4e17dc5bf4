import type { Stage } from './stage.ts'

/** A short script of what operators, guests and nodes do. */
export interface Story {
  /** In words; the file of its trace is named by it. */
  readonly name: string
  run(stage: Stage): Promise<void>
}

/** The name of a story's file, without the ending. */
export function fileOf({ name }: Story): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '')
}
