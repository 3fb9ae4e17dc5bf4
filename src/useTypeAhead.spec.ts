// @vitest-environment happy-dom
import { afterEach, describe, expect, it, vi } from 'vitest'
import { effectScope } from 'vue'
import { useTypeAhead } from './useTypeAhead.ts'

const scope = effectScope()
const behind = vi.fn()
const press = (key: string, more: KeyboardEventInit = {}) => document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }))

describe('what is typed before the box is there', () => {
  let isAwaited = true
  const takeBack = vi.fn(() => { isAwaited = false })
  const typed = scope.run(() => useTypeAhead(() => isAwaited, takeBack))
  document.body.addEventListener('keydown', behind)
  afterEach(() => behind.mockClear())

  it('is kept for it, and does nothing to the page behind', () => {
    for (const key of ['j', 'u', 'x', 'Backspace', 'm', 'p', 'Enter', 'Shift'])
      press(key)
    expect(typed?.value).toBe('jump')
    expect(behind).not.toHaveBeenCalled()
  })

  it('leaves the browser its own keys', () => {
    press('r', { ctrlKey: true })
    expect(typed?.value).toBe('jump')
    expect(behind).toHaveBeenCalledOnce()
  })

  it('is nobody\'s once Escape took the wish back', () => {
    press('Escape')
    press('k')
    expect(takeBack).toHaveBeenCalledOnce()
    expect(typed?.value).toBe('jump')
    expect(behind).toHaveBeenCalledOnce()
  })
})
