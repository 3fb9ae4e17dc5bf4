import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { Seen } from '#kube/seen.ts'
import { ApiError } from '#kube/apiError.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { VirtualMachine } from '#vms/vm.ts'
import type { ExportStep, StepWorld } from './exportStep.ts'
import { describe, expect, it } from 'vitest'
import { wholenessOf } from './exportedImage.ts'
import type { ExportChoices } from './exportIntent.ts'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'
import { amendIntent, readIntent } from './exportIntent.ts'
import { nextExportStep } from './exportSteps.ts'
import { effectiveRunStrategy } from '#vms/vm.ts'
import type { Open, Setting } from './exportTestCluster.ts'
import { Cluster, meta, run } from './exportTestCluster.ts'

const CDI_READER = 'e3a1c9f0-1b2d-4c3e-8f4a-5b6c7d8e9f00-source-pod'

describe('an export of which somebody deletes the image during the import', () => {
  const isImporting = (cluster: Cluster) => readIntent(cluster.claim as PersistentVolumeClaim) !== undefined && cluster.images.length > 0

  it.each(['at once', 'and waits for a finalizer'])('ends with that: no second image is made, and the VM comes back (%s)', how => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    cluster.importHangs = true
    const { words, last } = run(cluster, cluster.begin(), { each: (step, turn) => {
      const [image] = cluster.images
      if (step.word === 'wait-import' && image && turn > 12) {
        cluster.images = how === 'at once' || image.metadata.deletionTimestamp ? [] : cluster.images
        image.metadata.deletionTimestamp = new Date(cluster.time).toISOString()
      }
    } })
    expect(words.filter(word => word === 'create-image')).toHaveLength(1)
    expect(last).toMatchObject({ word: 'stopped', result: 'image-gone', because: [{ code: 'image-gone', image: 'production/export-abcde' }] })
    expect(last.timeline.find(entry => entry.step === 'import')?.state).toBe('failed')
    expect(cluster.running('web-01')).toBe(true)
  })

  it('says so of a disk that nobody uses, too', () => {
    const cluster = new Cluster({})
    cluster.importHangs = true
    const { words, last } = run(cluster, cluster.begin(), { each: step => {
      if (step.word === 'wait-import' && isImporting(cluster))
        cluster.images = []
    } })
    expect(words.filter(word => word === 'create-image')).toHaveLength(1)
    expect(last).toMatchObject({ word: 'stopped', result: 'image-gone' })
  })

  it('is not said of one that this console has not seen yet: nothing is started on its disk', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    const intent = cluster.begin()
    cluster.importHangs = true
    let late: ExportStep | undefined
    run(cluster, intent, { each: step => {
      if (step.word === 'wait-import')
        late ??= nextExportStep({ ...cluster.world(), images: { objects: [], state: 'live' } }, intent, cluster.time)
    } })
    expect(late).toMatchObject({ word: 'wait-import', writes: [], because: [{ code: 'image-unseen', image: 'production/export-abcde' }] })
  })
})

describe('an export where CDI has Longhorn clone the disk, with no pod on it', () => {
  const cloned = () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    cluster.cloning = ''
    return { cluster, intent: cluster.begin(true, {}, 'longhorn-v2') }
  }

  it('keeps the VM off until Longhorn has copied it, whatever Harvester says, and calls it whole', () => {
    const { cluster, intent } = cloned()
    const copying: string[] = []
    const { last } = run(cluster, intent, { each: ({ word, because }) => {
      if (word === 'wait-import' && because.some(reason => reason.code === 'longhorn-copying' && reason.volume === 'pv-2')) {
        expect([cluster.running('web-01'), wholenessOf(cluster.images[0] as VirtualMachineImage)]).toEqual([false, 'unverified'])
        copying.push(cluster.cloning ?? '')
        cluster.cloning = copying.length > 4 ? 'completed' : 'initiated'
      }
    } })
    expect(copying).toEqual(['', 'initiated', 'initiated', 'initiated', 'initiated'])
    expect([last.result, wholenessOf(cluster.images[0] as VirtualMachineImage), cluster.running('web-01')]).toEqual(['exported', 'whole', true])
  })

  it('calls it torn where a VM runs while Longhorn still copies', () => {
    const { cluster, intent } = cloned()
    const { last } = run(cluster, intent, { each: ({ because }) => {
      if (because.some(reason => reason.code === 'longhorn-copying') && !cluster.vmis.length) {
        cluster.readAt = new Date(cluster.time - 60_000).toISOString()
        cluster.boot('web-01')
      }
    } })
    expect([last.word, wholenessOf(cluster.images[0] as VirtualMachineImage)]).not.toContain('whole')
    expect(wholenessOf(cluster.images[0] as VirtualMachineImage)).toBe('overtaken')
  })

  it('says why an image is not verified that a pod of CDI\'s has read, and what to do', () => {
    const { cluster, intent } = cloned()
    delete cluster.cloning
    let told: ExportStep['because'] = []
    run(cluster, intent, { each: step => {
      told = step.because.some(({ code }) => code === 'read-by-pod') ? step.because : told
      if (step.word === 'wait-import')
        cluster.visit(CDI_READER)
    } })
    expect(told.map(({ code }) => code)).toEqual(['unverified', 'read-by-pod'])
  })
})

describe('an image that was read while what holds the disk was not seen', () => {
  const hidden = (kind: 'pods' | 'vmis' | 'longhornVolumes', seen: Omit<Seen, 'objects'> & { error?: ApiError }) => (world: StepWorld): StepWorld => ({ ...world, [kind]: { objects: [], ...seen } })
  const CLOSED = hidden('pods', { state: 'forbidden' })
  const UNWATCHED = { state: 'stale', error: new ApiError({ status: 403, reason: 'Forbidden', message: 'watch' }) } as const
  /** An export up to the moment in which its image is imported. */
  function imported(vms: Readonly<Record<string, Setting>> = {}, restart = true, choices: ExportChoices = {}) {
    const cluster = new Cluster(vms)
    const intent = cluster.begin(restart, choices)
    while (nextExportStep(cluster.world(), intent, cluster.time).word !== 'verify') {
      nextExportStep(cluster.world(), intent, cluster.time).writes.forEach(write => cluster.write(write))
      cluster.turn()
    }
    return { cluster, intent }
  }
  const words = (cluster: Cluster) => cluster.images.map(image => wholenessOf(image as VirtualMachineImage))

  it.each(['pods', 'vmis', 'longhornVolumes'] as const)('is waited with as long as %s may still come into sight, unless it is given up', kind => {
    for (const state of ['loading', 'stale'] as const) {
      const { cluster, intent } = imported()
      const { words: way } = run(cluster, intent, { turns: 20, world: hidden(kind, { state }) })
      expect(way).toEqual(['blind'])
      cluster.write(amendIntent(cluster.claim as PersistentVolumeClaim, intent, { abandonedBy: 'bob' }))
      expect(run(cluster, intent, { world: hidden(kind, { state }) }).last.word).toBe('done')
      expect(words(cluster)).toEqual(['unverified'])
    }
  })

  it.each([['pods', { state: 'forbidden' }], ['pods', UNWATCHED], ['vmis', { state: 'forbidden' }], ['pods', { state: 'live', partial: ['lab'] }], ['longhornVolumes', { state: 'forbidden' }], ['longhornVolumes', { state: 'absent' }], ['longhornVolumes', { state: 'live' }]] as const)('is not verified by one who may not see %s (%o), and its export ends', (kind, seen) => {
    const { cluster, intent } = imported()
    const { words: way, last } = run(cluster, intent, { world: hidden(kind, seen) })
    expect(way).not.toContain('verify')
    expect(last).toMatchObject({ word: 'done', result: 'unverified' })
    expect(words(cluster)).toEqual(['unverified'])
  })

  it('is left for half a minute to somebody who sees, by one who may not and then ends it', () => {
    for (const isKept of [true, false]) {
      const { cluster, intent } = imported({ 'web-01': { strategy: 'RerunOnFailure' } })
      cluster.readAt = new Date(cluster.time).toISOString()
      cluster.turn()
      expect(run(cluster, intent, { turns: 5, world: CLOSED }).words).toEqual(['blind'])
      if (isKept)
        nextExportStep(cluster.world(), intent, cluster.time).writes.forEach(write => cluster.write(write))
      const { last } = run(cluster, intent, { world: CLOSED })
      expect(last).toMatchObject({ word: 'done', result: isKept ? 'exported' : 'unverified' })
      expect(cluster.running('web-01')).toBe(true)
    }
  })

  describe('past the time that was chosen', () => {
    /** The same an hour after its time was over. */
    function late(restart = true) {
      const { cluster, intent } = imported({ 'web-01': { strategy: 'RerunOnFailure' } }, restart, { deadline: '2026-03-01T12:30:00Z' })
      cluster.time = Date.parse('2026-03-01T13:30:00Z')
      return { cluster, intent }
    }
    const kinds = (['pods', 'vmis', 'longhornVolumes'] as const).flatMap(kind => (['loading', 'stale'] as const).map(state => [kind, state] as const))

    it.each(kinds)('is waited with for half a minute more where %s are %s; then the VM starts again, and the image is not verified, but not torn', (kind, state) => {
      const { cluster, intent } = late()
      expect(run(cluster, intent, { turns: 6, world: hidden(kind, { state }) }).words).toEqual(['blind'])
      expect(run(cluster, intent, { world: hidden(kind, { state }) }).words).toContain('start-vm')
      expect(cluster.running('web-01')).toBe(true)
      expect(words(cluster)).toEqual(['unverified'])
      expect(run(cluster, intent).last).toMatchObject({ word: 'done', result: 'unverified' })
    })

    it('is verified by one who is only just opening his page', () => {
      const { cluster, intent } = late()
      expect(run(cluster, intent, { turns: 2, world: hidden('pods', { state: 'loading' }) }).words).toEqual(['blind'])
      expect(run(cluster, intent).last).toMatchObject({ word: 'done', result: 'exported' })
      expect(words(cluster)).toEqual(['whole'])
    })

    it('leaves a VM off that was to stay off', () => {
      const { cluster, intent } = late(false)
      run(cluster, intent, { world: hidden('vmis', { state: 'stale' }) })
      expect(effectiveRunStrategy(cluster.vm('web-01') as VirtualMachine)).toBe('Halted')
    })

    it('starts no VM of which KubeVirt says that it has an instance, while none can be seen', () => {
      const { cluster, intent } = late()
      const stale = (world: StepWorld): StepWorld => hidden('vmis', { state: 'stale' })({ ...world, vms: { ...world.vms, objects: world.vms.objects.map(vm => ({ ...vm, status: { ...vm.status, created: true } })) } })
      expect(run(cluster, intent, { world: stale }).last).toMatchObject({ word: 'blind', result: 'unverified' })
      expect(effectiveRunStrategy(cluster.vm('web-01') as VirtualMachine)).toBe('Halted')
    })
  })

  it('lets the VM come back', () => {
    const { cluster, intent } = imported({ 'web-01': { strategy: 'RerunOnFailure' } })
    expect(run(cluster, intent, { world: CLOSED }).last).toMatchObject({ word: 'done', result: 'unverified' })
    expect(cluster.running('web-01')).toBe(true)
    expect(words(cluster)).toEqual(['unverified'])
  })

  it('is not called torn by whoever sees the VM that the export is just starting again', () => {
    const { cluster, intent } = imported({ 'web-01': { strategy: 'RerunOnFailure' } })
    const { last } = run(cluster, intent, { turns: 1, world: CLOSED })
    expect(last.word).toBe('start-vm')
    expect(run(cluster, intent).words).not.toContain('mark-overtaken')
    expect(words(cluster)).toEqual(['unverified'])
  })
})

describe('an image of the name that the export would use, read from another disk', () => {
  const other = (cluster: Cluster, spec: object, note?: object): Open<VirtualMachineImage> => ({
    apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: meta('export-abcde', { creationTimestamp: new Date(cluster.time).toISOString(), ...(note && { annotations: { [EXPORT_ANNOTATION]: JSON.stringify(note) } }) }),
    spec: { displayName: 'theirs', sourceType: 'export-from-volume', pvcNamespace: 'production', pvcName: 'web-01-root', ...spec },
  })

  it.each<[string, object, object?]>([
    ['in another namespace', { pvcNamespace: 'victim' }],
    ['of another name', { pvcName: 'db-root' }],
    ['that had this name before', {}, { claimUid: 'before', still: {} }],
  ])('is neither verified nor called torn: a disk %s', (_, spec, note) => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    const intent = cluster.begin()
    cluster.images = [other(cluster, spec, note)]
    const { words, last } = run(cluster, intent)
    expect(words).not.toContain('stop-vm')
    expect(last).toMatchObject({ word: 'stopped', result: 'given-up', because: [{ code: 'image-of-other', image: 'production/export-abcde' }] })
    expect(Object.keys(cluster.images[0]?.metadata.annotations ?? {})).toEqual(note ? [EXPORT_ANNOTATION] : [])
    expect(cluster.running('web-01')).toBe(true)
  })

  it('does not keep off what was stopped before it came', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const { last } = run(cluster, cluster.begin(), { each: step => {
      if (step.word === 'wait-detach')
        cluster.images = [other(cluster, { pvcNamespace: 'victim' })]
    } })
    expect(last).toMatchObject({ word: 'stopped', because: [{ code: 'image-of-other' }] })
    expect(cluster.running('web-01')).toBe(true)
  })

  it('is not told as the result of an export that is over', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    const intent = cluster.begin()
    cluster.claim = { ...cluster.claim, metadata: { ...cluster.claim.metadata, annotations: {} } }
    cluster.images = [other(cluster, { pvcNamespace: 'victim' })]
    expect(nextExportStep(cluster.world(), intent, cluster.time)).toEqual({ word: 'done', writes: [], because: [], timeline: expect.anything() as unknown })
  })
})
