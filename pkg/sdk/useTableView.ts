import { computed, onScopeDispose, shallowRef, toRef, watch } from 'vue'
import type { Ref } from 'vue'
import type { TableColumn, TableFilter, TableSort } from './tableColumn.ts'
import { filterRows, parseSort, readRows, searchRows, sortRows, sortText } from './tableRows.ts'
import { useQueryParam, useQuerySet } from './useQueryParam.ts'

export interface TableInput<Row> {
  readonly columns: readonly TableColumn<Row>[]
  readonly rows: readonly Row[]
  readonly filters?: readonly TableFilter<Row>[]
  readonly sort?: TableSort
  readonly rowKey: (row: Row) => string
  readonly urlPrefix?: string
}

/** From so many rows on they are sorted and counted at most every `PAUSE` milliseconds, however many events come. */
const MANY = 2_000
const PAUSE = 250

function useUnhurried<Row>(rows: () => readonly Row[]): Readonly<Ref<readonly Row[]>> {
  const settled = shallowRef(rows())
  let timer: ReturnType<typeof setTimeout> | undefined
  const settle = (): void => {
    timer = undefined
    settled.value = rows()
  }
  watch(rows, now => {
    if (now.length < MANY || Math.abs(now.length - settled.value.length) > now.length / 2)
      settle()
    else
      timer ??= setTimeout(settle, PAUSE)
  })
  onScopeDispose(() => clearTimeout(timer))
  return settled
}

/** What a table shows of its rows, kept in the URL: `q` text, `filter` chips, `sort`, `columns`. `input` is read reactively. */
export function useTableView<Row extends object>(input: () => TableInput<Row>) {
  const prefix = input().urlPrefix ?? ''
  const search = useQueryParam(`${prefix}q`)
  const chosen = useQuerySet(`${prefix}filter`)
  const sortParam = useQueryParam(`${prefix}sort`)
  const columnParam = useQuerySet(`${prefix}columns`)

  const columns = toRef(() => input().columns)
  const rows = useUnhurried(() => input().rows)
  const first = computed<TableSort>(() => input().sort ?? { column: columns.value[0]?.id ?? '' })
  const sort = computed(() => parseSort(sortParam.value) ?? first.value)
  const usual = computed(() => new Set(columns.value.filter(column => !column.optional).map(column => column.id)))
  // A link of an older console may name columns that are gone.
  const asked = computed(() => new Set(columns.value.map(({ id }) => id).filter(id => columnParam.value.has(id))))
  const shownIds = computed(() => asked.value.size ? asked.value : usual.value)

  const textOf = computed(() => readRows(columns.value))
  const searched = computed(() => searchRows(rows.value, textOf.value, search.value))
  const shown = computed(() => sortRows(filterRows(searched.value, input().filters ?? [], chosen.value), columns.value, sort.value, input().rowKey))
  const chips = computed(() => (input().filters ?? []).map(({ id, label, matches }) => ({ id, label, count: searched.value.filter(matches).length, active: chosen.value.has(id) })))
  const shownColumns = computed(() => columns.value.filter(column => shownIds.value.has(column.id)))
  const columnChoices = computed(() => columns.value.map(({ id, title }) => ({ id, label: title, checked: shownIds.value.has(id) })))

  function sortBy(column: string): void {
    const next = { column, descending: sort.value.column === column && !sort.value.descending }
    sortParam.value = sortText(next) === sortText(first.value) ? '' : sortText(next)
  }

  function toggleFilter(id: string): void {
    chosen.value = toggled(chosen.value, id)
  }

  // The columns keep their own order however they were chosen; the last one cannot be hidden.
  function toggleColumn(id: string): void {
    const next = toggled(shownIds.value, id)
    const isUsual = next.size === usual.value.size && [...next].every(other => usual.value.has(other))
    if (next.size)
      columnParam.value = isUsual ? new Set() : next
  }

  function clear(): void {
    search.value = ''
    chosen.value = new Set()
  }

  return { search, sort, shown, chips, shownColumns, columnChoices, sortBy, toggleFilter, toggleColumn, clear }
}

function toggled(set: ReadonlySet<string>, word: string): ReadonlySet<string> {
  return set.has(word) ? new Set([...set].filter(other => other !== word)) : new Set([...set, word])
}
