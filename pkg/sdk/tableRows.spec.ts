import { describe, expect, it } from 'vitest'
import type { TableColumn } from './tableColumn.ts'
import { filterRows, naturalKey, parseSort, readRows, searchRows, sortRows, sortText } from './tableRows.ts'

interface Row { readonly name: string, readonly size?: number, readonly state: 'failed' | 'ready' }

const RANKS = { failed: 0, ready: 1 }
const columns: TableColumn<Row>[] = [
  { id: 'state', title: 'State', value: row => row.state, rank: row => RANKS[row.state] },
  { id: 'name', title: 'Name', value: row => row.name },
  { id: 'size', title: 'Size', value: row => row.size },
]
const rows: Row[] = [
  { name: 'web-10', size: 10, state: 'ready' },
  { name: 'web-2', state: 'failed' },
  { name: 'Web-1', size: 300, state: 'ready' },
  { name: 'db', size: 9, state: 'failed' },
]
const order = (column: string, descending = false) => sortRows(rows, columns, { column, descending }, row => row.name).map(row => row.name)

describe('the order of rows', () => {
  it('is that of a person for names with numbers', () => {
    expect(order('name')).toEqual(['db', 'Web-1', 'web-2', 'web-10'])
  })
  it('is that of the rank where the column has one, and then of the key', () => {
    expect(order('state')).toEqual(['db', 'web-2', 'Web-1', 'web-10'])
  })
  it('is that of numbers for numbers', () => {
    expect(order('size')).toEqual(['db', 'web-10', 'Web-1', 'web-2'])
  })
  it('keeps what has no value last when turned', () => {
    expect(order('size', true)).toEqual(['Web-1', 'web-10', 'db', 'web-2'])
  })
  it('is as they came for a column that does not exist', () => {
    expect(order('nothing')).toEqual(rows.map(row => row.name))
  })
  it('does not depend on how they came', () => {
    const turned = sortRows([...rows].reverse(), columns, { column: 'state' }, row => row.name)
    expect(turned.map(row => row.name)).toEqual(order('state'))
  })
  it.each([['a2', 'a10'], ['a002', 'a3'], ['v1.9', 'v1.10'], ['x', 'x1']])('puts %s before %s', (first, second) => {
    expect(naturalKey(first) < naturalKey(second)).toBe(true)
  })
})

describe('the rows that are left', () => {
  const named = (left: readonly Row[]) => left.map(row => row.name)

  it('hold every word in some column, case aside', () => {
    expect(named(searchRows(rows, readRows(columns), ' WEB ready '))).toEqual(['web-10', 'Web-1'])
    expect(named(searchRows(rows, readRows(columns), '300'))).toEqual(['Web-1'])
  })
  it('never match a word that spans two columns', () => {
    expect(searchRows(rows, readRows(columns), 'readyweb')).toEqual([])
  })
  it('are all when nothing is asked', () => {
    expect(searchRows(rows, readRows(columns), '  ')).toBe(rows)
    expect(filterRows(rows, [], new Set(['gone']))).toBe(rows)
  })
  it('are those of any chosen filter', () => {
    const filters = [
      { id: 'failed', label: '', matches: (row: Row) => row.state === 'failed' },
      { id: 'large', label: '', matches: (row: Row) => (row.size ?? 0) > 100 },
    ]
    expect(named(filterRows(rows, filters, new Set(['failed', 'large'])))).toEqual(['web-2', 'Web-1', 'db'])
  })
})

describe('the sort in the URL', () => {
  it.each([['name', { column: 'name' }], ['-name', { column: 'name', descending: true }]] as const)('%s', (text, sort) => {
    expect(parseSort(text)).toEqual(sort)
    expect(sortText(sort)).toBe(text)
  })
  it('is none when absent', () => {
    expect(parseSort('')).toBeUndefined()
  })
})
