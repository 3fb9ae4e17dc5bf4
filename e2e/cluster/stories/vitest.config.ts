import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'
import { LONGEST_PLAY_SECONDS } from './story.ts'

// Stories on the embedded cluster beside their records; with REAL_KUBECONFIG on a real control plane too. Run by `npm run test:stories`.
export default defineConfig({
  root: resolve(import.meta.dirname, '../../..'),
  test: {
    environment: 'node',
    // Runs beside each other would write it at once.
    cache: false,
    include: ['e2e/cluster/stories/*.spec.ts', 'e2e/cluster/manifests/completeness.spec.ts'],
    // Upstream may play twice.
    testTimeout: (2 * LONGEST_PLAY_SECONDS + 60) * 1000,
    hookTimeout: 120_000,
    // So many plays at once: they wait most of the time.
    maxConcurrency: 6,
    fileParallelism: false,
  },
})
