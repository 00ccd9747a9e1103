// The hostile files must be able to do what they threaten: a test that finds nothing of it would otherwise pass for nothing.
import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { ALARM, disguisedHtml, hostileHtml, hostileSvg } from '../support/files.ts';

const SITE = 'http://hostile.example';

for (const { file, type, titled } of [
  { file: hostileHtml(), type: 'text/html', titled: true },
  { file: hostileSvg(), type: 'image/svg+xml', titled: true },
  { file: disguisedHtml(), type: 'text/html', titled: false },
]) {
  test(`script-in-file: ${file.name} runs where a browser takes it for ${type}`, async ({ page }) => {
    const alarms: string[] = [];
    await page.addInitScript(() => window.addEventListener('message', (event) => console.log(`message ${String(event.data)}`)));
    page.on('console', (message) => alarms.push(message.text()));
    page.on('request', (request) => alarms.push(`request ${request.url()}`));
    await page.route(`${SITE}/**`, (route) => {
      const own = new URL(route.request().url()).pathname === `/${file.name}`;
      return route.fulfill(own ? { contentType: type, body: readFileSync(file.path, 'utf8') } : { json: {} });
    });
    await page.goto(`${SITE}/${file.name}`);
    await expect.poll(() => alarms.filter((alarm) => alarm.startsWith('request') && alarm.includes(ALARM)).length).toBeGreaterThan(0);
    await expect.poll(() => alarms).toContain(`message ${ALARM}`);
    if (titled) await expect(page).toHaveTitle(ALARM);
  });
}
