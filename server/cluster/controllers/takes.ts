/** How long things take on this stage, in milliseconds at pace 1. Longhorn's and KubeVirt's own periods are theirs; the rest is chosen so that each state can be seen. */
export const TAKES = {
  // nodes
  schedulePod: 200,
  startContainers: 1_500,
  endContainers: 700,
  /** From the end of a pod that was deleted to its removal. */
  forgetPod: 600,
  /** From the end of a pod to the removal of its disks' attachments. */
  detachAfterPod: 3_000,
  attachVolume: 800,
  detachVolume: 1_500,
  rebuildReplica: 20_000,
  /** kube-controller-manager looks for pods to collect so often. */
  collectPods: 20_000,
  /** Kubernetes takes a disk by force from a node that does not answer, and is not out of service, after so long. */
  forceDetach: 360_000,
  backUp: 10_000,
  /** Longhorn's setting replica-replenishment-wait-interval. */
  replenishReplica: 600_000,

  // guests
  bootGuest: 2_500,
  shutDownGuest: 3_000,
  /** Without any grace: qemu is killed, and its end is noticed. */
  cutOffGuest: 1_500,
  connectAgent: 4_000,
  crashGuest: 1_000,
  retryRefused: 5_000,
  prepareTarget: 1_000,
  startMigration: 500,
  copyMemory: 4_000,
  endMigration: 500,
  abortMigration: 500,
  /** KubeVirt's progressTimeout. */
  giveUpMigration: 150_000,
  /** Of a hot-plugged volume into the pod, into the guest, and out again. */
  mountVolume: 1_000,

  // images
  checkUrl: 500,
  startSource: 1_000,
  startCopy: 600,
  /** Between two steps of progress. */
  tick: 500,
  fetchFirst: 1_000,
  /** Longhorn gives an upload so long to begin. */
  beginUpload: 60_000,
  /** For one per cent of it; one whose server was ended in the middle never comes to the next. */
  abandonUpload: 3_600_000,
  /** Harvester: from a failed attempt to the next (pkg/controller/master/image). */
  retryImage: 10_000,
  /** Longhorn: back-off of a failed first file; and of a copy that fails again and again. */
  retryFile: 60_000,
  retryBadDisk: 300_000,
  /** Longhorn's settings backing-image-recovery-wait-interval and -cleanup-wait-interval. */
  recoverImage: 300_000,
  cleanUpCopies: 3_600_000,
  /** Longhorn ignores a node that is not Ready for so long. */
  ignoreNode: 15_000,

  // CDI
  scheduleImport: 1_000,
  retryImport: 15_000,

  day: 86_400_000,
} as const
