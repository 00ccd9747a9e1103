// Escrow: an organisation makes a key whose words stay on paper; somebody compares it and turns escrow on, is told when it is asked for,
// refuses; and once the delay has run unrefused the words on paper bring them back. The server gives nothing earlier.
import { expect } from '@playwright/test';
import { identity } from '../support/clinic.ts';
import { Hs } from '../support/hs.ts';
import type { Identity, Person } from '../support/person.ts';
import { inspect } from '../support/screens.ts';
import { Server } from '../support/server.ts';
import { doors, needsMovableClock, test } from '../support/test.ts';
import { words } from '../support/words.ts';

const w = words.escrow;
const REPORT = 'Allergies, for whoever looks after me';

test('somebody turns escrow on, refuses once, and comes back by the words on paper', { tag: '@long' }, async ({ browser }) => {
  test.setTimeout(600_000);
  needsMovableClock();
  const complaints: string[] = [];
  const server = await Server.start({ movableClock: true });
  const { open, later, close } = doors(browser, server.origin, complaints);
  try {
    const administrator = await open(identity('Ines Moreau', 'administrator'), {});
    await administrator.signUp(server.setUpLink());
    const owner = await open(identity('Sverre Aas', 'patient'), {});
    await owner.signUp();
    await owner.writeReport({ title: REPORT, patientName: owner.name });

    await test.step('without a key nothing is offered', async () => {
      await security(owner);
      await expect(owner.page.getByText(words.emergency.none)).toBeVisible();
      await expect(owner.page.getByText(w.title)).toHaveCount(0);
    });
    const paper = await test.step('the organisation makes one, and its words are shown once', () => makeKey(administrator));

    await test.step('somebody compares it, and turns escrow on', async () => {
      await owner.goTo('reports');
      await security(owner);
      await expect(owner.page.getByText(w.labelText)).toBeVisible();
      await owner.button(w.turnOn).click();
      await expect(owner.page.getByTestId(w.fingerprintTestId).getByRole('listitem')).toHaveCount(12);
      await expect(owner.page.getByText(w.meansOne)).toBeVisible();
      await expect(owner.page.getByText(w.meansServer)).toBeVisible();
      await inspect(owner.page, 'settings-security-escrow-on');
      await answer(owner, Array<string>(12).fill('zebra'));
      await owner.button(w.turnOnDo).click();
      await expect(owner.page.getByText(w.wrong)).toBeVisible();
      await answer(owner, paper.fingerprint);
      await owner.button(w.turnOnDo).click();
      await expect(owner.page.getByText(w.on, { exact: true }).first()).toBeVisible({ timeout: 30_000 });
      await expect(owner.button(w.turnOff)).toBeVisible();
      await inspect(owner.page, 'settings-security-escrow');
      await owner.goTo('reports');
      await expect(owner.page.getByText(w.label).first()).toBeVisible();
    });

    await test.step('they hear of an asking on whatever page is open, and refuse', async () => {
      await askFor(administrator, owner.name);
      const banner = owner.page.getByText(w.banner(administrator.name));
      await expect(banner).toBeVisible();
      await inspect(owner.page, 'escrow-banner');
      await owner.page.getByRole('link', { name: w.look }).click();
      await owner.button(w.refuse).click();
      await expect(owner.page.getByText(w.refused).first()).toBeVisible();
      await expect(banner).toHaveCount(0);
      await expect(administrator.row(owner.name)).toContainText(w.again);
      await expect(administrator.button(w.ask(owner.name))).toBeHidden();
    });

    await test.step('a day later it is asked for again, and nothing is given before the delay has run', async () => {
      await server.moveClock(25 * 3600);
      const again = await later(administrator.identity, 25);
      await again.signIn();
      await askFor(again, owner.name);
      expect(await askForSecret(again)).toEqual({ status: 409, code: 'escrow_not_open' });
      await again.leave();
    });

    await test.step('then the words on paper give words that open the account with a new password', async () => {
      await server.moveClock(98 * 3600);
      const last = await later(administrator.identity, 98);
      await last.signIn();
      await escrows(last);
      await inspect(last.page, 'administration-escrow-open');
      const kit = await opened(last, owner.name, paper.words);
      const back = await later({ ...owner.identity, password: 'nine copper kettles by the window' }, 98);
      await back.openRecovery();
      await back.recover(kit);
      await expect(back.page.getByText(REPORT).first()).toBeVisible({ timeout: 30_000 });
      // They served once.
      await expect(back.page.getByText(w.label)).toHaveCount(0);
      await last.reload();
      await expect(last.page.getByText(w.listNone)).toBeVisible({ timeout: 30_000 });
    });
    expect(complaints).toEqual([]);
  } finally {
    await close();
    await server.remove();
  }
});

test('whatever the server shows of it, escrow can be turned off', { tag: '@long' }, async ({ browser }) => {
  test.setTimeout(360_000);
  const complaints: string[] = [];
  const server = await Server.start({});
  const { open, close } = doors(browser, server.origin, complaints);
  try {
    const administrator = await open(identity('Ines Moreau', 'administrator'), {});
    await administrator.signUp(server.setUpLink());
    const owner = await open(identity('Sverre Aas', 'patient'), {});
    await owner.signUp();
    const paper = await makeKey(administrator);
    await security(owner);
    await owner.button(w.turnOn).click();
    await answer(owner, paper.fingerprint);
    await owner.button(w.turnOnDo).click();
    await expect(owner.button(w.turnOff)).toBeVisible({ timeout: 30_000 });

    // The server says that nothing is in escrow; the account's own ways in say otherwise.
    await owner.page.route('**/api/v1/account/escrow', (route) => route.fulfill({ json: {} }));
    await owner.goTo('reports');
    await security(owner);
    await expect(owner.page.getByText(w.forged)).toBeVisible({ timeout: 30_000 });
    await expect(owner.page.getByText(w.regardless)).toBeVisible();
    await expect(owner.page.getByText(w.label).first()).toBeVisible();
    await inspect(owner.page, 'settings-security-escrow-forged');
    await owner.button(w.turnOff).click();
    await owner.dialog().getByRole('button', { name: w.turnOff }).click();
    await expect(owner.page.getByText(w.off, { exact: true }).first()).toBeVisible({ timeout: 30_000 });
    await expect(owner.page.getByText(w.label)).toHaveCount(0, { timeout: 30_000 });
    expect(complaints).toEqual([]);
  } finally {
    await close();
    await server.remove();
  }
});

test('hs makes a key, turns escrow on, asks, refuses and turns it off', async () => {
  test.setTimeout(300_000);
  const server = await Server.start({});
  const people = [identity('Ada Founder', 'administrator'), identity('Sverre Aas', 'patient')] as const;
  const [admin, owner] = people.map((who) => new Hs(server.origin, who)) as [Hs, Hs];
  type Status = { offered: boolean; strictly_end_to_end: boolean; state?: string; asked_by?: string };
  const status = async () => (await owner.run(['escrow', 'status'])) as Status;
  try {
    const who = ({ name, email, role }: Identity) => ['--name', name, '--email', email, '--role', role];
    await admin.run(['signup', ...who(people[0])], { '--link-fd': server.setUpLink() });
    await owner.run(['signup', ...who(people[1])]);
    expect(await status()).toEqual({ offered: false, strictly_end_to_end: true });
    await expect(owner.run(['escrow', 'on'], { '--fingerprint-fd': 'none' })).rejects.toThrow(/missing/);
    const made = (await admin.run(['admin', 'escrow', 'make'])) as { escrow_words: string[]; fingerprint: string };
    expect(made.escrow_words).toHaveLength(24);
    const swapped = made.fingerprint.split(' ').reverse().join(' ');
    await expect(owner.run(['escrow', 'on'], { '--fingerprint-fd': swapped })).rejects.toThrow(/escrow_fingerprint/);
    await owner.run(['escrow', 'on'], { '--fingerprint-fd': made.fingerprint });
    expect(await status()).toMatchObject({ strictly_end_to_end: false, state: 'on' });
    await admin.run(['admin', 'escrow', 'ask', people[1].email]);
    expect(await status()).toMatchObject({ state: 'asked', asked_by: people[0].name });
    const open = (paper: string) => admin.run(['admin', 'escrow', 'open', people[1].email], { '--words-fd': paper });
    await expect(open(made.escrow_words.join(' '))).rejects.toThrow(/escrow_not_open/);
    await owner.run(['escrow', 'refuse']);
    expect(await status()).toMatchObject({ state: 'on' });
    await admin.run(['admin', 'escrow', 'end']);
    expect(await status()).toMatchObject({ offered: false, state: 'ended' });
    await owner.run(['escrow', 'off']);
    expect(await status()).toEqual({ offered: false, strictly_end_to_end: true });
    expect(await admin.run(['admin', 'escrow', 'list'])).toEqual({ accounts: [] });
  } finally {
    [admin, owner].forEach((hs) => hs.remove());
    await server.remove();
  }
});

async function security(owner: Person): Promise<void> {
  await owner.goTo('settings');
  await owner.page.getByRole('link', { name: words.security.tab, exact: true }).click();
}

async function escrows(administrator: Person): Promise<void> {
  await administrator.goTo('administration');
  await administrator.page.getByRole('link', { name: w.tab, exact: true }).click();
}

/** The words of a list that numbers them. */
async function shown(person: Person, testId: string, count: number): Promise<string[]> {
  const items = person.page.getByTestId(testId).getByRole('listitem');
  await expect(items).toHaveCount(count);
  return (await items.allInnerTexts()).map((text) => text.replace(/[\d\s.]+/g, ''));
}

/** Fills in the words that are asked for. */
async function answer(person: Person, all: string[]): Promise<void> {
  const fields = person.page.getByRole('textbox', { name: w.word });
  await expect(fields).toHaveCount(2);
  for (const field of await fields.all()) {
    const label = (await field.evaluate((input: HTMLInputElement) => input.labels?.[0]?.textContent)) ?? '';
    await field.fill(all[Number(w.word.exec(label.trim())?.[1]) - 1] ?? '');
  }
}

async function makeKey(administrator: Person): Promise<{ words: string[]; fingerprint: string[] }> {
  const { page } = administrator;
  await escrows(administrator);
  await expect(page.getByText(w.none)).toBeVisible();
  await inspect(page, 'administration-escrow-none');
  await administrator.button(w.make).click();
  await administrator.heading(w.wordsTitle).waitFor();
  const kept = await shown(administrator, w.wordsTestId, 24);
  await inspect(page, 'administration-escrow-words');
  await administrator.button(w.kept).click();
  await answer(administrator, kept);
  await administrator.button(w.publish).click();
  await expect(page.getByText(w.published).first()).toBeVisible({ timeout: 30_000 });
  const fingerprint = await shown(administrator, w.fingerprintTestId, 12);
  await expect(page.getByText(kept.slice(0, 3).join(' '))).toHaveCount(0);
  await inspect(page, 'administration-escrow');
  return { words: kept, fingerprint };
}

async function askFor(administrator: Person, owner: string): Promise<void> {
  await escrows(administrator);
  await administrator.button(w.ask(owner)).click();
  await administrator.dialog().getByRole('button', { name: w.askConfirm }).click();
  await expect(administrator.row(owner)).toContainText(w.asked);
}

/** What the server itself answers, whatever the page offers. */
async function askForSecret(administrator: Person): Promise<{ status: number; code: string }> {
  return administrator.page.evaluate(async () => {
    const list = (await (await fetch('/api/v1/admin/escrow')).json()) as { items: { account: { id: string } }[] };
    const answer = await fetch(`/api/v1/admin/escrow/accounts/${list.items[0]?.account.id}/secret`, { method: 'POST' });
    return { status: answer.status, code: ((await answer.json()) as { code: string }).code };
  });
}

async function opened(administrator: Person, owner: string, paper: string[]): Promise<string[]> {
  const { page } = administrator;
  await administrator.button(w.useWords(owner)).click();
  const field = page.getByLabel(w.escrowWords, { exact: true });
  await field.fill(paper.join(' ').toUpperCase());
  await administrator.button(w.get).click();
  await administrator.heading(w.recoveryTitle(owner)).waitFor({ timeout: 30_000 });
  const kit = await shown(administrator, w.recoveryTestId, 24);
  await inspect(page, 'administration-escrow-recovery');
  return kit;
}
