import { WEB } from '../manifests.ts'
import type { Stage } from '../stage.ts'
import type { Story } from '../story.ts'

// Volumes that come to a VM and leave it, by its template (KubeVirt's gate DeclarativeHotplugVolumes).

const MORE = 'more'

/** The VM's template with the volume, or without it. */
async function plug(stage: Stage, claimName: string | undefined): Promise<void> {
  const more = claimName === undefined ? [] : [{ name: MORE, persistentVolumeClaim: { claimName, hotpluggable: true } }]
  const disks = claimName === undefined ? [] : [{ name: MORE, disk: { bus: 'scsi' } }]
  const root = { volume: { name: 'disk-0', persistentVolumeClaim: { claimName: `${WEB}-disk` } }, disk: { name: 'disk-0', disk: { bus: 'virtio' }, bootOrder: 1 } }
  await stage.admin.change('VirtualMachine', WEB, { spec: { template: { spec: { volumes: [root.volume, ...more], domain: { devices: { disks: [root.disk, ...disks] } } } } } })
}

function statusOf(stage: Stage): string {
  const statuses = (stage.find('VirtualMachineInstance')?.status?.volumeStatus ?? []) as readonly { readonly name: string, readonly phase?: string }[]
  const found = statuses.find(({ name }) => name === MORE)
  return found ? found.phase ?? '' : 'none'
}

async function untilVolume(stage: Stage, phase: string): Promise<void> {
  await stage.until(`the volume ${phase}`, () => statusOf(stage) === phase && (phase !== 'none' || stage.attachments() === 1))
  await stage.settle()
}

async function running(stage: Stage): Promise<void> {
  await stage.disk()
  await stage.disk(MORE)
  await stage.admin.make({ runStrategy: 'Always' })
  await stage.untilRunning()
}

const asked = { name: MORE, disk: { disk: { bus: 'scsi' } }, volumeSource: { persistentVolumeClaim: { claimName: MORE } } }

export const VOLUMES: readonly Story[] = [
  {
    name: 'a volume is plugged into a running VM by its template, and unplugged',
    async run(stage) {
      await running(stage)
      await plug(stage, MORE)
      await untilVolume(stage, 'Ready')
      await plug(stage, undefined)
      await untilVolume(stage, 'none')
    },
  },
  {
    name: 'a volume is plugged into a VM that is off, and comes when it starts',
    async run(stage) {
      await stage.disk()
      await stage.disk(MORE)
      await stage.admin.make({ runStrategy: 'Halted' })
      await stage.untilPrinted('Stopped')
      await stage.settle()
      await plug(stage, MORE)
      await stage.settle()
      await stage.admin.ask('start')
      await stage.untilRunning()
      await stage.admin.ask('stop')
      await stage.untilOff()
    },
  },
  {
    name: 'a volume whose disk is missing is waited for beside the running guest',
    async run(stage) {
      await stage.running({ runStrategy: 'Always' })
      await plug(stage, MORE)
      await untilVolume(stage, 'Pending')
      await stage.disk(MORE)
      await untilVolume(stage, 'Ready')
    },
  },
  {
    name: 'a plugged volume goes along on a migration',
    async run(stage) {
      await running(stage)
      await stage.node()
      await plug(stage, MORE)
      await untilVolume(stage, 'Ready')
      await stage.admin.ask('migrate')
      await stage.until('a migration Succeeded', () => stage.migrations().some(({ status }) => status?.phase === 'Succeeded'))
      await stage.until('the source let go', () => stage.launchers().filter(({ status }) => status?.phase === 'Running').length === 2 && stage.attachments() === 2)
      await stage.settle()
    },
  },
  {
    name: 'volumes are asked for by request',
    async run(stage) {
      await running(stage)
      await stage.admin.ask('addvolume')
      await stage.admin.ask('addvolume', { name: MORE })
      await stage.admin.ask('addvolume', { ...asked, volumeSource: undefined })
      await stage.admin.ask('addvolume', { ...asked, name: 'disk-0' })
      await stage.admin.ask('addvolume', { ...asked, volumeSource: { persistentVolumeClaim: { claimName: `${WEB}-disk` } } })
      await stage.admin.ask('addvolume', { ...asked, dryRun: ['All'] })
      await stage.viewer.ask('addvolume', asked)
      await stage.admin.ask('removevolume', { name: MORE })
      await stage.admin.ask('addvolume', asked)
      await untilVolume(stage, 'Ready')
      await stage.admin.ask('addvolume', asked)
      await stage.admin.ask('removevolume')
      await stage.admin.ask('removevolume', { name: 'disk-0' })
      await stage.admin.ask('removevolume', { name: MORE })
      await untilVolume(stage, 'none')
    },
  },
]
