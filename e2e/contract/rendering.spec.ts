import { beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Fields, KubeObject } from '../api.ts'
import { stage } from './stage.ts'

const { admin, group, namespace, gadgets, core, gadget, configMap } = stage('rendering')

interface Table extends Fields {
  readonly kind: string
  readonly metadata: Fields
  readonly columnDefinitions: readonly { readonly name: string, readonly type: string, readonly format: string, readonly description: string, readonly priority: number }[]
  readonly rows: readonly { readonly cells: readonly unknown[], readonly object: KubeObject | null }[]
}

const table = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' }
const tableOf = async (path: string) => (await admin.get(path, table)).expect(200).body as Table

beforeAll(async () => {
  await admin.post(gadgets, gadget('one', { size: 1, color: 'red' }, { labels: { app: 'x' } }))
  await admin.post(gadgets, gadget('two', { size: 2 }))
  await admin.merge(`${gadgets}/two/status`, { status: { phase: 'Ready' } })
  await admin.post(`${core}/configmaps`, configMap('plain', { a: '1', b: '2' }))
})

describe('tables', () => {
  it('of a custom kind have its printer columns after the name', async () => {
    const { kind, columnDefinitions } = await tableOf(gadgets)
    expect(kind).toBe('Table')
    expect(columnDefinitions.map(({ name, type, format, priority }) => [name, type, format, priority])).toEqual([
      ['Name', 'string', 'name', 0], ['Size', 'integer', '', 0], ['Phase', 'string', '', 0], ['Color', 'string', '', 1], ['Age', 'date', '', 0],
    ])
    expect(columnDefinitions[1]?.description).toBe('How big it is.')
  })

  it('have a row for each object: numbers as numbers, what is missing as null, the age in words', async () => {
    const { rows } = await tableOf(gadgets)
    expect(rows.map(row => row.cells.slice(0, 4))).toEqual([['one', 1, null, 'red'], ['two', 2, 'Ready', null]])
    expect(rows[0]?.cells[4]).toMatch(/^\d+s$/)
  })

  it('bring the metadata of each object along by default', async () => {
    const { rows: [row] } = await tableOf(gadgets)
    expect(row?.object).toMatchObject({ apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata', metadata: { name: 'one', namespace, labels: { app: 'x' } } })
    expect(row?.object).not.toHaveProperty('spec')
  })

  it('includeObject=Object brings all of it, None brings nothing', async () => {
    expect((await tableOf(`${gadgets}?includeObject=Object`)).rows[0]?.object).toMatchObject({ kind: 'Gadget', spec: { size: 1 } })
    expect((await tableOf(`${gadgets}?includeObject=None`)).rows[0]?.object).toBeNull()
  })

  it('of one object have one row', async () => {
    expect((await tableOf(`${gadgets}/two`)).rows.map(row => row.cells[0])).toEqual(['two'])
  })

  it('are cut into pages like lists', async () => {
    const { metadata, rows } = await tableOf(`${gadgets}?limit=1`)
    expect(rows).toHaveLength(1)
    expect(metadata.continue).toBeTruthy()
    expect((await tableOf(`${gadgets}?limit=1&continue=${encodeURIComponent(String(metadata.continue))}`)).rows[0]?.cells[0]).toBe('two')
  })

  it('of a kind without columns have name and age', async () => {
    const { columnDefinitions } = await tableOf(`/apis/${group}/v1/vaults`)
    expect(columnDefinitions.map(({ name }) => name)).toEqual(['Name', 'Age'])
  })

  it('of built-ins have the columns that kubectl shows', async () => {
    const { columnDefinitions, rows } = await tableOf(`${core}/configmaps?fieldSelector=metadata.name%3Dplain`)
    expect(columnDefinitions.map(({ name }) => name)).toEqual(['Name', 'Data', 'Age'])
    expect(rows[0]?.cells.slice(0, 2)).toEqual(['plain', 2])
  })

  it('of pods say the status as kubectl does', async () => {
    await admin.post(`${core}/pods`, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'tabled' }, spec: { schedulerName: 'nobody', containers: [{ name: 'a', image: 'i' }, { name: 'b', image: 'i' }] } })
    const { columnDefinitions, rows } = await tableOf(`${core}/pods?fieldSelector=metadata.name%3Dtabled`)
    expect(columnDefinitions.map(({ name }) => name)).toEqual(['Name', 'Ready', 'Status', 'Restarts', 'Age', 'IP', 'Node', 'Nominated Node', 'Readiness Gates'])
    expect(rows[0]?.cells.slice(0, 4)).toEqual(['tabled', '0/2', 'Pending', '0'])
    expect(rows[0]?.cells.slice(5)).toEqual(['<none>', '<none>', '<none>', '<none>'])
  })

  it('can be watched, the columns in the first event only', async () => {
    const watch = await admin.watch(`${gadgets}?watch=1`, table)
    const [first, second] = (await watch.take(2)).map(event => event.object as unknown as Table)
    watch.close()
    expect(first).toMatchObject({ kind: 'Table', rows: [{ cells: ['one', 1, null, 'red', expect.any(String) as string] }] })
    expect(first?.columnDefinitions).toHaveLength(5)
    expect(second?.columnDefinitions ?? null).toBeNull()
  })
})

describe('metadata alone', () => {
  it('of one object', async () => {
    const { object } = await admin.get(`${gadgets}/one`, { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' })
    expect(object).toMatchObject({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: { name: 'one' } })
    expect(object).not.toHaveProperty('spec')
  })

  it('of a list', async () => {
    const { list } = await admin.get(gadgets, { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' })
    expect(list.kind).toBe('PartialObjectMetadataList')
    expect(list.items.map(item => item.metadata.name)).toEqual(['one', 'two'])
    expect(list.items[0]).not.toHaveProperty('spec')
  })

  it('of a watch', async () => {
    const watch = await admin.watch(`${gadgets}?watch=1`, { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' })
    const { object } = await watch.next()
    watch.close()
    expect(object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'one' } })
    expect(object).not.toHaveProperty('spec')
  })
})

describe('formats', () => {
  it('answers YAML to who asks for it', async () => {
    const { headers, text } = await admin.get(`${gadgets}/one`, { accept: 'application/yaml' })
    expect(headers['content-type']).toBe('application/yaml')
    expect(parse(text)).toMatchObject({ kind: 'Gadget', metadata: { name: 'one' }, spec: { size: 1 } })
  })

  it('reads YAML', async () => {
    const body = `apiVersion: ${group}/v1\nkind: Gadget\nmetadata:\n  name: from-yaml\nspec:\n  size: 4\n  title: yes\n`
    const { status, object } = await admin.send('POST', gadgets, body.replace('title: yes', 'title: "yes"'), { 'content-type': 'application/yaml' })
    expect([status, object.spec?.size, object.spec?.title]).toEqual([201, 4, 'yes'])
  })

  it('falls back to JSON where protobuf is preferred and the kind has none', async () => {
    const { status, headers } = await admin.get(`${gadgets}/one`, { accept: 'application/vnd.kubernetes.protobuf,application/json' })
    expect([status, headers['content-type']]).toEqual([200, 'application/json'])
  })

  it('custom kinds cannot be had as protobuf alone: 406', async () => {
    const { status, text } = await admin.get(`${gadgets}/one`, { accept: 'application/vnd.kubernetes.protobuf' })
    expect(status).toBe(406)
    expect(text).toContain('only the following media types are accepted: application/json')
  })

  it('nothing can be had as a picture: 406', async () => {
    expect((await admin.get(`${core}/configmaps/plain`, { accept: 'image/png' })).failure).toMatchObject({ code: 406, reason: 'NotAcceptable' })
  })

  it('*/* is JSON', async () => {
    expect((await admin.get(`${core}/configmaps/plain`, { accept: '*/*' })).headers['content-type']).toBe('application/json')
  })
})
