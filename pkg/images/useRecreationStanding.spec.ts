// @vitest-environment happy-dom
import { afterEach, describe, expect, it } from 'vitest'
import { ApiError } from '#kube/apiError.ts'
import type { ConfigMap } from '#kube/core.ts'
import type { ScriptedConsole } from '#sdk/scriptedConsole.ts'
import { openConsole } from '#sdk/scriptedConsole.ts'
import { useTasks } from '#sdk/tasks.ts'
import type { VirtualMachineImage } from './image.ts'
import { makeNote } from './recreationNote.ts'
import { recreationTaskId } from './useRecreation.ts'
import { useRecreationStanding } from './useRecreationStanding.ts'

const meta = (uid: string, extra: object = {}) => ({ name: 'image-1', namespace: 'lab', uid, resourceVersion: '1', creationTimestamp: '', ...extra })
const image = (uid: string, extra: object = {}): VirtualMachineImage => ({ apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: meta(uid, extra), spec: { displayName: 'noble', sourceType: 'download', url: 'https://x/a.img' } })
const made = makeNote({ manifest: image('old'), uid: 'old', who: 'alice', when: '' })
const NOTE: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...meta('n'), ...made.metadata }, data: made.data }

let opened: ScriptedConsole<ReturnType<typeof useRecreationStanding> & { tasks: ReturnType<typeof useTasks> }>
afterEach(() => opened.app.unmount())
async function open(images: readonly VirtualMachineImage[], configmaps: readonly ConfigMap[], rights?: Parameters<typeof openConsole>[2]) {
  opened = await openConsole(() => ({ ...useRecreationStanding(() => ({ imageKey: 'lab/image-1' })), tasks: useTasks() }), { virtualmachineimages: images, configmaps }, rights)
  await expect.poll(() => opened.made.configMaps.state).toBe('live')
  return opened.made
}

describe('the page of an image that is to be made again', () => {
  it.each<[string, readonly VirtualMachineImage[], ConfigMap, string, string[]]>([
    ['offers to create it, or to forget it, where it is gone', [], NOTE, 'lost', ['again', 'forget']],
    ['offers to forget what cannot be read', [], { ...NOTE, data: {} }, 'unreadable', ['forget']],
    ['offers nothing while the image goes', [image('old', { deletionTimestamp: 'x' })], NOTE, 'leaving', []],
    ['offers to forget where it was not deleted', [image('old')], NOTE, 'undeleted', ['forget']],
    ['offers to forget where somebody made it', [image('new')], NOTE, 'back', ['forget']],
  ])('%s', async (_, images, note, word, remedies) => {
    const { verdict } = await open(images, [note])
    await expect.poll(() => verdict.value?.title).toBe(`images.retry.note.${word}`)
    expect(verdict.value?.remedies.map(({ id }) => id)).toEqual(remedies)
  })

  it('says which right is missing for either', async () => {
    const { verdict } = await open([], [NOTE], { review: async () => ({ allowed: false }) })
    await expect.poll(() => verdict.value?.remedies.map(({ disabled }) => disabled)).toEqual(['sdk.barred.denied', 'sdk.barred.denied'])
  })

  it.each([
    ['try', 422, 'refused'], ['note', 403, 'refused'], ['delete', 409, 'refused'], ['delete', 500, 'unfinished'], ['create', 403, 'unfinished'],
  ])('where no note is seen, says after a failure of %s (%i) only what is certain', async (step, status, words) => {
    const { refusal, tasks } = await open([], [])
    await tasks.run({
      id: recreationTaskId('lab/image-1'), title: 'x', steps: [{ id: step, label: step }],
      work: async ({ begin }) => {
        begin(step)
        throw new ApiError({ status, reason: 'x', message: 'x' })
      },
    })
    expect(refusal.value).toBe(`images.retry.${words}`)
  })
})
