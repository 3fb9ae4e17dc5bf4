import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { VirtualMachine } from '#vms/vm.ts'
import type { StepWorld } from './exportStep.ts'
import { describe, expect, it } from 'vitest'
import { ENDED_ANNOTATION, acknowledgedBy, cutOffOf, wholenessOf } from './exportedImage.ts'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'
import { readIntent } from './exportIntent.ts'
import { nextExportStep } from './exportSteps.ts'
import { effectiveRunStrategy } from '#vms/vm.ts'
import { Cluster, run } from './exportTestCluster.ts'

const WAY = ['stop-vm', 'wait-guest', 'wait-detach', 'create-image', 'wait-import', 'verify', 'start-vm', 'wait-start', 'clean', 'done']

describe('an export from beginning to end', () => {
  it.each(['RerunOnFailure', 'Always', 'Manual', 'running'] as const)('leaves a VM of strategy %s running as before', strategy => {
    const cluster = new Cluster({ 'web-01': { strategy } })
    expect(cluster.running('web-01')).toBe(true)
    const spec = structuredClone(cluster.vm('web-01')?.spec)
    const { words, last } = run(cluster, cluster.begin())
    expect(words).toEqual(expect.arrayContaining(WAY.filter(word => strategy !== 'Manual' || word !== 'wait-start')))
    expect(last.result).toBe('exported')
    expect(cluster.images.map(image => wholenessOf(image as VirtualMachineImage))).toEqual(['whole'])
    expect(cluster.running('web-01')).toBe(true)
    expect(cluster.vm('web-01')?.spec).toEqual(spec)
    expect(cluster.images.map(image => image.metadata.name)).toEqual(['export-abcde'])
    expect(cluster.vm('web-01')?.metadata.annotations?.[EXPORT_ANNOTATION]).toBeUndefined()
    expect(readIntent(cluster.claim as PersistentVolumeClaim)).toBeUndefined()
    expect(Date.parse(cluster.images[0]?.metadata.annotations?.[ENDED_ANNOTATION] ?? '')).toBeLessThanOrEqual(cluster.time)
  })

  it('keeps the strategy where Harvester keeps it', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    run(cluster, cluster.begin())
    expect(cluster.vm('web-01')?.metadata.annotations).toMatchObject({ 'harvesterhci.io/vmRunStrategy': 'Always' })
  })

  it('touches no VM that was off already', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Halted', off: true } })
    const before = structuredClone(cluster.vm('web-01')?.spec)
    const { words } = run(cluster, cluster.begin())
    expect(words).toEqual(['create-image', 'wait-import', 'verify', 'note-end', 'clean', 'done'])
    expect(cluster.vm('web-01')?.spec).toEqual(before)
    expect(cluster.running('web-01')).toBe(false)
  })

  describe.each(['Manual', 'Once'] as const)('of a VM of strategy %s whose instance KubeVirt keeps', strategy => {
    const ended = (phase: 'Failed' | 'Succeeded') => {
      const cluster = new Cluster({ 'web-01': { strategy: 'Manual' } })
      const vm = cluster.vm('web-01')
      if (vm)
        vm.spec.runStrategy = strategy
      cluster.vmis.forEach(vmi => { vmi.status = { ...vmi.status, phase } })
      cluster.pods = []
      cluster.turn()
      return { cluster, ...run(cluster, cluster.begin()) }
    }

    it('makes the image after a crash, and says that it is as whole as after a power cut', () => {
      const { cluster, words, last } = ended('Failed')
      expect(words).toEqual(['wait-guest', 'create-image', 'wait-import', 'verify', 'note-end', 'clean', 'done'])
      expect(last).toMatchObject({ word: 'done', result: 'crash-consistent' })
      expect(cluster.images.map(image => [wholenessOf(image as VirtualMachineImage), cutOffOf(image as VirtualMachineImage)])).toEqual([['crash-consistent', ['web-01']]])
      expect(cluster.vm('web-01')?.spec.runStrategy).toBe(strategy)
    })

    it('calls the image of a guest that shut itself down whole', () => {
      expect(ended('Succeeded').last).toMatchObject({ word: 'done', result: 'exported' })
    })
  })

  it('makes no image of a VM that KubeVirt will run again after a crash', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    cluster.vmis.forEach(vmi => { vmi.status = { ...vmi.status, phase: 'Failed' } })
    expect(run(cluster, cluster.begin(), { turns: 10 }).last).toMatchObject({ result: 'given-up', because: [{ code: 'vm-started', vm: 'production/web-01' }] })
  })

  it('shuts down a VM that does not have the disk yet, and waits for its guest too', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    for (const holder of [...cluster.vmis, ...cluster.pods])
      holder.spec = { ...holder.spec, volumes: [] }
    cluster.attachments = []
    const { words } = run(cluster, cluster.begin())
    expect(words.slice(0, 2)).toEqual(['stop-vm', 'wait-guest'])
    expect(words.at(-1)).toBe('done')
    expect(cluster.running('web-01')).toBe(true)
  })

  it('shuts down and starts both VMs of a shared disk, each with its own strategy', () => {
    const cluster = new Cluster({ 'shared-a': { strategy: 'Always' }, 'shared-b': { strategy: 'Manual' } })
    const { last } = run(cluster, cluster.begin())
    expect(last.word).toBe('done')
    expect(['shared-a', 'shared-b'].map(name => [cluster.running(name), effectiveRunStrategy(cluster.vm(name) as VirtualMachine)])).toEqual([[true, 'Always'], [true, 'Manual']])
  })

  it('leaves the VM off where that was chosen, and says so', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const { words, last } = run(cluster, cluster.begin(false))
    expect(words).not.toContain('start-vm')
    expect(last.word).toBe('done')
    expect(effectiveRunStrategy(cluster.vm('web-01') as VirtualMachine)).toBe('Halted')
  })

  it('comes to the same end with three runners that act on what they saw before', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const { last } = run(cluster, cluster.begin(), { runners: 3 })
    expect(last.word).toBe('done')
    expect(cluster.images).toHaveLength(1)
    expect(cluster.running('web-01')).toBe(true)
  })

  it('goes on after nobody looked for a while, from any step', () => {
    for (const pause of WAY.slice(0, -2)) {
      const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
      const intent = cluster.begin()
      run(cluster, intent, { each: step => {
        if (step.word === pause)
          Array.from({ length: 8 }, () => cluster.turn())
      } })
      expect(cluster.running('web-01'), `after a pause in ${pause}`).toBe(true)
      expect(readIntent(cluster.claim as PersistentVolumeClaim), pause).toBeUndefined()
    }
  })
})

describe('a backup that is to come first', () => {
  it('is made once, waited for and noted before any VM is stopped', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const { words, last } = run(cluster, cluster.begin(true, { backupFirst: true }), { runners: 2, each: (_step, turn) => {
      const [backup] = cluster.backups
      expect(turn < 3 && cluster.vm('web-01')?.spec.runStrategy === 'Halted').toBe(false)
      if (turn === 3 && backup)
        backup.status = { readyToUse: true }
      if (turn === 5)
        cluster.backups = []
    } })
    expect(words.slice(0, 4)).toEqual(['make-backup', 'wait-backup', 'stop-vm', 'wait-guest'])
    expect(last).toMatchObject({ word: 'done', result: 'exported' })
  })

  it('ends the export with its message when it fails, and the VM was never touched', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const before = structuredClone(cluster.vm('web-01')?.spec)
    const { words, last } = run(cluster, cluster.begin(true, { backupFirst: true }), { each: () => {
      const [backup] = cluster.backups
      if (backup)
        backup.status = { readyToUse: false, error: { message: 'no backup target' } }
    } })
    expect(words).toEqual(['make-backup', 'call-off', 'release-vm', 'clean', 'stopped'])
    expect(last).toMatchObject({ result: 'given-up', because: [{ code: 'backup-failed', backup: 'production/export-abcde-0', message: 'no backup target' }] })
    expect(cluster.vm('web-01')?.spec).toEqual(before)
  })

  it('is not there to be read, so the VM is not touched', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const intent = cluster.begin(true, { backupFirst: true })
    expect(nextExportStep({ ...cluster.world(), backups: { objects: [], state: 'forbidden' } }, intent, cluster.time)).toMatchObject({ word: 'blind', writes: [], because: [{ code: 'not-seen', state: 'forbidden' }] })
  })
})

describe('an export of a disk in use that somebody took upon himself', () => {
  const choices = { runningAcknowledged: { by: 'ann', at: '2026-03-01T12:00:00Z' } }
  it('stops nothing, and the image says whose word it is', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const { words, last } = run(cluster, cluster.begin(true, choices), { inUse: true })
    expect(words).toEqual(['create-image', 'wait-import', 'note-end', 'clean', 'done'])
    expect(last).toMatchObject({ result: 'crash-consistent' })
    expect(cluster.images.map(image => [wholenessOf(image as VirtualMachineImage), acknowledgedBy(image as VirtualMachineImage)])).toEqual([['acknowledged', 'ann']])
    expect(cluster.running('web-01')).toBe(true)
  })

  it('is made by Longhorn v1 alone', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    expect(run(cluster, cluster.begin(true, choices, 'longhorn-v2')).last).toMatchObject({ word: 'stopped', because: [{ code: 'running-needs-v1', storageClass: 'longhorn-v2' }] })
    expect(cluster.images).toEqual([])
  })

  it('waits for no other work on the disk longer than the time that was chosen', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    const intent = cluster.begin(true, { runningAcknowledged: { by: 'ann', at: '2026-03-01T12:00:00Z' }, deadline: new Date(cluster.time + 60_000).toISOString() })
    const busy = (world: StepWorld): StepWorld => ({ ...world, vms: { ...world.vms, objects: world.vms.objects.map(vm => ({ ...vm, status: { ...vm.status, snapshotInProgress: 'snap' } })) } })
    const { words, last } = run(cluster, intent, { inUse: true, world: busy })
    expect(words).toEqual(['wait-detach', 'call-off', 'stopped'])
    expect(last.because).toEqual([{ code: 'deadline-passed', deadline: intent.deadline }])
  })

  it('waits for other work on the disk all the same', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const intent = cluster.begin(true, choices)
    Object.assign(cluster.vm('web-01')?.status ?? {}, { snapshotInProgress: 'nightly' })
    expect(nextExportStep(cluster.world(), intent, cluster.time)).toMatchObject({ word: 'wait-detach', writes: [], because: [{ code: 'vm-busy' }] })
  })
})
