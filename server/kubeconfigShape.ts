import { Ajv } from 'ajv'

const TEXT = { type: 'string', nullable: true }
const TRUTH = { type: 'boolean', nullable: true }
const TEXTS = { type: 'array', items: { type: 'string' }, nullable: true }

function mapping(properties: object): object {
  return { type: 'object', nullable: true, properties }
}

function texts(...names: string[]): object {
  return Object.fromEntries(names.map(name => [name, TEXT]))
}

/** A list of things that have a name; null where the file leaves it out. */
function named(properties: object): object {
  return { type: 'array', nullable: true, items: { type: 'object', properties: { name: { type: 'string' }, ...properties } } }
}

/** What is read of a kubeconfig (client-go's clientcmd/api/v1), and `tokenFile`. As for kubectl, null is the same as nothing. */
const KUBECONFIG = mapping({
  'current-context': TEXT,
  'clusters': named({
    cluster: mapping({ ...texts('server', 'certificate-authority', 'certificate-authority-data', 'tls-server-name', 'proxy-url'), 'insecure-skip-tls-verify': TRUTH }),
  }),
  'users': named({
    user: mapping({
      ...texts('token', 'tokenFile', 'client-certificate', 'client-certificate-data', 'client-key', 'client-key-data', 'username', 'password', 'as', 'as-uid'),
      'as-groups': TEXTS,
      'as-user-extra': { type: 'object', nullable: true, additionalProperties: TEXTS },
      'exec': mapping({
        ...texts('apiVersion', 'command', 'installHint'),
        args: TEXTS,
        env: { type: 'array', nullable: true, items: { type: 'object', properties: { name: { type: 'string' }, value: { type: 'string' } }, required: ['name', 'value'] } },
        provideClusterInfo: TRUTH,
      }),
    }),
  }),
  'contexts': named({ context: mapping(texts('cluster', 'user')) }),
})

/** A JSON pointer as one writes it: `/users/0/user/as-groups` is `users[0].user.as-groups`. */
function pathOf(pointer: string): string {
  return pointer.slice(1).split('/').map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((path, part) => /^\d+$/.test(part) ? `${path}[${part}]` : path ? `${path}.${part}` : part, '')
}

/** The first thing in a parsed kubeconfig that is not what client-go reads there (`users[0].user.as must be string`), or undefined. Never the value. */
export function findMisshapen(kubeconfig: unknown): string | undefined {
  const check = new Ajv({ logger: false }).compile(KUBECONFIG)
  if (check(kubeconfig))
    return undefined
  const [error] = check.errors ?? []
  return `${pathOf(error?.instancePath ?? '')} ${error?.message ?? 'is not understood'}`
}
