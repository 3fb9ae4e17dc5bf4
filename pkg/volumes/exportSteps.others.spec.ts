import type { PersistentVolumeClaim } from '#kube/core.ts'
import { ApiError } from '#kube/apiError.ts'
import type { Resource } from '#kube/resource.ts'
import type { Write } from '#kube/write.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { RunStrategy, VirtualMachine } from '#vms/vm.ts'
import type { ExportIntent } from './exportIntent.ts'
import type { StepWorld } from './exportStep.ts'
import { describe, expect, it } from 'vitest'
import { exportImageName, wholenessOf } from './exportedImage.ts'
import { holdOnClaim } from './exportHold.ts'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'
import { amendIntent, readIntent, writeIntent } from './exportIntent.ts'
import { planExport, stopForExport } from './exportPlan.ts'
import { planStartNow } from './exportRestart.ts'
import { ExportRunner } from './exportRunner.ts'
import { nextExportStep } from './exportSteps.ts'
import { IMAGES } from '#images/image.ts'
import { VMS, effectiveRunStrategy } from '#vms/vm.ts'
import type { Open, Setting } from './exportTestCluster.ts'
import { Cluster, meta, run } from './exportTestCluster.ts'

describe('exports of two disks of one VM', () => {
  const OTHER = 'production/web-01-data'
  const other = (intent: ExportIntent | undefined, more: Partial<ExportIntent> = {}): PersistentVolumeClaim => ({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: meta('web-01-data', intent && { annotations: { [EXPORT_ANNOTATION]: writeIntent({ ...intent, id: 'other', claimUid: 'uid-web-01-data', ...more }) } }) })

  it.each<[string, string, (intent: ExportIntent) => PersistentVolumeClaim[]]>([
    ['its note was taken off by hand', OTHER, () => [other(undefined)]],
    ['its disk is gone', OTHER, () => []],
    ['it is over, and nobody has read its end', `${OTHER} started`, intent => [other(intent, { isSettled: true })]],
    ['its note is that of another disk, from a backup', OTHER, intent => [other(intent, { claimUid: 'backed-up' })]],
  ])('do not stand in each other\'s way by a mark that was left behind: %s', (_, mark, others) => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    const intent = cluster.begin()
    cluster.others = others(intent)
    const vm = cluster.vm('web-01')
    if (vm)
      Object.assign(vm, { metadata: { ...vm.metadata, annotations: { [EXPORT_ANNOTATION]: mark } } })
    expect(run(cluster, intent).last).toMatchObject({ word: 'done', result: 'exported' })
    expect(cluster.running('web-01')).toBe(true)
  })

  it('leave the one that came later without the VM: it gives up, and touches nothing', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    const intent = cluster.begin()
    const vm = cluster.vm('web-01')
    if (vm)
      Object.assign(vm, { metadata: { ...vm.metadata, annotations: { [EXPORT_ANNOTATION]: OTHER } }, spec: { ...vm.spec, runStrategy: 'Halted' } })
    cluster.others = [other(intent)]
    const { last } = run(cluster, intent)
    expect(last).toMatchObject({ word: 'stopped', result: 'given-up', because: [{ code: 'vm-in-other-export', vm: 'production/web-01', claim: OTHER }] })
    expect(cluster.images).toEqual([])
    expect(cluster.vm('web-01')?.metadata.annotations?.[EXPORT_ANNOTATION]).toBe(OTHER)
    expect(effectiveRunStrategy(cluster.vm('web-01') as VirtualMachine)).toBe('Halted')
  })

  it('that stop it at the same moment: the second stop fails, whatever it noted', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    const [vm] = cluster.world().vms.objects
    const stops = ['web-01-root', 'web-01-data'].map(name => stopForExport(vm as VirtualMachine, { claim: { namespace: 'production', name } }))
    expect(stops.map(write => cluster.write(write))).toEqual(['ok', 'refused'])
    expect(cluster.vm('web-01')?.metadata.annotations?.[EXPORT_ANNOTATION]).toBe('production/web-01-root')
  })
})

describe('whoever may make images and not patch them', () => {
  const FORBIDDEN = new ApiError({ status: 403, reason: 'Forbidden', message: 'virtualmachineimages.harvesterhci.io "export-abcde" is forbidden: User "eve" cannot patch resource "virtualmachineimages" in API group "harvesterhci.io" in the namespace "production"' })
  const MISFIT = new ApiError({ status: 422, reason: 'Invalid', message: 'the server rejected our request due to an error in our request' })
  const runnerOf = (cluster: Cluster, intent: ExportIntent) => new ExportRunner({
    look: () => cluster.world(), readAnew: () => Promise.resolve(cluster.world()), mayForce: () => false, now: () => cluster.time,
    send: write => {
      const failure = write.act === 'patch' && write.resource.plural === IMAGES.plural ? FORBIDDEN : cluster.write(write) === 'ok' ? undefined : MISFIT
      return failure ? Promise.reject(failure) : Promise.resolve()
    },
  }, intent)
  /** An export that he carries out, `torn` by a pod that comes while the image is read, up to the refusal of what he has found out. */
  async function refused(torn: boolean) {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const intent = cluster.begin()
    const runner = runnerOf(cluster, intent)
    for (let turn = 0; turn < 40; turn++) {
      if (cluster.images.length && !cluster.readAt) {
        cluster.readAt = new Date(cluster.time + 15_000).toISOString()
        if (torn)
          cluster.visit('libguestfs-tools')
      }
      const { failed } = await runner.turn()
      if (failed)
        return { cluster, intent, runner, failed }
      cluster.turn()
    }
    throw new Error('nothing was refused')
  }
  const words = ({ images }: Cluster) => images.map(image => wholenessOf(image as VirtualMachineImage))
  /** How it goes on, turn by turn, until he sees the end. */
  async function goesOn(cluster: Cluster, runner: ExportRunner) {
    const way: string[] = []
    for (let turn = 0; turn < 60 && !['done', 'stopped'].includes(way.at(-1) ?? ''); turn++) {
      const { step, failed } = await runner.turn()
      way.push(failed ? failed.message : step.writes.length || way.at(-1) === step.word ? step.word : `${step.word} (${step.because.map(({ code }) => code).join(' ')})`)
      cluster.turn()
    }
    return way
  }

  it.each([[false, 'verify', 'whole', 'exported'], [true, 'mark-overtaken', 'overtaken', 'overtaken']] as const)('notes no refusal of what he has found out, so that a keeper who may can say it (torn: %s)', async (torn, word, wholeness, result) => {
    const { cluster, intent, failed } = await refused(torn)
    expect(failed).toBe(FORBIDDEN)
    expect((readIntent(cluster.claim as PersistentVolumeClaim) as ExportIntent).refusal).toBeUndefined()
    expect(nextExportStep(cluster.world(), intent, cluster.time).word).toBe(word)
    expect(run(cluster, intent).last).toMatchObject({ result })
    expect(words(cluster)).toEqual([wholeness])
  })

  it('is not asked again, leaves it for half a minute to somebody who may, and then starts the VM and ends the export as not verified', async () => {
    const { cluster, intent, runner } = await refused(false)
    const way = await goesOn(cluster, runner)
    expect(way).not.toContain(FORBIDDEN.message)
    expect(way[0]).toBe('verify (verifying testimony-left)')
    expect(way.at(-1)).toMatch(/^done/)
    expect(words(cluster)).toEqual(['unverified'])
    expect(cluster.running('web-01')).toBe(true)
    expect(readIntent(cluster.claim as PersistentVolumeClaim)).toBeUndefined()
    expect(nextExportStep(cluster.world(), intent, cluster.time).result).toBe('unverified')
  })

  it('starts the VM at once where the export is given up, and calls nothing whole', async () => {
    const { cluster, intent, runner } = await refused(true)
    cluster.write(amendIntent(cluster.claim as PersistentVolumeClaim, readIntent(cluster.claim as PersistentVolumeClaim) as ExportIntent, { abandonedBy: 'bob' }))
    const way = await goesOn(cluster, runner)
    expect(way[0]).toBe('start-vm')
    expect(way.at(-1)).toMatch(/^done/)
    expect(words(cluster)).toEqual(['unverified'])
    expect(nextExportStep(cluster.world(), intent, cluster.time).result).not.toBe('exported')
  })
})

describe('two exports of one volume', () => {
  it('cannot both begin: the second one was planned on a claim that has changed', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const world = cluster.world()
    const claim = world.claims.objects[0] as PersistentVolumeClaim
    const plan = (id: string) => planExport({ claim, users: { vms: [], vmis: [], pods: [] }, id, image: { namespace: 'production', displayName: id }, storageClass: 'harvester-longhorn', restart: true, requester: 'admin', now: cluster.time })
    expect(cluster.write(plan('first').writes[0] as Write)).toBe('ok')
    expect(cluster.write(plan('second').writes[0] as Write)).toBe('refused')
    expect(readIntent(cluster.claim as PersistentVolumeClaim)).toMatchObject({ id: 'first' })
  })

  it('do not follow from the note that a backup has brought to the claim in its place: the first one ends, and that disk is left alone', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    const { words, last } = run(cluster, cluster.begin(), { each: (_step, turn) => {
      if (turn === 3 && cluster.claim)
        cluster.claim = { ...cluster.claim, metadata: { ...cluster.claim.metadata, uid: 'restored' } }
    } })
    expect(words).not.toContain('create-image')
    expect(last).toMatchObject({ word: 'stopped', result: 'given-up', because: [{ code: 'claim-gone' }] })
    expect(cluster.running('web-01')).toBe(true)
  })

  it('make images of different names', () => {
    expect(exportImageName({ id: 'first' })).not.toBe(exportImageName({ id: 'second' }))
  })
})

describe('the guard beside whoever carries the export out', () => {
  const patchVm = (cluster: Cluster, path: string, value: unknown) => cluster.write({ act: 'patch', resource: VMS as Resource, at: { name: 'web-01' }, patch: { type: 'json', body: [{ op: 'add', path, value }] } })
  const isReading = (cluster: Cluster) => cluster.images.some(image => image.status?.conditions?.some(({ type, status }) => type === 'Imported' && status === 'Unknown') ?? true)
  const holdFrom = (cluster: Cluster, starter?: Open<VirtualMachine>) => holdOnClaim(cluster.claim as PersistentVolumeClaim, { images: cluster.images as VirtualMachineImage[], dataVolumes: [] }, cluster.time, starter as VirtualMachine | undefined)
  const wholenesses = (cluster: Cluster) => cluster.images.map(image => wholenessOf(image as VirtualMachineImage))

  /** KubeVirt tries a refused start again with every turn. */
  function guarded(settings: Readonly<Record<string, Setting>>) {
    const cluster = new Cluster(settings)
    const intent = cluster.begin()
    const starts: { readonly isRefused: boolean, readonly isReading: boolean }[] = []
    const boot = cluster.boot.bind(cluster)
    cluster.boot = name => {
      const isRefused = holdFrom(cluster, cluster.vm(name)) !== undefined
      starts.push({ isRefused, isReading: isReading(cluster) })
      if (!isRefused)
        boot(name)
    }
    return { cluster, intent, starts }
  }

  it.each<RunStrategy>(['Always', 'RerunOnFailure', 'Manual'])('lets a %s VM that somebody starts, and KubeVirt tries to ever again, take the disk only once its image is read: that is whole', strategy => {
    const { cluster, intent, starts } = guarded({ 'web-01': { strategy } })
    let turns = 0
    const { words, last } = run(cluster, intent, { each: step => {
      if (step.word !== 'wait-import')
        return
      cluster.importHangs = ++turns < 8
      if (turns === 1)
        patchVm(cluster, '/spec/runStrategy', 'Always')
    } })
    expect(words).not.toContain('mark-overtaken')
    expect(starts.filter(start => start.isReading).length, 'it is tried again').toBeGreaterThan(5)
    expect(starts.filter(start => start.isReading && !start.isRefused)).toEqual([])
    expect([last.word, last.result, wholenesses(cluster)]).toEqual(['done', 'exported', ['whole']])
    expect([cluster.running('web-01'), cluster.vm('web-01')?.spec.runStrategy]).toEqual([true, strategy])
  })

  it.each<[string, number, string]>([
    ['torn: it was there before the import was over', -1, 'overtaken'],
    ['torn no more, nor verified, in the very second: nobody can say which was first', 0, 'unverified'],
    ['not torn where it came after: KubeVirt was faster than whoever looks, and who came before it is not told', 1, 'unverified'],
  ])('calls an image whose VM runs again before anybody has looked %s', (_, secondsAfter, wholeness) => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Halted', off: true } })
    let isStarted = false
    const { last } = run(cluster, cluster.begin(), { each: step => {
      if (step.word !== 'wait-import' || isStarted || (cluster.images[0]?.status?.progress ?? 0) < 60)
        return
      isStarted = true
      cluster.readAt = new Date(cluster.time - secondsAfter * 1000).toISOString()
      patchVm(cluster, '/spec/runStrategy', 'Always')
      cluster.boot('web-01')
      cluster.note()
    } })
    expect(isStarted).toBe(true)
    expect([last.result, wholenesses(cluster)]).toEqual([wholeness === 'overtaken' ? 'overtaken' : 'unverified', [wholeness]])
    expect(cluster.running('web-01')).toBe(true)
  })

  it('holds the disk of an image that is torn already, as long as it is read', () => {
    const { cluster, intent } = guarded({ 'web-01': { strategy: 'Always' } })
    const held: boolean[] = []
    run(cluster, intent, { each: step => {
      if (step.word === 'create-image')
        cluster.visit('libguestfs-tools')
      if (isReading(cluster) && wholenesses(cluster).includes('overtaken'))
        held.push(holdFrom(cluster, cluster.vm('web-01')) !== undefined)
    } })
    expect(wholenesses(cluster)).toEqual(['overtaken'])
    expect(new Set(held)).toEqual(new Set([true]))
  })

  it.each<[string, boolean]>([['at rest so far', false], ['torn already', true]])('lets go of the disk at once when an export is given up, for good, though its image will be read for ever: one that was %s', (_, isTorn) => {
    const { cluster, intent } = guarded({ 'web-01': { strategy: 'Always' } })
    cluster.importHangs = true
    let turns = 0
    const held: boolean[] = []
    const { last } = run(cluster, intent, { each: step => {
      turns += step.word === 'wait-import' ? 1 : 0
      if (isTorn && turns === 1 && step.word === 'wait-import')
        cluster.visit('libguestfs-tools')
      if (turns === 4 && step.word === 'wait-import')
        planStartNow(cluster.world(), readIntent(cluster.claim as PersistentVolumeClaim) as ExportIntent, 'ann').forEach(write => cluster.write(write))
      if (turns >= 4)
        held.push(holdFrom(cluster) !== undefined)
    } })
    expect(last.word).toBe('done')
    expect(isReading(cluster)).toBe(true)
    expect(new Set(held)).toEqual(new Set([false]))
    expect([readIntent(cluster.claim as PersistentVolumeClaim), holdFrom(cluster)]).toEqual([undefined, undefined])
    expect(cluster.running('web-01')).toBe(true)
  })

  const EDIT = ['/spec/template/spec/terminationGracePeriodSeconds', 60] as const
  const NOTE = ['/metadata/annotations', { note: 'seen by ops' }] as const
  it.each<[string, string, Setting, readonly [string, unknown], ((seen: StepWorld) => StepWorld) | undefined]>([
    ['whole', 'more time to end', { strategy: 'Halted', off: true }, EDIT, undefined],
    ['whole', 'an annotation, of a RerunOnFailure VM that was off', { strategy: 'RerunOnFailure', off: true }, NOTE, undefined],
    ['unverified', 'more time to end, where nobody sees what Longhorn remembers', { strategy: 'Halted', off: true }, EDIT, seen => seen.images.objects.length ? { ...seen, longhornVolumes: { objects: [], state: 'forbidden' } } : seen],
  ])('calls an image %s of whose VM only the manifest was changed meanwhile: %s', (wholeness, _, setting, [path, value], world) => {
    const { cluster, intent } = guarded({ 'web-01': setting })
    let isChanged = false
    const { words, last } = run(cluster, intent, { ...(world && { world }), each: step => {
      if (step.word === 'wait-import' && !isChanged)
        isChanged = patchVm(cluster, path, value) === 'ok'
    } })
    expect(isChanged).toBe(true)
    expect(words).not.toContain('mark-overtaken')
    expect([last.word, wholenesses(cluster)]).toEqual(['done', [wholeness]])
  })
})
