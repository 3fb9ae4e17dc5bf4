import { setTimeout as sleep } from 'node:timers/promises'
import type { Api, Fields, KubeObject } from '../../api.ts'
import { isTrue } from '../controlPlane/operator.ts'
import { claim, instance, machine } from '../stories/manifests.ts'

/** Who exports: an image made by hand, or a job that the keeper carries out. Who starts: the VM, through virt-api, or an instance that somebody makes. */
export interface Race {
  readonly name: string
  readonly exporter: 'image' | 'job'
  readonly starter: 'vm' | 'instance'
  /** Milliseconds from the gun until each is off. */
  readonly exportAfter: number
  readonly startAfter: number
}

/** What was answered to the two. */
export interface Outcome { readonly race: Race, readonly exported: 'taken' | 'refused', readonly started: 'taken' | 'refused' }

/** Numbers from 0 to 1 that a seed gives again (mulberry32). */
export function randomBy(seed: number): () => number {
  let state = seed
  return () => {
    state = state + 0x6D2B79F5 | 0
    let mixed = Math.imul(state ^ state >>> 15, 1 | state)
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed
    return ((mixed ^ mixed >>> 14) >>> 0) / 4_294_967_296
  }
}

/**
 * So far may the two be apart, in milliseconds: about as long as one takes until the cluster has it, in most races less. KubeVirt
 * makes the instance of a VM some hundred milliseconds after its start was asked for, and the keeper an image after the intent.
 */
const APART = { image: { vm: 600, instance: 60 }, job: { vm: 3_000, instance: 3_000 } } as const

/** Races of that many, by a seed; VM and instance by turns. */
export function drawRaces(seed: number, count: number, prefix: string, exporter: Race['exporter']): Race[] {
  const random = randomBy(seed)
  return Array.from({ length: count }, (_, index) => {
    const starter = index % 2 ? 'vm' : 'instance'
    const lead = Math.round((random() * 2 - 1) * APART[exporter][starter] * (random() < 0.5 ? 0.2 : 1))
    // A job's image comes later than its intent in any case.
    return { name: `${prefix}-${index}`, exporter, starter, exportAfter: exporter === 'job' ? 0 : Math.max(0, lead), startAfter: exporter === 'job' ? Math.abs(lead) : Math.max(0, -lead) }
  })
}

const LONG = 120_000
const INTENT = 'guardrails.harvesterhci.io/export'
const MARKS = ['guardrails.harvesterhci.io/export-overtaken', 'guardrails.harvesterhci.io/export-verified']

/** A namespace in which disks are fought for. */
export class Track {
  private readonly api: Api
  readonly namespace: string

  constructor(api: Api, namespace: string) {
    this.api = api
    this.namespace = namespace
  }

  private path(plural: string, name = ''): string {
    const group = { persistentvolumeclaims: '/api/v1', virtualmachineimages: '/apis/harvesterhci.io/v1beta1' }[plural] ?? '/apis/kubevirt.io/v1'
    return `${group}/namespaces/${this.namespace}/${plural}${name && `/${name}`}`
  }

  private async find(plural: string, name: string): Promise<KubeObject | undefined> {
    const answer = await this.api.get(this.path(plural, name))
    return answer.status === 404 ? undefined : answer.expect(200).object
  }

  private async until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    for (const deadline = Date.now() + LONG; !await isSo(); await sleep(100)) {
      if (Date.now() > deadline)
        throw new Error(`not within ${LONG / 1000} s: ${what}`)
    }
  }

  /** An image of a race's disk as somebody writes it at a terminal. */
  imageOf(name: string): Fields {
    return {
      apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: { name, namespace: this.namespace, annotations: { 'harvesterhci.io/storageClassName': 'harvester-longhorn' } },
      spec: { displayName: name, sourceType: 'export-from-volume', backend: 'backingimage', targetStorageClassName: 'harvester-longhorn', pvcName: `${name}-disk`, pvcNamespace: this.namespace, retry: 3 },
    }
  }

  /** A disk that is bound, and a VM on it that is off. */
  async prepare(name: string): Promise<void> {
    (await this.api.post(this.path('persistentvolumeclaims'), claim(this.namespace, `${name}-disk`))).expect(201)
    const { spec, ...vm } = machine(this.namespace, { name, runStrategy: 'Halted', grace: 30 })
    ;(await this.api.post(this.path('virtualmachines'), { ...vm, spec: anywhere(spec as Spec) })).expect(201)
    await this.until(`${name}-disk to be bound`, async () => (await this.find('persistentvolumeclaims', `${name}-disk`))?.status?.phase === 'Bound')
    await this.until(`${name} to be seen by KubeVirt`, async () => (await this.find('virtualmachines', name))?.status?.printableStatus === 'Stopped')
  }

  /** Lets both go, and waits until the disk has been read, where it is read. */
  async run(race: Race): Promise<Outcome> {
    const { name, exporter } = race
    const [exported, started] = await Promise.all([this.export(race), this.start(race)])
    if (exporter === 'job')
      await this.untilJobIsOver(name)
    else if (exported === 'taken')
      await this.until(`${name} to be read`, async () => isDone(await this.find('virtualmachineimages', name)))
    return { race, exported, started }
  }

  private async export({ name, exporter, exportAfter }: Race): Promise<Outcome['exported']> {
    await sleep(exportAfter)
    if (exporter === 'job') {
      const intent = { id: idOf(name), image: { namespace: this.namespace, displayName: name }, storageClass: 'harvester-longhorn', vms: [{ name, runStrategy: 'Halted', wasRunning: false }], restart: true, requester: '', startedAt: new Date().toISOString() }
      ;(await this.api.merge(this.path('persistentvolumeclaims', `${name}-disk`), { metadata: { annotations: { [INTENT]: JSON.stringify(intent) } } })).expect(200)
      return 'taken'
    }
    const answer = await this.api.post(this.path('virtualmachineimages'), this.imageOf(name))
    return answer.status === 422 && answer.failure.message.includes('guardrails') ? 'refused' : (answer.expect(201), 'taken')
  }

  private async start({ name, starter, startAfter }: Race): Promise<Outcome['started']> {
    await sleep(startAfter)
    if (starter === 'vm') {
      const answer = await this.api.put(`/apis/subresources.kubevirt.io/v1/namespaces/${this.namespace}/virtualmachines/${name}/start`, {}, { accept: '*/*' })
      // Where Harvester makes RerunOnFailure of it, the start itself is refused.
      return answer.status !== 202 && answer.failure.message.includes('guardrails') ? 'refused' : (answer.expect(202), 'taken')
    }
    const { spec, ...vmi } = instance(this.namespace, { name: `${name}-alone`, claim: `${name}-disk`, grace: 30 })
    const answer = await this.api.post(this.path('virtualmachineinstances'), { ...vmi, spec: { ...spec as Fields, nodeSelector: undefined } })
    return answer.status === 403 && answer.failure.message.includes('guardrails') ? 'refused' : (answer.expect(201), 'taken')
  }

  /** Its image has its mark; or there will be none, and the claim says why; or it waits for whoever has the disk, and makes none. */
  private async untilJobIsOver(name: string): Promise<void> {
    let waits = 0
    await this.until(`the export of ${name} to end`, async () => {
      const [image, disk, taker] = await Promise.all([this.find('virtualmachineimages', `export-${idOf(name)}`), this.find('persistentvolumeclaims', `${name}-disk`), this.find('virtualmachineinstances', `${name}-alone`)])
      const note = disk?.metadata.annotations?.[INTENT]
      waits = !image && taker?.status?.phase === 'Running' ? waits + 1 : 0
      return image ? isDone(image) && MARKS.some(mark => image.metadata.annotations?.[mark] !== undefined) : note === undefined || /"(calledOff|refusal)":/.test(note) || waits > 30
    })
  }

  /** Takes away what a race has left, disks last. */
  async clear(name: string): Promise<void> {
    await this.api.merge(this.path('persistentvolumeclaims', `${name}-disk`), { metadata: { annotations: { [INTENT]: null } } })
    for (const [plural, one] of [['virtualmachines', name], ['virtualmachineinstances', `${name}-alone`], ['virtualmachineimages', name], ['virtualmachineimages', `export-${idOf(name)}`]] as const)
      await this.api.delete(this.path(plural, one))
    await this.until(`the instances of ${name} to be gone`, async () => !await this.find('virtualmachineinstances', `${name}-alone`) && !await this.find('virtualmachineinstances', name))
    await this.api.delete(this.path('persistentvolumeclaims', `${name}-disk`))
  }
}

interface Spec extends Fields { readonly template: { readonly metadata: Fields, readonly spec: Fields } }

/** Not on the nodes of one story. */
function anywhere({ template, ...spec }: Spec): Fields {
  return { ...spec, template: { ...template, spec: { ...template.spec, nodeSelector: undefined } } }
}

const idOf = (name: string) => `race${name.replaceAll(/\W/g, '')}`
const isDone = (image: KubeObject | undefined) => isTrue(image, 'Imported') || isTrue(image, 'RetryLimitExceeded')
