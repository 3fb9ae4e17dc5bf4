import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

interface Run { readonly input?: string, readonly environment?: Readonly<Record<string, string>>, readonly milliseconds?: number }

/** kubectl at one cluster, as an operator at a terminal: what it prints, errors and exit code included. */
export class Kubectl {
  private readonly binary: string
  private readonly kubeconfig: string
  private readonly folder = mkdtempSync(join(tmpdir(), 'guardrails-kubectl-'))

  constructor(binary: string, kubeconfig: string) {
    this.binary = binary
    this.kubeconfig = kubeconfig
    process.once('exit', () => rmSync(this.folder, { recursive: true, force: true }))
  }

  /** Answers stdout, stderr and the exit code as one text; a run that is cut after `milliseconds` is no error. */
  run(args: readonly string[], { input, environment = {}, milliseconds }: Run = {}): Promise<string> {
    const child = spawn(this.binary, ['kubectl', ...args], {
      cwd: this.folder,
      env: { PATH: process.env.PATH, HOME: this.folder, KUBECONFIG: this.kubeconfig, KUBECACHEDIR: join(this.folder, 'cache'), ...environment },
      timeout: milliseconds,
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => { output += chunk.toString() })
    child.stderr.on('data', (chunk: Buffer) => { output += chunk.toString() })
    child.stdin.end(input)
    return new Promise((done, fail) => {
      child.on('error', fail)
      child.on('close', code => done(code ? `${output}exit code ${code}\n` : output))
    })
  }

  /** What `get -w` and its like print while something is done. */
  async watching(args: readonly string[], meanwhile: () => Promise<unknown>): Promise<string> {
    const printed = this.run(args, { milliseconds: 6000 })
    await sleep(2000)
    await meanwhile()
    return printed
  }

  /** Runs `kubectl edit` with an editor that does one replacement. */
  async edit(args: readonly string[], from: string, to: string): Promise<string> {
    const editor = join(this.folder, 'editor.sh')
    writeFileSync(editor, `#!/bin/sh\nsed -i 's/${from}/${to}/' "$1"\n`, { mode: 0o700 })
    return this.run(['edit', ...args], { environment: { KUBE_EDITOR: editor } })
  }
}

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g

/** What may differ between two clusters that behave alike: identities, moments, ages, addresses, widths of columns, versions, and the order of faults, for the real server reads the fields from a Go map. */
export function normalise(text: string): string {
  return text
    .replaceAll(UUID, '<uid>')
    .replaceAll(/(resourceVersion|resource version): *"?\d+"?/gi, '$1: <version>')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>')
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ [+-]\d{4}/g, '<time>')
    .replaceAll(/\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}/g, '<time>')
    .replaceAll(/\b(\d+[dhms]){1,2}\b(?= |$)/gm, '<age>')
    .replaceAll(/https:\/\/127\.0\.0\.1:\d+/g, '<server>')
    .replaceAll(/\b10\.\d+\.\d+\.\d+\b/g, '<address>')
    .replaceAll(/\bv1\.\d+\.\d+\S*/g, '<kubernetes>')
    .replaceAll(/\/tmp\/\S+/g, '<file>')
    .replaceAll(/^(-+|=+)$/gm, '<rule>')
    .replaceAll(/ {2,}/g, '  ')
    .replaceAll(/[ \t]+$/gm, '')
    .replaceAll(/(?:^\* .*\n?)+/gm, faults => `${faults.trimEnd().split('\n').sort().join('\n')}\n`)
}
