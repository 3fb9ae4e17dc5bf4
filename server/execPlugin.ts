import { execFile } from 'node:child_process'
import type { ExecFileException } from 'node:child_process'
import { isAbsolute, resolve } from 'node:path'
import { CredentialError } from './status.ts'
import { firstLine } from './usageError.ts'

/** `users[].user.exec` of a kubeconfig (client.authentication.k8s.io). */
export interface ExecConfig {
  readonly apiVersion?: string
  readonly command?: string
  readonly args?: readonly string[] | null
  readonly env?: readonly { readonly name: string, readonly value: string }[] | null
  readonly installHint?: string
  readonly provideClusterInfo?: boolean
}

/** What a plugin gave; `expires` in milliseconds since 1970, Infinity when it did not say. */
export interface Credential { readonly token?: string, readonly cert?: string, readonly key?: string, readonly expires: number }

const PATIENCE = 60_000

function failed(exec: ExecConfig, why: string): CredentialError {
  return new CredentialError(`the kubeconfig's plugin ${exec.command ?? ''} ${why}`)
}

function readCredential(exec: ExecConfig, stdout: string): Credential {
  let answer: { kind?: unknown, status?: Partial<Record<string, unknown>> }
  try {
    answer = JSON.parse(stdout) as typeof answer
  }
  catch {
    throw failed(exec, 'did not print JSON')
  }
  const text = (name: string) => typeof answer.status?.[name] === 'string' ? answer.status[name] : undefined
  const [token, cert, key] = [text('token'), text('clientCertificateData'), text('clientKeyData')]
  if (answer.kind !== 'ExecCredential' || (!token && !(cert && key)))
    throw failed(exec, 'did not print an ExecCredential with a token or a client certificate')
  const expires = Date.parse(text('expirationTimestamp') ?? '')
  return { token, cert, key, expires: Number.isNaN(expires) ? Infinity : expires }
}

/** How client-go finds a command: with a slash in it, it is relative to the kubeconfig's folder, otherwise it is looked up in PATH. */
function locate(command: string, folder: string): string {
  return isAbsolute(command) || !/[\\/]/.test(command) ? command : resolve(folder, command)
}

/**
 * Why a run gave nothing. Neither node's message (it repeats the arguments) nor what the plugin printed is in it: both may
 * hold secrets, and this line goes to the browser and into the log.
 */
function whyFailed({ code, killed, signal }: ExecFileException, { installHint }: ExecConfig): string {
  if (code === 'ENOENT')
    return `is not installed${installHint ? `: ${firstLine(installHint)}` : ''}`
  if (typeof code === 'string')
    return `could not be run [${code}]`
  if (killed)
    return `gave nothing within ${PATIENCE / 1000} s`
  return `${signal ? `was ended by ${signal}` : `ended with code ${code}`}; kubectl with the same kubeconfig shows its own words`
}

/**
 * Runs a kubeconfig's exec plugin once, as client-go does (KUBERNETES_EXEC_INFO, no terminal).
 * Throws CredentialError naming the plugin: not installed (with its own hint), failed, silent for a minute, not understood.
 */
export function runExecPlugin(exec: ExecConfig, cluster: Record<string, unknown>, folder: string): Promise<Credential> {
  const { command, args, env, apiVersion, provideClusterInfo } = exec
  if (!command)
    return Promise.reject(new CredentialError('the kubeconfig\'s exec section names no command'))
  const info = { kind: 'ExecCredential', apiVersion, spec: { interactive: false, ...provideClusterInfo && { cluster } } }
  const environment = { ...process.env, ...Object.fromEntries((env ?? []).map(({ name, value }) => [name, value])), KUBERNETES_EXEC_INFO: JSON.stringify(info) }
  return new Promise((done, fail) => {
    try {
      execFile(locate(command, folder), [...args ?? []], { env: environment, timeout: PATIENCE, maxBuffer: 1 << 20 }, (error, stdout) => {
        if (error)
          return fail(failed(exec, whyFailed(error, exec)))
        try {
          done(readCredential(exec, stdout))
        }
        catch (misread) {
          fail(misread as Error)
        }
      }).stdin?.end()
    }
    catch (error) {
      // Arguments that no process can have: node's message would show them.
      fail(failed(exec, whyFailed(error as ExecFileException, exec)))
    }
  })
}

/**
 * Keeps a plugin's credential until `margin` ms before it expires, or until it is forgotten, and a failure for `pause` ms;
 * callers at the same time share one run.
 */
export function keepCredential(run: () => Promise<Credential>, { now, margin, pause }: { now: () => number, margin: number, pause: number }): { get(): Promise<Credential>, forget(): void } {
  let kept: Promise<Credential> | undefined
  let expires = 0
  return {
    get() {
      if (kept && now() < expires)
        return kept
      expires = Infinity
      const mine = kept = run()
      mine.then(credential => {
        if (kept === mine)
          expires = credential.expires - margin
      }, () => {
        if (kept === mine)
          expires = now() + pause
      })
      return mine
    },
    forget() { kept = undefined },
  }
}
