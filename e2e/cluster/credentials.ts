import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generate } from 'selfsigned'
import { stringify } from 'yaml'

/** A user of the real API server: the name in kubeconfigs, the name the server knows, its groups. */
export interface User { readonly id: string, readonly name: string, readonly groups: readonly string[] }

const MASTERS = ['system:masters']

/** The people whom the embedded cluster has too. */
export const PEOPLE: readonly User[] = [
  { id: 'admin', name: 'admin', groups: MASTERS },
  { id: 'editor', name: 'editor', groups: ['ops-editors'] },
  { id: 'viewer', name: 'viewer', groups: ['ops-viewers'] },
]

/** Those who play the rest of a cluster, under the names by which upstream's admission knows them. */
export const MACHINES: readonly User[] = [
  { id: 'controller-manager', name: 'system:kube-controller-manager', groups: MASTERS },
  { id: 'scheduler', name: 'system:kube-scheduler', groups: MASTERS },
  { id: 'kubelet', name: 'system:node:node-1', groups: MASTERS },
  { id: 'virt-api', name: 'system:serviceaccount:harvester-system:kubevirt-apiserver', groups: MASTERS },
  { id: 'virt-controller', name: 'system:serviceaccount:harvester-system:kubevirt-controller', groups: MASTERS },
  { id: 'virt-handler', name: 'system:serviceaccount:harvester-system:kubevirt-handler', groups: MASTERS },
  { id: 'harvester', name: 'system:serviceaccount:harvester-system:harvester', groups: MASTERS },
  { id: 'longhorn', name: 'system:serviceaccount:longhorn-system:longhorn-service-account', groups: MASTERS },
  { id: 'cdi', name: 'system:serviceaccount:cdi:cdi-sa', groups: MASTERS },
]

const subject = (name: string) => [{ name: 'commonName', value: name }]

/** Writes into `folder`/pki: `ca`, serving certificates `api`, `virt-api`, `virt-handler` and `webhook`, a client certificate `front-proxy` (each .crt and .key) and `sa.key`. */
export async function writeCertificates(folder: string): Promise<void> {
  const pki = join(folder, 'pki')
  mkdirSync(pki, { recursive: true })
  const write = (name: string, text: string) => writeFileSync(join(pki, name), text, { mode: 0o600 })
  const ca = await generate(subject('harvester-guardrails-tests'), {
    algorithm: 'sha256',
    extensions: [{ name: 'basicConstraints', cA: true, critical: true }, { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true }],
  })
  write('ca.crt', ca.cert)
  write('ca.key', ca.private)
  write('sa.key', (await generate(subject('service-accounts'), { algorithm: 'sha256' })).private)
  for (const name of ['api', 'virt-api', 'virt-handler', 'webhook', 'front-proxy']) {
    // By this name alone virt-api knows a virt-handler (kubevirt pkg/util/tls).
    const signed = await generate(subject(name === 'virt-handler' ? 'kubevirt.io:system:node:virt-handler' : name), {
      algorithm: 'sha256',
      ca: { key: ca.private, cert: ca.cert },
      extensions: [
        { name: 'keyUsage', digitalSignature: true, keyEncipherment: true },
        { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
        { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }, { type: 2, value: 'virt-api.harvester-system.svc' }, { type: 7, ip: '127.0.0.1' }] },
      ],
    })
    write(`${name}.crt`, signed.cert)
    write(`${name}.key`, signed.private)
  }
}

/**
 * Writes the API server's `tokens.csv`, one `kubeconfig.ID` for each user, and `kubeconfig` with a context for each person:
 * `real` for the administrator, `real-editor`, `real-viewer`.
 */
export function writeUsers(folder: string, server: string): void {
  const users = [...PEOPLE, ...MACHINES].map(user => ({ ...user, token: randomBytes(24).toString('base64url') }))
  const secret = { mode: 0o600 }
  writeFileSync(join(folder, 'tokens.csv'), users.map(({ token, name, id, groups }) => `${token},${name},${id},"${groups.join(',')}"\n`).join(''), secret)
  const cluster = { name: 'real', cluster: { 'server': server, 'certificate-authority': join(folder, 'pki', 'ca.crt') } }
  const kubeconfig = (of: typeof users) => stringify({
    'apiVersion': 'v1',
    'kind': 'Config',
    'clusters': [cluster],
    'users': of.map(({ id, token }) => ({ name: id, user: { token } })),
    'contexts': of.map(({ id }, index) => ({ name: index === 0 ? 'real' : `real-${id}`, context: { cluster: 'real', user: id } })),
    'current-context': 'real',
  })
  writeFileSync(join(folder, 'kubeconfig'), kubeconfig(users.slice(0, PEOPLE.length)), secret)
  for (const user of users)
    writeFileSync(join(folder, `kubeconfig.${user.id}`), kubeconfig([user]), secret)
}
