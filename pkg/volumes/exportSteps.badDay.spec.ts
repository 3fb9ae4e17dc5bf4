import type { StepWorld } from './exportStep.ts'
import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { Resource } from '#kube/resource.ts'
import type { VirtualMachineImage } from '#images/image.ts'
import type { ExportIntent } from './exportIntent.ts'
import { describe, expect, it } from 'vitest'
import { ENDED_ANNOTATION, OVERTAKEN_ANNOTATION, cutOffOf, unobservedOf, wholenessOf } from './exportedImage.ts'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'
import { amendIntent, readIntent } from './exportIntent.ts'
import { planForceStop, planStartNow, vmsKeptOff } from './exportRestart.ts'
import { nextExportStep } from './exportSteps.ts'
import { VMS } from '#vms/vm.ts'
import { Cluster, meta, run } from './exportTestCluster.ts'

const CDI_READER = 'e3a1c9f0-1b2d-4c3e-8f4a-5b6c7d8e9f00-source-pod'

describe('an export on a bad day', () => {
  it('waits for a guest that does not shut down, says how long it may take, and makes no image', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always', guest: 'immortal' } })
    const left: unknown[] = []
    const { last } = run(cluster, cluster.begin(), { turns: 40, each: ({ because: [first] }) => first?.code === 'waiting-for-guest' && left.push(first.leftSeconds) })
    expect(left.slice(-3)).toEqual([10, 5, 0])
    expect(last).toMatchObject({ word: 'wait-guest', because: [{ code: 'guest-overdue', vm: 'production/web-01', graceSeconds: 120 }] })
    expect(cluster.images).toEqual([])
  })

  it('makes no image of a guest whose power was cut, where nothing else was chosen, and starts the VM again', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure', guest: 'deaf' } })
    const { words, last } = run(cluster, cluster.begin(), { turns: 90 })
    expect(words).not.toContain('create-image')
    expect(last).toMatchObject({ word: 'stopped', result: 'given-up', because: [{ code: 'cut-off-no-image', vm: 'production/web-01' }] })
    expect(cluster.images).toEqual([])
    expect(cluster.running('web-01')).toBe(true)
  })

  it('says of an image that the power of its guest was cut before, where that was chosen, and starts the VM again', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure', guest: 'deaf' } })
    const { words, last } = run(cluster, cluster.begin(true, { ifCutOff: 'mark-crash-consistent' }), { turns: 90 })
    expect(words).toContain('create-image')
    expect(last).toMatchObject({ word: 'done', result: 'crash-consistent' })
    expect(cluster.images.map(image => cutOffOf(image as VirtualMachineImage))).toEqual([['web-01']])
    expect(cluster.running('web-01')).toBe(true)
  })

  it('says of an image that nobody saw how its guest shut down', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const { last } = run(cluster, cluster.begin(), { each: (step, turn) => {
      if (step.word === 'wait-guest' && turn < 3)
        Array.from({ length: 20 }, () => cluster.turn())
    } })
    expect(last).toMatchObject({ word: 'done', result: 'not-observed' })
    expect(cluster.images.map(image => [wholenessOf(image as VirtualMachineImage), unobservedOf(image as VirtualMachineImage)])).toEqual([['not-observed', ['web-01']]])
    expect(cluster.running('web-01')).toBe(true)
  })

  it('forgets how a guest ended when the VM was started and stopped again since', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    let noted = false
    const { last } = run(cluster, cluster.begin(), { each: () => {
      const current = readIntent(cluster.claim as PersistentVolumeClaim)
      if (noted || current === 'unreadable' || current?.endings?.['web-01']?.word !== 'shut-down')
        return
      noted = true
      for (const runStrategy of ['Always', 'Halted'])
        cluster.write({ act: 'patch', resource: VMS as Resource, at: { name: 'web-01' }, patch: { type: 'json', body: [{ op: 'replace', path: '/spec/runStrategy', value: runStrategy }] } })
      Array.from({ length: 20 }, () => cluster.turn())
    } })
    expect(noted).toBe(true)
    expect(last).toMatchObject({ word: 'done', result: 'not-observed' })
  })

  it('cuts the power of a guest sooner once that was decided, and not before', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always', guest: 'deaf' } })
    const { words, last } = run(cluster, cluster.begin(), { each: (_step, turn) => {
      if (turn === 4)
        expect(cluster.write(planForceStop(cluster.claim as PersistentVolumeClaim, readIntent(cluster.claim as PersistentVolumeClaim) as ExportIntent, 'bob'))).toBe('ok')
    } })
    expect(words.filter(word => word === 'force-stop')).toHaveLength(1)
    expect(words.indexOf('force-stop')).toBeGreaterThan(words.indexOf('wait-guest'))
    expect(last).toMatchObject({ word: 'stopped', because: [{ code: 'cut-off-no-image', vm: 'production/web-01' }] })
    expect(cluster.running('web-01')).toBe(true)
  })

  describe('of a VM that somebody has halted before, and whose guest is still ending', () => {
    function halting(guest: 'obedient' | 'deaf' = 'deaf') {
      const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure', guest } })
      const vm = cluster.vm('web-01')
      const vmi = cluster.vmis[0]
      if (!vm || !vmi)
        throw new Error('the cluster has no web-01')
      vm.spec.runStrategy = 'Halted'
      vmi.status = { ...vmi.status, nodeName: 'node-1' }
      return { cluster, vm }
    }

    it('waits for that, makes no image where its power was cut, as nobody has chosen one, and owes no start', () => {
      const { cluster, vm } = halting()
      const { words, last } = run(cluster, cluster.begin(), { turns: 90 })
      expect(words[0]).toBe('wait-guest')
      expect(words).not.toContain('create-image')
      expect(words).not.toContain('start-vm')
      expect(last).toMatchObject({ word: 'stopped', because: [{ code: 'cut-off-no-image', vm: 'production/web-01' }] })
      expect(last.timeline.map(({ step }) => step)).toEqual(['record', 'release', 'create', 'import', 'end'])
      expect(vm.spec.runStrategy).toBe('Halted')
      expect(vm.metadata.annotations?.[EXPORT_ANNOTATION]).toBeUndefined()
    })

    it('marks the image where that was chosen', () => {
      const { cluster } = halting()
      const { last } = run(cluster, cluster.begin(true, { ifCutOff: 'mark-crash-consistent' }), { turns: 90 })
      expect(last).toMatchObject({ word: 'done', result: 'crash-consistent' })
      expect(cluster.images.map(image => cutOffOf(image as VirtualMachineImage))).toEqual([['web-01']])
    })

    it('makes a whole image of one that was seen to shut down, and leaves it off without a mark', () => {
      const { cluster, vm } = halting('obedient')
      const { words, last } = run(cluster, cluster.begin())
      expect(words).not.toContain('start-vm')
      expect(words).not.toContain('release-vm')
      expect(last).toMatchObject({ word: 'done', result: 'exported' })
      expect(vm.spec.runStrategy).toBe('Halted')
      expect(vm.metadata.annotations?.[EXPORT_ANNOTATION]).toBeUndefined()
    })

    it('calls no image whole of which nobody saw how its guest ended', () => {
      const { cluster } = halting()
      const { last } = run(cluster, cluster.begin(), { turns: 90, each: (_step, turn) => {
        if (turn === 0)
          Array.from({ length: 40 }, () => cluster.turn())
      } })
      expect(last).toMatchObject({ word: 'done', result: 'not-observed' })
    })

    it('makes none while the node is lost on which it was ending, though its pod and its attachment were removed by force', () => {
      const { cluster } = halting()
      const intent = cluster.begin()
      const lost = (world: StepWorld): StepWorld => ({ ...world, nodes: { ...world.nodes, objects: world.nodes.objects.map(node => ({ ...node, status: { conditions: [{ type: 'Ready', status: 'Unknown' as const }] } })) } })
      cluster.vmis = []
      cluster.pods = []
      cluster.attachments = []
      cluster.note()
      const { words, last } = run(cluster, intent, { turns: 30, world: lost })
      expect(words).not.toContain('create-image')
      expect(last.word).toBe('blind')
    })

    it('watches its end too where the VM is deleted, and only its instance is left', () => {
      const { cluster } = halting()
      cluster.vms = []
      const [vmi] = cluster.vmis
      if (vmi)
        vmi.metadata = { ...vmi.metadata, deletionTimestamp: new Date(cluster.time).toISOString() }
      const { words, last } = run(cluster, cluster.begin(), { turns: 30, each: (_step, turn) => {
        if (vmi && turn === 3)
          vmi.status = { ...vmi.status, phase: 'Failed' }
        if (turn === 6)
          cluster.vmis = []
      } })
      expect(words[0]).toBe('wait-guest')
      expect(words).not.toContain('create-image')
      expect(last).toMatchObject({ word: 'stopped', because: [{ code: 'cut-off-no-image', vm: 'production/web-01' }] })
    })

    it('is called off where somebody starts it meanwhile', () => {
      const { cluster, vm } = halting()
      const { words, last } = run(cluster, cluster.begin(), { turns: 30, each: (_step, turn) => {
        if (turn === 2)
          vm.spec.runStrategy = 'Always'
      } })
      expect(words).not.toContain('stop-vm')
      expect(last).toMatchObject({ word: 'stopped', because: [{ code: 'vm-started', vm: 'production/web-01' }] })
      expect(vm.spec.runStrategy).toBe('Always')
    })
  })

  it('does not start a VM against somebody who gave up a start that failed', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const givenUp = { created: false, runStrategy: 'RerunOnFailure' as const, stateChangeRequests: [], printableStatus: 'CrashLoopBackOff', startFailure: { consecutiveFailCount: 1 } }
    const stopped = (world: StepWorld): StepWorld => cluster.images.length
      ? { ...world, vms: { ...world.vms, objects: world.vms.objects.map(vm => vm.spec.runStrategy === 'Halted' ? vm : { ...vm, status: { ...vm.status, ...givenUp } }) }, vmis: { ...world.vmis, objects: [] } }
      : world
    const { last } = run(cluster, cluster.begin(), { turns: 30, world: stopped })
    expect(last).toMatchObject({ word: 'wait-start', writes: [], because: [{ code: 'waiting-for-start', vm: 'production/web-01', message: 'CrashLoopBackOff' }, { code: 'exported' }] })
  })

  it('can be ended where a VM that it has started does not come to run, in the cluster\'s own words, and not before that is known', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const crashes = (world: StepWorld): StepWorld => ({ ...world, vms: { ...world.vms, objects: world.vms.objects.map(vm => cluster.images.length && vm.spec.runStrategy !== 'Halted' ? { ...vm, status: { ...vm.status, printableStatus: 'CrashLoopBackOff' } } : vm) }, vmis: { ...world.vmis, objects: cluster.images.length ? [] : world.vmis.objects } })
    const early: unknown[] = []
    const { last } = run(cluster, cluster.begin(), { turns: 30, world: crashes, each: step => step.word === 'wait-start' || early.push(step.dismiss) })
    expect(early.filter(Boolean)).toEqual([])
    expect(last).toMatchObject({ word: 'wait-start', result: 'exported', because: [{ code: 'waiting-for-start', vm: 'production/web-01', message: 'CrashLoopBackOff' }, { code: 'exported' }] })
    last.dismiss?.forEach(write => expect(cluster.write(write)).toBe('ok'))
    expect(readIntent(cluster.claim as PersistentVolumeClaim)).toBeUndefined()
    expect(cluster.vm('web-01')?.metadata.annotations?.[EXPORT_ANNOTATION]).toBeUndefined()
    expect(cluster.images[0]?.metadata.annotations?.[ENDED_ANNOTATION]).toBeDefined()
  })

  it('says of an image that is still read, and torn already, who had the disk', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    const told: unknown[] = []
    run(cluster, cluster.begin(), { each: step => {
      if (step.word === 'create-image')
        cluster.visit('libguestfs')
      if (step.word === 'wait-import')
        told.push(step.because)
    } })
    expect(told).toContainEqual([{ code: 'overtaken', image: 'production/export-abcde' }, { code: 'taken-by', by: 'production/libguestfs' }, { code: 'importing', image: 'production/export-abcde' }])
  })

  it('takes the rest of its time from a guest that keeps its VM off after the export was given up, where that is decided, and starts the VM at once', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure', guest: 'deaf' } })
    const begun = cluster.time
    const intent = () => readIntent(cluster.claim as PersistentVolumeClaim) as ExportIntent
    let back = 0
    const { words, last } = run(cluster, cluster.begin(), { each: (_step, turn) => {
      if (turn === 4)
        cluster.write(amendIntent(cluster.claim as PersistentVolumeClaim, intent(), { abandonedBy: 'bob' }))
      if (turn === 6)
        cluster.write(planForceStop(cluster.claim as PersistentVolumeClaim, intent(), 'bob'))
      back ||= turn > 6 && cluster.running('web-01') ? cluster.time - begun : 0
    } })
    expect(words.slice(words.indexOf('force-stop'))).toEqual(['force-stop', 'wait-guest', 'start-vm', 'wait-start', 'clean', 'done'])
    expect(last.result ?? 'given-up').toBe('given-up')
    // Its grace is 120 s.
    expect(back).toBeGreaterThan(0)
    expect(back).toBeLessThan(90_000)
    expect(cluster.images).toEqual([])
  })

  it('says of a VM that runs again after a forced stop why its start is not believed yet', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always', guest: 'deaf' } })
    const told = new Set<string>()
    const { last } = run(cluster, cluster.begin(), { each: (step, turn) => {
      if (turn === 4)
        cluster.write(planForceStop(cluster.claim as PersistentVolumeClaim, readIntent(cluster.claim as PersistentVolumeClaim) as ExportIntent, 'bob'))
      if (step.word === 'wait-start' && cluster.running('web-01'))
        step.because.filter(reason => 'vm' in reason && reason.code !== 'cut-off-no-image').forEach(({ code }) => told.add(code))
    } })
    expect([...told]).toEqual(['start-unproven'])
    expect(last.word).toBe('stopped')
  })

  it('says of an image that the power of its guest was cut, where that was forced', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always', guest: 'deaf' } })
    const { last } = run(cluster, cluster.begin(true, { ifCutOff: 'mark-crash-consistent' }), { each: (_step, turn) => {
      if (turn === 4)
        expect(cluster.write(planForceStop(cluster.claim as PersistentVolumeClaim, readIntent(cluster.claim as PersistentVolumeClaim) as ExportIntent, 'bob'))).toBe('ok')
    } })
    expect(last).toMatchObject({ word: 'done', result: 'crash-consistent' })
    expect(cluster.images.map(image => [wholenessOf(image as VirtualMachineImage), cutOffOf(image as VirtualMachineImage)])).toEqual([['crash-consistent', ['web-01']]])
  })

  it('starts the VM again, without an image, when the time that was chosen is over', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    const deadline = new Date(cluster.time + 60_000).toISOString()
    const { words, last } = run(cluster, cluster.begin(true, { deadline }), { each: (_step, turn) => {
      // Something else comes to hold the disk, and stays.
      if (turn === 1)
        cluster.pods.push({ apiVersion: 'v1', kind: 'Pod', metadata: meta('reader'), spec: { nodeName: 'node-1', volumes: [{ name: 'root', persistentVolumeClaim: { claimName: 'web-01-root' } }] }, status: { phase: 'Running' } })
    } })
    expect(words).toEqual(expect.arrayContaining(['wait-detach', 'call-off', 'start-vm']))
    expect(last).toMatchObject({ word: 'stopped', result: 'given-up', because: [{ code: 'deadline-passed', deadline }] })
    expect(cluster.images).toEqual([])
    expect(cluster.running('web-01')).toBe(true)
  })

  it('starts the VM again when an import still hangs at the time that was chosen, and the image is not called good', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    cluster.importHangs = true
    const deadline = new Date(cluster.time + 120_000).toISOString()
    const { words, last } = run(cluster, cluster.begin(true, { deadline }))
    expect(words.slice(words.indexOf('wait-import'))).toEqual(expect.arrayContaining(['wait-import', 'mark-overtaken', 'start-vm', 'stopped']))
    expect(words.indexOf('mark-overtaken')).toBeLessThan(words.indexOf('start-vm'))
    expect(last).toMatchObject({ word: 'stopped', result: 'overtaken', because: [{ code: 'import-overdue', deadline }, { code: 'overtaken', image: 'production/export-abcde' }] })
    expect(cluster.images.map(image => wholenessOf(image as VirtualMachineImage))).toEqual(['overtaken'])
    expect(cluster.running('web-01')).toBe(true)
  })

  it('goes on with an image that was imported in time, though it is looked at later', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    const deadline = new Date(cluster.time + 300_000).toISOString()
    const { last } = run(cluster, cluster.begin(true, { deadline }), { each: step => {
      for (let turn = 0; step.word === 'wait-import' && turn < 100; turn++)
        cluster.turn()
    } })
    expect(cluster.time).toBeGreaterThan(Date.parse(deadline))
    expect(last).toMatchObject({ word: 'done', result: 'exported' })
  })

  it('starts the VM again when CDI gives its copy up, which Harvester never says', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    cluster.importHangs = true
    const { last } = run(cluster, cluster.begin(), { each: () => { cluster.copyFails = cluster.images.length > 0 } })
    expect(last).toMatchObject({ word: 'stopped', result: 'import-failed', because: [{ code: 'import-failed', image: 'production/export-abcde', message: 'no space left' }] })
    expect(cluster.running('web-01')).toBe(true)
  })

  it('ends, and starts the VM again, when what CDI has copied is lost once Harvester has taken it in', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const intent = cluster.begin()
    const lost = { apiVersion: 'cdi.kubevirt.io/v1beta1', kind: 'DataVolume', metadata: meta('export-abcde'), spec: {}, status: { phase: 'Succeeded', conditions: [{ type: 'Ready', status: 'False' as const }] } }
    const { last } = run(cluster, intent, { each: step => {
      for (const image of step.word === 'create-image' ? cluster.images : [])
        image.spec.backend = 'cdi'
    }, world: world => ({ ...world, claims: { ...world.claims, objects: world.claims.objects.filter(({ metadata }) => metadata.name !== 'export-abcde') }, dataVolumes: { objects: [lost], state: 'live' } }) })
    expect(last).toMatchObject({ word: 'done', result: 'unverified' })
    expect(cluster.running('web-01')).toBe(true)
  })

  it.each(['stop-vm', 'create-image'])('ends with the words of a refusal in %s, and what was stopped is started again', word => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const { last } = run(cluster, cluster.begin(), { each: step => {
      const current = readIntent(cluster.claim as PersistentVolumeClaim) as ExportIntent
      if (step.word === word && !current.refusal) {
        cluster.images = []
        expect(cluster.write(amendIntent(cluster.claim as PersistentVolumeClaim, current, { refusal: 'quota exceeded' }))).toBe('ok')
      }
    } })
    expect(last).toMatchObject({ word: 'stopped', result: 'given-up', because: [{ code: 'refused', message: 'quota exceeded' }] })
    expect(cluster.running('web-01')).toBe(true)
    last.dismiss?.forEach(write => expect(cluster.write(write)).toBe('ok'))
    expect(readIntent(cluster.claim as PersistentVolumeClaim)).toBeUndefined()
    expect(cluster.vm('web-01')?.metadata.annotations?.[EXPORT_ANNOTATION]).toBeUndefined()
  })

  it('stops when somebody else starts the VM meanwhile, and takes no image of it', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const { last } = run(cluster, cluster.begin(), { each: step => {
      const vm = cluster.vm('web-01')
      if (step.word === 'wait-detach' && vm)
        vm.spec.runStrategy = 'Always'
    } })
    expect(last).toMatchObject({ word: 'stopped', result: 'given-up', because: [{ code: 'vm-started', vm: 'production/web-01' }] })
    expect(cluster.images).toEqual([])
    Array.from({ length: 6 }, () => cluster.turn())
    expect(cluster.running('web-01')).toBe(true)
    last.dismiss?.forEach(write => expect(cluster.write(write)).toBe('ok'))
    expect(readIntent(cluster.claim as PersistentVolumeClaim)).toBeUndefined()
  })

  it.each(['Always', 'RerunOnFailure'] as const)('does not shut a VM down again that somebody put back to %s while its guest was still shutting down', strategy => {
    const cluster = new Cluster({ 'web-01': { strategy } })
    let stops = 0
    let put = false
    const { last } = run(cluster, cluster.begin(), { each: step => {
      const vm = cluster.vm('web-01')
      stops += step.word === 'stop-vm' ? 1 : 0
      if (!put && vm && cluster.vmis.some(vmi => vmi.metadata.deletionTimestamp)) {
        put = true
        vm.spec.runStrategy = strategy
      }
    } })
    expect(put).toBe(true)
    expect(stops).toBe(1)
    expect(last).toMatchObject({ word: 'stopped', result: 'given-up', because: [{ code: 'vm-started', vm: 'production/web-01' }] })
    expect(cluster.images).toEqual([])
    expect(cluster.running('web-01'), 'also where KubeVirt would never start it by itself').toBe(true)
  })

  it.each(['RerunOnFailure', 'Manual', 'Always'] as const)('gives a VM that KubeVirt has put to Always by a start its strategy %s back, once it runs', strategy => {
    const cluster = new Cluster({ 'web-01': { strategy } })
    const { words, last } = run(cluster, cluster.begin(), { each: step => {
      const vm = cluster.vm('web-01')
      // What `start` makes of Halted, and KubeVirt itself of a start that it has asked for after a crash (pkg/virt-controller/watch/vm/vm.go).
      if (step.word === 'wait-detach' && vm)
        vm.spec.runStrategy = 'Always'
    } })
    expect(last).toMatchObject({ word: 'stopped', result: 'given-up', because: [{ code: 'vm-started', vm: 'production/web-01' }] })
    expect(cluster.running('web-01')).toBe(true)
    expect(cluster.vm('web-01')?.spec.runStrategy).toBe(strategy)
    expect(words.includes('start-vm')).toBe(strategy !== 'Always')
  })

  it('gives that strategy back too where the VM was to stay off', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const { last } = run(cluster, cluster.begin(false), { each: step => {
      const vm = cluster.vm('web-01')
      if (step.word === 'wait-detach' && vm)
        vm.spec.runStrategy = 'Always'
    } })
    expect(last).toMatchObject({ word: 'stopped', result: 'given-up', because: [{ code: 'vm-started', vm: 'production/web-01' }] })
    expect(cluster.running('web-01')).toBe(true)
    expect(cluster.vm('web-01')?.spec.runStrategy).toBe('RerunOnFailure')
  })

  it.each([
    ['virt-api', 'RerunOnFailure'], ['virt-controller', 'RerunOnFailure'], ['kubectl-edit', 'Always'],
  ])('tells by who set it whether Always came of a start: set by %s it becomes %s', (manager, strategy) => {
    for (const restart of [true, false]) {
      const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
      const { last } = run(cluster, cluster.begin(restart), { each: step => {
        const vm = cluster.vm('web-01')
        if (step.word !== 'wait-detach' || !vm)
          return
        vm.spec.runStrategy = 'Always'
        vm.metadata.managedFields = [{ manager, operation: 'Update', fieldsV1: { 'f:spec': { 'f:runStrategy': {} } } }]
      } })
      Array.from({ length: 6 }, () => cluster.turn())
      expect(cluster.running('web-01')).toBe(true)
      expect(cluster.vm('web-01')?.spec.runStrategy).toBe(strategy)
      const left = [{ code: 'strategy-left', vm: 'production/web-01', strategy: 'RerunOnFailure', by: manager }]
      expect(last).toMatchObject({ word: 'stopped', because: [{ code: 'vm-started', vm: 'production/web-01' }, ...strategy === 'Always' ? left : []] })
      last.dismiss?.forEach(write => expect(cluster.write(write)).toBe('ok'))
      expect(cluster.vm('web-01')?.metadata.annotations?.[EXPORT_ANNOTATION]).toBeUndefined()
    }
  })

  it('leaves a strategy alone that somebody gave the VM after the export had started it again', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    run(cluster, cluster.begin(), { each: step => {
      const vm = cluster.vm('web-01')
      if (step.word === 'wait-start' && vm)
        vm.spec.runStrategy = 'Always'
    } })
    expect(cluster.vm('web-01')?.spec.runStrategy).toBe('Always')
  })

  it('starts the other VM of a shared disk again when one was started by somebody', () => {
    const cluster = new Cluster({ 'shared-a': { strategy: 'RerunOnFailure' }, 'shared-b': { strategy: 'RerunOnFailure' } })
    const { last } = run(cluster, cluster.begin(), { each: step => {
      const vm = cluster.vm('shared-a')
      if (step.word === 'wait-guest' && vm?.metadata.annotations?.[EXPORT_ANNOTATION])
        vm.spec.runStrategy = 'Always'
    } })
    expect(last).toMatchObject({ word: 'stopped', result: 'given-up' })
    expect(cluster.images).toEqual([])
    expect(cluster.running('shared-b')).toBe(true)
  })

  it('starts the VM again when the import fails, and says that it failed', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Manual' } })
    cluster.importFails = true
    const { last } = run(cluster, cluster.begin())
    expect(last).toMatchObject({ word: 'stopped', result: 'import-failed', because: [{ code: 'import-failed', image: 'production/export-abcde', message: 'disk is full' }] })
    expect(cluster.running('web-01')).toBe(true)
    expect(last.timeline.find(entry => entry.step === 'import')?.state).toBe('failed')
  })

  it('marks the image when a VM runs on the disk while it is read', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Halted', off: true } })
    const intent = cluster.begin()
    const { words, last } = run(cluster, intent, { each: step => {
      if (step.word === 'create-image') {
        cluster.boot('web-01')
        const vm = cluster.vm('web-01')
        if (vm)
          vm.spec.runStrategy = 'Always'
      }
    } })
    expect(words).toContain('mark-overtaken')
    expect(last).toMatchObject({ word: 'stopped', result: 'overtaken' })
  })

  it('is not torn by a pod that no node was found for, for which nothing was attached', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const nightly = { apiVersion: 'v1', kind: 'Pod', metadata: meta('nightly-x'), spec: { volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'web-01-root' } }] }, status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] } }
    let turns = 0
    const { last } = run(cluster, cluster.begin(), { world: seen => seen.images.objects.length > 0 && turns++ < 2 ? { ...seen, pods: { ...seen.pods, objects: [...seen.pods.objects, nightly as never] } } : seen })
    expect([last.word, cluster.images.map(image => wholenessOf(image as VirtualMachineImage))]).toEqual(['done', ['whole']])
  })

  it.each<[string, object, string]>([
    ['a pod of somebody', {}, 'overtaken'], ['a launcher', { 'kubevirt.io': 'virt-launcher' }, 'overtaken'], ['CDI\'s reader', { 'cdi.kubevirt.io': 'cdi-clone-source' }, 'unverified'], ['a pod of CDI\'s that fills the disk', { 'cdi.kubevirt.io': 'importer' }, 'overtaken'],
  ])('knows who else took the disk while it was read: %s', (_, labels, wholeness) => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    run(cluster, cluster.begin(), { each: step => {
      if (step.word === 'wait-import' && !cluster.pods.length)
        cluster.pods.push({ apiVersion: 'v1', kind: 'Pod', metadata: meta(wholeness === 'unverified' ? CDI_READER : 'libguestfs-tools', { labels }), spec: { nodeName: 'node-1', volumes: [{ name: 'root', persistentVolumeClaim: { claimName: 'web-01-root' } }] }, status: { phase: 'Running' } })
    } })
    expect(cluster.images.map(image => wholenessOf(image as VirtualMachineImage))).toEqual([wholeness])
    expect(cluster.running('web-01')).toBe(true)
  })

  it.each<[string, string, string, string]>([
    ['marks the image', 'a pod had the disk and was gone again before anybody looked', 'libguestfs-tools', 'overtaken'],
    ['does not call it verified', 'CDI had the disk, and who else did is not told', CDI_READER, 'unverified'],
  ])('%s when %s', (_what, _when, pod, wholeness) => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    let visits = 1
    const { last } = run(cluster, cluster.begin(), { each: step => {
      if (step.word === 'wait-import' && visits-- > 0)
        cluster.visit(pod)
    } })
    expect(last).toMatchObject({ word: wholeness === 'overtaken' ? 'stopped' : 'done', result: wholeness })
    expect(cluster.images.map(image => wholenessOf(image as VirtualMachineImage))).toEqual([wholeness])
    expect(cluster.running('web-01')).toBe(true)
  })

  it.each(['loading', 'stale'] as const)('makes no image while what Longhorn remembers is %s: who comes later could not be told from who was there', state => {
    const cluster = new Cluster({})
    const { words, last } = run(cluster, cluster.begin(), { world: seen => ({ ...seen, longhornVolumes: { objects: [], state } }) })
    expect(words).not.toContain('create-image')
    expect(last).toMatchObject({ word: 'blind', writes: [], because: [{ code: 'not-seen', resource: 'volumes.longhorn.io', state }] })
  })

  it('makes no image by what it sees while Longhorn\'s volumes may not be read, and asks the server, which may', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    const { words, last } = run(cluster, cluster.begin(), { world: seen => ({ ...seen, longhornVolumes: { objects: [], state: 'forbidden' } }) })
    expect(words).not.toContain('create-image')
    expect(last).toMatchObject({ word: 'blind', writes: [], because: [{ code: 'not-seen', resource: 'volumes.longhorn.io', state: 'forbidden' }], ask: { act: 'create', manifest: { metadata: { name: 'export-abcde' } } } })
  })

  it('makes no image before Longhorn has noted that the guest\'s pod is gone', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    cluster.note = () => undefined
    const { words, last } = run(cluster, cluster.begin())
    expect(words).not.toContain('create-image')
    expect(last).toMatchObject({ word: 'wait-detach', writes: [], because: [{ code: 'longhorn-behind', volume: 'pv-1' }] })
  })

  it('marks the image when a pod has the disk while it is read, also where nobody sees what Longhorn remembers', () => {
    const cluster = new Cluster({})
    const { last } = run(cluster, cluster.begin(), { world: seen => cluster.images.length ? { ...seen, longhornVolumes: { objects: [], state: 'forbidden' } } : seen, each: step => {
      if (step.word === 'wait-import' && !cluster.pods.length)
        cluster.pods.push({ apiVersion: 'v1', kind: 'Pod', metadata: meta('libguestfs-tools'), spec: { nodeName: 'node-1', volumes: [{ name: 'root', persistentVolumeClaim: { claimName: 'web-01-root' } }] }, status: { phase: 'Running' } })
    } })
    expect(last).toMatchObject({ word: 'stopped', result: 'overtaken' })
  })

  it('marks the image when a VM ran and was stopped again while nobody looked', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const { last } = run(cluster, cluster.begin(), { each: step => {
      if (step.word !== 'create-image')
        return
      cluster.importHangs = true
      for (const runStrategy of ['Always', 'Halted']) {
        cluster.write({ act: 'patch', resource: VMS as Resource, at: { name: 'web-01' }, patch: { type: 'json', body: [{ op: 'replace', path: '/spec/runStrategy', value: runStrategy }] } })
        Array.from({ length: 8 }, () => cluster.turn())
      }
      cluster.importHangs = false
    } })
    expect(last).toMatchObject({ word: 'stopped', result: 'overtaken' })
    expect(cluster.images[0]?.metadata.annotations?.[OVERTAKEN_ANNOTATION]).toContain('"production/web-01"')
    expect(cluster.running('web-01')).toBe(true)
  })

  it('says that nothing was noted where the cluster takes no note of it, and starts the VM', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const { last } = run(cluster, cluster.begin(), { each: step => {
      if (step.word === 'wait-import')
        cluster.write(amendIntent(cluster.claim as PersistentVolumeClaim, readIntent(cluster.claim as PersistentVolumeClaim) as ExportIntent, { refusal: 'forbidden' }))
    } })
    expect(last).toMatchObject({ word: 'stopped', result: 'unverified', because: [{ code: 'unverified', image: 'production/export-abcde' }] })
    expect(cluster.running('web-01')).toBe(true)
  })

  it('gives up when the VM is deleted under it', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Always' } })
    const { last } = run(cluster, cluster.begin(), { each: step => {
      if (step.word === 'wait-guest')
        cluster.vms = []
    } })
    expect(last).toMatchObject({ word: 'stopped', because: [{ code: 'vm-gone', vm: 'production/web-01' }] })
    expect(cluster.images).toEqual([])
  })

  it.each(['forbidden', 'stale', 'loading', 'absent'] as const)('does nothing on attachments that are %s', state => {
    const cluster = new Cluster({ 'web-01': { strategy: 'Halted', off: true } })
    const intent = cluster.begin()
    const step = nextExportStep({ ...cluster.world(), attachments: { objects: [], state } }, intent, cluster.time)
    expect(step).toMatchObject({ word: 'blind', writes: [], because: [{ code: 'not-seen', resource: 'volumeattachments.storage.k8s.io', state }] })
  })

  it.each(['stop-vm', 'wait-guest', 'wait-detach', 'create-image', 'wait-import'])('starts the VM now when that is asked for in %s, and ends', word => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const intent = cluster.begin()
    const { last } = run(cluster, intent, { each: step => {
      if (step.word === word)
        planStartNow(cluster.world(), readIntent(cluster.claim as PersistentVolumeClaim) as ExportIntent, 'ann').forEach(write => expect(cluster.write(write)).toBe('ok'))
    } })
    expect(last.word).toBe('done')
    expect(cluster.running('web-01')).toBe(true)
    const made = cluster.images.map(image => 'guardrails.harvesterhci.io/export-overtaken' in (image.metadata.annotations ?? {}))
    expect(made, 'no image, or one that is marked').toEqual(word === 'create-image' || word === 'wait-import' ? [true] : [])
  })

  it('does not ask for a start while nobody sees whether the old instance is gone', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const intent = cluster.begin()
    run(cluster, intent, { turns: 4 })
    expect(vmsKeptOff(cluster.world(), intent)).toHaveLength(1)
    const writes = planStartNow({ ...cluster.world(), vmis: { objects: [], state: 'forbidden' } }, intent, 'ann')
    expect(writes.map(write => write.resource.kind)).toEqual(['PersistentVolumeClaim'])
  })

  it('names the VMs that it keeps off', () => {
    const cluster = new Cluster({ 'web-01': { strategy: 'RerunOnFailure' } })
    const intent = cluster.begin()
    run(cluster, intent, { turns: 4 })
    expect(vmsKeptOff(cluster.world(), intent)).toEqual(['production/web-01'])
  })
})
