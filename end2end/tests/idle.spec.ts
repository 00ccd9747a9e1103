// A page that nobody uses locks: nothing that was open is shown, and nothing of it lies in the page's memory. The browser's clock
// is set forward instead of waiting. What was typed and could not be saved stays, sealed, until it is or its author lets it go.
import { randomBytes } from 'node:crypto';
import type { Page } from '@playwright/test';
import { timesInMemory, watchMemory } from '../support/memory.ts';
import type { Person } from '../support/person.ts';
import { inspect } from '../support/screens.ts';
import { expect, test } from '../support/test.ts';
import { words } from '../support/words.ts';

/** Somebody with a report open on a page that locks after a minute; the mark stands in the report. */
async function reads(person: Person): Promise<{ page: Page; mark: string }> {
  const { page, context } = person;
  await watchMemory(context);
  await context.clock.install();
  await person.signIn();
  await person.goTo('settings');
  await page.getByLabel(words.settings.lockAfter).selectOption('1');
  const mark = `idle-mark-${randomBytes(8).toString('hex')}`;
  await person.writeReport({ title: 'Left open', patientName: 'Idun Falk', diagnosis: mark });
  await expect(page.getByText(mark).first()).toBeVisible({ timeout: 30_000 });
  return { page, mark };
}

/** What this browser keeps of text that could not be saved. */
const kept = (page: Page) => page.evaluate(() => Object.entries(localStorage).filter(([key]) => key.startsWith('unsaved-drafts')).join());

/** The page as it is now is told from one that was loaded anew. */
const remember = (page: Page) => page.evaluate(() => void Object.assign(window, { before: true }));
const isAnew = (page: Page) => page.waitForFunction(() => !('before' in window), undefined, { timeout: 30_000 });

test('a page that nobody uses locks, and nothing of what was open is left in it', async ({ clinic, arrive }) => {
  test.setTimeout(240_000);
  const person = await arrive(clinic.author);
  const { page, mark } = await reads(person);

  // Use postpones it.
  await page.clock.fastForward(40_000);
  await page.mouse.move(200, 200);
  await page.mouse.move(240, 220);
  await page.clock.fastForward(40_000);
  await page.clock.runFor(6_000);
  await expect(person.heading(words.signIn.locked)).toHaveCount(0);
  await expect(page.getByText(mark).first()).toBeVisible();
  expect(await timesInMemory(page, mark), 'while it is open it can be found').toBeGreaterThan(0);

  await remember(page);
  await page.clock.fastForward(61_000);
  await isAnew(page);
  await person.heading(words.signIn.locked).waitFor({ timeout: 30_000 });
  await expect(page.getByText(words.frame.lockedIdle)).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('data-ready', 'true', { timeout: 30_000 });
  expect(await page.content()).not.toContain(mark);
  expect(await timesInMemory(page, mark), 'nothing is left of it').toBe(0);
  await inspect(page, 'locked-idle');
  await person.unlock();
  await expect(page.getByText(mark).first()).toBeVisible({ timeout: 30_000 });
});

test('it locks without a connection too, and its memory goes when the server is there again', async ({ clinic, arrive }) => {
  test.setTimeout(240_000);
  const person = await arrive(clinic.author);
  const { page, mark } = await reads(person);
  await remember(page);
  await person.context.setOffline(true);
  await page.clock.fastForward(61_000);
  await person.heading(words.signIn.locked).waitFor({ timeout: 30_000 });
  await expect(page.getByText(words.frame.lockedIdle)).toBeVisible();
  expect(await page.content()).not.toContain(mark);
  expect(await page.evaluate(() => 'before' in window), 'there is nothing to load it from').toBe(true);
  // Not under the fingers of somebody who types their password.
  await page.getByLabel(words.signIn.password, { exact: true }).pressSequentially('half a pass');
  await person.context.setOffline(false);
  await page.clock.runFor(20_000);
  expect(await page.evaluate(() => 'before' in window)).toBe(true);
  // A password manager touches no key: what it fills in keeps nothing.
  await page.getByLabel(words.signIn.password, { exact: true }).fill('a password that was kept');
  await page.clock.runFor(80_000);
  await isAnew(page);
  await person.heading(words.signIn.locked).waitFor({ timeout: 30_000 });
  await expect(page.locator('html')).toHaveAttribute('data-ready', 'true', { timeout: 30_000 });
  expect(await timesInMemory(page, mark)).toBe(0);
  await person.unlock();
  await expect(page.getByText(mark).first()).toBeVisible({ timeout: 30_000 });
});

test('what is typed without a connection outlives the lock, sealed', async ({ clinic, arrive }) => {
  test.setTimeout(240_000);
  const person = await arrive(clinic.author);
  const { page, context } = person;
  await context.clock.install();
  await person.signIn();
  await person.goTo('settings');
  await page.getByLabel(words.settings.lockAfter).selectOption('1');
  await person.goTo('reports');
  await page.getByRole('link', { name: words.reports.new }).or(person.button(words.reports.new)).first().click();
  await person.heading(words.draft.newTitle).waitFor();
  await context.setOffline(true);
  const mark = `typed-offline-${randomBytes(8).toString('hex')}`;
  await person.fillReport({ title: mark, patientName: 'Idun Falk' });
  await remember(page);
  await page.clock.fastForward(61_000);
  await person.heading(words.signIn.locked).waitFor({ timeout: 30_000 });
  expect(await kept(page), 'something is kept').not.toBe('');
  expect(await page.evaluate(() => JSON.stringify({ ...localStorage }))).not.toContain(mark);
  await context.setOffline(false);
  await page.clock.runFor(20_000);
  await isAnew(page);
  await person.heading(words.signIn.locked).waitFor({ timeout: 30_000 });
  await expect(page.locator('html')).toHaveAttribute('data-ready', 'true', { timeout: 30_000 });
  await person.unlock();
  await person.goTo('reports');
  const drafts = page.getByRole('list', { name: words.reports.drafts });
  await expect(drafts.getByRole('link', { name: mark })).toBeVisible({ timeout: 30_000 });
  await expect.poll(() => kept(page)).toBe('');
});

test('a new report that is left without a connection is kept, and signing out says that it would be lost', async ({ clinic, enter }) => {
  const person = await enter(clinic.author);
  const { page, context } = person;
  const write = async (title: string) => {
    await person.goTo('reports');
    await page.getByRole('link', { name: words.reports.new }).or(person.button(words.reports.new)).first().click();
    await person.heading(words.draft.newTitle).waitFor();
    await context.setOffline(true);
    await person.fillReport({ title });
  };
  const leave = async (title: string) => {
    await person.goTo('reports');
    await expect(page.getByText(words.draft.typedKept)).toBeVisible();
    expect(await kept(page)).not.toBe('');
    expect(await page.evaluate(() => JSON.stringify({ ...localStorage }))).not.toContain(title);
  };
  const title = `left-offline-${randomBytes(8).toString('hex')}`;
  await write(title);
  await leave(title);
  await context.setOffline(false);
  await person.reload();
  const drafts = page.getByRole('list', { name: words.reports.drafts });
  await expect(drafts.getByRole('link', { name: title })).toHaveCount(1, { timeout: 30_000 });
  await expect.poll(() => kept(page)).toBe('');

  // This one was tried to be begun before it was left.
  await write('Lost by signing out');
  await expect(page.getByText(words.draft.notSaved)).toBeVisible();
  await leave('Lost by signing out');
  await person.button(words.frame.signOut).click();
  await person.heading(words.signIn.locked).waitFor();
  await expect(page.getByText(words.signIn.losesText)).toBeVisible();
  expect(await kept(page), 'nobody has agreed yet').not.toBe('');
  await page.waitForTimeout(1500);
  await person.button(words.signIn.unlockOther).click();
  await expect.poll(() => kept(page)).toBe('');
});

test('what isn’t saved when its page is closed is there when that is opened again', async ({ clinic, enter }) => {
  const person = await enter(clinic.author);
  const { page, context } = person;
  await person.goTo('reports');
  const drafts = page.getByRole('list', { name: words.reports.drafts });
  for (const begun of [false, true]) {
    const title = `closed-${begun}-${randomBytes(8).toString('hex')}`;
    await person.beginReport(begun ? { title: 'Closed, as it was begun' } : {});
    if (begun) await page.getByText(words.draft.saved).waitFor();
    await context.route('**/api/v1/drafts/**', (route) => route.abort());
    await person.fillReport({ title });
    await page.reload();
    await person.heading(words.signIn.locked).waitFor();
    expect(await kept(page), 'something is kept').not.toBe('');
    expect(await page.evaluate(() => JSON.stringify({ ...localStorage }))).not.toContain(title);
    await context.unroute('**/api/v1/drafts/**');
    await person.unlock();
    await person.goTo('reports');
    await expect(drafts.getByRole('link', { name: title })).toHaveCount(1, { timeout: 30_000 });
    await expect.poll(() => kept(page)).toBe('');
  }
});
