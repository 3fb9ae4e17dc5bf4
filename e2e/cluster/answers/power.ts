import type { KubeObject } from '../../api.ts'
import type { Fixture, Group } from './row.ts'
import { DRY, ofGuest, ofVm } from './powerShapes.ts'
import { row } from './row.ts'
import { vmOf } from './vmShapes.ts'

// What the buttons of the console and virtctl ask of `subresources.kubevirt.io`.

const isShown = (word: string) => (vm: KubeObject) => vm.status?.printableStatus === word

const made = (name: string, runStrategy: string): Fixture => ({ shelf: 'vms', name, object: vmOf(name, runStrategy) })
const running = (name: string): Fixture => ({ shelf: 'vms', name, until: isShown('Running') })

const standing: readonly Fixture[] = [
  made('always', 'Always'), made('once', 'Once'), made('rerun', 'RerunOnFailure'), made('halted', 'Halted'), made('manual', 'Manual'),
  running('always'), running('once'), running('rerun'),
]

export const POWER: Group = {
  name: 'power',
  needs: ['kubevirt'],
  standing,
  rows: [
    row('start of a VM that is Halted', ofVm('halted', 'start')),
    row('start, paused, of a VM that is Halted', ofVm('halted', 'start', { ...DRY, paused: true })),
    row('start of a Manual VM that is off', ofVm('manual', 'start')),
    row('start of a VM that runs, RerunOnFailure', ofVm('rerun', 'start')),
    row('start of a VM that runs, Always', ofVm('always', 'start')),
    row('start of a VM that runs, Once', ofVm('once', 'start')),
    row('start of a VM that there is not', ofVm('ghost', 'start')),
    row('start by a viewer', ofVm('halted', 'start'), { who: 'viewer' }),
    row('stop of a VM that is Halted', ofVm('halted', 'stop')),
    row('stop with no grace of a VM that is Halted', ofVm('halted', 'stop', { ...DRY, gracePeriod: 0 })),
    row('stop of a Manual VM that is off', ofVm('manual', 'stop')),
    row('stop of a VM that runs, RerunOnFailure', ofVm('rerun', 'stop')),
    row('stop with no grace of a VM that runs', ofVm('rerun', 'stop', { ...DRY, gracePeriod: 0 })),
    row('stop of a VM that runs, Always', ofVm('always', 'stop')),
    row('stop of a VM that runs, Once', ofVm('once', 'stop')),
    row('stop of a VM that there is not', ofVm('ghost', 'stop')),
    row('stop by a viewer', ofVm('rerun', 'stop'), { who: 'viewer' }),
    row('restart of a VM that is Halted', ofVm('halted', 'restart')),
    row('restart of a Manual VM that is off', ofVm('manual', 'restart')),
    row('restart of a VM that runs, RerunOnFailure', ofVm('rerun', 'restart')),
    row('restart of a VM that runs, Once', ofVm('once', 'restart')),
    row('restart with some grace', ofVm('rerun', 'restart', { ...DRY, gracePeriodSeconds: 5 })),
    row('restart with less than no grace', ofVm('rerun', 'restart', { ...DRY, gracePeriodSeconds: -1 })),
    row('restart of a VM that there is not', ofVm('ghost', 'restart')),
    row('restart by a viewer', ofVm('rerun', 'restart'), { who: 'viewer' }),
    row('pause of an instance that there is not', ofGuest('halted', 'pause')),
    row('pause by a viewer', ofGuest('rerun', 'pause'), { who: 'viewer' }),
    row('unpause of an instance that runs', ofGuest('rerun', 'unpause')),
    row('unpause of an instance that there is not', ofGuest('halted', 'unpause')),
    row('pause of a VM in place of its instance', ofVm('rerun', 'pause')),
    row('a word that is no subresource', ofVm('rerun', 'sing')),
    row('start that is answered in JSON alone', { ...ofVm('halted', 'start'), accept: 'application/json' }),
    // The last of them: virt-api deletes the pod also where it shall only be tried (RestartVMRequestHandler).
    row('forced restart of a VM that runs', ofVm('rerun', 'restart', { ...DRY, gracePeriodSeconds: 0 })),
  ],
}
