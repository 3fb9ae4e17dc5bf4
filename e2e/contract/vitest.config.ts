import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'

// One suite for every server: see setup.ts. Run by `npm run contract`.
export default defineConfig({
  root: resolve(import.meta.dirname, '../..'),
  test: {
    environment: 'node',
    // Runs beside each other would write it at once.
    cache: false,
    include: ['e2e/contract/*.spec.ts'],
    globalSetup: ['e2e/contract/setup.ts'],
    testTimeout: 40_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
})
