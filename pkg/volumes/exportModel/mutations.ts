/** A rule of the protocol that is broken on purpose, to see the model notice. */
interface Mutation {
  /** What the broken protocol does. */
  readonly name: string
  readonly file: string
  /** Found exactly once in the file. */
  readonly find: string
  readonly replace: string
  /** Within two hundred plays. The others take a coincidence. */
  readonly isNoticedSoon?: boolean
}

export const MUTATIONS: readonly Mutation[] = [
  { name: 'makes the image of a disk in use', file: 'pkg/volumes/exportBeforeImage.ts', find: `if (safety.word !== 'at-rest')`, replace: `if (safety.word === 'unknown')`, isNoticedSoon: true },
  { name: 'does not see that a pod had the disk while it was read', file: 'pkg/volumes/exportSuspicion.ts', find: `const gone = visits.word === 'visited' ?`, replace: `Object.assign(visits, { word: 'none' })\n  const gone = visits.word === 'visited' ?` },
  { name: 'takes a VM that was only changed for one that ran', file: 'pkg/volumes/exportSuspicion.ts', find: `.filter(vm => gone.some(pod => isLauncherOf(pod, vm)))`, replace: `` },
  { name: 'takes what came once the image was read for what tore it', file: 'pkg/volumes/exportSuspicion.ts', find: `object && isOver ? sinceImport(image, object) : 'before'`, replace: `object && isOver && image.kind === '' ? sinceImport(image, object) : 'before'`, isNoticedSoon: true },
  { name: 'lets a VM have a disk whose image is read', file: 'pkg/volumes/exportHold.ts', find: `(ownImage ? isReading(ownImage, world) || isUnjudged(ownImage, written) : written.madeAt === undefined)`, replace: `!ownImage`, isNoticedSoon: true },
  { name: 'acts by what it was watching', file: 'pkg/volumes/exportRunner.ts', find: `const again = await this.lookAgain(seen, noted)`, replace: `const again: ExportTurn = { step: seen }` },
  { name: 'makes the image anew when it is gone', file: 'pkg/volumes/exportSteps.ts', find: `current.madeAt === undefined ?`, replace: `current.id !== '' ?` },
  { name: 'takes a guest that nobody saw for one that shut down', file: 'pkg/volumes/exportGuests.ts', find: `return 'not-observed'`, replace: `return 'shut-down'` },
  { name: 'takes a guest whose power was cut at once for one that shut down', file: 'pkg/volumes/exportGuests.ts', find: `graceOf(vmi) > 0 && hearsOfItsEnd(vmi)`, replace: `hearsOfItsEnd(vmi)` },
  { name: 'takes a guest without ACPI for one that shut down', file: 'pkg/volumes/exportGuests.ts', find: `graceOf(vmi) > 0 && hearsOfItsEnd(vmi)`, replace: `graceOf(vmi) > 0`, isNoticedSoon: true },
  { name: 'takes a guest that was ending already for one that was off', file: 'pkg/volumes/exportPlan.ts', find: `wasRunning, ...(isEnding && { isEnding }),`, replace: `wasRunning: wasRunning && !isEnding,` },
  { name: 'stops a VM by an old picture of it', file: 'pkg/volumes/exportPlan.ts', find: `heldToVersion(stop, vm)`, replace: `stop` },
  { name: 'does not let go of a VM before it ends', file: 'pkg/volumes/exportEnd.ts', find: `if (release.length)`, replace: `if (release.length > 99)` },
  { name: 'leaves a VM at the strategy that KubeVirt gave it', file: 'pkg/volumes/exportRestart.ts', find: `if (!hasForeignStrategy({ entry, vm }, intent))`, replace: `if (vm.metadata.name)` },
  { name: 'keeps nothing of an export that left no image', file: 'pkg/volumes/exportEnd.ts', find: `TOLD_BY_THE_CLAIM.includes(result) ?`, replace: `result === 'exported' ?`, isNoticedSoon: true },
  { name: 'takes its note off the claim first', file: 'pkg/volumes/exportEnd.ts', find: `liftMark(vm) : []), ...(claim ? liftClaim(claim, intent, result) : [])]`, replace: `liftMark(vm) : []), ...(claim ? liftClaim(claim, intent, result) : [])].reverse()` },
  { name: 'ends once a start was asked for', file: 'pkg/volumes/exportRestart.ts', find: `if (['running', 'paused', 'migrating'].includes(power.word) && isProven)`, replace: `if (power.word !== 'off')`, isNoticedSoon: true },
  { name: 'waits for ever', file: 'pkg/volumes/exportBeforeImage.ts', find: `if (isOverdue(intent, now))`, replace: `if (now < 0)`, isNoticedSoon: true },
  { name: 'waits for an import for ever', file: 'pkg/volumes/exportWithImage.ts', find: `isUnread && isOverdue(intent, now)`, replace: `now < 0` },
  { name: 'waits for ever for what may come into sight', file: 'pkg/volumes/exportWithImage.ts', find: `(passes && !isOverdue(intent, now))`, replace: `passes` },
  { name: 'leaves a VM off as long as no instances are seen', file: 'pkg/volumes/exportEnd.ts', find: `isOwed && isOverdue(intent, now)`, replace: `now < 0` },
  { name: 'calls an export off and does not note it', file: 'pkg/volumes/exportCallOff.ts', find: `amendIntent(claim, intent, { calledOff })`, replace: `amendIntent(claim, intent, {})`, isNoticedSoon: true },
  { name: 'begins over an export that has begun', file: 'pkg/volumes/exportPlan.ts', find: `[testVersion(claim), ...written]`, replace: `written`, isNoticedSoon: true },
  { name: 'takes a copy that Longhorn has begun for one that is over', file: 'pkg/volumes/diskCopy.ts', find: `['copy-completed-awaiting-healthy', 'completed']`, replace: `['initiated', 'copy-completed-awaiting-healthy', 'completed']`, isNoticedSoon: true },
  { name: 'takes a copy that Longhorn has given up for one that is over', file: 'pkg/volumes/exportWithImage.ts', find: `word !== 'going-on' && word !== 'failed'`, replace: `word !== 'going-on'` },
  { name: 'takes a copy that is not seen for one that is over', file: 'pkg/volumes/exportWithImage.ts', find: `return word === 'unseen' ? wholenessOf(image) !== 'unverified' ||`, replace: `return word === 'unseen' ? image.kind !== '' ||` },
  { name: 'lets a VM have a disk that Longhorn still copies', file: 'pkg/volumes/exportHold.ts', find: `isReading(ownImage, world) || isUnjudged(ownImage, written)`, replace: `isReading(ownImage, world)` },
]
