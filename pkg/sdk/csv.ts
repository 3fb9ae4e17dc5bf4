import type { CellValue, TableColumn } from './tableColumn.ts'

/** A cell that a spreadsheet would run as a formula begins with one of these (OWASP, CSV injection). */
const FORMULA = /^[=+\-@\t\r]/

function cell(value: CellValue): string {
  if (value === undefined)
    return ''
  const text = typeof value === 'string' && FORMULA.test(value) ? `'${value}` : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Rows as CSV (RFC 4180) with a heading; begins with a byte-order mark so that spreadsheets read it as UTF-8. */
export function toCsv<Row>(columns: readonly Pick<TableColumn<Row>, 'title' | 'value'>[], rows: readonly Row[]): string {
  const lines = [columns.map(column => cell(column.title)), ...rows.map(row => columns.map(column => cell(column.value(row))))]
  return `\uFEFF${lines.map(line => line.join(',')).join('\r\n')}\r\n`
}
