import { toCsv } from './csv.ts'
import type { TableColumn } from './tableColumn.ts'

/** Gives the browser the rows as `<name>.csv`. */
export function downloadCsv<Row>(name: string, columns: readonly TableColumn<Row>[], rows: readonly Row[]): void {
  const address = URL.createObjectURL(new Blob([toCsv(columns, rows)], { type: 'text/csv;charset=utf-8' }))
  const link = document.createElement('a')
  link.href = address
  link.download = `${name}.csv`
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 1_000)
}
