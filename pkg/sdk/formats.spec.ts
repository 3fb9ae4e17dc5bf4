import { effectScope } from 'vue'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { formatBytes, formatExactBytes } from './bytes.ts'
import { toCsv } from './csv.ts'
import { absoluteTime, duration, relativeTime, toMillis, useNow } from './time.ts'

describe('sizes', () => {
  it.each([
    ['10Gi', '10 GiB'], [0, '0 B'], [1023, '1,023 B'], [1024, '1 KiB'], [1536, '1.5 KiB'], ['1048575', '1 MiB'], ['10737418240', '10 GiB'], ['1500Mi', '1.5 GiB'], [-2048, '-2 KiB'], [undefined, ''], ['big', ''],
  ])('%s reads %s', (size, text) => expect(formatBytes(size)).toBe(text))

  it('are exact on request', () => expect(formatExactBytes('10Gi')).toBe('10,737,418,240'))
})

describe('times', () => {
  const now = Date.parse('2026-03-01T12:00:00Z')
  it.each([
    ['2026-03-01T12:00:00Z', 'now'], ['2026-03-01T11:59:18Z', '42 seconds ago'], ['2026-03-01T11:55:01Z', '4 minutes ago'], ['2026-03-01T14:00:00Z', 'in 2 hours'], ['2026-02-28T11:00:00Z', 'yesterday'], ['not a time', ''], [undefined, ''],
  ])('%s reads "%s"', (moment, text) => expect(relativeTime(moment, now, 'en')).toBe(text))

  it('speak Chinese', () => {
    expect(relativeTime(now - 300_000, now, 'zh-CN')).toBe('5分钟前')
    expect(duration(7_500_000, 'zh-CN')).toBe('2小时 5分钟')
  })

  it.each([[0, '0 sec'], [40_400, '40 sec'], [7_500_000, '2 hr 5 min'], [7_200_000, '2 hr'], [90_061_000, '1 day 1 hr']])('%d ms lasts %s', (milliseconds, text) => expect(duration(milliseconds, 'en')).toBe(text))

  it('are exact on request', () => expect(absoluteTime('2026-03-01T12:00:00Z', 'en')).toContain('2026'))

  it('are numbers for what computes', () => {
    expect(toMillis('2026-03-01T12:00:00Z')).toBe(now)
    expect(toMillis(5)).toBe(5)
    expect(toMillis('x')).toBeUndefined()
  })

  afterEach(() => vi.useRealTimers())
  it('share one clock, which stands still when nobody looks', () => {
    vi.useFakeTimers({ now: 1_000 })
    const one = effectScope()
    const other = effectScope()
    const clock = one.run(useNow)
    other.run(useNow)
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(3_000)
    expect(clock?.value).toBe(4_000)
    one.stop()
    other.stop()
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('CSV', () => {
  const columns = [
    { title: 'Name', value: (row: { name: string, size?: number }) => row.name },
    { title: 'Size, bytes', value: (row: { name: string, size?: number }) => row.size },
  ]
  it('quotes every text, whatever a spreadsheet takes for the end of a cell, and leaves out what is unknown', () => {
    expect(toCsv(columns, [{ name: 'a "b"\nc', size: 5 }, { name: '镜像;=1+1' }])).toBe('\uFEFF"Name","Size, bytes"\r\n"a ""b""\nc",5\r\n"镜像;=1+1",\r\n')
  })
  it('keeps a spreadsheet from running what an object is called', () => {
    expect(toCsv(columns, [{ name: '=HYPERLINK("x")', size: -1 }])).toContain('"\'=HYPERLINK(""x"")",-1')
  })
  it.each(['=1+1', '+1', '-1', '@sum', '\t=1', '\r=1', '\n=1+1', ' =1+1', '＝1+1', '＋1', '－1', '＠sum'])('disarms %j', name => {
    expect(toCsv(columns, [{ name }])).toContain(`"'${name}"`)
  })
})
