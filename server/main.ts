import { join } from 'node:path'
import usage from './usage.txt?raw'
import { readCommand } from './cli.ts'
import type { Command } from './cli.ts'
import { askForLink, linkSocket } from './link.ts'
import { serve } from './serve.ts'
import type { Running, Surroundings } from './serve.ts'
import { stateFolder } from './stateFolder.ts'
import { UsageError } from './usageError.ts'

/** So long may a clean stop take before the process ends all the same, in milliseconds. */
const LAST_MOMENT = 5_000

const around: Surroundings = {
  say: line => process.stdout.write(`${line}\n`),
  complain: line => process.stderr.write(`${line}\n`),
  cwd: process.cwd(),
  env: process.env,
  consoleRoot: join(import.meta.dirname, '..', 'console'),
  now: Date.now,
}

function stopOnSignals(running: Running): void {
  let stopping = false
  const stop = (signal: 'SIGINT' | 'SIGTERM') => {
    if (stopping)
      process.exit(signal === 'SIGINT' ? 130 : 143)
    stopping = true
    setTimeout(() => process.exit(1), LAST_MOMENT).unref()
    running.stop().then(() => process.exit(0), (error: unknown) => {
      around.complain(String(error))
      process.exit(1)
    })
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
}

async function run(command: Command): Promise<void> {
  if (command.name === 'help')
    around.say(usage.trimEnd())
  else if (command.name === 'link')
    around.say(await askForLink(linkSocket(stateFolder(process.env), command.port), command.port))
  else if (command.name === 'webhook-manifest')
    around.say(await (await import('./webhookManifest.ts')).printWebhookManifest(command, stateFolder(process.env), new Date(around.now())))
  else
    stopOnSignals(await serve(command.options, around))
}

try {
  await run(readCommand(process.argv.slice(2)))
}
catch (error) {
  if (!(error instanceof UsageError))
    throw error
  around.complain(error.message)
  process.exit(2)
}
