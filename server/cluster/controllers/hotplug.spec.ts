import { describe, expect, it } from 'vitest'
import { CLAIMS, NODES, PODS } from '#kube/core.ts'
import { VMIS, VMS } from '#vms/vm.ts'
import { guestMigration } from './guestMigration.ts'
import { guestVolumes, volumeStatusesOf } from './guestVolumes.ts'
import { guests } from './guests.ts'
import { nodes, pods } from './kubelet.ts'
import { MIGRATIONS } from './migration.ts'
import { migrations } from './migrations.ts'
import { Play } from './play.ts'
import { scheduler } from './scheduler.ts'
import type { Controller } from './step.ts'
import { vmis } from './vmis.ts'
import { vms } from './vms.ts'

// What KubeVirt 1.8's own controllers were seen to do under the gate DeclarativeHotplugVolumes, with virt-handler played as here.

const KEY = 'lab/vm'
const ACTORS = [scheduler, nodes, pods, vms, vmis, migrations, guests, guestMigration, guestVolumes] as readonly unknown[] as readonly Controller[]
const ROOT = { volume: { name: 'root', persistentVolumeClaim: { claimName: 'root' } }, disk: { name: 'root', disk: { bus: 'virtio' } } }
const DATA = { volume: { name: 'data', persistentVolumeClaim: { claimName: 'data', hotpluggable: true } }, disk: { name: 'data', disk: { bus: 'scsi' } } }
const specOf = (...disks: { readonly volume: object, readonly disk: object }[]) => ({ volumes: disks.map(({ volume }) => volume), domain: { devices: { disks: disks.map(({ disk }) => disk) }, memory: { guest: '1Gi' } } })

function claim(play: Play, name: string, phase = 'Bound'): void {
  play.add(CLAIMS, { metadata: { name, namespace: 'lab' }, spec: { accessModes: ['ReadWriteMany'], volumeName: `pv-${name}`, resources: { requests: { storage: '1Gi' } } }, status: { phase, capacity: { storage: '1Gi' } } })
}

function stage({ start = true }: { start?: boolean } = {}): Play {
  const play = new Play(ACTORS)
  for (const name of ['node-1', 'node-2']) play.add(NODES, { metadata: { name, labels: { 'kubevirt.io/schedulable': 'true', 'kubernetes.io/hostname': name } } })
  claim(play, 'root')
  claim(play, 'data')
  play.run(0)
  play.add(VMS, { metadata: { name: 'vm', namespace: 'lab' }, spec: { runStrategy: start ? 'Always' : 'Halted', template: { spec: specOf(ROOT) } } })
  play.run(20_000)
  play.history.length = 0
  return play
}

const template = (play: Play, ...disks: { readonly volume: object, readonly disk: object }[]) => { play.patch(VMS, KEY, { spec: { template: { spec: specOf(...disks) } } }) }
const status = (play: Play, name = 'data') => volumeStatusesOf(play.get(VMIS, KEY) ?? { apiVersion: '', kind: '', metadata: { name: '', uid: '', resourceVersion: '', creationTimestamp: '' }, spec: {} }).find(one => one.name === name)
const stages = (play: Play) => play.seen(VMIS, KEY, vmi => {
  const one = volumeStatusesOf(vmi).find(({ name }) => name === 'data')
  return one ? `${one.phase ?? ''}${one.hotplugVolume?.attachPodUID ? '+' : ''} ${one.target}`.trim() : 'none'
})
const attachments = (play: Play) => play.world.all(PODS).filter(pod => pod.metadata.labels?.['kubevirt.io'] === 'hotplug-disk')
const disksOf = (play: Play) => play.get(VMIS, KEY)?.spec.domain?.devices?.disks?.map(({ name }) => name)

describe('a pluggable volume', () => {
  it('that comes into the template of a running VM comes to the guest', () => {
    const play = stage()
    template(play, ROOT, DATA)
    play.run(20_000)
    expect(stages(play)).toEqual(['none', 'AttachedToNode', 'AttachedToNode+', 'MountedToPod+', 'Ready+ sda'])
    expect(disksOf(play)).toEqual(['root', 'data'])
    expect(status(play)).toMatchObject({ reason: 'VolumeReady', message: 'Successfully attach hotplugged volume data to VM', persistentVolumeClaimInfo: { claimName: 'data', accessModes: ['ReadWriteMany'] } })
    expect(attachments(play)).toHaveLength(1)
    expect(attachments(play)[0]?.metadata.name).toMatch(/^hp-volume-/)
    expect(play.seen(VMS, KEY, vm => vm.status?.printableStatus)).toEqual(['Running'])
  })

  it('that leaves it is unmounted before its pod goes', () => {
    const play = stage()
    template(play, ROOT, DATA)
    play.run(20_000)
    play.history.length = 0
    template(play, ROOT)
    play.run(20_000)
    expect(stages(play)).toEqual(['Ready+ sda', 'UnMountedFromPod+', 'none'])
    expect(disksOf(play)).toEqual(['root'])
    expect(attachments(play)).toEqual([])
  })

  it('whose claim is missing waits for it, and the guest runs on', () => {
    const play = stage()
    const lost = { ...DATA, volume: { name: 'data', persistentVolumeClaim: { claimName: 'late', hotpluggable: true } } }
    template(play, ROOT, lost)
    play.run(5_000)
    expect(status(play)).toMatchObject({ phase: 'Pending', reason: 'FailedPvcNotFound', message: 'PVC late not found', hotplugVolume: {} })
    claim(play, 'late', 'Pending')
    play.run(5_000)
    expect(status(play)).toMatchObject({ phase: 'Pending', reason: 'PVCNotReady', message: 'PVC is in phase ClaimPending' })
    play.patch(CLAIMS, 'lab/late', { status: { phase: 'Bound' } })
    play.run(10_000)
    expect(status(play)?.phase).toBe('Ready')
  })

  it('of a VM that is off is brought when it starts, before the guest runs', () => {
    const play = stage({ start: false })
    template(play, ROOT, DATA)
    play.run(5_000)
    expect(play.get(VMIS, KEY)).toBeUndefined()
    play.patch(VMS, KEY, { spec: { runStrategy: 'Always' } })
    play.run(30_000)
    expect(play.seen(VMIS, KEY, vmi => `${vmi.status?.phase} ${volumeStatusesOf(vmi).find(({ name }) => name === 'data')?.phase ?? ''}`.trim()).slice(-4)).toEqual(['Scheduled Bound', 'Scheduled AttachedToNode', 'Scheduled MountedToPod', 'Running Ready'])
    const launcher = play.world.all(PODS).find(pod => pod.metadata.labels?.['kubevirt.io'] === 'virt-launcher')
    expect(launcher?.spec?.volumes?.map(({ name }) => name)).toEqual(['root', 'hotplug-disks'])
  })

  it('is in a pod with every other, made anew for each change', () => {
    const play = stage()
    claim(play, 'more')
    const more = { volume: { name: 'more', persistentVolumeClaim: { claimName: 'more', hotpluggable: true } }, disk: { name: 'more', disk: { bus: 'virtio' } } }
    template(play, ROOT, DATA)
    play.run(20_000)
    template(play, ROOT, DATA, more)
    play.run(20_000)
    expect(attachments(play).map(pod => pod.spec?.volumes?.map(({ name }) => name))).toEqual([['hotplug-disks', 'data', 'more']])
    expect([status(play), status(play, 'more')].map(one => `${one?.phase} ${one?.target}`)).toEqual(['Ready sda', 'Ready vdb'])
  })

  it('goes along on a migration', () => {
    const play = stage()
    template(play, ROOT, DATA)
    play.run(20_000)
    const [before] = attachments(play)
    play.add(MIGRATIONS, { metadata: { name: 'move', namespace: 'lab' }, spec: { vmiName: 'vm' } })
    play.run(40_000)
    expect(play.get(MIGRATIONS, 'lab/move')?.status).toMatchObject({ phase: 'Succeeded', migrationState: { targetAttachmentPodUID: expect.stringContaining('uid') as string } })
    const [after] = attachments(play)
    expect(attachments(play)).toHaveLength(1)
    expect(after?.spec?.nodeName).not.toBe(before?.spec?.nodeName)
    expect(status(play)).toMatchObject({ phase: 'Ready', hotplugVolume: { attachPodName: after?.metadata.name, attachPodUID: after?.metadata.uid } })
  })

  it('goes with the VMI', () => {
    const play = stage()
    template(play, ROOT, DATA)
    play.run(20_000)
    play.patch(VMS, KEY, { spec: { runStrategy: 'Halted' } })
    play.run(20_000)
    expect(play.world.all(PODS)).toEqual([])
  })
})
