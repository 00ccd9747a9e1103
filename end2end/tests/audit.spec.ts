// The administrator's audit: by person, action, outcome and day; what was denied in one tap; as a file; what is left out.
import { readFileSync } from 'node:fs';
import { items, lie } from '../support/liar.ts';
import { inspect } from '../support/screens.ts';
import { expect, test } from '../support/test.ts';
import { words } from '../support/words.ts';

const w = words.administration;

test('the audit is filtered by day, person and action, shows denied attempts in one tap, and is saved as it is filtered', async ({ clinic, enter }) => {
  test.setTimeout(300_000);
  const patient = await enter(clinic.patient);
  const status = await patient.page.evaluate(async () => (await fetch('/api/v1/admin/accounts')).status);
  expect(status).toBe(403);
  const administrator = await enter(clinic.administrator);
  const { page } = administrator;
  await administrator.goTo('administration');
  await page.getByRole('link', { name: w.audit, exact: true }).click();
  const rows = page.locator('tbody').getByRole('row');
  await expect(rows.first()).toBeVisible({ timeout: 40_000 });

  const [from, to] = [page.getByLabel(w.auditFrom, { exact: true }), page.getByLabel(w.auditTo, { exact: true })];
  const day = (days: number) => page.evaluate((by) => {
    const at = new Date();
    at.setDate(at.getDate() + by);
    return `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, '0')}-${String(at.getDate()).padStart(2, '0')}`;
  }, days);
  const [yesterday, today, tomorrow] = [await day(-1), await day(0), await day(1)];
  await to.fill(yesterday);
  await expect(page.getByText(w.auditNone)).toBeVisible();
  await from.fill(today);
  await expect(page.getByText(w.auditReversed)).toBeVisible();
  await inspect(page, 'audit-days-wrong');
  await to.fill(tomorrow);
  await expect(rows.first()).toBeVisible();

  await administrator.button(w.auditDenied).click();
  await expect(from).toHaveValue('');
  await expect(rows.filter({ hasText: clinic.patient.name }).first()).toBeVisible();
  await expect(rows.getByText('Done', { exact: true })).toHaveCount(0);
  await expect(page.getByText(w.auditPart)).toBeVisible();
  await expect(page.getByText(w.auditVerified), 'a filter leaves out what nobody can count').toBeHidden();
  await inspect(page, 'audit-denied');

  const [download] = await Promise.all([page.waitForEvent('download'), administrator.button(words.access.save('JSON')).click()]);
  const events = JSON.parse(readFileSync(await download.path(), 'utf8')) as { outcome: string; in_public_log: string }[];
  expect(events.length).toBeGreaterThan(0);
  expect(new Set(events.map((event) => event.outcome))).toEqual(new Set(['denied']));
  expect(new Set(events.map((event) => event.in_public_log))).toEqual(new Set(['verified']));
  await administrator.button(w.auditEverything).click();
  await expect(rows.getByText('Done', { exact: true }).first()).toBeVisible();
  await expect(page.getByText(w.auditVerified)).toBeVisible();
  await expect(page.getByText(w.auditPart)).toBeHidden();

  const signedIn = rows.filter({ hasText: clinic.patient.name }).filter({ hasText: 'Signed in' });
  await page.getByLabel(w.auditWho, { exact: true }).selectOption({ label: clinic.patient.name });
  await expect(rows.filter({ hasNotText: clinic.patient.name })).toHaveCount(0);
  await page.getByLabel(w.auditWhat, { exact: true }).selectOption({ label: 'Signed in' });
  await expect(rows.filter({ hasNotText: 'Signed in' })).toHaveCount(0);
  await expect(signedIn.first()).toBeVisible();
  expect(await signedIn.count()).toBe(await rows.count());
});

test('an entry that the server leaves out is missed; what can’t be had shows nothing of the filter before it', async ({ clinic, enter }) => {
  test.setTimeout(180_000);
  const administrator = await enter(clinic.administrator);
  const { page } = administrator;
  const whole = /\/api\/v1\/admin\/events$/;
  await lie(administrator, whole, (body) => {
    items(body).splice(1, 1);
    return body;
  });
  await administrator.goTo('administration');
  await page.getByRole('link', { name: w.audit, exact: true }).click();
  const rows = page.locator('tbody').getByRole('row');
  const broken = page.getByText(w.auditBroken);
  await expect(broken).toBeVisible({ timeout: 40_000 });
  await expect(rows).toHaveCount(0);
  await expect(page.getByText(w.auditNone)).toBeHidden();
  // Whom others are told to ask is told what to do.
  await expect(administrator.heading(w.auditBrokenTitle)).toBeVisible();
  await expect(page.locator('.to-do').getByRole('listitem')).toHaveText([...w.auditBrokenSteps]);
  await expect(page.getByText(w.auditBrokenRead)).toBeVisible();
  await expect(page.getByText(w.auditTellOther)).toHaveCount(0);
  await inspect(page, 'audit-broken');

  const what = page.getByLabel(w.auditWhat, { exact: true });
  await what.selectOption({ label: 'Signed in' });
  await expect(page.getByText(w.auditPart)).toBeVisible();
  await expect(broken, 'this was not refused').toBeHidden();
  await expect(administrator.heading(w.auditBrokenTitle)).toBeHidden();
  await page.unroute(whole);
  await administrator.button(w.auditEverything).click();
  await expect(page.getByText(w.auditVerified)).toBeVisible();
  await expect(rows.first()).toBeVisible();

  const narrowed = /\/api\/v1\/admin\/events\?/;
  await page.route(narrowed, (route) => route.abort());
  await what.selectOption({ label: 'Signed in' });
  await expect(page.getByText(w.auditFailed)).toBeVisible({ timeout: 30_000 });
  await expect(rows).toHaveCount(0);
  for (const said of [w.auditVerified, w.auditPart, w.auditNone]) await expect(page.getByText(said)).toBeHidden();
  await inspect(page, 'audit-failed');
  await page.unroute(narrowed);
  await administrator.button(w.auditRetry).click();
  await expect(page.getByText(w.auditPart)).toBeVisible();
  await expect(page.getByText(w.auditFailed)).toBeHidden();
  await expect(rows.filter({ hasNotText: 'Signed in' })).toHaveCount(0);
});

test('on a phone an event of the audit is a few lines, and nothing has to be scrolled sideways', { tag: '@long' }, async ({ clinic, enter }) => {
  const administrator = await enter(clinic.administrator, { viewport: { width: 390, height: 844 } });
  const { page } = administrator;
  await page.goto('/administration/audit');
  await administrator.unlock();
  const rows = page.locator('tbody').getByRole('row');
  await expect(rows.nth(10)).toBeVisible({ timeout: 40_000 });
  await expect(page.getByRole('columnheader')).toHaveCount(6);
  await expect(rows.first().getByRole('cell')).toHaveCount(6);
  const heights = (await rows.evaluateAll((all) => all.map((row) => row.getBoundingClientRect().height))).sort((a, b) => a - b);
  expect(heights[Math.floor(heights.length / 2)], 'an event in the middle').toBeLessThan(120);
  expect(heights.at(-1), 'the tallest event').toBeLessThan(200);
  expect(heights[0], 'and each is seen').toBeGreaterThan(40);
  const wider = await page.locator('.table-wrap').evaluate((wrap) => wrap.scrollWidth - wrap.clientWidth);
  expect(wider).toBeLessThanOrEqual(1);
  await inspect(page, 'audit-phone');
});
