import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'

// The table of answers, on the embedded cluster and against what is recorded; with REAL_KUBECONFIG on upstream's control plane too.
export default defineConfig({
  root: resolve(import.meta.dirname, '../../..'),
  test: {
    environment: 'node',
    // Runs beside each other would write it at once.
    cache: false,
    include: ['e2e/cluster/answers/*.spec.ts'],
    globalSetup: ['e2e/cluster/answers/setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 180_000,
  },
})
