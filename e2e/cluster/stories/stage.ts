import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Api, Fields, KubeObject } from '../../api.ts'
import type { Machine } from './manifests.ts'
import { OFFER, WEB, claim, handlerPod, node } from './manifests.ts'
import { Operator } from './operator.ts'
import { Gallery } from './gallery.ts'
import { ownNode } from './names.ts'
import type { Kind } from './sight.ts'
import { OF_VMS, Sight, pathOf } from './sight.ts'
import type { Said, Trace } from './trace.ts'
import { untold } from './telling.ts'
import { traceOf } from './trace.ts'
import { LONGEST_PLAY_SECONDS } from './story.ts'

/** What on a node is silent: all of it, or its virt-handler alone. */
type Silent = 'down' | 'handler-down'

/** The people of a cluster, each with his own credentials. */
export interface People { readonly admin: Api, readonly editor: Api, readonly viewer: Api }

const HANDLERS = '/api/v1/namespaces/harvester-system/pods'
const RBAC = 'rbac.authorization.k8s.io'
const ROLES = { editor: 'kubevirt.io:edit', viewer: 'kubevirt.io:view' } as const
/** Longer than any write follows from another by itself; the agent and the detaching of disks are waited for. */
const QUIET_MS = 800
/** For what follows from an act, on a busy machine. */
const PATIENCE_SECONDS = 90

/** A namespace of one play's own, with all that can be done and seen in it. */
export class Stage {
  readonly namespace = `story-${randomBytes(4).toString('hex')}`
  readonly admin: Operator
  readonly editor: Operator
  readonly viewer: Operator
  readonly images: Gallery
  private readonly api: Api
  private readonly said: Said[] = []
  private readonly nodes: string[] = []
  private readonly patience: number
  /** What is longer is not waited for, whatever a story asks for. */
  private readonly longest: number
  private readonly playSeconds: number
  /** When the play is over, come what may. */
  private deadline = Infinity
  private readonly looksAt: readonly Kind[]
  private readonly undoings: (() => Promise<void>)[] = []
  private eye: Sight | undefined

  constructor(people: People, { looksAt = OF_VMS, patience, playSeconds = LONGEST_PLAY_SECONDS }: { readonly looksAt?: readonly Kind[] | undefined, readonly patience?: number | undefined, readonly playSeconds?: number | undefined } = {}) {
    this.patience = patience ?? PATIENCE_SECONDS
    this.longest = patience ?? Infinity
    this.playSeconds = playSeconds
    this.looksAt = looksAt
    this.api = people.admin
    this.images = new Gallery(this, people.admin)
    const person = (who: keyof People) => new Operator(who, people[who], this.namespace, this.said, (kind, written) => this.catchUp(kind, written))
    this.admin = person('admin')
    this.editor = person('editor')
    this.viewer = person('viewer')
  }

  /** Makes the namespace, gives the people their rights in it, and begins to look. */
  async open(): Promise<void> {
    this.deadline = Date.now() + this.playSeconds * 1000;
    (await this.api.post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: this.namespace } })).expect(201)
    for (const [who, role] of Object.entries(ROLES)) {
      const binding = { apiVersion: `${RBAC}/v1`, kind: 'RoleBinding', metadata: { name: who }, roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name: role }, subjects: [{ kind: 'Group', apiGroup: RBAC, name: `ops-${who}s` }] };
      (await this.api.post(`/apis/${RBAC}/v1/namespaces/${this.namespace}/rolebindings`, binding)).expect(201)
    }
    this.eye = await Sight.open(this.api, this.namespace, this.looksAt)
    if (this.looksAt.includes('VirtualMachine'))
      await this.node()
  }

  private get sight(): Sight {
    if (!this.eye)
      throw new Error('the stage is not open')
    return this.eye
  }

  /** A bound disk for a VM, before the story begins. */
  async disk(name = `${WEB}-disk`, accessMode?: 'ReadWriteOnce'): Promise<void> {
    (await this.api.post(pathOf('PersistentVolumeClaim', this.namespace), claim(this.namespace, name, accessMode))).expect(201)
    await this.until(`a bound claim ${name}`, () => this.find('PersistentVolumeClaim', name)?.status?.phase === 'Bound')
  }

  /** A VM with its disk, as the story finds it: running. One that waits for a start gets it. */
  async running(given: Machine): Promise<void> {
    await this.disk()
    await this.admin.make(given)
    if (given.runStrategy === 'Manual') {
      await this.untilPrinted('Stopped')
      await this.admin.ask('start')
    }
    await this.untilRunning()
  }

  find(kind: Kind, name = WEB): KubeObject | undefined {
    return this.sight.find(kind, name)
  }

  all(kind: Kind): readonly KubeObject[] {
    return this.sight.all(kind)
  }

  /** How many instances of the VM there have been. */
  tries(name = WEB): number {
    return new Set(this.sight.sightings.filter(({ object: { kind, metadata } }) => kind === 'VirtualMachineInstance' && metadata.name === name).map(({ object: { metadata } }) => metadata.uid)).size
  }

  launchers(): readonly KubeObject[] {
    return this.sight.all('Pod')
  }

  migrations(): readonly KubeObject[] {
    return this.sight.all('VirtualMachineInstanceMigration')
  }

  until(what: string, wanted: () => boolean, seconds = this.patience): Promise<void> {
    return this.sight.until(what, wanted, Math.min(seconds, this.longest, this.secondsLeft()))
  }

  /** Until it is so, or that long where it never comes to it: what one cluster does and the other does not. */
  async untilOrNot(what: string, wanted: () => boolean, seconds: number): Promise<void> {
    await this.until(what, wanted, seconds).catch((thrown: unknown) => {
      if (!String(thrown).includes('was not seen within') || this.secondsLeft() === 0)
        throw thrown
    })
  }

  private secondsLeft(): number {
    return Math.max(0, Math.round((this.deadline - Date.now()) / 1000))
  }

  /** Until KubeVirt prints this status of the VM. */
  untilPrinted(printed: string, name = WEB, seconds?: number): Promise<void> {
    return this.until(`${name} ${printed}`, () => this.find('VirtualMachine', name)?.status?.printableStatus === printed, seconds)
  }

  untilPhase(phase: string, name = WEB): Promise<void> {
    return this.until(`an instance of ${name} ${phase}`, () => this.find('VirtualMachineInstance', name)?.status?.phase === phase)
  }

  /** Until the guest runs and all that follows from it has been told: the agent, and that the VM is ready. */
  async untilRunning(name = WEB, besides: (instance: KubeObject) => boolean = () => true): Promise<void> {
    await this.until(`a running guest in ${name}`, () => {
      const instance = this.find('VirtualMachineInstance', name)
      const agent = instance?.metadata.annotations?.['guardrails.test/guest'] === 'deaf' || has(instance, 'AgentConnected')
      const vm = this.find('VirtualMachine', name)
      return instance?.status?.phase === 'Running' && agent && has(instance, 'Ready') && besides(instance) && (!vm || (vm.status?.ready === true && isRemembered(vm) && conditionsOf(vm) === conditionsOf(instance)))
    })
    await this.settle()
  }

  /** Until the VM is told to be no longer ready, as it is while its guest goes on. */
  untilUnready(name = WEB): Promise<void> {
    // What is false is left out upstream.
    return this.until(`${name} not ready`, () => !this.find('VirtualMachine', name)?.status?.ready)
  }

  /** Until another instance than that one runs. */
  untilRunsAgain(before: KubeObject | undefined, name = WEB): Promise<void> {
    return this.untilRunning(name, ({ metadata: { uid } }) => uid !== before?.metadata.uid)
  }

  /** Until nothing of the guest is left, no instance, no pod, no disk held, and the VM, where there is one, says so. */
  async untilOff(name = WEB): Promise<void> {
    await this.until(`${name} off`, () => {
      const left = this.find('VirtualMachineInstance', name) !== undefined || this.launchers().length > 0 || this.sight.all('VolumeAttachment').length > 0
      return !left && !this.find('VirtualMachine', name)?.status?.created
    })
    await this.settle()
  }

  /** Until the guest is over and the instance stays, with no disk held. */
  async untilKept(phase: 'Succeeded' | 'Failed', name = WEB): Promise<void> {
    await this.untilPhase(phase, name)
    await this.until(`the disk of ${name} let go`, () => this.sight.all('VolumeAttachment').length === 0)
    await this.settle()
  }

  untilGone(kind: Kind, name = WEB): Promise<void> {
    return this.until(`${kind} ${name} gone`, () => !this.find(kind, name))
  }

  /** Until that write has been seen: on a busy machine the news of it may come long after the answer. */
  private catchUp(kind: Kind, { metadata: { name, uid, resourceVersion } }: KubeObject): Promise<void> {
    return this.until(`${kind} ${name} as it was written`, () => this.sight.sightings.some(({ object: { metadata } }) => metadata.uid === uid && Number(metadata.resourceVersion) >= Number(resourceVersion)))
  }

  /** Until nothing moves any more. */
  settle(): Promise<void> {
    return this.sight.quiet(QUIET_MS, this.secondsLeft())
  }

  /** Looks on for so long: whatever changes that can be seen is in the trace. Upstream goes on writing what a story does not tell of. */
  async lookOn(milliseconds: number): Promise<void> {
    await sleep(Math.min(milliseconds, this.secondsLeft() * 1000))
    await this.settle()
  }

  /** What a running guest does by itself. */
  async guest(does: 'shutdown' | 'crash', name = WEB): Promise<void> {
    (await this.api.merge(pathOf('VirtualMachineInstance', this.namespace, name), { metadata: { annotations: { 'guardrails.test/guest-does': does } } })).expect(200)
  }

  /** Another node for this play's guests. The first is there from the start: where a guest goes must not depend on who else plays. */
  async node(label = this.namespace): Promise<string> {
    const name = `${ownNode(this.namespace)}${this.nodes.length + 1}`;
    (await this.api.post('/api/v1/nodes', node(label, name))).expect(201)
    this.nodes.push(name);
    (await this.api.merge(`/api/v1/nodes/${name}/status`, { status: OFFER })).expect(200);
    (await this.api.post(HANDLERS, handlerPod(name))).expect(201);
    (await this.api.merge(`${HANDLERS}/virt-handler-${name}/status`, { status: { podIP: '127.0.0.1', podIPs: [{ ip: '127.0.0.1' }] } })).expect(200)
    return name
  }

  /** A node's kubelet and all that runs there, or its virt-handler alone, is not heard of any more; as it is after so many minutes. */
  async silence(name: string, { who = 'down', minutes = 0 }: { readonly who?: Silent, readonly minutes?: number } = {}): Promise<void> {
    if (!this.nodes.includes(name))
      this.afterwards(() => this.hearAgain(name))
    await this.mark(name, { [`guardrails.test/${who}`]: new Date(Date.now() - minutes * 60_000).toISOString() })
  }

  /** All that runs on a node is heard of again. */
  hearAgain(name: string): Promise<void> {
    return this.mark(name, { 'guardrails.test/down': null, 'guardrails.test/handler-down': null })
  }

  private async mark(name: string, annotations: Fields): Promise<void> {
    (await this.api.merge(`/api/v1/nodes/${name}`, { metadata: { annotations } })).expect(200)
  }

  /** Nothing more is put on a node of this play, as `kubectl cordon` does. */
  async cordon(name: string): Promise<void> {
    (await this.api.merge(`/api/v1/nodes/${name}`, { spec: { unschedulable: true } })).expect(200)
  }

  /** Until KubeVirt sends guests to a node, or none any more. */
  untilOpen(node: string, open: boolean): Promise<void> {
    return this.until(`${node} ${open ? 'open' : 'closed'} for guests`, () => this.find('Node', node)?.metadata.labels?.['kubevirt.io/schedulable'] === String(open))
  }

  /** Until Harvester has given a node up, and nothing of the guests there is left to see. */
  async untilFenced(node: string): Promise<void> {
    await this.until(`${node} given up`, () => has(this.find('Node', node), 'Drained'))
    await this.until(`nothing left on ${node}`, () => [...this.launchers(), ...this.sight.all('VolumeAttachment')].every(({ spec }) => spec?.nodeName !== node))
  }

  /** Until nobody says of a node any more that it was lost. */
  untilTakenBack(node: string): Promise<void> {
    return this.until(`${node} taken back`, () => {
      const found = this.find('Node', node)
      return has(found, 'Ready') && !JSON.stringify(found).includes('Drained') && ((found?.spec?.taints ?? []) as readonly unknown[]).length === 0 && found?.metadata.labels?.['kubevirt.io/schedulable'] === 'true'
    })
  }

  /** How many attachments of the story's disks there are: one for each node that has a disk. */
  attachments(): number {
    return this.sight.all('VolumeAttachment').length
  }

  /** Whether the disks of the story are attached. */
  attached(): boolean {
    const attachments = this.sight.all('VolumeAttachment')
    return attachments.length > 0 && attachments.every(({ status }) => status?.attached === true)
  }

  /** What has been said and seen so far. */
  trace(): Trace {
    return { ...traceOf(this.namespace, this.said, this.sight.ours, this.sight.claims), untold: untold(this.sight.ours, this.sight.rests) }
  }

  /** Takes all finalizers off what would stay for ever, so that its namespace can go; what is gone already is no error. */
  async letGo(kind: Kind, name: string): Promise<void> {
    await this.api.merge(pathOf(kind, this.namespace, name), { metadata: { finalizers: null } })
  }

  /** What must be put right again when the play is over, however it ends. */
  afterwards(undo: () => Promise<void>): void {
    this.undoings.push(undo)
  }

  /** Takes away all that the play made; the cluster does the rest by itself. */
  async close(): Promise<void> {
    this.eye?.close()
    for (const undo of this.undoings)
      await undo()
    await this.api.delete(`/api/v1/namespaces/${this.namespace}/pods`, { gracePeriodSeconds: 0 })
    await this.api.delete(`/api/v1/namespaces/${this.namespace}`)
    for (const name of this.nodes) {
      await this.api.delete(`${HANDLERS}/virt-handler-${name}`, { gracePeriodSeconds: 0 })
      await this.api.delete(`/api/v1/nodes/${name}`)
    }
  }
}

interface Conditions { readonly conditions?: readonly { readonly type: string, readonly status: string }[] }

/** Harvester writes down how a VM runs, to start it so again once it was Halted. */
function isRemembered({ metadata, spec }: KubeObject): boolean {
  return spec?.runStrategy === 'Halted' || metadata.annotations?.['harvesterhci.io/vmRunStrategy'] === spec?.runStrategy
}

/** KubeVirt copies an instance's conditions to its VM, each a little later. */
function conditionsOf({ status }: KubeObject): string {
  const { conditions = [] } = status as Conditions
  return conditions.map(({ type, status: truth }) => `${type} ${truth}`).sort().join()
}

function has(object: KubeObject | undefined, type: string): boolean {
  return (object?.status as Conditions | undefined)?.conditions?.some(condition => condition.type === type && condition.status === 'True') ?? false
}
