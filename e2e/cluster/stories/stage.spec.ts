import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Api } from '../../api.ts'
import { contextsOf, readAccess } from '../../kubeconfig.ts'
import { startEmbedded } from './embedded.ts'
import { holdSetting } from './settings.ts'
import { Stage } from './stage.ts'
import { pathOf } from './sight.ts'

// What a play that does not come to its end says, and what it leaves behind for the others.

let cluster: Awaited<ReturnType<typeof startEmbedded>>
let api: Api

beforeAll(async () => {
  cluster = await startEmbedded()
  api = new Api(readAccess(cluster.kubeconfig, contextsOf(cluster.kubeconfig)[0] ?? ''))
})
afterAll(async () => {
  await api.close()
  await cluster.stop()
})

async function played(playSeconds: number, does: (stage: Stage) => Promise<void>): Promise<void> {
  const stage = new Stage({ admin: api, editor: api, viewer: api }, { looksAt: ['PersistentVolumeClaim'], playSeconds })
  try {
    await stage.open()
    await does(stage)
  }
  finally {
    await stage.close()
  }
}

describe('a play that is too long', () => {
  it('says what it waited for, however long that wait might have been', async () => {
    await expect(played(1, stage => stage.until('what never comes', () => false, 3600))).rejects.toThrow('what never comes was not seen within 1 s')
  }, 10_000)

  it('says so where it never comes to rest', async () => {
    await expect(played(4, async stage => {
      await stage.disk()
      let count = 0
      const moving = setInterval(() => { void api.merge(pathOf('PersistentVolumeClaim', stage.namespace, 'web-disk'), { metadata: { labels: { count: String(count++) } } }) }, 100)
      await stage.settle().finally(() => { clearInterval(moving) })
    })).rejects.toThrow('rest was not seen within')
  }, 10_000)
})

describe('a setting of Longhorn\'s, which is for everybody', () => {
  const NAME = 'backing-image-recovery-wait-interval'
  const read = async () => {
    const { status, text } = await api.get(`/apis/longhorn.io/v1beta2/namespaces/longhorn-system/settings/${NAME}`)
    return status === 404 ? undefined : (JSON.parse(text) as { readonly value: string }).value
  }

  it('is put back by the last of two plays that hold it, not by the first', async () => {
    const before = await read()
    const [first, second] = await Promise.all([holdSetting(api, NAME, '5'), holdSetting(api, NAME, '5')])
    expect(await read()).toBe('5')
    await first()
    expect(await read()).toBe('5')
    await second()
    expect(await read()).toBe(before)
  })

  it('is not held at two values', async () => {
    const letGo = await holdSetting(api, NAME, '5')
    await expect(holdSetting(api, NAME, '6')).rejects.toThrow('is held at 5')
    await letGo()
  })

  it('that the server refuses is an error, and holds nobody up', async () => {
    await expect(holdSetting(api, 'No such_name', '5')).rejects.toThrow('422')
    await expect(holdSetting(api, 'No such_name', '6')).rejects.toThrow('422')
  })
})
