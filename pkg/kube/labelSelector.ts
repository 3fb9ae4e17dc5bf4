/** Which objects are meant, by their labels. Without terms: all. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly { readonly key: string, readonly operator: string, readonly values?: readonly string[] }[]
}

export type Labels = Readonly<Record<string, string>>

/** `unknown`: a term has an operator that came later than this. */
export type SelectorMatch = 'chosen' | 'left-out' | 'unknown'

/**
 * Whether an object with those labels is chosen: all terms must hold. A selector that is absent or empty chooses all, as where
 * a webhook has none (k8s.io/apimachinery pkg/apis/meta/v1/helpers.go LabelSelectorAsSelector, pkg/labels/selector.go Matches;
 * what the API server defaults in k8s.io/api admissionregistration/v1).
 */
export function matchLabels(selector: LabelSelector | undefined, labels: Labels | undefined = {}): SelectorMatch {
  const terms = [
    ...Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => ({ key, operator: 'In', values: [value] })),
    ...selector?.matchExpressions ?? [],
  ].map(({ key, operator, values = [] }) => holds(Object.hasOwn(labels, key) ? labels[key] : undefined, operator, values))
  if (terms.includes(false))
    return 'left-out'
  return terms.includes(undefined) ? 'unknown' : 'chosen'
}

/** Whether a selector leaves anything out at all. */
export function choosesAll(selector: LabelSelector | undefined): boolean {
  return !Object.keys(selector?.matchLabels ?? {}).length && !selector?.matchExpressions?.length
}

/** An object without the label is not in any list of values, and so NotIn of all. */
function holds(value: string | undefined, operator: string, values: readonly string[]): boolean | undefined {
  switch (operator) {
    case 'In': return value !== undefined && values.includes(value)
    case 'NotIn': return value === undefined || !values.includes(value)
    case 'Exists': return value !== undefined
    case 'DoesNotExist': return value === undefined
    default: return undefined
  }
}
