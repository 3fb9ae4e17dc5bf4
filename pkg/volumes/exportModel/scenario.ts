import type { RunStrategy } from '#vms/vm.ts'
import type { ExportChoices } from '../exportIntent.ts'
import type { CloneType } from './modelCdi.ts'
import type { Guest } from './modelControllers.ts'
import { Chance } from './chance.ts'

export interface Scenario {
  readonly vms: readonly { readonly name: string, readonly strategy: RunStrategy | 'running', readonly isOn: boolean, readonly guest: Guest }[]
  readonly choices: ExportChoices
  readonly restart: boolean
  /** Nobody meddles, no line is cut and no console is closed. */
  readonly isCalm: boolean
  /** Whether Harvester's webhook stands before the cluster. It nearly always does; without it more can go wrong. */
  readonly isHarvester: boolean
  /** What nobody can follow any more once the image is there. */
  readonly silent?: 'pods' | 'vmis' | 'longhornVolumes'
  /** Whether our own export guard stands before the cluster. */
  readonly isGuarded: boolean
}

/** How CDI makes the image; undefined where Longhorn's v1 does. `isBlind`: whoever has the last look may not read what Longhorn keeps. `disturbsCopy`: what happens to the disk does while Longhorn alone copies it. */
export interface CdiScenario { readonly by: CloneType, readonly isBlind: boolean, readonly disturbsCopy: boolean }

/** Drawn by itself, so that all other plays stay as they are. */
export function drawCdi(seed: number): CdiScenario | undefined {
  const chance = new Chance(seed ^ 0x0C_D1_00)
  return chance.happens(0.4) ? { by: chance.of(['csi-clone', 'csi-clone', 'csi-clone', 'copy']), isBlind: chance.happens(0.15), disturbsCopy: chance.happens(0.5) } : undefined
}

/** How many rounds before the export begins somebody halts its VMs, whose guests may still be ending then; undefined where nobody does. Drawn by itself too. */
export function drawHalted(seed: number): number | undefined {
  const chance = new Chance(seed ^ 0x0A_17_ED)
  return chance.happens(0.12) ? Math.floor(chance.between(0, 4)) : undefined
}

/** What is exported, with which choices. `now` in epoch milliseconds. */
export function drawScenario(chance: Chance, now: number): Scenario {
  const guest = () => chance.of<Guest>(['obedient', 'obedient', 'obedient', 'obedient', 'obedient', 'deaf', 'crashing', 'hanging', 'powerless'])
  const vm = (name: string) => ({ name, strategy: chance.of<RunStrategy | 'running'>(['Always', 'RerunOnFailure', 'RerunOnFailure', 'Manual', 'running']), isOn: chance.happens(0.85), guest: guest() })
  const isCalm = chance.happens(0.1)
  const names = chance.happens(0.3) ? ['shared-a', 'shared-b'] : ['web-01']
  return {
    vms: names.map(vm), isCalm, isHarvester: chance.happens(0.6), isGuarded: chance.happens(0.5), restart: chance.happens(0.85),
    ...(!isCalm && chance.happens(0.1) && { silent: chance.of(['pods', 'vmis', 'longhornVolumes'] as const) }),
    choices: {
      ...(chance.happens(0.4) && { ifCutOff: 'mark-crash-consistent' }),
      ...(chance.happens(0.25) && { backupFirst: true }),
      ...(chance.happens(0.3) && { deadline: new Date(now + chance.between(60_000, 1_200_000)).toISOString() }),
      ...(chance.happens(0.07) && { runningAcknowledged: { by: 'ann', at: new Date(now).toISOString() } }),
    },
  }
}
