import { stringify } from 'yaml'
import type { Tokens } from './users.ts'

/** Contexts of the demonstration's kubeconfig, by the account that each uses. */
const CONTEXTS: Readonly<Record<string, string>> = { admin: 'demo', editor: 'demo-editor', viewer: 'demo-viewer' }

/** A kubeconfig with one context for each person: `demo` (administrator), `demo-editor`, `demo-viewer`. */
export function demoKubeconfig(url: string, caPem: string, tokens: Tokens): string {
  const people = Object.entries(CONTEXTS)
  return stringify({
    'apiVersion': 'v1',
    'kind': 'Config',
    'clusters': [{ name: 'demo', cluster: { 'server': url, 'certificate-authority-data': Buffer.from(caPem).toString('base64') } }],
    'users': people.map(([account, context]) => ({ name: context, user: { token: tokens[account] ?? '' } })),
    'contexts': people.map(([, context]) => ({ name: context, context: { cluster: 'demo', user: context } })),
    'current-context': 'demo',
  })
}
