import type { Plugin } from 'vite'

// The test of the test: rules of the embedded cluster that are broken on purpose, each with the story that must notice.

/** A rule that is broken on purpose. */
export interface Breakage {
  /** What the broken code does. */
  readonly name: string
  readonly file: string
  /** Found exactly once in the file. */
  readonly find: string
  readonly replace: string
}

export interface Mutation extends Breakage {
  readonly noticedBy: string
  /** What is told then: all of it stands in the differences, or in what was waited for in vain and what there was instead. */
  readonly tells: readonly string[]
}

const CONTROLLERS = 'server/cluster/controllers'

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'a disk is let go while its guest still shuts down', file: `${CONTROLLERS}/attachments.ts`,
    find: `pod.spec?.nodeName === attachment.spec.nodeName && !hasEnded(pod)`, replace: `pod.spec?.nodeName === attachment.spec.nodeName && !hasEnded(pod) && !pod.metadata.deletionTimestamp`,
    noticedBy: 'RerunOnFailure: stop, start and restart while it stops', tells: ['web runs on 1 nodes, and its disk is attached to 0'],
  },
  {
    name: 'a disk for one node alone is attached to a second while the first has it', file: `${CONTROLLERS}/attachments.ts`,
    find: `|| (!shared && others.length > 0)`, replace: `|| (!shared && others.length > 1)`,
    noticedBy: 'two VMs share a disk for one node alone, and the second waits elsewhere until the first lets go', tells: ['web-disk is for one node alone, and on two'],
  },
  {
    name: 'a pod starts on a node that its disk is not attached to', file: `${CONTROLLERS}/kubelet.ts`,
    find: `if (!isAttached(pod, world))`, replace: `if (!isAttached(pod, world) && !nodeName)`,
    noticedBy: 'a node is drained: a guest that need not be migrated and cannot be is ended, and runs elsewhere', tells: ['web runs on 1 nodes, and its disk is attached to 0'],
  },
  {
    name: 'a stop of Always keeps the run strategy', file: 'server/cluster/powerRequests.ts',
    find: `if (strategy === 'Always' || strategy === 'Once')`, replace: `if (strategy === 'Once')`,
    noticedBy: 'Always: stop, stop again, start, start again', tells: ['web off was not seen within', '"runStrategy":"Always","printableStatus":"Running"'],
  },
  {
    name: 'a VM that runs can be started', file: 'server/cluster/powerRequests.ts',
    find: `if (vmi && !isFinal(vmi) && phase !== '' && phase !== 'Unknown')`, replace: `if (vmi && phase === 'Unknown')`,
    noticedBy: 'RerunOnFailure: stop, start and restart while it stops', tells: ['start web · 409 · Conflict'],
  },
  {
    name: 'a request that is only tried is carried out', file: 'server/cluster/power.ts',
    find: `return Array.isArray(body.dryRun) && body.dryRun.includes('All')`, replace: `return body.dryRun === 'never'`,
    noticedBy: 'requests that are only tried change nothing', tells: ['start web · 202'],
  },
  {
    name: 'viewers may turn VMs on and off', file: 'server/cluster/kinds/policy.ts',
    find: `'kubevirt.io:view': [kubevirtView, on(`, replace: `'kubevirt.io:view': [on('subresources.kubevirt.io', POWER, ['update']), kubevirtView, on(`,
    noticedBy: 'the rights of a viewer on each power request', tells: ['viewer · start web · 403 · Forbidden'],
  },
  {
    name: 'RerunOnFailure starts again after a guest that shut down', file: `${CONTROLLERS}/vms.ts`,
    find: `addStart: phase === 'Failed'`, replace: `addStart: true`,
    noticedBy: 'RerunOnFailure: the guest shuts down from within and stays off until it is started', tells: ['web off was not seen within', '"runStrategy":"RerunOnFailure","printableStatus":"Running"'],
  },
  {
    name: 'RerunOnFailure starts whenever it is off', file: `${CONTROLLERS}/vms.ts`,
    find: `return hasStartRequest(vm) || vm.status?.runStrategy !== 'RerunOnFailure' ? start : {}`, replace: `return start`,
    noticedBy: 'Halted, and RerunOnFailure while the instance is still there', tells: ['web off was not seen within', '"runStrategy":"RerunOnFailure","printableStatus":"Running"'],
  },
  {
    name: 'every end of a guest counts as a start that failed', file: `${CONTROLLERS}/vms.ts`,
    find: `if (ran || !['Always'`, replace: `if (!['Always'`,
    noticedBy: 'Always: the guest shuts down from within, and another instance runs', tells: ['vm web · state'],
  },
  {
    name: 'an instance is not held by the pod of its guest that is over', file: `${CONTROLLERS}/vmis.ts`,
    find: `  if (pods.length > 0)\n    return ready(vmi, pod, time)\n`, replace: ``,
    noticedBy: 'Manual: a guest that crashes at once stays as it failed', tells: ['False · PodTerminating · virt-launcher pod is terminating'],
  },
  {
    name: 'an instance stays Ready while its pod ends', file: `${CONTROLLERS}/vmis.ts`,
    find: `if (hasEnded(pod) || pod.metadata.deletionTimestamp)\n    return no('PodTerminating'`, replace: `if (hasEnded(pod))\n    return no('PodTerminating'`,
    noticedBy: 'a deaf guest is cut off when its grace is over', tells: ['vmi web 1 · state'],
  },
  {
    name: 'a VM is no longer created once its guest is over', file: `${CONTROLLERS}/vms.ts`,
    find: `created: vmi !== undefined,`, replace: `created: vmi !== undefined && !isFinal(vmi),`,
    noticedBy: 'Manual: the guest shuts down from within, its instance stays, and a start replaces it', tells: ['vm web · state'],
  },
  {
    name: 'a VM is ready until its guest is over', file: `${CONTROLLERS}/vms.ts`,
    find: `'Ready')?.status === 'True',`, replace: `'Ready')?.status === 'True' || (old.ready === true && vmi?.status?.phase === 'Running'),`,
    noticedBy: 'a deaf guest with a long grace is stopped, then by force', tells: ['web not ready was not seen within', '"printableStatus":"Stopping","created":true,"ready":true'],
  },
  {
    name: 'a stop is forgotten once the instance is deleted', file: `${CONTROLLERS}/vms.ts`,
    find: `return !vmi || request.uid !== vmi.metadata.uid`, replace: `return !vmi || request.uid !== vmi.metadata.uid || vmi.metadata.deletionTimestamp !== undefined`,
    noticedBy: 'RerunOnFailure: restart, and a restart of what is off', tells: ['vm web · state'],
  },
  {
    name: 'Stopping is shown until the instance is gone', file: `${CONTROLLERS}/vmStatus.ts`,
    find: `Boolean(vmi && !isFinal(vmi) && (vmi.metadata.deletionTimestamp || expected.stop))`, replace: `Boolean(vmi && (vmi.metadata.deletionTimestamp || expected.stop))`,
    noticedBy: 'RerunOnFailure: stop, stop again, start, start again', tells: ['vm web · state'],
  },
  {
    name: 'a stop or a restart leaves the count of the starts that failed', file: 'server/cluster/powerRequests.ts',
    find: `stateChangeRequests: changes, startFailure: undefined }`, replace: `stateChangeRequests: changes }`,
    noticedBy: 'RerunOnFailure: the try after a back-off is stopped, and a start does not wait for what failed before', tells: ['vm web · startFailure'],
  },
  {
    name: 'a disk whose import fails is not told of', file: `${CONTROLLERS}/vmStatus.ts`,
    find: `['DataVolumeError', ({ dataVolumes }) => dataVolumes.some(isBroken)],\n`, replace: ``,
    noticedBy: 'an import into a disk fails, and its VM is stopped, which goes on telling of it', tells: ['web DataVolumeError was not seen within', '"printableStatus":"Provisioning"'],
  },
  {
    name: 'a guest starts on a disk that has lost the DataVolume which was to fill it', file: `${CONTROLLERS}/vmis.ts`,
    find: `if (filler && !world.get(`, replace: `if (filler && name === '' && !world.get(`,
    noticedBy: 'an import into a disk fails, its VM waits, and starts by itself once another import has filled it', tells: ['web ErrorPvcNotFound was not seen within', '"printableStatus":"Running"'],
  },
  {
    name: 'an instance does not say on which nodes its pods are', file: `${CONTROLLERS}/vmis.ts`,
    find: `{ activePods: Object.fromEntries(`, replace: `{ noPods: Object.fromEntries(`,
    noticedBy: 'a deaf guest is cut off when its grace is over', tells: ['vmi web names no pod on its node'],
  },
  {
    name: 'an instance does not say on which node the pod is that it moves to', file: `${CONTROLLERS}/vmis.ts`,
    find: `Object.fromEntries(seen.pods.map(one =>`, replace: `Object.fromEntries(seen.pods.slice(0, 1).map(one =>`,
    noticedBy: 'a migration that succeeds, and one back', tells: ['does not name the pod that it moves to'],
  },
  {
    name: 'an instance does not say which claims are behind its disks', file: `${CONTROLLERS}/hotplug.ts`,
    find: `return { claimName: claim.metadata.name, accessModes`, replace: `return { accessModes`,
    noticedBy: 'a deaf guest is cut off when its grace is over', tells: ['vmi web does not say which claim is behind disk-0'],
  },
  {
    name: 'a disk that is unplugged is no longer said to be on its claim while it is there', file: `${CONTROLLERS}/hotplug.ts`,
    find: `return [{ ...status, hotplugVolume:`, replace: `return [{ ...status, persistentVolumeClaimInfo: {}, hotplugVolume:`,
    noticedBy: 'a volume is plugged into a running VM by its template, and unplugged', tells: ['vmi web does not say which claim is behind more'],
  },
  {
    name: 'a missing disk is not told of', file: `${CONTROLLERS}/vmStatus.ts`,
    find: `['ErrorPvcNotFound', ({ vmi }) => hasReason(vmi, 'Synchronized', 'FailedPvcNotFound')],\n`, replace: ``,
    noticedBy: 'Halted while a missing disk holds the start', tells: ['web ErrorPvcNotFound was not seen within', '"printableStatus":"ErrorUnschedulable"'],
  },
  {
    name: 'an image may fail once more than its limit', file: `${CONTROLLERS}/harvesterImages.ts`,
    find: `const over = failed > limit`, replace: `const over = failed > limit + 1`,
    noticedBy: 'an image whose file is not there is tried again and given up', tells: ['image noble · failed'],
  },
  {
    name: 'a file with other bytes than are recorded is ready', file: `${CONTROLLERS}/copies.ts`,
    find: `copy.checksum !== undefined && copy.checksum !== checksum`, replace: `copy.checksum === ''`,
    noticedBy: 'the file at a current/ URL is replaced, all copies are spoilt, and the image is lost for good', tells: ['copies of noble lost for good was not seen within'],
  },
  {
    name: 'one copy fewer than is asked for is enough', file: `${CONTROLLERS}/copies.ts`,
    find: `if (good.length > 0 && staying.length < minimum)`, replace: `if (good.length > 0 && staying.length < minimum - 1)`,
    noticedBy: 'a copy is evicted to another disk', tells: ['copies of noble 3 ready was not seen within'],
  },
  {
    name: 'the only good copy leaves a disk that is emptied, though it has no other place', file: `${CONTROLLERS}/copies.ts`,
    find: `const last = isReady(disk) && !spare`, replace: `const last = false`,
    noticedBy: 'a disk is emptied that has the only copy of an image, which stays until it has a place to go to', tells: ['source vmi-image noble 1 · fileTransferred'],
  },
  {
    name: 'a copy leaves a disk that is emptied under a replica that uses it', file: `${CONTROLLERS}/copies.ts`,
    find: `if (inUse(disk) || last)`, replace: `if (last)`,
    noticedBy: 'a disk is emptied whose copy is in use, which stays beside another until nobody uses it', tells: ['copies of noble 4 ready was not seen within'],
  },
  {
    name: 'an image is Imported only when all three copies are ready', file: `${CONTROLLERS}/harvesterImages.ts`,
    find: `const ready = copies.find(copy => copy.state === 'ready')`, replace: `const ready = copies.length > 2 && copies.every(copy => copy.state === 'ready')`,
    noticedBy: 'an image is downloaded, kept on three disks, and deleted', tells: ['noble Imported was not seen within'],
  },
  {
    name: 'a guest that can be migrated is ended when its node is drained', file: 'server/cluster/hooks/evictions.ts',
    find: `evictionStrategy === 'None' || (evictionStrategy === 'LiveMigrateIfPossible' && !isMigratable)`, replace: `evictionStrategy !== 'LiveMigrate'`,
    noticedBy: 'a node is drained: its guest is migrated, and must not be evicted meanwhile', tells: ['a migration Succeeded was not seen within'],
  },
  {
    name: 'a guest starts on a disk that is still cloned', file: `${CONTROLLERS}/vmis.ts`,
    find: `phases.some(phase => !['Succeeded', 'PendingPopulation', 'WaitForFirstConsumer'].includes(phase)) ? 'waiting'`, replace: `phases.includes('Pending') ? 'waiting'`,
    noticedBy: 'a disk is still cloned when its VM is started, which waits for it; it is named by its claim', tells: ['vmi web 1 · state'],
  },
  {
    name: 'a disk goes under the guest that has it', file: 'server/cluster/keepers/protection.ts',
    find: `some(pod => holds(pod.object, metaText(object, 'name')))`, replace: `some(() => false)`,
    noticedBy: 'a disk is deleted under a running guest without a VM, which is paused and resumed, and goes when that is over', tells: ['condition LiveMigratable'],
  },
  {
    name: 'a disk goes while the pod that has it ends', file: 'server/cluster/keepers/protection.ts',
    find: `return Boolean(fieldAt(pod, 'spec.nodeName')) &&`, replace: `return Boolean(fieldAt(pod, 'spec.nodeName')) && !metaText(pod, 'deletionTimestamp') &&`,
    noticedBy: 'a disk is deleted with its DataVolume under a running VM, goes when that is stopped, and the VM is started in vain; it is named by its claim', tells: ['claim web-disk is gone, and launcher web 1 runs on it'],
  },
  {
    name: 'a node that is lost is never given up', file: `${CONTROLLERS}/fencing.ts`,
    find: `return left > 0 ? wait(left) : taint(OUT_OF_SERVICE, 'NoExecute')`, replace: `return left > 0 ? wait(left) : NOTHING`,
    noticedBy: 'RerunOnFailure: a node is lost, its pod lingers, a stop does not end, then it is fenced', tells: ['given up was not seen within', '"reason":"NodeStatusUnknown"'],
  },
  {
    name: 'a pod on a node that is given up waits for its kubelet', file: `${CONTROLLERS}/outOfService.ts`,
    find: `if (!hasTaint(node, OUT_OF_SERVICE) ||`, replace: `if (pod.metadata.deletionTimestamp || !hasTaint(node, OUT_OF_SERVICE) ||`,
    noticedBy: 'Manual: a node is lost and fenced, nothing starts by itself, and the node comes back', tells: ['nothing left on node-'],
  },
  {
    name: 'a disk stays with the node that is given up', file: `${CONTROLLERS}/attachments.ts`,
    find: `isDown(node) && !hasTaint(node, OUT_OF_SERVICE)`, replace: `isDown(node)`,
    noticedBy: 'Always: a node is lost, its pod lingers, then it is fenced and the VM runs elsewhere', tells: ['nothing left on node-'],
  },
  {
    name: 'a disk is let go from a node that is lost and not given up, as soon as its pod is removed', file: `${CONTROLLERS}/attachments.ts`,
    find: `? TAKES.forceDetach : TAKES.detachAfterPod`, replace: `? TAKES.detachAfterPod : TAKES.detachAfterPod`,
    noticedBy: 'Always: the pod on a lost node is removed by force, its disk stays there, and the VM runs elsewhere once the node is fenced', tells: ['node 1 is given up › vmi web 2 Running'],
  },
  {
    name: 'a node that comes back stays given up', file: `${CONTROLLERS}/fencing.ts`,
    find: `key !== DRAIN_TAINT && key !== OUT_OF_SERVICE`, replace: `key !== DRAIN_TAINT`,
    noticedBy: 'RerunOnFailure: a node is lost and fenced, the VM runs elsewhere, and the node comes back', tells: ['taken back was not seen within'],
  },
  {
    name: 'a node whose virt-handler is silent gets guests', file: `${CONTROLLERS}/unresponsiveNodes.ts`,
    find: `{ metadata: { labels: { [SCHEDULABLE]: 'false' } } }`, replace: `{ metadata: { labels: { [SCHEDULABLE]: 'true' } } }`,
    noticedBy: 'a node is lost and comes back with the guest still running', tells: ['closed for guests was not seen within'],
  },
  {
    name: 'a guest that is given up is not said to be so for its node\'s silence', file: `${CONTROLLERS}/unresponsiveNodes.ts`,
    find: `phase: 'Failed', reason: REASON`, replace: `phase: 'Failed'`,
    noticedBy: 'RerunOnFailure: nobody looks after a guest that crashes, KubeVirt gives it up, and it runs elsewhere', tells: ['vmi web 1 · reason'],
  },
]

/** Breaks the rule while the source is loaded. Throws where the words are not there exactly once: the mutation must be written anew. */
export function broken({ name, file, find, replace }: Breakage): Plugin {
  return {
    name: `broken: ${name}`,
    enforce: 'pre',
    transform(code, id) {
      if (!id.endsWith(file))
        return undefined
      if (code.split(find).length !== 2)
        throw new Error(`${file} has ${code.split(find).length - 1} times what "${name}" changes`)
      return code.replace(find, () => replace)
    },
  }
}
