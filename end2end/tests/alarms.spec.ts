// Entries in the log of keys that nobody of one's own made, as keys or an address bound once more (two-keys-for-one-address): said on
// every page until they were read, explained on one. A server that doesn't give out the entries can hide them, but not that they
// weren't read.
import type { Browser, Locator } from '@playwright/test';
import { identity } from '../support/clinic.ts';
import { addEntries, addKeys } from '../support/key_log.ts';
import { Person } from '../support/person.ts';
import { inspect } from '../support/screens.ts';
import { Server } from '../support/server.ts';
import { expect, test } from '../support/test.ts';
import { words } from '../support/words.ts';

const ada = identity('Ines Moreau', 'administrator');

interface Alone {
  server: Server;
  person: Person;
  /** How many entries the log of keys has. */
  logged: () => Promise<number>;
  /** What stands above every page. */
  alarm: Locator;
  /** The buttons, on the alarms' page, beside those that weren't read. */
  unread: Locator;
}

/** Somebody with a server of their own, whose log of keys has their address and their key, and no alarm. */
async function alone(browser: Browser, act: (of: Alone) => Promise<void>): Promise<void> {
  const server = await Server.start();
  const person = await Person.at(browser, server.origin, ada);
  const alarm = person.page.getByRole('alert').filter({ hasText: words.alarms.banner });
  const unread = person.page.getByRole('button', { name: words.alarms.acknowledge, exact: true });
  const checkpoint = async () => (await person.context.request.get('/log/keys/checkpoint')).text();
  const logged = async () => Number((await checkpoint()).split('\n')[1]);
  try {
    await person.signUp(server.setUpLink());
    await expect(alarm).toBeHidden();
    await expect.poll(logged, 'her address and her key').toBe(2);
    await act({ server, person, logged, alarm, unread });
  } finally {
    await person.leave();
    await server.remove();
  }
}

test('a key in somebody’s name that they did not make is an alarm on every page until it was read', async ({ browser }) => {
  await alone(browser, async ({ server, person, logged, alarm, unread }) => {
    addKeys(server);
    await expect.poll(logged).toBe(3);
    await person.reload();
    await expect(alarm).toBeVisible({ timeout: 40_000 });
    await expect(alarm.getByRole('button'), 'nothing there sends it away').toHaveCount(0);
    for (const place of ['settings', 'administration'] as const) {
      await person.goTo(place);
      await expect(alarm).toBeVisible();
    }
    await alarm.getByRole('link', { name: words.alarms.link }).click();
    await person.heading(words.alarms.title).waitFor();
    await expect(person.page.getByText(words.alarms.ownKey)).toBeVisible();
    await expect(alarm, 'also where it is explained').toBeVisible();
    await unread.click();
    await expect(unread).toHaveCount(0);
    await expect(alarm).toBeHidden();
    await expect(person.page.getByText(words.alarms.ownKey), 'it stays in the list').toBeVisible();
    await person.goTo('settings');
    await expect(alarm).toBeHidden();
  });
});

test('keys and bindings of one’s address that nobody of one’s own made are an alarm on every page until they were read', { tag: '@long' }, async ({ browser }) => {
  test.setTimeout(240_000);
  const each = [words.alarms.ownKey, words.alarms.ownAddressOther, words.alarms.ownAddressAgain];
  await alone(browser, async ({ server, person, logged, alarm, unread }) => {
    const entries = '**/log/keys/tile/entries/**';
    await person.page.route(entries, (route) => route.fulfill({ status: 503 }));
    addEntries(server, ['key', 'other-binding', 'same-binding']);
    await expect.poll(logged).toBe(5);
    await person.reload();
    const notice = person.page.getByText(words.alarms.unreadTitle, { exact: true });
    await expect(notice, 'once it has failed for a while').toBeVisible({ timeout: 60_000 });
    await expect(alarm).toBeHidden();
    await person.page.getByRole('link', { name: words.alarms.title, exact: true }).click();
    await person.heading(words.alarms.title).waitFor();
    await expect(person.page.getByText(words.alarms.unread)).toBeVisible();
    await expect(person.page.getByText(words.alarms.none)).toBeHidden();
    await inspect(person.page, 'alarms-unread');
    await person.page.unroute(entries);
    await expect(async () => {
      await person.reload();
      await expect(alarm).toBeVisible({ timeout: 4_000 });
    }).toPass({ timeout: 60_000 });
    await person.goTo('settings');
    await expect(alarm).toBeVisible();
    await inspect(person.page, 'alarm-on-a-page');

    await person.page.getByRole('link', { name: words.alarms.link }).click();
    await person.heading(words.alarms.title).waitFor();
    for (const text of each) await expect(person.page.getByText(text)).toBeVisible();
    await inspect(person.page, 'alarms');
    for (const left of [2, 1, 0]) {
      await expect(alarm, 'until the last is read').toBeVisible();
      await unread.first().click();
      await expect(unread).toHaveCount(left);
    }
    await expect(alarm).toBeHidden();
    for (const text of each) await expect(person.page.getByText(text)).toBeVisible();

    await person.reload();
    await person.goTo('settings');
    await expect(alarm).toBeHidden();
  });
});
