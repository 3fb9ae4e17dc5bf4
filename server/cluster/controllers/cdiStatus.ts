import type { Condition } from '#kube/object.ts'
import type { DataVolume } from '#volumes/dataVolume.ts'
import { DATA_VOLUMES } from '#volumes/dataVolume.ts'
import type { Finding } from './conditions.ts'
import { withCondition } from './conditions.ts'
import type { Time, Write } from './step.ts'
import { setStatus } from './step.ts'

interface State {
  readonly phase: string
  readonly progress?: string
  readonly restartCount?: number
  /** Why nothing runs: the reason and the words of the pod. */
  readonly trouble?: { readonly reason: 'Error' | 'ImagePullFailed', readonly message: string }
}

/** The status of a DataVolume in that state: CDI pkg/controller/datavolume/conditions.go, from the annotations that the pod's controllers put on the claim. */
export function to(volume: DataVolume, { trouble, ...state }: State, time: Pick<Time, 'now'>): Write[] {
  const bound = state.phase !== 'Pending'
  const done = state.phase === 'Succeeded'
  const busy = ['ImportInProgress', 'CloneInProgress', 'CSICloneInProgress', 'UploadReady'].includes(state.phase)
  const running: Finding = trouble
    ? { type: 'Running', status: 'False', ...trouble }
    : { type: 'Running', status: busy ? 'True' : 'False', reason: done ? 'Completed' : busy ? 'Pod is running' : '', message: done ? 'Import Complete' : '' }
  const findings: Finding[] = [
    { type: 'Ready', status: done ? 'True' : 'False', reason: '', message: '' },
    { type: 'Bound', status: bound ? 'True' : 'False', reason: bound ? 'Bound' : 'Pending', message: `PVC ${volume.metadata.name} ${bound ? 'Bound' : 'Pending'}` },
    running,
  ]
  const conditions = findings.reduce<readonly Condition[]>((list, finding) => withCondition(list, finding, time.now), volume.status?.conditions ?? [])
  return setStatus(DATA_VOLUMES, volume, { restartCount: 0, ...volume.status, claimName: volume.metadata.name, ...state, conditions })
}

/** The per cent that a DataVolume tells of. */
export function percentOf(volume: DataVolume): number {
  return Number.parseFloat(volume.status?.progress ?? '') || 0
}
