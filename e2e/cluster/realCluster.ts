import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { get } from 'node:https'
import { join, resolve } from 'node:path'
import { auditFlags } from './auditLog.ts'
import { writeCertificates, writeUsers } from './credentials.ts'
import { freePorts } from './ports.ts'
import { startProgram, stopPrograms, waitFor } from './processes.ts'

// What the tests need of kube-controller-manager: garbage of owners, namespaces, claims, pods on a node that is out of service. No scheduler, no kubelet.
const CONTROLLERS = [
  'garbage-collector-controller', 'namespace-controller', 'persistentvolume-binder-controller', 'persistentvolumeclaim-protection-controller',
  'persistentvolume-protection-controller', 'serviceaccount-controller', 'clusterrole-aggregation-controller',
  'taint-eviction-controller', 'pod-garbage-collector-controller',
  // There are no daemon sets: it is who sorts pods by their nodes, which taint eviction asks for.
  'daemonset-controller',
]

export interface RealCluster {
  /** Contexts `real` (administrator), `real-editor`, `real-viewer`; beside it `kubeconfig.USER` for every user. */
  readonly kubeconfig: string
  readonly server: string
  /** Where etcd answers, for `kube compact`. */
  readonly etcd: string
  stop(): Promise<void>
}

interface Options {
  /** Emptied first: data, logs, pid files and kubeconfigs go here. */
  readonly folder: string
  readonly binary: string
  /** First of three ports on 127.0.0.1; free ones when not given. */
  readonly port?: number
  /** The cluster ends with this process. Without it, `stopRealCluster` ends it. */
  readonly tied: boolean
  /**
   * Whether pods get a service account and the volume with its token; false when absent. KubeVirt counts that volume: without it a pod for
   * hot-plugged volumes never matches what it should hold, and another is made without end.
   */
  readonly tokens?: boolean
}

/** Starts etcd, kube-apiserver and kube-controller-manager on loopback; answers when the API is ready. */
export async function startRealCluster({ folder: given, binary, port, tied, tokens = false }: Options): Promise<RealCluster> {
  const folder = resolve(given)
  await stopRealCluster(folder)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const [etcdPort = 0, peerPort = 0, apiPort = 0] = port ? [port, port + 1, port + 2] : await freePorts(3)
  const etcd = `http://127.0.0.1:${etcdPort}`
  const server = `https://127.0.0.1:${apiPort}`
  await writeCertificates(folder)
  writeUsers(folder, server)

  startProgram({ folder, tied, name: 'etcd', command: binary, args: ['etcd', join(folder, 'etcd'), etcd, `http://127.0.0.1:${peerPort}`] })
  startProgram({ folder, tied, name: 'kube-apiserver', command: binary, args: ['kube-apiserver', ...apiServerFlags(folder, etcd, apiPort), ...auditFlags(folder), ...(tokens ? [] : ['--disable-admission-plugins=ServiceAccount'])] })
  const ca = readFileSync(join(folder, 'pki', 'ca.crt'), 'utf8')
  await waitFor('kube-apiserver', folder, () => isReady(server, ca))
  startProgram({ folder, tied, name: 'kube-controller-manager', command: binary, args: ['kube-controller-manager', ...controllerFlags(folder)] })

  return { kubeconfig: join(folder, 'kubeconfig'), server, etcd, stop: () => stopRealCluster(folder) }
}

/** Ends what `startRealCluster` started in a folder; nothing to end is no error. */
export async function stopRealCluster(folder: string): Promise<void> {
  await stopPrograms(resolve(folder))
}

function apiServerFlags(folder: string, etcd: string, port: number): string[] {
  const pki = (name: string) => join(folder, 'pki', name)
  return [
    `--etcd-servers=${etcd}`, '--bind-address=127.0.0.1', `--secure-port=${port}`, '--advertise-address=127.0.0.1', '--endpoint-reconciler-type=none',
    '--service-cluster-ip-range=10.0.0.0/24', '--allow-privileged=true', `--cert-dir=${join(folder, 'certs')}`,
    `--tls-cert-file=${pki('api.crt')}`, `--tls-private-key-file=${pki('api.key')}`, `--client-ca-file=${pki('ca.crt')}`,
    '--service-account-issuer=https://kubernetes.default.svc', `--service-account-signing-key-file=${pki('sa.key')}`, `--service-account-key-file=${pki('sa.key')}`,
    `--requestheader-client-ca-file=${pki('ca.crt')}`, '--requestheader-allowed-names=front-proxy', '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    '--requestheader-group-headers=X-Remote-Group', '--requestheader-username-headers=X-Remote-User',
    `--proxy-client-cert-file=${pki('front-proxy.crt')}`, `--proxy-client-key-file=${pki('front-proxy.key')}`,
    `--token-auth-file=${join(folder, 'tokens.csv')}`, '--authorization-mode=RBAC',
    // Node names are names of no host.
    '--kubelet-preferred-address-types=InternalIP',
  ]
}

function controllerFlags(folder: string): string[] {
  const kubeconfig = join(folder, 'kubeconfig.controller-manager')
  return [
    `--kubeconfig=${kubeconfig}`, `--authentication-kubeconfig=${kubeconfig}`, `--authorization-kubeconfig=${kubeconfig}`,
    // Each under an account of its own, as kubeadm and RKE2 have it: webhooks ask who it is.
    '--use-service-account-credentials', '--leader-elect=false', '--secure-port=0', `--controllers=${CONTROLLERS.join(',')}`,
  ]
}

function isReady(server: string, ca: string): Promise<boolean> {
  return new Promise((answer, fail) => {
    const request = get(`${server}/readyz`, { ca, agent: false }, response => {
      response.resume()
      answer(response.statusCode === 200)
    })
    request.on('error', fail)
  })
}
