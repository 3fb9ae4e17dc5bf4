/** A choice of a `MenuButton`; with `checked` it is one of a set. */
export interface MenuItem {
  readonly id: string
  readonly label: string
  /** In quiet type under the label: why it is disabled, what it is. */
  readonly detail?: string
  readonly disabled?: boolean
  readonly checked?: boolean
  readonly tone?: 'danger'
}
