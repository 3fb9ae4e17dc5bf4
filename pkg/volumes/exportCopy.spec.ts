import { describe, expect, it } from 'vitest'
import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { LonghornVolume } from '#health/longhorn.ts'
import type { Seen } from '#kube/seen.ts'
import { ENDED_ANNOTATION, OVERTAKEN_ANNOTATION } from './exportedImage.ts'
import type { ExportIntent } from './exportIntent.ts'
import { exportReference, writeIntent } from './exportIntent.ts'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'
import type { StepWorld } from './exportStep.ts'
import { nextExportStep } from './exportSteps.ts'
import { CLAIM, REST, exportImage, live, longhornVolume, meta, vm } from './scriptedWorld.ts'

// Longhorn copies the disk of an export by itself, for minutes after Harvester has called the image imported.

const OVER = '2026-03-01T12:01:10Z'
const secondsAfter = (seconds: number) => Date.parse(OVER) + seconds * 1000
const INTENT: ExportIntent = {
  id: 'abcde', claim: { namespace: 'production', name: 'web-01-root' }, image: { namespace: 'production', displayName: 'x' }, storageClass: 'v2', vms: [{ name: 'web-01', runStrategy: 'Always', wasRunning: true }],
  restart: true, requester: 'ann', startedAt: '2026-03-01T12:00:00Z', madeAt: '2026-03-01T12:01:00Z', endings: { 'web-01': { word: 'shut-down' } },
}
const DEADLINE = '2026-03-01T13:00:00Z'
const BLIND: Seen<LonghornVolume> = { objects: [], state: 'forbidden' }
const SOURCE = longhornVolume({ state: 'detached', kubernetesStatus: { namespace: 'production', pvcName: 'web-01-root', workloadsStatus: null, lastPodRefAt: '' } })
const copied = (state: string, attemptCount = 0): Seen<LonghornVolume> => live({ ...longhornVolume({ state: 'attached', cloneStatus: { state, attemptCount, sourceVolume: 'pv-1' } }), metadata: meta('pv-2', 'longhorn-system'), spec: { dataSource: 'vol://pv-1' } }, SOURCE)

function world(longhornVolumes: Seen<LonghornVolume>, { intent = INTENT, annotations = {}, by = 'csi-clone' }: { readonly intent?: ExportIntent, readonly annotations?: object, readonly by?: string } = {}): StepWorld {
  const plain = exportImage('export-abcde', 'True')
  const image = {
    ...plain, metadata: { ...plain.metadata, annotations: { [EXPORT_ANNOTATION]: JSON.stringify({ ...JSON.parse(writeIntent(intent)) as object, still: {}, lastPods: `${SOURCE.metadata.uid} never` }), ...annotations } },
    spec: { ...plain.spec, backend: 'cdi' as const }, status: { conditions: [{ type: 'Imported' as const, status: 'True' as const, lastTransitionTime: OVER }] },
  }
  const claim = { ...CLAIM, metadata: { ...CLAIM.metadata, annotations: { [EXPORT_ANNOTATION]: writeIntent(intent) } } }
  const target: PersistentVolumeClaim = { ...CLAIM, metadata: { ...meta('export-abcde'), annotations: { 'cdi.kubevirt.io/cloneType': by } }, spec: { volumeName: 'pv-2' } }
  return { ...REST, vms: live(vm('Halted', {}, { annotations: { [EXPORT_ANNOTATION]: exportReference(intent) } })), claims: live(claim, target), images: live(image), storageClasses: live(), longhornVolumes }
}

const next = (given: StepWorld, seconds: number, intent = INTENT) => {
  const { word, because, result } = nextExportStep(given, intent, secondsAfter(seconds))
  return { word, codes: because.map(({ code }) => code), result }
}

describe('who may not see Longhorn\'s volumes', () => {
  it('does not end the export, and start its VM, while Longhorn may still copy the disk, however long', () => {
    for (const seconds of [1, 40, 3_000])
      expect(next(world(BLIND), seconds)).toEqual({ word: 'blind', codes: ['copy-unseen', 'not-seen'], result: undefined })
  })

  it('ends it half a minute after the import where CDI copies by a pod', () => {
    expect(next(world(BLIND, { by: 'copy' }), 40)).toMatchObject({ word: 'start-vm', result: 'unverified' })
  })

  it.each([['torn', OVERTAKEN_ANNOTATION, '{"when":"2026-03-01T12:05:00Z","by":[]}'], ['at its end', ENDED_ANNOTATION, '2026-03-01T12:05:00Z']])('goes on once somebody who sees them has called it %s', (_, annotation, value) => {
    expect(next(world(BLIND, { annotations: { [annotation]: value } }), 40).word).toBe('start-vm')
  })

  it('calls the image torn when the time that was chosen is over, and does not wait any more', () => {
    const intent = { ...INTENT, deadline: DEADLINE }
    expect(next(world(BLIND, { intent }), 4_000, intent)).toMatchObject({ word: 'mark-overtaken' })
    const torn = { [OVERTAKEN_ANNOTATION]: '{"when":"2026-03-01T13:00:01Z","by":[]}' }
    expect(next(world(BLIND, { intent, annotations: torn }), 4_001, intent)).toMatchObject({ word: 'start-vm', result: 'overtaken' })
  })
})

describe('a copy that Longhorn has given up', () => {
  it('is no copy that goes on: the image is called torn, and the VM starts again', () => {
    expect(next(world(copied('failed', 9)), 4_000)).toMatchObject({ word: 'wait-import', codes: ['importing', 'longhorn-copying'] })
    expect(next(world(copied('failed', 10)), 4_000)).toMatchObject({ word: 'mark-overtaken' })
    const torn = { [OVERTAKEN_ANNOTATION]: '{"when":"2026-03-01T13:00:01Z","by":[]}' }
    expect(next(world(copied('failed', 10), { annotations: torn }), 4_001)).toMatchObject({ word: 'start-vm', result: 'overtaken' })
    const intent = { ...INTENT, restart: false }
    expect(next(world(copied('failed', 10), { intent, annotations: torn }), 4_001, intent)).toMatchObject({ word: 'note-end', codes: ['clone-failed', 'overtaken', 'vm-off-by-choice'] })
  })
})

describe('who may not write on the image', () => {
  it('leaves it half a minute to others once Longhorn has copied the disk, counted from when that was seen', () => {
    const blindSince = new Date(secondsAfter(240)).toISOString()
    const seen = (intent: ExportIntent) => ({ ...world(copied('completed'), { intent }), cannotTestify: true })
    const first = nextExportStep(seen(INTENT), INTENT, secondsAfter(240))
    expect([first.because.at(-1)?.code, JSON.stringify(first.writes)]).toEqual(['testimony-left', expect.stringContaining(blindSince)])
    const intent = { ...INTENT, blindSince }
    expect(next(seen(intent), 265, intent).codes).toContain('testimony-left')
    expect(next(seen(intent), 275, intent).codes).not.toContain('testimony-left')
  })
})

describe('a pod that Longhorn lists and that is not seen otherwise, once the image is read', () => {
  const listed = longhornVolume({ state: 'attached', kubernetesStatus: { namespace: 'production', pvcName: 'web-01-root', workloadsStatus: [{ podName: 'virt-launcher-web-01-abcde', podStatus: 'Running' }], lastPodRefAt: '' } })
  const there = (pods: StepWorld['pods']) => {
    const given = world(live(listed))
    return { ...given, pods, images: live(...given.images.objects.map(image => ({ ...image, spec: { ...image.spec, backend: 'backingimage' as const } }))) }
  }

  it('is looked for as long as a watch may be behind before the image is called torn: it may have come afterwards', () => {
    expect(next(there(live()), 80)).toMatchObject({ word: 'verify', codes: ['verifying'] })
    expect(nextExportStep(there(live()), INTENT, secondsAfter(80)).writes).toEqual([])
    expect(next(there(live()), 95)).toMatchObject({ word: 'mark-overtaken', codes: ['overtaken', 'vm-started', 'visited'] })
  })

  it('leaves the image unverified where pods may not be seen: when it came is not known', () => {
    expect(next(there({ objects: [], state: 'forbidden' }), 95)).toMatchObject({ word: 'start-vm', result: 'unverified' })
  })
})
