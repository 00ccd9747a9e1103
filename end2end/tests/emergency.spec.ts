// Emergency contacts: somebody trusted asks, the owner is told and refuses; once the delay has run unrefused they get words that
// open the account, and the server gives them no earlier.
import { expect } from '@playwright/test';
import { identity } from '../support/clinic.ts';
import { Hs } from '../support/hs.ts';
import type { Identity, Person } from '../support/person.ts';
import { inspect } from '../support/screens.ts';
import { Server } from '../support/server.ts';
import { doors, needsMovableClock, test } from '../support/test.ts';
import { words } from '../support/words.ts';

const w = words.emergency;
const t = words.trusted;
const REPORT = 'Allergies, for whoever looks after me';

test('an emergency contact is refused, asks again, and opens the account once the delay has run', async ({ browser }) => {
  test.setTimeout(600_000);
  needsMovableClock();
  const complaints: string[] = [];
  const server = await Server.start({ movableClock: true });
  const { open, later, close } = doors(browser, server.origin, complaints);
  try {
    const administrator = await open(identity('Ines Moreau', 'administrator'), {});
    await administrator.signUp(server.setUpLink());
    const contact = await open(identity('Edda Holm', 'patient'), {});
    await contact.signUp();
    const owner = await open(identity('Sverre Aas', 'patient'), {});
    await owner.signUp();
    await owner.writeReport({ title: REPORT, patientName: owner.name });

    await test.step('the owner trusts, and the contact accepts', async () => {
      await trust(owner, contact.identity);
      await trusted(contact);
      await inspect(contact.page, 'trusted-offered');
      await contact.button(t.accept(owner.name)).click();
      await expect(contact.button(t.ask(owner.name))).toBeVisible();
      await expect(owner.row(contact.name)).toContainText(w.accepted);
    });

    await test.step('the owner hears of it on whatever page is open, and refuses', async () => {
      await owner.goTo('reports');
      await ask(contact, owner.name);
      const banner = owner.page.getByText(w.banner(contact.name));
      await expect(banner).toBeVisible();
      await inspect(owner.page, 'emergency-banner');
      await owner.page.getByRole('link', { name: w.look }).click();
      await expect(owner.row(contact.name)).toContainText(w.asks);
      await inspect(owner.page, 'settings-security-emergency-asked');
      await owner.button(w.refuse(contact.name)).click();
      await expect(owner.page.getByText(w.refused(contact.name)).first()).toBeVisible();
      await expect(banner).toHaveCount(0);
      await expect(contact.row(owner.name)).toContainText(t.again);
      await expect(contact.button(t.ask(owner.name))).toBeHidden();
    });

    await test.step('a day later they may ask again, and get nothing before the delay has run', async () => {
      await server.moveClock(25 * 3600);
      const again = await later(contact.identity, 25);
      await again.signIn();
      await trusted(again);
      await ask(again, owner.name);
      expect(await askForWords(again)).toEqual({ status: 409, code: 'emergency_not_open' });
      await again.leave();
    });

    await test.step('then the words are theirs, and open the account with a new password', async () => {
      await server.moveClock(50 * 3600);
      const last = await later(contact.identity, 50);
      await last.signIn();
      await trusted(last);
      await inspect(last.page, 'trusted-open');
      const kit = await shownWords(last, owner.name);
      const opened = await later({ ...owner.identity, password: 'nine copper kettles by the window' }, 50);
      await opened.openRecovery();
      await inspect(opened.page, 'recover');
      await opened.recover(kit);
      await expect(opened.page.getByText(REPORT).first()).toBeVisible({ timeout: 30_000 });
      // They serve once.
      await last.reload();
      await expect(last.page.getByText(t.none)).toBeVisible({ timeout: 30_000 });
    });
    expect(complaints).toEqual([]);
  } finally {
    await close();
    await server.remove();
  }
});

test('hs trusts, accepts, asks and refuses', async () => {
  test.setTimeout(300_000);
  const server = await Server.start({});
  const people = [identity('Ada Founder', 'administrator'), identity('Sverre Aas', 'patient'), identity('Edda Holm', 'patient')] as const;
  const [admin, owner, contact] = people.map((who) => new Hs(server.origin, who)) as [Hs, Hs, Hs];
  type Line = { id: string; state: string; delay_days: number };
  const listed = async (hs: Hs, what: string) => ((await hs.run([what, 'list'])) as Line[]).map(({ state, delay_days }) => ({ state, delay_days }));
  try {
    const who = ({ name, email, role }: Identity) => ['--name', name, '--email', email, '--role', role];
    await admin.run(['signup', ...who(people[0])], { '--link-fd': server.setUpLink() });
    await owner.run(['signup', ...who(people[1])]);
    await contact.run(['signup', ...who(people[2])]);
    await owner.run(['emergency', 'trust', people[2].email, '--days', '3']);
    const [link] = (await contact.run(['trusted', 'list'])) as Line[];
    const id = link?.id ?? '';
    await contact.run(['trusted', 'accept', id.slice(0, 10)]);
    expect(await listed(owner, 'emergency')).toEqual([{ state: 'accepted', delay_days: 3 }]);
    await contact.run(['trusted', 'ask', id]);
    await expect(contact.run(['trusted', 'words', id])).rejects.toThrow(/emergency_not_open/);
    expect(await listed(owner, 'emergency')).toEqual([{ state: 'asked', delay_days: 3 }]);
    await owner.run(['emergency', 'refuse', id]);
    expect(await listed(contact, 'trusted')).toEqual([{ state: 'accepted', delay_days: 3 }]);
    await owner.run(['emergency', 'remove', id]);
    expect(await listed(contact, 'trusted')).toEqual([]);
  } finally {
    [admin, owner, contact].forEach((hs) => hs.remove());
    await server.remove();
  }
});

/** By the settings. Ends where the contacts are listed. */
async function trust(owner: Person, contact: Identity): Promise<void> {
  const { page } = owner;
  await owner.goTo('settings');
  await page.getByRole('link', { name: words.security.tab, exact: true }).click();
  await expect(page.getByText(w.none)).toBeVisible();
  await owner.button(w.add).click();
  await expect(owner.field(w.who)).toBeFocused();
  await owner.field(w.who).fill(contact.email);
  await page.getByRole('list', { name: words.share.results }).getByRole('button', { name: contact.name }).click();
  await expect(page.getByText(w.notCompared)).toBeVisible();
  await page.getByLabel(w.delay, { exact: true }).selectOption({ label: w.oneDay });
  await inspect(page, 'settings-security-emergency-add');
  await owner.button(w.trust).click();
  await expect(page.getByText(w.added(contact.name)).first()).toBeVisible({ timeout: 30_000 });
  await expect(owner.row(contact.name)).toContainText(w.offered);
  await inspect(page, 'settings-security-emergency');
}

/** To the page of those who trust this person. */
async function trusted(person: Person): Promise<void> {
  await person.goTo('contacts');
  await person.page.getByRole('link', { name: t.title }).click();
  await person.heading(t.title).waitFor();
}

async function ask(contact: Person, owner: string): Promise<void> {
  await contact.button(t.ask(owner)).click();
  await contact.dialog().getByRole('button', { name: t.askConfirm }).click();
  await expect(contact.row(owner)).toContainText(t.asked);
}

/** What the server itself answers, whatever the page offers. */
async function askForWords(contact: Person): Promise<{ status: number; code: string }> {
  return contact.page.evaluate(async () => {
    const list = (await (await fetch('/api/v1/trusted')).json()) as { items: { way_in: string }[] };
    const answer = await fetch(`/api/v1/trusted/${list.items[0]?.way_in}/words`, { method: 'POST' });
    return { status: answer.status, code: ((await answer.json()) as { code: string }).code };
  });
}

async function shownWords(contact: Person, owner: string): Promise<string[]> {
  await contact.button(t.words(owner)).click();
  await contact.heading(t.wordsTitle(owner)).waitFor({ timeout: 30_000 });
  const items = contact.page.getByTestId(t.wordsTestId).getByRole('listitem');
  await expect(items).toHaveCount(24);
  await inspect(contact.page, 'trusted-words');
  return (await items.allInnerTexts()).map((text) => text.replace(/[\d\s.]+/g, ''));
}
