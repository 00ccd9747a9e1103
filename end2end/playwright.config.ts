import { defineConfig } from '@playwright/test';

const ci = !!process.env.CI;

// One worker: a signing-in browser takes a core and 64 MiB for Argon2id, and the clinic is shared by all tests. Two were no
// faster on two cores, and failed more often.
export default defineConfig({
  testDir: '.',
  outputDir: 'results',
  fullyParallel: false,
  workers: 1,
  // More tries and more time where nobody can look: two busy cores now and then outlast a limit. What failed first is
  // printed.
  retries: ci ? 2 : 0,
  forbidOnly: ci,
  timeout: 90_000,
  expect: { timeout: ci ? 25_000 : 15_000 },
  reporter: ci
    ? [['list'], ['html', { outputFolder: 'results-html', open: 'never' }], ['./support/failures.ts']]
    : [['list'], ['./support/failures.ts']],
  projects: [
    { name: 'tools', testMatch: 'tools/**/*.spec.ts', timeout: 20_000 },
    { name: 'browser', testMatch: 'tests/**/*.spec.ts' },
    { name: 'bench', testMatch: 'bench/**/*.bench.ts', use: { trace: 'off', screenshot: 'off' } },
  ],
  use: {
    browserName: 'chromium',
    headless: true,
    viewport: { width: 1440, height: 900 },
    locale: 'en-GB',
    timezoneId: 'Europe/Rome',
    actionTimeout: ci ? 30_000 : 15_000,
    // Recorded all along and thrown away where the test passes: a third of a browser's work, which CI can't spare.
    trace: ci ? 'off' : 'retain-on-failure',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.HEALTHSECURE_CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        // A page that a test changed on its way counts as from the public network, and may then ask nothing of this machine.
        '--disable-features=LocalNetworkAccessChecks',
      ],
    },
  },
});
