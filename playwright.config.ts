import { defineConfig } from '@playwright/test'

// One server for all tests of a run, on the embedded cluster, or on the one that GUARDRAILS_KUBECONFIG names.
const port = Number(process.env.GUARDRAILS_PORT ?? 8790)
const kubeconfig = process.env.GUARDRAILS_KUBECONFIG

export default defineConfig({
  testDir: 'e2e',
  // Emptied at the start of each run: not that of one beside it, nor the reports of the tiers before.
  outputDir: `test-results/browser-${port}`,
  testMatch: process.env.GUARDRAILS_FLOWS ?? 'flows/*.spec.ts',
  fullyParallel: false,
  workers: 1,
  retries: 0,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: process.env.GUARDRAILS_REPORT ? [['list'], ['json', { outputFile: process.env.GUARDRAILS_REPORT }]] : 'list',
  use: {
    baseURL: `http://127.0.0.1:${port}`,
    storageState: process.env.GUARDRAILS_SESSION,
    viewport: { width: 1440, height: 900 },
    locale: 'en-GB',
    screenshot: 'only-on-failure',
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: process.env.CHROMIUM_PATH,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--disable-quic'],
    },
  },
  webServer: kubeconfig
    ? undefined
    : { command: `node dist/server/main.js --port ${port}`, url: `http://127.0.0.1:${port}/readyz`, timeout: 60_000, reuseExistingServer: false },
})
