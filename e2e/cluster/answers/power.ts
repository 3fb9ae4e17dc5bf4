import type { KubeObject } from '../../api.ts'
import type { Fixture, Group, Request, Row } from './row.ts'
import { vmOf } from './vmShapes.ts'

// What the buttons of the console and virtctl ask of `subresources.kubevirt.io`.

const isShown = (word: string) => (vm: KubeObject) => vm.status?.printableStatus === word

const made = (name: string, runStrategy: string): Fixture => ({ shelf: 'vms', name, object: vmOf(name, runStrategy) })
const running = (name: string): Fixture => ({ shelf: 'vms', name, until: isShown('Running') })

const standing: readonly Fixture[] = [
  made('always', 'Always'), made('once', 'Once'), made('rerun', 'RerunOnFailure'), made('halted', 'Halted'), made('manual', 'Manual'),
  running('always'), running('once'), running('rerun'),
]

const DRY = { dryRun: ['All'] }
const vm = (name: string, subresource: string, body: object = DRY): Request => ({ verb: 'put', shelf: 'vmPower', name, subresource, body: { ...body } })
const vmi = (name: string, subresource: string, body: object = DRY): Request => ({ verb: 'put', shelf: 'vmiPower', name, subresource, body: { ...body } })
const row = (says: string, asks: Request, more: Partial<Row> = {}): Row => ({ says, asks, ...more })

export const POWER: Group = {
  name: 'power',
  standing,
  rows: [
    row('start of a VM that is Halted', vm('halted', 'start')),
    row('start, paused, of a VM that is Halted', vm('halted', 'start', { ...DRY, paused: true })),
    row('start of a Manual VM that is off', vm('manual', 'start')),
    row('start of a VM that runs, RerunOnFailure', vm('rerun', 'start')),
    row('start of a VM that runs, Always', vm('always', 'start')),
    row('start of a VM that runs, Once', vm('once', 'start')),
    row('start of a VM that there is not', vm('ghost', 'start')),
    row('start by a viewer', vm('halted', 'start'), { who: 'viewer' }),
    row('stop of a VM that is Halted', vm('halted', 'stop')),
    row('stop with no grace of a VM that is Halted', vm('halted', 'stop', { ...DRY, gracePeriod: 0 })),
    row('stop of a Manual VM that is off', vm('manual', 'stop')),
    row('stop of a VM that runs, RerunOnFailure', vm('rerun', 'stop')),
    row('stop with no grace of a VM that runs', vm('rerun', 'stop', { ...DRY, gracePeriod: 0 })),
    row('stop of a VM that runs, Always', vm('always', 'stop')),
    row('stop of a VM that runs, Once', vm('once', 'stop')),
    row('stop of a VM that there is not', vm('ghost', 'stop')),
    row('stop by a viewer', vm('rerun', 'stop'), { who: 'viewer' }),
    row('restart of a VM that is Halted', vm('halted', 'restart')),
    row('restart of a Manual VM that is off', vm('manual', 'restart')),
    row('restart of a VM that runs, RerunOnFailure', vm('rerun', 'restart')),
    row('restart of a VM that runs, Once', vm('once', 'restart')),
    row('forced restart of a VM that runs', vm('rerun', 'restart', { ...DRY, gracePeriodSeconds: 0 })),
    row('restart with some grace', vm('rerun', 'restart', { ...DRY, gracePeriodSeconds: 5 })),
    row('restart with less than no grace', vm('rerun', 'restart', { ...DRY, gracePeriodSeconds: -1 })),
    row('restart of a VM that there is not', vm('ghost', 'restart')),
    row('restart by a viewer', vm('rerun', 'restart'), { who: 'viewer' }),
    row('pause of an instance that there is not', vmi('halted', 'pause')),
    row('pause by a viewer', vmi('rerun', 'pause'), { who: 'viewer' }),
    row('unpause of an instance that runs', vmi('rerun', 'unpause')),
    row('unpause of an instance that there is not', vmi('halted', 'unpause')),
    row('pause of a VM in place of its instance', vm('rerun', 'pause')),
    row('a word that is no subresource', vm('rerun', 'sing')),
    row('start that is answered in JSON alone', { ...vm('halted', 'start'), accept: 'application/json' }),
  ],
}
