import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'

// What needs both the real API server and the embedded cluster. Run by `npm run test:apiserver`, which starts them.
export default defineConfig({
  root: resolve(import.meta.dirname, '../..'),
  test: {
    environment: 'node',
    // Runs beside each other would write it at once.
    cache: false,
    include: ['e2e/cluster/*.spec.ts', 'e2e/cluster/manifests/manifests.spec.ts'],
    testTimeout: 60_000,
    hookTimeout: 300_000,
    fileParallelism: false,
  },
})
