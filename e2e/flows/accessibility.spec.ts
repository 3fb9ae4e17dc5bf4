import AxeBuilder from '@axe-core/playwright'
import { expect, test } from '@playwright/test'
import { CLUSTER } from '../console.ts'
import { PAGES } from '../pages.ts'

for (const colorScheme of ['light', 'dark'] as const) {
  for (const locale of ['en-GB', 'zh-CN']) {
    test.describe(`${colorScheme}, ${locale}`, () => {
      test.use({ colorScheme, locale })
      const isFirst = colorScheme === 'light' && locale === 'en-GB'
      for (const { name, path, act, shows, needsUploads } of PAGES.filter(({ isState }) => isFirst || !isState)) {
        test(`axe finds nothing on ${name}`, async ({ page }) => {
          test.skip(Boolean(needsUploads && process.env.GUARDRAILS_KUBECONFIG), 'no API server passes Harvester\'s uploads on: the embedded cluster has the endpoint')
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
