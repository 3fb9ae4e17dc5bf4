const FORM = /^([+-]?)(\d*)(?:\.(\d*))?([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$/
const DECIMAL = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E']
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
const NANO = 1_000_000_000n

/** A quantity in the form in which Kubernetes writes it back (`1024Mi` is `1Gi`, `0.5` is `500m`); undefined for what is none (k8s.io/apimachinery pkg/api/resource). */
export function canonicalQuantity(text: string): string | undefined {
  const [, sign = '', whole = '', fraction = '', suffix = ''] = FORM.exec(text) ?? []
  if (whole === '' && fraction === '') return undefined
  const binary = BINARY.indexOf(suffix)
  const digits = BigInt(whole + fraction)
  const nano = scale(digits, 9 - fraction.length + (binary > 0 ? 0 : exponentOf(suffix))) * (binary > 0 ? 1024n ** BigInt(binary) : 1n)
  if (nano === 0n) return '0'
  const minus = sign === '-' ? '-' : ''
  // Less than 1 Ki, or no whole number, is not said in powers of two.
  if (binary > 0 && nano % NANO === 0n && nano >= 1024n * NANO) return minus + inBinary(nano / NANO)
  return minus + (/^[eE]./.test(suffix) ? inExponent(nano) : inDecimal(nano))
}

function exponentOf(suffix: string): number {
  return /^[eE][+-]?\d/.test(suffix) ? Number(suffix.slice(1)) : (DECIMAL.indexOf(suffix) - 3) * 3
}

/** Times a power of ten; what is smaller than a nano is rounded up. */
function scale(value: bigint, exponent: number): bigint {
  if (exponent >= 0) return value * 10n ** BigInt(exponent)
  const divisor = 10n ** BigInt(-exponent)
  return (value + divisor - 1n) / divisor
}

function inBinary(value: bigint): string {
  let power = 0
  while (value % 1024n === 0n && power < BINARY.length - 1) {
    value /= 1024n
    power += 1
  }
  return `${value}${BINARY[power]}`
}

function thousands(nano: bigint): [bigint, number] {
  let step = 0
  while (nano % 1000n === 0n && step < DECIMAL.length - 1) {
    nano /= 1000n
    step += 1
  }
  return [nano, step]
}

function inDecimal(nano: bigint): string {
  const [value, step] = thousands(nano)
  return `${value}${DECIMAL[step]}`
}

function inExponent(nano: bigint): string {
  const [value, step] = thousands(nano)
  return step === 3 ? String(value) : `${value}e${(step - 3) * 3}`
}
