import type { Api, KubeObject } from '../../api.ts'
import type { Request } from './row.ts'
import { SHELVES } from './shelves.ts'
import type { Words } from './words.ts'

// What an act on a VM or its guest is about, so that it can be told whether one that shall only be tried changes anything.

/** By what it is called: the run strategy, the requests, the guest's grace. Empty where the act is on something else. */
export type Standing = Readonly<Record<string, unknown>>

interface Named { readonly type: string, readonly status: string }

/** How the VM that is asked for stands, with its instance and its pods. */
export async function lookAt(api: Api, { shelf, name = '' }: Request, words: Words): Promise<Standing> {
  if (shelf !== 'vmPower' && shelf !== 'vmiPower')
    return {}
  const read = async (of: 'vms' | 'vmis'): Promise<KubeObject | undefined> => {
    const answer = await api.get(`${words.said(SHELVES[of].path)}/${name}`)
    return answer.status === 404 ? undefined : answer.expect(200).object
  }
  const [vm, instance, pods] = await Promise.all([read('vms'), read('vmis'), api.get(words.said(`${SHELVES.pods.path}?labelSelector=vm.kubevirt.io/name=${name}`))])
  const conditions = (instance?.status?.conditions ?? []) as readonly Named[]
  return {
    'the run strategy': vm?.spec?.runStrategy,
    'the requests': vm?.status?.stateChangeRequests,
    'the instance': instance && [instance.metadata.uid, instance.metadata.deletionTimestamp],
    'the grace': instance?.spec?.terminationGracePeriodSeconds,
    'whether it is paused': conditions.find(({ type }) => type === 'Paused')?.status,
    'the pods': pods.expect(200).list.items.map(({ metadata: { name: pod, deletionTimestamp } }) => [pod, deletionTimestamp]).sort(),
  }
}

/** What is another way now. */
export function changesOf(before: Standing, after: Standing): string[] {
  return Object.keys(before).filter(what => JSON.stringify(before[what]) !== JSON.stringify(after[what]))
}
