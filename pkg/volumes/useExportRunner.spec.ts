// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ApiError } from '#kube/apiError.ts'
import type { KubeClient } from '#kube/client.ts'
import type { KubeObject } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'
import { openConsole } from '#sdk/scriptedConsole.ts'
import type { ScriptedConsole } from '#sdk/scriptedConsole.ts'
import { writeIntent } from './exportIntent.ts'
import { EXPORT_ANNOTATION } from './exportIntentText.ts'
import { planExport } from './exportPlan.ts'
import { CLAIM, meta, node } from './scriptedWorld.ts'
import { useExportActs } from './useExportActs.ts'
import { useExportRunner } from './useExportRunner.ts'
import { useExportWorld } from './useExportWorld.ts'

const HOUR = 3_600_000
const DISK = { ...CLAIM, spec: { ...CLAIM.spec, storageClassName: 'harvester-longhorn' } }
const CLASS = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: meta('harvester-longhorn'), provisioner: 'driver.longhorn.io' }

let page: ScriptedConsole<unknown> | undefined
afterEach(() => page?.app.unmount())

/** A page on a machine whose clock is an hour ahead of the cluster's, and an export that has so many minutes left by the cluster's. */
async function carryOut(minutes: number) {
  const deadline = new Date(Date.now() - HOUR + minutes * 60_000).toISOString()
  const { intent } = planExport({ claim: DISK, users: { vms: [], vmis: [], pods: [] }, id: 'abcde', image: { namespace: 'production', displayName: 'web-copy' }, storageClass: 'harvester-longhorn', restart: true, requester: 'ann', now: Date.now() - HOUR, choices: { deadline } })
  const objects: Record<string, readonly KubeObject[]> = {
    persistentvolumeclaims: [{ ...DISK, metadata: { ...DISK.metadata, annotations: { [EXPORT_ANNOTATION]: writeIntent(intent) } } }], storageclasses: [CLASS], nodes: [node('node-1')],
  }
  const get = (async ({ plural }: Resource, { name }: { readonly name: string }) => {
    const found = objects[plural]?.find(object => object.metadata.name === name)
    if (!found)
      throw new ApiError({ status: 404, reason: 'NotFound', message: 'gone' })
    return found
  }) as KubeClient['get']
  const opened = await openConsole(() => ({ runner: useExportRunner(), acts: useExportActs(() => intent, useExportWorld(() => 'production')) }), objects, { get, time: (local = Date.now()) => local - HOUR })
  page = opened
  opened.made.runner.run(intent)
  return opened
}

describe('a page whose machine\'s clock is an hour ahead of the cluster\'s', () => {
  it('ends no export that has time left', async () => {
    const { made, sent } = await carryOut(30)
    expect(made.acts.step.value.word).toBe('create-image')
    await vi.waitFor(() => expect(sent).toMatchObject([{ kind: 'VirtualMachineImage' }]))
  })

  it('gives one up whose time is over', async () => {
    expect((await carryOut(-1)).made.acts.step.value).toMatchObject({ word: 'call-off', because: [{ code: 'deadline-passed' }] })
  })
})
