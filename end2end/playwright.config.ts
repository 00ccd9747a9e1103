import { defineConfig } from '@playwright/test';

const ci = !!process.env.CI;

// In CI two workers, each with a browser and a clinic of its own: on two cores they end a third sooner than one, since a browser
// waits most of the time. A single test takes longer beside another, so limits are twice as long there. Elsewhere one worker,
// whose screenshots and prints nobody else writes over. A file's tests run one after the other in any case.
export default defineConfig({
  testDir: '.',
  outputDir: 'results',
  fullyParallel: false,
  workers: ci ? 2 : 1,
  // More tries and more time where nobody can look: two busy cores now and then outlast a limit. What failed first is
  // printed.
  retries: ci ? 2 : 0,
  forbidOnly: ci,
  timeout: ci ? 180_000 : 90_000,
  expect: { timeout: ci ? 40_000 : 15_000 },
  reporter: ci
    ? [['list'], ['html', { outputFolder: 'results-html', open: 'never' }], ['./support/failures.ts']]
    : [['list'], ['./support/failures.ts']],
  projects: [
    { name: 'tools', testMatch: 'tools/**/*.spec.ts', timeout: ci ? 60_000 : 20_000 },
    { name: 'browser', testMatch: 'tests/**/*.spec.ts' },
    // What is measured is alone.
    { name: 'bench', testMatch: 'bench/**/*.bench.ts', workers: 1, use: { trace: 'off', screenshot: 'off' } },
  ],
  use: {
    browserName: 'chromium',
    headless: true,
    viewport: { width: 1440, height: 900 },
    locale: 'en-GB',
    timezoneId: 'Europe/Rome',
    actionTimeout: ci ? 45_000 : 15_000,
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
