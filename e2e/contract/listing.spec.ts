import { beforeAll, describe, expect, it } from 'vitest'
import { stage } from './stage.ts'

const { admin, group, namespace, gadgets, widgets, vaults, core, gadget, vault, configMap, forget } = stage('listing')

const names = ['g-01', 'g-02', 'g-03', 'g-04', 'g-05', 'g-06', 'g-07']
const colors = ['red', 'green', 'blue'] as const

beforeAll(async () => {
  for (const [index, name] of names.entries())
    await admin.post(gadgets, gadget(name, { size: index + 1, color: colors[index % 3] }, { labels: { app: 'contract', tier: index < 3 ? 'front' : 'back', ...(index === 0 ? { only: 'one' } : {}) } }))
})

describe('listing', () => {
  it('answers a list of the kind with a resourceVersion, items in the order of their names', async () => {
    const answer = await admin.get(gadgets)
    expect(answer.body).toMatchObject({ apiVersion: `${group}/v1`, kind: 'GadgetList' })
    expect(answer.list.metadata.resourceVersion).toMatch(/^[1-9]\d*$/)
    expect(answer.names).toEqual(names)
  })

  it('gives custom items their kind and apiVersion, built-in items neither', async () => {
    await admin.post(`${core}/configmaps`, configMap('plain'))
    expect((await admin.get(gadgets)).list.items[0]).toMatchObject({ apiVersion: `${group}/v1`, kind: 'Gadget' })
    const { list } = await admin.get(`${core}/configmaps`)
    expect(list.kind).toBe('ConfigMapList')
    expect(list.items[0]).not.toHaveProperty('kind')
  })

  it('of nothing is an empty list, not null', async () => {
    expect((await admin.get(widgets)).list.items).toEqual([])
    expect((await admin.get(`${core}/services`)).text).toContain('"items":[]')
  })

  it('of a namespace that does not exist is empty', async () => {
    const answer = await admin.get(gadgets.replace(namespace, 'nowhere'))
    expect([answer.status, answer.list.items]).toEqual([200, []])
  })

  it('over all namespaces has those of each', async () => {
    const { list } = await admin.get(`/apis/${group}/v1/gadgets`)
    expect(list.items.filter(item => item.metadata.namespace === namespace).map(item => item.metadata.name)).toEqual(names)
  })

  it('has the resourceVersion of the cluster, not of the newest item', async () => {
    const before = (await admin.get(gadgets)).list.metadata.resourceVersion
    await admin.post(`${core}/configmaps`, configMap('elsewhere'))
    await admin.post(vaults, vault(`tick-${namespace}`))
    await admin.delete(`${vaults}/tick-${namespace}`)
    expect(Number((await admin.get(gadgets)).list.metadata.resourceVersion)).toBeGreaterThan(Number(before))
  })
})

describe('label selectors', () => {
  const cases: [string, string[]][] = [
    ['tier=front', ['g-01', 'g-02', 'g-03']],
    ['tier==front', ['g-01', 'g-02', 'g-03']],
    ['tier!=front', ['g-04', 'g-05', 'g-06', 'g-07']],
    ['only', ['g-01']],
    ['!only', names.slice(1)],
    ['tier in (front,middle)', ['g-01', 'g-02', 'g-03']],
    ['tier notin (front)', ['g-04', 'g-05', 'g-06', 'g-07']],
    ['app=contract,tier=front,!only', ['g-02', 'g-03']],
    ['app=nothing', []],
  ]
  it.each(cases)('%s', async (selector, expected) => {
    expect((await admin.get(`${gadgets}?labelSelector=${encodeURIComponent(selector)}`)).names).toEqual(expected)
  })

  it('that cannot be read is refused: 400', async () => {
    const { status, failure } = await admin.get(`${gadgets}?labelSelector=${encodeURIComponent('a in')}`)
    expect([status, failure.reason]).toEqual([400, 'BadRequest'])
    expect(failure.message).toMatch(/^unable to parse requirement: /)
  })
})

describe('field selectors', () => {
  it('metadata.name and metadata.namespace are always there', async () => {
    expect((await admin.get(`${gadgets}?fieldSelector=metadata.name%3Dg-03`)).names).toEqual(['g-03'])
    expect((await admin.get(`/apis/${group}/v1/gadgets?fieldSelector=metadata.namespace%3D${namespace},metadata.name!%3Dg-03`)).names).toEqual(names.filter(name => name !== 'g-03'))
  })

  it('a definition\'s selectable field can be used', async () => {
    expect((await admin.get(`${gadgets}?fieldSelector=spec.color%3Dgreen`)).names).toEqual(['g-02', 'g-05'])
  })

  it('any other field of a custom kind is refused: 400', async () => {
    const { status, failure } = await admin.get(`${gadgets}?fieldSelector=spec.size%3D1`)
    expect([status, failure.reason, failure.message]).toEqual([400, 'BadRequest', 'field label not supported: spec.size'])
  })

  it('an unknown field of a built-in is refused in its own words', async () => {
    const { status, failure } = await admin.get(`${core}/pods?fieldSelector=spec.color%3Dred`)
    expect([status, failure.message]).toEqual([400, 'field label not supported: spec.color'])
    expect((await admin.get(`${core}/configmaps?fieldSelector=data.a%3D1`)).failure.message).toBe('"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"')
  })

  it('pods by their phase and node', async () => {
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'chosen' }, spec: { schedulerName: 'nobody', nodeName: 'far-away', containers: [{ name: 'c', image: 'i' }] } }
    ;(await admin.post(`${core}/pods`, pod)).expect(201)
    expect((await admin.get(`${core}/pods?fieldSelector=spec.nodeName%3Dfar-away,status.phase%3DPending`)).names).toEqual(['chosen'])
    expect((await admin.get(`${core}/pods?fieldSelector=status.phase!%3DPending`)).names).toEqual([])
  })
})

describe('pages', () => {
  it('limit gives a token and says how many are left', async () => {
    const { list } = await admin.get(`${gadgets}?limit=3`)
    expect(list.items.map(item => item.metadata.name)).toEqual(names.slice(0, 3))
    expect(list.metadata.continue).toBeTruthy()
    expect(list.metadata.remainingItemCount).toBe(4)
  })

  it('the token leads through all, each once, the last page without a token', async () => {
    const seen: string[] = []
    let token: string | undefined = ''
    do {
      const { list } = await admin.get(`${gadgets}?limit=2${token ? `&continue=${encodeURIComponent(token)}` : ''}`)
      seen.push(...list.items.map(item => item.metadata.name))
      token = list.metadata.continue
    } while (token)
    expect(seen).toEqual(names)
  })

  it('all pages show the moment of the first', async () => {
    const { list: first } = await admin.get(`${gadgets}?limit=3`)
    await admin.post(gadgets, gadget('g-045'))
    await admin.delete(`${gadgets}/g-06`)
    const { list: rest } = await admin.get(`${gadgets}?limit=10&continue=${encodeURIComponent(first.metadata.continue ?? '')}`)
    expect(rest.items.map(item => item.metadata.name)).toEqual(names.slice(3))
    expect(rest.metadata.resourceVersion).toBe(first.metadata.resourceVersion)
    await admin.delete(`${gadgets}/g-045`)
    await admin.post(gadgets, gadget('g-06', { size: 6, color: 'blue' }, { labels: { app: 'contract', tier: 'back' } }))
  })

  it('a selector leaves remainingItemCount out', async () => {
    const { list } = await admin.get(`${gadgets}?limit=2&labelSelector=tier%3Dback`)
    expect(list.items).toHaveLength(2)
    expect(list.metadata.continue).toBeTruthy()
    expect(list.metadata.remainingItemCount).toBeUndefined()
  })

  it('an expired token is 410 Expired and offers to go on without consistency', async () => {
    const { list } = await admin.get(`${gadgets}?limit=3`)
    await admin.merge(`${gadgets}/g-01`, { metadata: { annotations: { touched: 'yes' } } })
    await forget()
    const old = Buffer.from(list.metadata.continue ?? '', 'base64').toString()
    const token = Buffer.from(old.replace(/"rv":\d+/, '"rv":1')).toString('base64url')
    const { status, failure } = await admin.get(`${gadgets}?limit=3&continue=${token}`)
    expect([status, failure.reason]).toEqual([410, 'Expired'])
    expect(failure.message).toContain('The provided continue parameter is too old to display a consistent list result.')
    const { status: goesOn, list: rest } = await admin.get(`${gadgets}?limit=10&continue=${encodeURIComponent(failure.metadata.continue ?? '')}`)
    expect(goesOn).toBe(200)
    expect(rest.items.map(item => item.metadata.name)).toEqual(names.slice(3))
  })

  it('a token that is none is 400', async () => {
    const { status, failure } = await admin.get(`${gadgets}?limit=3&continue=nonsense`)
    expect([status, failure.reason]).toEqual([400, 'BadRequest'])
    expect(failure.message).toMatch(/^invalid continue token: continue key is not valid/)
  })

  it('a token and a resourceVersion together are 400', async () => {
    const { list } = await admin.get(`${gadgets}?limit=3`)
    const { status, failure } = await admin.get(`${gadgets}?limit=3&resourceVersion=${list.metadata.resourceVersion}&continue=${encodeURIComponent(list.metadata.continue ?? '')}`)
    expect(status).toBe(400)
    expect(failure.message).toBe('specifying resource version is not allowed when using continue')
  })
})

describe('resourceVersion of a list', () => {
  it('0 is answered from any moment, an old one from a newer moment', async () => {
    const { list } = await admin.get(gadgets)
    expect((await admin.get(`${gadgets}?resourceVersion=0`)).status).toBe(200)
    expect((await admin.get(`${gadgets}?resourceVersion=${list.metadata.resourceVersion}`)).names).toEqual(names)
  })

  it('Exact shows that very moment', async () => {
    const { list } = await admin.get(gadgets)
    await admin.post(gadgets, gadget('later'))
    const exact = await admin.get(`${gadgets}?resourceVersion=${list.metadata.resourceVersion}&resourceVersionMatch=Exact`)
    expect([exact.names, exact.list.metadata.resourceVersion]).toEqual([names, list.metadata.resourceVersion])
    await admin.delete(`${gadgets}/later`)
  })

  it('a match without a resourceVersion is refused: 422', async () => {
    const { status, failure } = await admin.get(`${gadgets}?resourceVersionMatch=Exact`)
    expect(status).toBe(422)
    expect(failure.message).toContain('resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided')
  })

  it('one that is still to come is 504 Timeout', async () => {
    const { status, failure } = await admin.get(`${gadgets}?resourceVersion=9007199254740991`)
    expect(status).toBe(504)
    expect(failure).toMatchObject({ reason: 'Timeout', details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }] } })
    expect(failure.message).toMatch(/^Timeout: Too large resource version: 9007199254740991, current: \d+$/)
  })

  it('one that is no number is refused', async () => {
    const { status, failure } = await admin.get(`${gadgets}?resourceVersion=latest`)
    expect(status).toBe(400)
    expect(failure.message).toContain('Invalid value: "latest"')
  })
})
