const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9, u: 1e-6, m: 1e-3,
  k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18,
  Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60,
}
const QUANTITY = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([KMGTPE]i|[numkMGTPE]))?$/

/**
 * The number that a Kubernetes quantity means: `10Gi` is 10737418240, `500m` is 0.5, `1e3` is 1000.
 * A number is itself; undefined for what is no quantity. Source: k8s.io/apimachinery pkg/api/resource/quantity.go.
 */
export function parseQuantity(quantity: string | number | undefined): number | undefined {
  if (typeof quantity === 'number')
    return Number.isFinite(quantity) ? quantity : undefined
  const [, digits, exponent, suffix] = QUANTITY.exec(quantity ?? '') ?? []
  if (digits === undefined)
    return undefined
  return suffix ? Number(digits) * (SUFFIXES[suffix] ?? 1) : Number(digits + (exponent ?? ''))
}
