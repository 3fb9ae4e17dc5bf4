import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Api, Fields, KubeObject } from '../../api.ts'
import type { Picture } from './imageManifests.ts'
import { NOBLE, classOf, passphrase, picture } from './imageManifests.ts'
import { holdSetting } from './settings.ts'
import { pathOf } from './sight.ts'
import type { Stage } from './stage.ts'

// What is done to images and to their copies on disks, and what is waited for.

/** Where the mirror of publishers is told of the day: a day ahead, what is behind a `current/` URL is another file. */
export const TOUR = '/api/v1/namespaces/default/configmaps/guardrails-tour'
const LONGHORN = '/apis/longhorn.io/v1beta2/namespaces/longhorn-system'

/** Longhorn tries for minutes to reuse what is spoilt before it gives up; no longer than the play lasts. */
const LONG_SECONDS = 240

/** Upstream's webhooks judge by caches that may be this far behind. */
const CACHED_MS = 2000

/** Longer than Longhorn rests between two tries. */
const STILL_MS = 5000

interface Copy { readonly state?: string, readonly message?: string }
interface Sending { readonly field?: 'chunk' | 'file', readonly size?: number | string | undefined, readonly name?: string }
interface DiskStatus { readonly diskUUID?: string, readonly diskPath?: string }
/** A disk of the cluster's. */
interface Disk { readonly node: string, readonly name: string, readonly uuid: string }

/** The images of one play. */
export class Gallery {
  private readonly stage: Stage
  private readonly api: Api

  constructor(stage: Stage, api: Api) {
    this.stage = stage
    this.api = api
  }

  /** Somebody makes an image; a `url` without a scheme is one of the play's own publisher. */
  async make({ url, ...more }: Picture, name = NOBLE): Promise<void> {
    const whole = url === undefined ? {} : { url: url.includes('://') ? url : await this.addressOf(url) }
    const { status } = await this.stage.admin.create('VirtualMachineImage', picture(this.stage.namespace, name, { ...more, ...whole }))
    if (status === 201)
      await this.stage.until(`${name} held by Harvester`, () => this.stage.find('VirtualMachineImage', name)?.metadata.finalizers !== undefined)
  }

  /** Somebody sends an image its file, once Longhorn waits for it, and says that it has so many bytes, as many as it has when absent. */
  async upload(file: Uint8Array<ArrayBuffer>, size?: number, name = NOBLE): Promise<void> {
    await this.stage.until('a source that waits for a file', () => this.source(name)?.status?.currentState === 'pending')
    await this.sendFile(file, { size, name })
  }

  /** The same of an image that CDI keeps, once Harvester has begun with it; CDI looks for a file in the field `file`. */
  async uploadToCdi(file: Uint8Array<ArrayBuffer>, { field = 'file', size }: Pick<Sending, 'field' | 'size'> = {}): Promise<void> {
    await this.until('Initialized', NOBLE)
    await this.sendFile(file, { field, size })
  }

  /** The same, whoever waits for it. */
  async sendFile(file: Uint8Array<ArrayBuffer>, { field = 'chunk', size, name = NOBLE }: Sending = {}): Promise<void> {
    await this.stage.admin.upload(name, { field, file, size, harvester: (await this.tour()).harvester })
  }

  /** Somebody deletes the image, and it goes. */
  async remove(): Promise<void> {
    await this.stage.admin.remove('VirtualMachineImage', NOBLE)
    await this.stage.untilGone('VirtualMachineImage', NOBLE)
  }

  /** An image as the story finds it: imported, and ready on so many disks. */
  async imported(given: Picture, copies = 3, name = NOBLE): Promise<void> {
    await this.make(given, name)
    await this.untilImported(name)
    await this.untilReady(copies, name)
    await this.stage.settle()
  }

  untilImported(name = NOBLE): Promise<void> {
    return this.until('Imported', name)
  }

  /** Until Harvester has given it up, or so many seconds where it never does. */
  async untilGivenUpOrNot(seconds: number, name = NOBLE): Promise<void> {
    await this.stage.untilOrNot(`${name} given up`, () => conditionOf(this.stage.find('VirtualMachineImage', name), 'RetryLimitExceeded')?.status === 'True', seconds)
    await this.stage.settle()
  }

  /** Until Harvester has given it up. */
  async untilGivenUp(name = NOBLE): Promise<void> {
    await this.until('RetryLimitExceeded', name)
    await this.stage.settle()
  }

  private until(type: string, name: string): Promise<void> {
    return this.stage.until(`${name} ${type}`, () => conditionOf(this.stage.find('VirtualMachineImage', name), type)?.status === 'True')
  }

  /** Longhorn's file of an image, undefined where there is none. */
  file(name = NOBLE): KubeObject | undefined {
    return this.stage.all('BackingImage').find(({ metadata }) => metadata.annotations?.['harvesterhci.io/imageId'] === `${this.stage.namespace}/${name}`)
  }

  source(name = NOBLE): KubeObject | undefined {
    const file = this.file(name)
    return file && this.stage.find('BackingImageDataSource', file.metadata.name)
  }

  /** The copies that Longhorn wants or tells of, by their disks. */
  copies(name = NOBLE): ReadonlyMap<string, Copy> {
    const { spec, status } = this.file(name) ?? {}
    const told = (status?.diskFileStatusMap ?? {}) as Readonly<Record<string, Copy>>
    return new Map(Object.keys({ ...spec?.diskFileSpecMap ?? {}, ...told }).map(disk => [disk, told[disk] ?? {}]))
  }

  /** The disk that the first copy came to. */
  first(name = NOBLE): string {
    return String(this.source(name)?.spec?.diskUUID)
  }

  /** Until there are so many copies, and all of them are ready. */
  async untilReady(count: number, name = NOBLE): Promise<void> {
    await this.untilCopies(`${count} ready`, copies => copies.length === count && copies.every(({ state }) => state === 'ready'), name)
  }

  /** Until the copy on a disk is so, and every other is ready. */
  async untilCopyIs(disk: string, state: string, name = NOBLE): Promise<void> {
    await this.stage.until(`the copy of ${name} ${state}`, () => [...this.copies(name)].every(([one, copy]) => copy.state === (one === disk ? state : 'ready')), LONG_SECONDS)
  }

  /** Until a copy is told to leave its disk. */
  async untilEvicted(disk: string, name = NOBLE): Promise<void> {
    const places = () => (this.file(name)?.spec?.diskFileSpecMap ?? {}) as Readonly<Record<string, { readonly evictionRequested?: boolean }>>
    await this.stage.until(`the copy of ${name} told to leave`, () => places()[disk]?.evictionRequested === true)
  }

  async untilCopies(what: string, wanted: (copies: readonly Copy[]) => boolean, name = NOBLE): Promise<void> {
    await this.stage.until(`copies of ${name} ${what}`, () => wanted([...this.copies(name).values()]), LONG_SECONDS)
  }

  /** Until every copy has failed, and nothing is tried any more. */
  async untilStillLost(name = NOBLE): Promise<void> {
    const isLost = (copies: readonly Copy[]) => copies.length > 0 && copies.every(({ state }) => state === 'failed')
    do {
      await this.untilCopies('failed', isLost, name)
      await sleep(STILL_MS)
    } while (!isLost([...this.copies(name).values()]))
  }

  /** Writes other bytes into the copies on these disks, all when absent. On disks that are played it is told of by an annotation of the file. */
  async spoil(disks: readonly string[] = [...this.copies().keys()], name = NOBLE): Promise<void> {
    const { items } = (await this.api.get(`${LONGHORN}/nodes`)).expect(200).list
    const { metadata, status } = this.file(name) ?? {}
    const fileName = `${metadata?.name}-${String(status?.uuid)}`
    const paths = items.flatMap(node => Object.values((node.status?.diskStatus ?? {}) as Readonly<Record<string, DiskStatus>>))
      .filter(({ diskUUID = '' }) => disks.includes(diskUUID)).map(({ diskPath = '' }) => join(diskPath, 'backing-images', fileName, 'backing')).filter(existsSync)
    for (const path of paths)
      writeFileSync(path, 'spoilt'.repeat(1024))
    if (paths.length === 0)
      await this.changeFile({ metadata: { annotations: { 'guardrails.test/spoilt-copies': disks.join() } } }, name)
  }

  /** A write to Longhorn's file that no operator of a story is asked about. */
  private async changeFile(body: Fields, name: string): Promise<void> {
    (await this.api.merge(pathOf('BackingImage', '', this.file(name)?.metadata.name), body)).expect(200)
  }

  /** Imported, with a copy on each of the three nodes: no node has a second disk that is open. Answers the disk that the first copy came to. */
  async onEachNode(given: Picture): Promise<string> {
    const seen = new Set<string>()
    for (const { node, name } of await this.disks()) {
      if (seen.has(node))
        await this.setDisk({ node, name }, { allowScheduling: false })
      seen.add(node)
    }
    await this.imported(given)
    return this.first()
  }

  /** The node that a disk is on. */
  async nodeOf(disk: string): Promise<string> {
    return (await this.diskOf(disk)).node
  }

  /** A disk shall hold nothing any more; what is on it goes to the others, which are open. */
  async empty(uuid: string): Promise<void> {
    const emptied = await this.diskOf(uuid)
    for (const disk of (await this.disks()).filter(one => one.node !== emptied.node))
      await this.setDisk(disk, { allowScheduling: true })
    await this.setDisk(emptied, { allowScheduling: false, evictionRequested: true })
  }

  private async diskOf(uuid: string): Promise<Disk> {
    const found = (await this.disks()).find(disk => disk.uuid === uuid)
    if (!found)
      throw new Error(`no node has the disk ${uuid}`)
    return found
  }

  private async disks(): Promise<readonly Disk[]> {
    const { items } = (await this.api.get(`${LONGHORN}/nodes`)).expect(200).list
    return items.flatMap(({ metadata, status }) => Object.entries((status?.diskStatus ?? {}) as Readonly<Record<string, DiskStatus>>)
      .map(([name, { diskUUID: uuid = '' }]) => ({ node: metadata.name, name, uuid })))
  }

  /** Writes to a disk of the cluster's, and back when the play is over. */
  private async setDisk({ node, name }: Pick<Disk, 'node' | 'name'>, fields: Fields): Promise<void> {
    const set = async (to: Fields) => { (await this.api.merge(`${LONGHORN}/nodes/${node}`, { spec: { disks: { [name]: to } } })).expect(200) }
    this.stage.afterwards(() => set({ allowScheduling: true, evictionRequested: false }))
    await set(fields)
  }

  /** The publisher puts the build of the next day there, for this play alone. */
  async turnTheDay(): Promise<void> {
    (await this.api.merge(TOUR, { data: { [`daysAhead.${this.stage.namespace}`]: '1' } })).expect(200)
  }

  /** A setting of Longhorn's, which is for everybody: the last play that wants it puts it back. */
  async setting(name: string, value: string): Promise<void> {
    this.stage.afterwards(await holdSetting(this.api, name, value))
  }

  /** A class of the play's own; what an image says to be of that class. */
  async ownClass(what: string, parameters: Readonly<Record<string, string>>): Promise<Pick<Picture, 'targetStorageClassName' | 'annotations'>> {
    const name = `${what}-${this.stage.namespace}`
    await this.stage.admin.create('StorageClass', classOf(name, parameters))
    await sleep(CACHED_MS)
    this.stage.afterwards(async () => { await this.api.delete(pathOf('StorageClass', '', name)) })
    return { targetStorageClassName: name, annotations: { 'harvesterhci.io/storageClassName': name } }
  }

  /** A secret of the play's own, that disks are encrypted with. */
  async secret(name: string): Promise<{ readonly name: string, readonly namespace: string }> {
    const { namespace } = this.stage;
    (await this.api.post(`/api/v1/namespaces/${namespace}/secrets`, passphrase(namespace, name))).expect(201)
    return { name, namespace }
  }

  private async addressOf(path: string): Promise<string> {
    return `${(await this.tour()).mirror}~${this.stage.namespace}/${path}`
  }

  /** What is told in the cluster of this stage: where the mirror of publishers is, and where uploads are sent to where that is not the API server's address. */
  private async tour(): Promise<Readonly<Partial<Record<'mirror' | 'harvester', string>>>> {
    const { data } = (await this.api.get(TOUR)).expect(200).object as KubeObject & { readonly data: Readonly<Partial<Record<'mirror' | 'harvester', string>>> }
    return data
  }
}

function conditionOf(object: KubeObject | undefined, type: string): { readonly status: string } | undefined {
  const conditions = (object?.status?.conditions ?? []) as readonly { readonly type: string, readonly status: string }[]
  return conditions.find(condition => condition.type === type)
}
