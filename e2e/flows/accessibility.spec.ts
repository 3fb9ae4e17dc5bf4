import AxeBuilder from '@axe-core/playwright'
import { expect, test } from '@playwright/test'
import { CLUSTER } from '../console.ts'
import { PAGES } from '../pages.ts'

for (const colorScheme of ['light', 'dark'] as const) {
  for (const locale of ['en-GB', 'zh-CN']) {
    test.describe(`${colorScheme}, ${locale}`, () => {
      test.use({ colorScheme, locale })
      const isFirst = colorScheme === 'light' && locale === 'en-GB'
      for (const { name, path, act, shows } of PAGES.filter(({ isState }) => isFirst || !isState)) {
        test(`axe finds nothing on ${name}`, async ({ page }) => {
          await page.goto(`/c/${CLUSTER}${path}`)
          await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
          await act?.(page)
          await expect(page.getByRole('main')).toContainText(shows)
          const { violations } = await new AxeBuilder({ page }).analyze()
          expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' | ')}`)).toEqual([])
        })
      }
    })
  }
}
