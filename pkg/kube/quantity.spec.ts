import { describe, expect, it } from 'vitest'
import { parseQuantity } from './quantity.ts'

describe('parseQuantity', () => {
  it.each([
    ['10Gi', 10737418240], ['1.5Mi', 1572864], ['512', 512], ['500m', 0.5], ['1e3', 1000], ['1E3', 1000], ['2E', 2e18], ['3k', 3000], ['.5Ki', 512], ['-1Ki', -1024], ['100u', 1e-4], [42, 42],
  ])('%s is %d', (quantity, number) => expect(parseQuantity(quantity)).toBeCloseTo(number, 9))

  it.each(['', 'ten', '10GiB', '10 Gi', '1K', undefined, Number.NaN, '1e', 'Gi'])('%s is no quantity', text => expect(parseQuantity(text)).toBeUndefined())
})
