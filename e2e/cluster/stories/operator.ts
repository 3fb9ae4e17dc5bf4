import type { Answer, Api, Failure, Fields, KubeObject } from '../../api.ts'
import type { Machine } from './manifests.ts'
import { WEB, machine } from './manifests.ts'
import type { Kind } from './sight.ts'
import { pathOf } from './sight.ts'
import type { Said } from './trace.ts'

const OF_VM = ['start', 'stop', 'restart', 'migrate', 'addvolume', 'removevolume'] as const
type OfVm = typeof OF_VM[number]
type OfInstance = 'pause' | 'unpause' | 'softreboot'

/** One person at a terminal. What he does and what he is told is written down; a refusal is no error. */
export class Operator {
  private readonly who: string
  private readonly api: Api
  private readonly namespace: string
  private readonly said: Said[]
  private readonly catchUp: (kind: Kind, object: KubeObject) => Promise<void>

  /** `catchUp` resolves when a written object has been seen. */
  constructor(who: string, api: Api, namespace: string, said: Said[], catchUp: (kind: Kind, object: KubeObject) => Promise<void>) {
    this.who = who
    this.api = api
    this.namespace = namespace
    this.said = said
    this.catchUp = catchUp
  }

  make(given: Machine): Promise<Answer> {
    return this.create('VirtualMachine', machine(this.namespace, given))
  }

  create(kind: Kind, object: Fields): Promise<Answer> {
    const { name } = object.metadata as { name: string }
    return this.write(kind, `create ${kind} ${name}`, this.api.post(pathOf(kind, this.namespace), object))
  }

  /** A merge patch. */
  change(kind: Kind, name: string, body: Fields): Promise<Answer> {
    return this.write(kind, `change ${kind} ${name} ${JSON.stringify(body)}`, this.api.merge(pathOf(kind, this.namespace, name), body))
  }

  strategy(runStrategy: string, name = WEB): Promise<Answer> {
    return this.change('VirtualMachine', name, { spec: { runStrategy } })
  }

  /** Writes the whole object back, as an editor of YAML does. */
  replace(kind: Kind, object: Fields): Promise<Answer> {
    const { name } = object.metadata as { name: string }
    return this.write(kind, `replace ${kind} ${name}`, this.api.put(pathOf(kind, this.namespace, name), object))
  }

  remove(kind: Kind, name: string, options: Fields = {}): Promise<Answer> {
    return this.tell(`delete ${kind} ${name}${Object.keys(options).length ? ` ${JSON.stringify(options)}` : ''}`, this.api.delete(pathOf(kind, this.namespace, name), options))
  }

  /** A request to KubeVirt's subresources, as the console sends it. */
  ask(act: OfVm | OfInstance, body: Fields = {}, name = WEB): Promise<Answer> {
    return this.put(OF_VM.some(one => one === act) ? 'virtualmachines' : 'virtualmachineinstances', act, body, name)
  }

  /** The same of an instance, where a VM has it too: as virtctl asks it of a guest for the time that it runs. */
  askInstance(act: 'addvolume' | 'removevolume', body: Fields = {}, name = WEB): Promise<Answer> {
    return this.put('virtualmachineinstances', act, body, name)
  }

  private put(resource: string, act: string, body: Fields, name: string): Promise<Answer> {
    const of = resource === 'virtualmachineinstances' && OF_VM.some(one => one === act) ? ' of the instance' : ''
    const path = `/apis/subresources.kubevirt.io/v1/namespaces/${this.namespace}/${resource}/${name}/${act}`
    return this.tell(`${act}${of} ${name}${Object.keys(body).length ? ` ${JSON.stringify(body)}` : ''}`, this.api.put(path, body, { accept: '*/*' }))
  }

  /** Sends an image its file, as the console does, and says that it has so many bytes. `harvester` is where Harvester's own API answers, the API server's address when absent. */
  upload(name: string, { field, file, size = file.length, harvester }: { readonly field: 'chunk' | 'file', readonly file: Uint8Array<ArrayBuffer>, readonly size?: number | string | undefined, readonly harvester?: string | undefined }): Promise<Answer> {
    const path = `/v1/harvester/harvesterhci.io.virtualmachineimages/${this.namespace}/${name}?action=upload&size=${size}`
    return this.tell(`upload ${name} ${JSON.stringify({ bytes: file.length, size })}`, this.api.sendFile(path, field, file, harvester))
  }

  /** Asks a pod to go, as kubectl's drain does. */
  evict(pod: string, more: Fields = {}): Promise<Answer> {
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace: this.namespace }, ...more }
    return this.tell(`evict ${pod}${Object.keys(more).length ? ` ${JSON.stringify(more)}` : ''}`, this.api.post(`${pathOf('Pod', this.namespace, pod)}/eviction`, eviction))
  }

  private async write(kind: Kind, act: string, asked: Promise<Answer>): Promise<Answer> {
    const answer = await this.tell(act, asked)
    if (answer.status < 300)
      await this.catchUp(kind, answer.object)
    return answer
  }

  private async tell(act: string, asked: Promise<Answer>): Promise<Answer> {
    const answer = await asked
    const failure = answer.status >= 400 ? failureOf(answer) : undefined
    this.said.push({ who: this.who, act, code: answer.status, ...(failure?.reason ? { reason: failure.reason } : {}), ...(failure ? { text: failure.message } : {}) })
    return answer
  }
}

/** A Status; or what was said instead of one. */
function failureOf(answer: Answer): Pick<Failure, 'reason' | 'message'> {
  try {
    return answer.failure
  }
  catch {
    return { message: answer.text }
  }
}
