/** The line ended in the middle of a sentence. */
export class CutLineError extends Error {
  constructor(cause?: unknown) {
    super('the line was cut', { cause })
    this.name = 'CutLineError'
  }
}

/**
 * The values of a body that has one JSON value per line, each as soon as its line is whole, wherever the chunks split it.
 * Throws `CutLineError` when the body ends inside a line. Closing the body is left to the signal of its request.
 */
export async function* jsonLines(body: ReadableStream<Uint8Array>): AsyncGenerator<unknown> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let begun: string[] = []
  try {
    for (let done = false; !done;) {
      const chunk = await reader.read()
      done = chunk.done
      const lines = (done ? `${decoder.decode()}\n` : decoder.decode(chunk.value, { stream: true })).split('\n')
      // A long line may come in many chunks: joined once, when it is whole.
      begun.push(lines.shift() ?? '')
      if (lines.length === 0)
        continue
      lines.unshift(begun.join(''))
      begun = [lines.pop() ?? '']
      for (const line of lines.filter(text => text.trim()))
        yield parseLine(line)
    }
  }
  finally {
    reader.releaseLock()
  }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line)
  }
  catch (thrown) {
    throw new CutLineError(thrown)
  }
}
