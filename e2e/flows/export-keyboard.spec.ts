import { expect, test } from '@playwright/test'
import type { Locator, Page } from '@playwright/test'
import { open } from '../console.ts'
import { ends, imageOf, makeVm, runs } from '../exporting.ts'

// An export from its form to its end by the keyboard alone: whoever works so is never thrown back to the top of the page,
// and is told of each step once.
test.skip(Boolean(process.env.GUARDRAILS_KUBECONFIG), 'needs guests that the test may make deaf')

const state = (page: Page) => page.getByTestId('export-state')

/** Presses Tab until the control has the focus; fails where that is not to be had. */
async function tabTo(page: Page, control: Locator): Promise<void> {
  for (let presses = 0; presses < 40 && !await control.evaluate(element => element === document.activeElement); presses++)
    await page.keyboard.press('Tab')
  await expect(control).toBeFocused()
  await expect(control).toBeInViewport({ ratio: 1 })
}

/** What live regions say from now on, each time that it changes. */
async function listen(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const said: string[] = []
    const last = new Map<Element, string>()
    new MutationObserver(() => document.querySelectorAll('main [role=status]').forEach(region => {
      const words = region.textContent.trim()
      if (words && last.get(region) !== words)
        said.push(words)
      last.set(region, words)
    })).observe(document.body, { childList: true, characterData: true, subtree: true })
    Object.assign(window, { said })
  })
  return () => page.evaluate(() => (window as Window & { said?: string[] }).said ?? [])
}

test('form, timeline, question and end are gone through by keyboard, on a small window, and the focus is never lost', async ({ page }) => {
  await page.setViewportSize({ width: 900, height: 700 })
  const api = await open(page, '/')
  await makeVm(api, 'lab', 'keys-01', { guest: 'deaf', grace: 30 })
  await open(page, '/volumes/lab/keys-01-root/export')
  const submit = page.getByRole('button', { name: 'Shut down keys-01 and export' })
  await expect(submit).toBeInViewport({ ratio: 1 })
  const said = await listen(page)
  await tabTo(page, page.getByLabel('Image name'))
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.type('keys-copy')
  await tabTo(page, submit)
  await page.keyboard.press('Enter')

  const force = state(page).getByRole('button', { name: 'Force stop…' })
  await expect(force).toBeVisible()
  await expect(page.locator(':focus')).not.toHaveCount(0)
  await tabTo(page, force)
  await page.keyboard.press('Space')
  await expect(page.getByRole('dialog').getByRole('button', { name: 'Cancel' })).toBeFocused()
  await page.keyboard.press('Escape')
  await expect(force).toBeFocused()

  for (const name of ['Abandon the export…', 'Start keys-01 now']) {
    await page.keyboard.press('Shift+Tab')
    await expect(state(page).getByRole('button', { name })).toBeFocused()
  }
  await page.keyboard.press('Enter')
  await expect(submit).toBeVisible({ timeout: 90_000 })
  await expect(page.locator(':focus')).not.toHaveCount(0)
  await ends(api, 'lab', 'keys-01-root')
  await runs(api, 'lab', 'keys-01')
  expect(await imageOf(api, 'lab', 'keys-copy')).toBeUndefined()

  const steps = (await said()).filter(words => words.startsWith('The export of lab/keys-01-root'))
  expect(steps).toEqual([...new Set(steps)])
  expect(steps.join(' ')).toContain('Shut down')
})
