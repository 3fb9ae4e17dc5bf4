// @vitest-environment happy-dom
import { flushPromises, mount } from '@vue/test-utils'
import { h } from 'vue'
import type { Component } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { VueWrapper } from '@vue/test-utils'
import { ApiError } from '#kube/apiError.ts'
import { defineResource } from '#kube/resource.ts'
import type { Collection, CollectionState } from './collection.ts'
import { createConsoleI18n } from './i18n.ts'
import ObjectTable from './ObjectTable.vue'
import type { BulkAction, RowAction, TableColumn, TableFilter } from './tableColumn.ts'

interface Vm { readonly name: string, readonly cpu: number, readonly state: 'failed' | 'running' }

const VMS = defineResource('kubevirt.io/v1', 'VirtualMachine', 'virtualmachines')
const RANKS = { failed: 0, running: 1 }
const columns: TableColumn<Vm>[] = [
  { id: 'state', title: 'State', value: vm => vm.state, rank: vm => RANKS[vm.state] },
  { id: 'name', title: 'Name', value: vm => vm.name },
  { id: 'cpu', title: 'CPU', value: vm => vm.cpu, optional: true },
]
const filters: TableFilter<Vm>[] = [{ id: 'failed', label: 'Cannot run', matches: vm => vm.state === 'failed' }]
const vms: Vm[] = [{ name: 'web-2', cpu: 2, state: 'running' }, { name: 'web-1', cpu: 4, state: 'running' }, { name: 'db', cpu: 8, state: 'failed' }]

function collection(state: CollectionState, error?: ApiError, since = 0, unread = state !== 'live'): Collection {
  return { resource: VMS, objects: [], state, since, error, unread, find: () => undefined, knows: () => state === 'live' }
}

let opened: VueWrapper | undefined
afterEach(() => opened?.unmount())

async function show(props: { rows?: readonly Vm[], state?: CollectionState, error?: ApiError, since?: number, unread?: boolean, url?: string, actions?: (vm: Vm) => RowAction<Vm>[], bulkActions?: BulkAction<Vm>[] } = {}) {
  const { rows = vms, state = 'live', error, since, unread, url = '/', actions, bulkActions } = props
  const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: { render: () => undefined } }] })
  await router.push(url)
  const i18n = createConsoleI18n([{ id: 'sdk', messages: { 'en': () => import('./locales/en.ts'), 'zh-CN': () => import('./locales/zh-CN.ts') } }])
  await i18n.setLanguage('en')
  const events: Vm[] = []
  const given = { id: 'vms', caption: 'virtual machines', columns, rows, filters, rowKey: (vm: Vm) => vm.name, collections: [collection(state, error, since, unread)], emptyText: 'VMs would be listed here.', actions, bulkActions, onOpen: (vm: Vm) => events.push(vm) }
  const page = () => h(ObjectTable as Component, given, { empty: () => h('a', { href: '/create' }, 'Create VM') })
  const table = mount(page, { attachTo: document.body, global: { plugins: [router, i18n.plugin] } })
  opened = table
  await vi.dynamicImportSettled()
  await flushPromises()
  const names = () => table.findAll('.table-row').map(row => row.findAll('[role=gridcell]')[bulkActions ? 2 : 1]?.text())
  const press = (key: string) => table.find('[role=grid]').trigger('keydown', { key })
  return { table, router, events, names, press }
}

describe('the rows of a table', () => {
  it.each<[CollectionState, boolean]>([['live', false], ['stale', true]])('are marked as outdated when the line is cut, and only then (%s)', async (state, outdated) => {
    const { table } = await show({ state, unread: false })
    expect(table.find('.object-table').classes('is-outdated')).toBe(outdated)
  })

  it('begin with what needs the operator, and say so in the head', async () => {
    const { table, names } = await show()
    expect(names()).toEqual(['db', 'web-1', 'web-2'])
    expect(table.findAll('[role=columnheader]').map(head => head.attributes('aria-sort'))).toEqual(['ascending', 'none'])
  })

  it('are ordered by the column that is clicked, and the URL keeps it', async () => {
    const { table, router, names } = await show()
    const byName = () => table.findAll('.table-head__sort')[1]?.trigger('click')
    await byName()
    await byName()
    await vi.waitFor(() => expect(router.currentRoute.value.query).toEqual({ sort: '-name' }))
    expect(names()).toEqual(['web-2', 'web-1', 'db'])
  })

  it('are what the URL asks for', async () => {
    const { table, names } = await show({ url: '/?filter=failed&columns=state,name,cpu&q=d' })
    expect(names()).toEqual(['db'])
    expect(table.findAll('[role=columnheader]')).toHaveLength(3)
    expect(table.text()).toContain('1 of 3')
  })

  it('have their usual columns where the URL names none that there is', async () => {
    const { table } = await show({ url: '/?columns=gone' })
    expect(table.findAll('[role=columnheader]')).toHaveLength(2)
    const { table: some } = await show({ url: '/?columns=gone,name' })
    expect(some.findAll('[role=columnheader]')).toHaveLength(1)
  })

  it('can be brought back when nothing fits', async () => {
    const { table, names, router } = await show({ url: '/?q=nothing' })
    expect(table.text()).toContain('No row fits the filter.')
    await table.find('.object-table__words button').trigger('click')
    await vi.waitFor(() => expect(router.currentRoute.value.query).toEqual({}))
    expect(names()).toHaveLength(3)
  })

  it('are counted whole but drawn only as far as they are seen', async () => {
    const many = Array.from({ length: 20_000 }, (_, index): Vm => ({ name: `vm-${index}`, cpu: 1, state: 'running' }))
    const { table } = await show({ rows: many })
    expect(table.find('[role=grid]').attributes('aria-rowcount')).toBe('20001')
    expect(table.findAll('.table-row').length).toBeLessThan(100)
  })
})

describe('the keys of a table', () => {
  it('move a cursor that Enter opens', async () => {
    const { press, events, table } = await show()
    await press('j')
    await press('ArrowDown')
    await press('k')
    await press('ArrowDown')
    await press('Enter')
    expect(events.map(vm => vm.name)).toEqual(['web-1'])
    expect(table.find('[role=grid]').attributes('aria-activedescendant')).toBe(table.find('[data-current]').attributes('id'))
  })

  it('select rows with Space and let go with Escape; the bar names what it will touch', async () => {
    const done: string[][] = []
    const { press, table } = await show({ bulkActions: [{ id: 'stop', label: 'Shut down', run: rows => done.push(rows.map(vm => vm.name)) }] })
    await press('j')
    await press(' ')
    await press('j')
    await press(' ')
    await vi.waitFor(() => expect(table.find('.table-bulk-bar').text()).toContain('2 selected: db, web-1'))
    await table.find('.table-bulk-bar .el-button').trigger('click')
    expect(done).toEqual([['db', 'web-1']])
    await press('Escape')
    expect(table.find('.table-bulk-bar').exists()).toBe(false)
  })

  it('leave a row that a filter hides out of what is acted on', async () => {
    const { press, table } = await show({ bulkActions: [{ id: 'stop', label: 'Shut down', run: () => undefined }] })
    await press('End')
    await press(' ')
    await vi.waitFor(() => expect(table.find('.table-bulk-bar').text()).toContain('web-2'))
    await table.find('.chip').trigger('click')
    await flushPromises()
    expect(table.find('.table-bulk-bar').exists()).toBe(false)
  })
})

describe('the actions of a row', () => {
  it('say why they cannot be done, and are not done', async () => {
    const done: string[] = []
    const { table } = await show({ actions: vm => [{ id: 'stop', label: 'Shut down', disabled: vm.state === 'failed' ? 'It is off.' : undefined, run: () => done.push(vm.name) }] })
    const buttons = table.findAll('.table-row .el-button')
    const [first] = buttons
    expect(first?.attributes('aria-disabled')).toBe('true')
    expect(first?.attributes('aria-description')).toBe('It is off.')
    await first?.trigger('click')
    await buttons[1]?.trigger('click')
    expect(done).toEqual(['web-1'])
  })
})

describe('a table without rows', () => {
  it('is grey at first and then says what is awaited', async () => {
    const { table } = await show({ rows: [], state: 'loading', since: Date.now() })
    expect(table.find('.object-table__ghost').exists()).toBe(true)
    expect(table.text()).not.toContain('Waiting')
    const { table: later } = await show({ rows: [], state: 'loading', since: Date.now() - 2_000 })
    expect(later.text()).toContain('Waiting for the cluster to list virtual machines.')
  })

  it('that was never listed is not said to be empty', async () => {
    const error = new ApiError({ status: 500, reason: 'InternalError', message: 'etcd is away' })
    const { table } = await show({ rows: [], state: 'stale', error })
    expect(table.text()).toContain('etcd is away')
    expect(table.text()).toContain('The cluster has not listed virtual machines yet.')
    expect(table.text()).not.toContain('VMs would be listed here.')
    expect(table.find('a[href="/create"]').exists()).toBe(false)
  })

  it('says what would be here, and how to fill it', async () => {
    const { table } = await show({ rows: [] })
    expect(table.text()).toContain('VMs would be listed here.')
    expect(table.find('a[href="/create"]').exists()).toBe(true)
  })

  it('names the permission that is missing, and never says that nothing is there', async () => {
    const error = new ApiError({ status: 403, reason: 'Forbidden', message: 'virtualmachines.kubevirt.io is forbidden: User "eve" cannot list resource "virtualmachines" in API group "kubevirt.io" in the namespace "lab"' })
    const { table } = await show({ rows: [], state: 'forbidden', error })
    expect(table.find('code').text()).toBe('list virtualmachines.kubevirt.io in namespace lab')
    expect(table.text()).not.toContain('VMs would be listed here.')
  })

  it('names the CRD that is not installed and what it belongs to', async () => {
    const { table } = await show({ rows: [], state: 'absent' })
    expect(table.text()).toContain('virtualmachines.kubevirt.io')
    expect(table.text()).toContain('KubeVirt')
    expect(table.text()).not.toContain('VMs would be listed here.')
  })
})

describe('a table that is stale', () => {
  it('keeps its rows and says since when', async () => {
    const error = new ApiError({ status: 0, reason: 'Unreachable', message: 'connection refused' })
    const { table, names } = await show({ state: 'stale', error, since: Date.now() - 120_000, unread: false })
    expect(names()).toHaveLength(3)
    expect(table.find('[data-state=stale]').text()).toContain('2 minutes ago')
    expect(table.find('[data-state=stale]').text()).toContain('The cluster did not answer.')
  })
})
