import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'

/** What is needed to speak to a cluster as one user. */
export interface Access {
  readonly server: string
  readonly ca: string | undefined
  readonly token: string | undefined
  readonly cert: string | undefined
  readonly key: string | undefined
}

type Fields = Readonly<Record<string, string | undefined>>

/** The names of a kubeconfig's contexts, the current one first. */
export function contextsOf(file: string): string[] {
  const { 'contexts': contexts, 'current-context': current } = read(file)
  return contexts.map(({ name }) => name).sort((a, b) => Number(b === current) - Number(a === current))
}

/** Reads a context of a kubeconfig: tokens and client certificates, inline or in files beside it. Throws when it has no such context. */
export function readAccess(file: string, context: string): Access {
  const { contexts, clusters, users } = read(file)
  const chosen = find(contexts, context).context
  const cluster = find(clusters, chosen.cluster).cluster
  const user = find(users, chosen.user).user
  const pem = (fields: Fields, name: string) => {
    const inline = fields[`${name}-data`]
    const path = fields[name]
    return inline ? Buffer.from(inline, 'base64').toString() : path && readFileSync(resolve(dirname(file), path), 'utf8')
  }
  return {
    server: (cluster.server ?? '').replace(/\/$/, ''),
    ca: pem(cluster, 'certificate-authority'),
    token: user.token ?? (user.tokenFile && readFileSync(user.tokenFile, 'utf8').trim()),
    cert: pem(user, 'client-certificate'),
    key: pem(user, 'client-key'),
  }
}

interface Kubeconfig {
  readonly 'current-context': string
  readonly 'contexts': readonly { readonly name: string, readonly context: { readonly cluster: string, readonly user: string } }[]
  readonly 'clusters': readonly { readonly name: string, readonly cluster: Fields }[]
  readonly 'users': readonly { readonly name: string, readonly user: Fields }[]
}

function read(file: string): Kubeconfig {
  return parse(readFileSync(file, 'utf8')) as Kubeconfig
}

function find<T extends { readonly name: string }>(entries: readonly T[], name: string): T {
  const entry = entries.find(candidate => candidate.name === name)
  if (!entry)
    throw new Error(`the kubeconfig has no ${name}`)
  return entry
}
