import { describe, expect, it } from 'vitest'
import type { Unseen } from '#kube/seen.ts'
import type { ExportStep } from './exportStep.ts'
import type { SightQuestion } from './exportSight.ts'
import type { Write } from '#kube/write.ts'
import { planExport } from './exportPlan.ts'
import { blindnessOf, isStillRead, sightQuestion } from './exportSight.ts'
import { nextExportStep } from './exportSteps.ts'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'
import { writeIntent } from './exportIntent.ts'
import type { ExportIntent } from './exportIntent.ts'
import { CLAIM, exportImage, REST, live, vm } from './scriptedWorld.ts'

const unseen = (state: Unseen['state'], resource = 'pods'): Unseen => ({ code: 'not-seen', resource, state, namespace: 'production' })
const MADE = { madeAt: '2026-03-01T12:00:00.000Z' }
const LIMITED = { deadline: '2026-03-01T13:00:00.000Z' }

describe('what an export waits for that cannot see enough', () => {
  it.each<[string, Partial<ExportStep>, Pick<ExportIntent, 'deadline' | 'madeAt'>, SightQuestion | undefined]>([
    ['to go on, for ever', { because: [unseen('stale')] }, {}, { to: 'go-on', isEndless: true }],
    ['to go on, up to its time limit', { because: [unseen('stale')] }, LIMITED, { to: 'go-on', isEndless: false }],
    ['to go on, for a right', { because: [unseen('forbidden')] }, {}, { to: 'go-on', isEndless: true }],
    ['to verify, for ever', { because: [unseen('stale')] }, MADE, { to: 'verify', isEndless: true }],
    ['to verify, up to its time limit', { because: [unseen('stale')] }, { ...MADE, ...LIMITED }, { to: 'verify', isEndless: false }],
    ['to verify, for half a minute, where a right is missing', { because: [unseen('forbidden')] }, MADE, { to: 'verify', isEndless: false }],
    ['to start, for a right', { because: [unseen('forbidden')], result: 'given-up' }, {}, { to: 'start', isEndless: true }],
    ['nothing where it is just being read', { because: [unseen('loading')] }, {}, undefined],
    ['one that is cut, beside one that is being read', { because: [unseen('loading'), unseen('stale', 'nodes')] }, {}, { to: 'go-on', isEndless: true }],
    ['nothing where the guard is asked', { because: [unseen('forbidden')], ask: {} as Write }, {}, undefined],
    ['nothing where it sees', { word: 'wait-detach', because: [] }, {}, undefined],
    ['nothing where it is the time that is not known', { because: [{ code: 'time-unknown' }] }, {}, undefined],
  ])('%s', (_, step, intent, question) => {
    expect(sightQuestion({ word: 'blind', because: [], ...step }, intent)).toEqual(question)
  })

  const { intent } = planExport({ claim: CLAIM, users: { vms: [vm('Always')], vmis: [], pods: [] }, id: 'abcde', image: { namespace: 'production', displayName: 'web-copy' }, storageClass: 'harvester-longhorn', restart: true, requester: 'ann', now: 0 })
  const CLASSES = live({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { ...CLAIM.metadata, name: 'harvester-longhorn' }, provisioner: 'driver.longhorn.io' })
  const under = (written: ExportIntent) => live({ ...CLAIM, metadata: { ...CLAIM.metadata, annotations: { [EXPORT_ANNOTATION]: writeIntent(written) } } })
  const KINDS = ['claims', 'vms', 'vmis', 'pods', 'images', 'attachments', 'nodes', 'longhornVolumes', 'storageClasses', 'dataVolumes', 'snapshots', 'backups', 'restores', 'vmExports'] as const

  it.each(KINDS)('is named, whatever kind is not up to date, and is said to last: %s', kind => {
    const written = { ...intent, vms: kind === 'vmis' ? [{ name: 'web-01', runStrategy: 'Always' as const, wasRunning: true }] : [] }
    const halted = vm('Halted', {}, { annotations: { [EXPORT_ANNOTATION]: 'production/web-01-root' } })
    const world = { ...REST, ...(kind === 'vmis' && { vms: live(halted) }), claims: under(written), storageClasses: CLASSES }
    const step = nextExportStep({ ...world, [kind]: { ...world[kind], state: 'stale' } }, written, Date.parse('2026-03-01T12:00:00Z'))
    expect(step).toMatchObject({ word: 'blind', writes: [], because: [expect.objectContaining({ code: 'not-seen', state: 'stale' }) as Unseen] })
    expect(sightQuestion(step, written)).toEqual({ to: 'go-on', isEndless: true })
  })

  it.each(['vmis', 'pods', 'longhornVolumes'] as const)('is named once the image is there, too: %s', kind => {
    const written = { ...intent, vms: [], ...MADE }
    const image = exportImage('export-abcde', 'True')
    const noted = { ...image, spec: { ...image.spec, pvcName: CLAIM.metadata.name, pvcNamespace: 'production' }, metadata: { ...image.metadata, annotations: { [EXPORT_ANNOTATION]: JSON.stringify({ still: {} }) } } }
    const step = nextExportStep({ ...REST, storageClasses: CLASSES, claims: under(written), images: live(noted), [kind]: { ...REST[kind], state: 'stale' } }, written, Date.parse('2026-03-01T14:00:00Z'))
    expect(step).toMatchObject({ word: 'blind', writes: [], because: [{ code: 'not-seen', state: 'stale' }] })
    expect(sightQuestion(step, written)).toEqual({ to: 'verify', isEndless: true })
  })
})

it.each<[boolean, string, Partial<ExportStep>]>([
  [true, 'whose page was just opened', { because: [unseen('loading')] }],
  [true, 'of which some is seen and the rest being read', { because: [{ code: 'attached', attachment: 'csi-1', node: 'node-1', ending: true }, unseen('loading'), unseen('loading', 'nodes')] }],
  [false, 'of which something may not be read', { because: [unseen('loading'), unseen('forbidden', 'nodes')] }],
  [false, 'of which something is cut', { because: [unseen('stale')] }],
  [false, 'of which the guard is asked', { because: [unseen('loading')], ask: {} as Write }],
  [false, 'of which the time is not known', { because: [{ code: 'time-unknown' }] }],
  [false, 'that sees, and waits', { word: 'wait-detach', because: [] }],
])('it is %s that one is only still being read %s', (is, _, step) => {
  expect(isStillRead({ word: 'blind', because: [], ...step })).toBe(is)
})

describe('a keeper that does not see', () => {
  it.each([
    ['what is cut', 'waiting', 'blind', [unseen('stale'), unseen('forbidden', 'nodes'), unseen('loading')], ['pods']],
    ['nothing where the guard answers for it', 'waiting', 'blind', [unseen('forbidden')], []],
    ['nothing where it waits for something else', 'waiting', 'wait-detach', [], []],
    ['nothing where it works', 'working', 'blind', [unseen('stale')], []],
  ] as const)('%s', (_, word, step, because, resources) => {
    expect(blindnessOf({ word, step, because }).map(reason => 'resource' in reason && reason.resource)).toEqual(resources)
  })
})
