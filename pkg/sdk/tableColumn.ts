import type { KubeObject } from '#kube/object.ts'

export type CellValue = string | number | boolean | undefined

/** A column of `ObjectTable`. A slot named `cell-<id>` with `{ row }` draws the cell; else `value` is shown as text. */
export interface TableColumn<Row = KubeObject> {
  readonly id: string
  /** In the reader's language. */
  readonly title: string
  /** What sorting, filtering, and the CSV use. */
  readonly value: (row: Row) => CellValue
  /** Compares for sorting where `value` does not order as a person would. Lower comes first. */
  readonly rank?: (row: Row) => number
  /** CSS grid width: `160px`, `minmax(160px, 2fr)`. */
  readonly width?: string
  readonly align?: 'start' | 'end'
  /** Hidden until chosen. */
  readonly optional?: boolean
}

/** An act on a row: the first is a button, the rest are in a menu; a reason in `disabled` is shown on hover and focus. */
export interface RowAction<Row = KubeObject> {
  readonly id: string
  readonly label: string
  readonly tone?: 'danger'
  readonly disabled?: string
  readonly run: (row: Row) => void
}

/** A visible chip that filters, with how many rows it would leave. */
export interface TableFilter<Row = KubeObject> {
  readonly id: string
  readonly label: string
  readonly matches: (row: Row) => boolean
}

/** An act on all selected rows; the bar names them before it runs. */
export interface BulkAction<Row = KubeObject> {
  readonly id: string
  readonly label: string
  readonly tone?: 'danger'
  /** Why these rows cannot be acted on together; undefined when they can. */
  readonly refuses?: (rows: readonly Row[]) => string | undefined
  readonly run: (rows: readonly Row[]) => void
}

export interface TableSort { readonly column: string, readonly descending?: boolean }
