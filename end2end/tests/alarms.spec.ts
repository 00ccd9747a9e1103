// Entries in the log of keys that nobody of one's own made, as keys or an address bound once more (two-keys-for-one-address): said on
// every page until they were read, explained on one. A server that doesn't give out the entries can hide them, but not that they
// weren't read.
import { identity } from '../support/clinic.ts';
import { addEntries } from '../support/key_log.ts';
import { Person } from '../support/person.ts';
import { inspect } from '../support/screens.ts';
import { Server } from '../support/server.ts';
import { expect, test } from '../support/test.ts';
import { words } from '../support/words.ts';

const ada = identity('Ines Moreau', 'administrator');

test('keys and bindings of one’s address that nobody of one’s own made are an alarm on every page until they were read', { tag: '@long' }, async ({ browser }) => {
  test.setTimeout(240_000);
  const server = await Server.start();
  const person = await Person.at(browser, server.origin, ada);
  const each = [words.alarms.ownKey, words.alarms.ownAddressOther, words.alarms.ownAddressAgain];
  const unread = person.page.getByRole('button', { name: words.alarms.acknowledge, exact: true });
  try {
    await person.signUp(server.setUpLink());
    const alarm = person.page.getByRole('alert').filter({ hasText: words.alarms.banner });
    await expect(alarm).toBeHidden();
    const checkpoint = async () => (await person.context.request.get('/log/keys/checkpoint')).text();
    const logged = async () => Number((await checkpoint()).split('\n')[1]);
    await expect.poll(logged, 'her address and her key').toBe(2);

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
  } finally {
    await person.leave();
    await server.remove();
  }
});
