import type { Breakage } from '../../e2e/cluster/stories/mutations.ts'
import type { allDisagreements } from './recordedPower.ts'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runnerImport } from 'vite'
import { broken } from '../../e2e/cluster/stories/mutations.ts'

// The test of the test: the power state derived wrongly on purpose, each time noticed by what KubeVirt was seen in, and why.

const FILE = 'pkg/vms/powerState.ts'

interface Wrong extends Pick<Breakage, 'name' | 'find' | 'replace'> {
  /** How what is noticed ends. */
  readonly noticed: string
}

const MUTATIONS: readonly Wrong[] = [
  { name: 'calls a paused guest running', find: `{ word: 'paused', because`, replace: `{ word: 'running', because`, noticed: 'is called running, and is paused: its guest is paused' },
  { name: 'calls a migrating guest running', find: `{ word: 'migrating', because`, replace: `{ word: 'running', because`, noticed: 'is called running, and is migrating: its guest is being migrated' },
  { name: 'calls a restart a stop', find: `comesBack(vm, vmi, strategy) ? 'restarting' : 'stopping'`, replace: `'stopping'`, noticed: 'is called stopping, and is restarting: its instance is to end, and another comes' },
  { name: 'overlooks what holds a start', find: `const trouble = startTrouble(conditions)`, replace: `const trouble = undefined`, noticed: 'is called starting, and is failing: its start is held by FailedPvcNotFound' },
  { name: 'calls a crash loop a start', find: `{ word: 'crashed', because: crashLoop(`, replace: `{ word: 'starting', because: crashLoop(`, noticed: 'is called starting, and is crashed: it has no instance, one comes, and KubeVirt prints CrashLoopBackOff' },
  { name: 'calls a start that was given up a crash loop', find: `if (isTried && failures > 0`, replace: `if (failures > 0`, noticed: 'is called crashed, and is off: it has no instance, and none comes' },
  { name: 'calls a crashed guest off', find: `{ word: 'crashed', because: { code: 'guest-failed' } }`, replace: `{ word: 'off', because: { code: 'guest-failed' } }`, noticed: 'is called off, and is crashed: its guest has failed, and its instance is kept' },
  { name: 'calls a VM off whose instance is not gone', find: `return { word: 'stopping', because: { code: 'instance-ending' } }`, replace: `return { word: 'off', because: { code: 'instance-ending' } }`, noticed: 'is called off, and is stopping: its guest has shut down, and none comes after it' },
  { name: 'overlooks that a VM is deleted', find: `if (vm.metadata.deletionTimestamp)`, replace: `if (vm.kind === '')`, noticed: 'and is terminating: the VM is being deleted' },
  { name: 'overlooks that a VM was halted under its guest', find: `(strategy === 'Halted' || isStopRequested(vm, vmi))`, replace: `isStopRequested(vm, vmi)`, noticed: 'is called running, and is stopping: its instance is to end, and none comes after it' },
  { name: 'overlooks that a stop was asked for', find: `(strategy === 'Halted' || isStopRequested(vm, vmi))`, replace: `(strategy === 'Halted')`, noticed: 'is called paused, and is stopping: its instance is to end, and none comes after it' },
  { name: 'takes a stop of the instance before for one of this', find: `(!first.uid || first.uid === vmi.metadata.uid)`, replace: `first.action !== 'Start'`, noticed: 'is called restarting, and is starting: its instance is starting' },
  { name: 'overlooks that a start is asked for after the stop', find: `.some(request => request.action === 'Start')`, replace: `.some(() => false)`, noticed: 'is called stopping, and is restarting: its guest has failed, and another comes' },
  { name: 'overlooks that Always comes back', find: `return strategy === 'Always' || isMadeAnew`, replace: `return isMadeAnew`, noticed: 'is called stopping, and is restarting: its guest has shut down, and another comes' },
  { name: 'overlooks that KubeVirt starts a crashed guest again', find: `if (comesBack(vm, vmi, strategy) || rerun)`, replace: `if (comesBack(vm, vmi, strategy))`, noticed: 'is called stopping, and is restarting: its guest has failed, and another comes' },
  { name: 'has KubeVirt start a guest again whose power was cut on purpose', find: `strategy === 'RerunOnFailure' && !vmi.metadata.deletionTimestamp`, replace: `strategy === 'RerunOnFailure'`, noticed: 'is called restarting, and is stopping: its guest has failed, and none comes after it' },
  { name: 'overlooks that Manual keeps the instance', find: `(strategy === 'Manual' || strategy === 'Once') &&`, replace: `strategy === 'Once' &&`, noticed: 'is called stopping, and is off: its guest has shut down, and its instance is kept' },
  { name: 'does not see the end of a migration', find: ` && !migrationState.endTimestamp && !migrationState.completed`, replace: ``, noticed: 'is called migrating, and is running: its guest runs' },
  { name: 'calls a guest ready that is not', find: `return ready?.status === 'False'`, replace: `return ready?.status === 'Unknown'`, noticed: 'is said to be guest-running' },
  { name: 'tells where an instance cannot run before what it cannot be made of', find: `if (synchronized?.status === 'False' && synchronized.reason)`, replace: `if (synchronized?.status === 'Unknown')`, noticed: 'is said to be held by Unschedulable' },
  { name: 'overlooks that KubeVirt says there is an instance', find: `if (created && strategy !== 'Halted')`, replace: `if (created && strategy === 'WaitAsReceiver')`, noticed: 'and is unknown: KubeVirt says that it has an instance, and none is seen' },
  { name: 'calls a halted VM off whose instance is not seen', find: `created ? 'stopping' : 'off'`, replace: `'off'`, noticed: 'is called off, and is stopping: KubeVirt says that it has an instance, and none is seen' },
  { name: 'has RerunOnFailure start whenever it is off', find: `vm.status?.runStrategy !== strategy)`, replace: `vm.kind !== '')`, noticed: 'is called starting, and is off: it has no instance, and none comes' },
  { name: 'overlooks that RerunOnFailure starts when it is new', find: `vm.status?.runStrategy !== strategy)`, replace: `vm.kind === '')`, noticed: 'is called off, and is starting: it has no instance, one comes, and KubeVirt prints Stopped' },
  { name: 'overlooks that Once starts by itself', find: `|| strategy === 'Once' ||`, replace: `||`, noticed: 'is called off, and is starting: it has no instance, one comes, and KubeVirt prints Stopped' },
  { name: 'overlooks that a start is asked for', find: `if (vm.status?.stateChangeRequests?.[0]?.action === 'Start')`, replace: `if (vm.kind === '')`, noticed: 'is called off, and is starting: it has no instance, one comes, and KubeVirt prints Stopped' },
  { name: 'overlooks that disks are still made', find: `if (PRINTED_WAIT.includes(printableStatus))`, replace: `if (PRINTED_WAIT.includes(strategy))`, noticed: 'is called starting, and is provisioning: it has no instance, one comes, and KubeVirt prints Provisioning' },
]

/** In milliseconds: all of it is loaded anew each time. */
const PATIENCE = 60_000

interface Module { readonly allDisagreements: typeof allDisagreements }

function disagreementsWith(plugins: ReturnType<typeof broken>[]): Promise<readonly string[]> {
  return runnerImport<Module>('/pkg/vms/recordedPower.ts', { root: resolve(import.meta.dirname, '../..'), configFile: false, logLevel: 'error', plugins }).then(({ module }) => module.allDisagreements())
}

describe('a power state that', () => {
  it('is as it should be agrees with every trace', async () => {
    expect(await disagreementsWith([])).toEqual([])
  }, PATIENCE)

  it.each(MUTATIONS)('$name does not', async ({ noticed, ...mutation }) => {
    const disagreements = await disagreementsWith([broken({ ...mutation, file: FILE })])
    expect(disagreements.filter(one => one.endsWith(noticed))).not.toEqual([])
  }, PATIENCE)
})
