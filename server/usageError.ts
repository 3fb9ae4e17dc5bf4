/** What the operator asked for cannot be done: one clear line for the terminal, exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The first line of what an error says, for a sentence of one line. */
export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return (text.trim().split('\n')[0] ?? '').trim() || 'no reason given'
}
