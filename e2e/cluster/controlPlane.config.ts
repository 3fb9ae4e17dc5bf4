import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'

// What is played on upstream's own control plane. Run by `npm run test:control-plane`, which starts it.
export default defineConfig({
  root: resolve(import.meta.dirname, '../..'),
  test: {
    environment: 'node',
    // Runs beside each other would write it at once.
    cache: false,
    include: ['e2e/cluster/controlPlane/*.spec.ts', 'e2e/cluster/races/*.spec.ts', 'e2e/cluster/manifests/*.spec.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
})
