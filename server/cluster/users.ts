import { randomBytes } from 'node:crypto'
import type { User } from './rbac.ts'

/** Accounts by their short name: the three people of the demonstration, and the programs that Kubernetes and Harvester run under these names. */
const PEOPLE: Readonly<Record<string, { readonly name: string, readonly groups: readonly string[] }>> = {
  'admin': { name: 'admin', groups: ['system:masters'] },
  'editor': { name: 'editor', groups: ['ops-editors'] },
  'viewer': { name: 'viewer', groups: ['ops-viewers'] },
  'controller-manager': { name: 'system:kube-controller-manager', groups: ['system:masters'] },
  'scheduler': { name: 'system:kube-scheduler', groups: ['system:masters'] },
  'kubelet': { name: 'system:node:node-1', groups: ['system:nodes', 'system:masters'] },
  'virt-api': { name: 'system:serviceaccount:harvester-system:kubevirt-apiserver', groups: ['system:serviceaccounts', 'system:masters'] },
  'virt-controller': { name: 'system:serviceaccount:harvester-system:kubevirt-controller', groups: ['system:serviceaccounts', 'system:masters'] },
  'virt-handler': { name: 'system:serviceaccount:harvester-system:kubevirt-handler', groups: ['system:serviceaccounts', 'system:masters'] },
  'harvester': { name: 'system:serviceaccount:harvester-system:harvester', groups: ['system:serviceaccounts', 'system:masters'] },
  'longhorn': { name: 'system:serviceaccount:longhorn-system:longhorn-service-account', groups: ['system:serviceaccounts', 'system:masters'] },
  'cdi': { name: 'system:serviceaccount:cdi:cdi-sa', groups: ['system:serviceaccounts', 'system:masters'] },
}

export type Tokens = Readonly<Record<string, string>>

const ANONYMOUS: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] }

/** Fresh random tokens by account name; those given are kept. */
export function makeTokens(kept: Tokens = {}): Tokens {
  return Object.fromEntries(Object.keys(PEOPLE).map(name => [name, kept[name] ?? randomBytes(24).toString('base64url')]))
}

/** Finds users by their token. */
export class Users {
  private readonly byToken = new Map<string, User>()

  constructor(tokens: Tokens) {
    for (const [account, token] of Object.entries(tokens)) {
      const person = PEOPLE[account]
      if (person) this.byToken.set(token, { name: person.name, uid: account, groups: [...person.groups, 'system:authenticated'] })
    }
  }

  /** The user of an Authorization header; ANONYMOUS where there is none; undefined where it is wrong. */
  authenticate(authorization: string | undefined): User | undefined {
    if (!authorization) return ANONYMOUS
    const token = /^Bearer\s+(.+)$/i.exec(authorization)?.[1]
    return token === undefined ? undefined : this.byToken.get(token)
  }
}
