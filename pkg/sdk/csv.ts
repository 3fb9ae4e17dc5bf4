import type { CellValue, TableColumn } from './tableColumn.ts'

/** A cell that a spreadsheet would run as a formula begins so (OWASP, CSV injection); some take the full-width signs too. */
const FORMULA = /^(?:[\t\r\n]|\s*[=+\-@＝＋－＠])/

function cell(value: CellValue): string {
  if (value === undefined)
    return ''
  if (typeof value !== 'string')
    return String(value)
  // Every text, because a spreadsheet may take a semicolon or a tab for the end of a cell.
  return `"${FORMULA.test(value) ? '\'' : ''}${value.replaceAll('"', '""')}"`
}

/** Rows as CSV (RFC 4180) with a heading; begins with a byte-order mark so that spreadsheets read it as UTF-8. */
export function toCsv<Row>(columns: readonly Pick<TableColumn<Row>, 'title' | 'value'>[], rows: readonly Row[]): string {
  const lines = [columns.map(column => cell(column.title)), ...rows.map(row => columns.map(column => cell(column.value(row))))]
  return `\uFEFF${lines.map(line => line.join(',')).join('\r\n')}\r\n`
}
