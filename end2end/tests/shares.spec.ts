// Recovery shares: an owner splits their recovery among three, loses everything, has two shares read out, and is back; each
// mistake on the way has its name, and the owner sees whose share was opened.
import { expect } from '@playwright/test';
import { identity } from '../support/clinic.ts';
import { Hs } from '../support/hs.ts';
import { MOST_USED, type Identity, type Person } from '../support/person.ts';
import { inspect } from '../support/screens.ts';
import { Server } from '../support/server.ts';
import { doors, test } from '../support/test.ts';
import { words } from '../support/words.ts';

const w = words.shares;
const REPORT = 'Allergies, for whoever looks after me';

test('two of three bring back whoever lost everything, and the owner sees each share that is opened', { tag: '@long' }, async ({ browser }) => {
  test.setTimeout(600_000);
  const complaints: string[] = [];
  const server = await Server.start({});
  const { open, close } = doors(browser, server.origin, complaints);
  const arrive = async (name: string): Promise<Person> => {
    const person = await open(identity(name, 'patient'), {});
    await person.signUp();
    return person;
  };
  try {
    const administrator = await open(identity('Ines Moreau', 'administrator'), {});
    await administrator.signUp(server.setUpLink());
    const [edda, tove, lars] = [await arrive('Edda Holm'), await arrive('Tove Berg'), await arrive('Lars Vik')];
    const owner = await arrive('Sverre Aas');
    await owner.writeReport({ title: REPORT, patientName: owner.name });

    await test.step('the owner splits the recovery, and changes their mind about one', async () => {
      await settings(owner);
      await owner.button(w.split).click();
      await expect(owner.field(w.who)).toBeFocused();
      await expect(owner.button(w.splitDo)).toBeDisabled();
      for (const contact of [edda, administrator, tove, lars]) await choose(owner, contact.identity);
      await owner.button(w.takeOut(administrator.name)).click();
      await owner.page.getByLabel(w.threshold, { exact: true }).selectOption({ label: w.of(2, 3) });
      await inspect(owner.page, 'settings-security-shares-add');
      await owner.button(w.splitDo).click();
      await expect(owner.page.getByText(w.done).first()).toBeVisible({ timeout: 30_000 });
      await expect(owner.page.getByText(w.needed(2, 3))).toBeVisible();
      await expect(owner.row(tove.name)).toContainText(w.sealed);
      await inspect(owner.page, 'settings-security-shares');
    });

    await test.step('a share that is opened shows on whatever page the owner has open, and removing voids it', async () => {
      await owner.goTo('reports');
      await held(edda);
      await inspect(edda.page, 'trusted-shares');
      const early = await readOut(edda, owner.name);
      await expect(owner.page.getByText(w.banner(edda.name))).toBeVisible();
      await inspect(owner.page, 'shares-banner');
      await owner.page.getByRole('link', { name: w.look }).click();
      await expect(owner.row(edda.name)).toContainText(w.opened);
      await owner.button(w.remove).click();
      await owner.dialog().getByRole('button', { name: w.remove }).click();
      await expect(owner.page.getByText(w.removed).first()).toBeVisible({ timeout: 30_000 });
      await expect(owner.page.getByText(w.banner(edda.name))).toHaveCount(0);
      await edda.button(w.hide).click();
      await expect(edda.page.getByText(w.heldNone)).toBeVisible();
      expect(early).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){17}[0-9A-HJKMNP-TV-Z]{4}$/);
    });

    await test.step('split anew, two read theirs out', async () => {
      await owner.button(w.split).click();
      for (const contact of [edda, tove, lars]) await choose(owner, contact.identity);
      await owner.button(w.splitDo).click();
      await expect(owner.page.getByText(w.needed(2, 3))).toBeVisible({ timeout: 30_000 });
    });
    await held(lars);
    await held(tove);
    const shares = [await readOut(lars, owner.name), await readOut(tove, owner.name)] as const;
    await inspect(tove.page, 'trusted-share');

    await test.step('the owner is back, on a device that knows nothing', async () => {
      const back = await open({ ...owner.identity, password: 'nine copper kettles by the window' }, {});
      const { page, identity: who } = back;
      await page.goto('/recover');
      await page.getByRole('link', { name: w.have }).click();
      await back.heading(w.recoverTitle).waitFor();
      const submit = back.button(words.recover.submit);
      await expect(submit).toBeEnabled({ timeout: 30_000 });
      await inspect(page, 'recover-shares');
      await page.getByLabel(words.signIn.email).fill(who.email);
      await page.getByLabel(words.recover.password).fill(who.password);
      const type = (n: number, share: string) => page.getByLabel(w.number(n), { exact: true }).fill(share);
      await type(1, shares[0].toLowerCase().replaceAll('-', ' '));
      await submit.click();
      await expect(page.getByText(w.tooFew)).toBeVisible({ timeout: 30_000 });
      await type(2, shares[0]);
      await submit.click();
      await expect(page.getByText(w.doubled)).toBeVisible({ timeout: 30_000 });
      await type(2, `${shares[1].slice(0, -1)}${shares[1].endsWith('7') ? '8' : '7'}`);
      await submit.click();
      await expect(page.getByText(w.mistyped)).toBeVisible({ timeout: 30_000 });
      await type(2, shares[1]);
      await back.refusesMostUsed();
      await page.getByLabel(words.recover.password).fill(who.password);
      await back.button(w.another).click();
      await expect(page.getByLabel(w.number(3), { exact: true })).toBeVisible();
      await submit.click();
      await back.heading(words.reports.title).waitFor({ timeout: 60_000 });
      await expect(page.getByText(REPORT).first()).toBeVisible({ timeout: 30_000 });
      // They served once.
      await tove.button(w.hide).click();
      await expect(tove.page.getByText(w.heldNone)).toBeVisible();
    });
    expect(complaints).toEqual([]);
  } finally {
    await close();
    await server.remove();
  }
});

test('a list of emergency contacts that can’t be read hides no share that was opened', { tag: '@long' }, async ({ browser }) => {
  test.setTimeout(360_000);
  const complaints: string[] = [];
  const server = await Server.start({});
  const { open, close } = doors(browser, server.origin, complaints);
  const arrive = async (name: string): Promise<Person> => {
    const person = await open(identity(name, 'patient'), {});
    await person.signUp();
    return person;
  };
  const administrator = await open(identity('Ines Moreau', 'administrator'), {});
  await administrator.signUp(server.setUpLink());
  const [edda, tove, owner] = [await arrive('Edda Holm'), await arrive('Tove Berg'), await arrive('Sverre Aas')];
  const hs = new Hs(server.origin, owner.identity);
  try {
    await hs.run(['login', '--email', owner.identity.email]);
    await hs.run(['emergency', 'trust', edda.identity.email, '--days', '3']);
    await hs.run(['shares', 'split', edda.identity.email, tove.identity.email, '--threshold', '2']);
    await owner.page.route('**/api/v1/account/emergency-contacts', (route) => route.fulfill({ json: {} }));
    await owner.goTo('reports');
    await held(edda);
    await readOut(edda, owner.name);
    await expect(owner.page.getByText(w.banner(edda.name))).toBeVisible();
    expect(complaints).toEqual([]);
  } finally {
    hs.remove();
    await close();
    await server.remove();
  }
});

test('hs splits, shows a share, recovers and removes', async () => {
  test.setTimeout(360_000);
  const server = await Server.start({});
  const people = [
    identity('Ada Founder', 'administrator'),
    identity('Sverre Aas', 'patient'),
    identity('Edda Holm', 'patient'),
    identity('Tove Berg', 'patient'),
  ] as const;
  const [admin, owner, edda, tove] = people.map((who) => new Hs(server.origin, who)) as [Hs, Hs, Hs, Hs];
  const back = new Hs(server.origin, { ...people[1], password: 'nine copper kettles by the window' });
  const shown = async (hs: Hs) => {
    const [line] = (await hs.run(['shares', 'held'])) as { id: string }[];
    return ((await hs.run(['shares', 'show', (line?.id ?? '').slice(0, 10)])) as { share: string }).share;
  };
  const split = ['shares', 'split', people[2].email, people[3].email, '--threshold', '2'];
  try {
    const who = ({ name, email, role }: Identity) => ['--name', name, '--email', email, '--role', role];
    await admin.run(['signup', ...who(people[0])], { '--link-fd': server.setUpLink() });
    for (const [hs, at] of [[owner, 1], [edda, 2], [tove, 3]] as const) await hs.run(['signup', ...who(people[at])]);
    expect(await owner.run(['shares', 'list'])).toBeNull();
    await owner.run(split);
    expect(await owner.run(['shares', 'list'])).toMatchObject({ threshold: 2, holders: [{ name: 'Edda Holm' }, { name: 'Tove Berg' }] });
    const shares = [await shown(edda), await shown(tove)];
    const listed = await owner.run(['shares', 'list']);
    expect(listed).toMatchObject({ left: 2, holders: [{ account: 'active' }, { account: 'active' }] });
    const recover = ['recover', '--email', people[1].email];
    await expect(back.run(recover, { '--shares-fd': shares[0] ?? '' })).rejects.toThrow(/shares_too_few/);
    const mostUsed = back.run(recover, { '--shares-fd': shares.join(','), '--password-fd': MOST_USED });
    await expect(mostUsed).rejects.toThrow(/one of the most used passwords.*nothing was sent/);
    await back.run(recover, { '--shares-fd': shares.join(',') });
    expect(await edda.run(['shares', 'held'])).toEqual([]);
  } finally {
    [admin, owner, edda, tove, back].forEach((hs) => hs.remove());
    await server.remove();
  }
});

/** To the settings that say how one gets in. */
async function settings(owner: Person): Promise<void> {
  await owner.goTo('settings');
  await owner.page.getByRole('link', { name: words.security.tab, exact: true }).click();
  await expect(owner.page.getByText(w.none)).toBeVisible();
}

async function choose(owner: Person, contact: Identity): Promise<void> {
  await owner.field(w.who).fill(contact.email);
  await owner.page.getByRole('list', { name: words.share.results }).getByRole('button', { name: contact.name }).click();
  await expect(owner.button(w.takeOut(contact.name))).toBeVisible();
}

/** To the shares that this person holds. */
async function held(person: Person): Promise<void> {
  await person.goTo('contacts');
  await person.page.getByRole('link', { name: words.trusted.title }).click();
  await person.heading(w.held).waitFor();
}

/** The share as it stands on its holder's screen. */
async function readOut(holder: Person, owner: string): Promise<string> {
  await holder.button(w.show(owner)).click();
  await holder.dialog().getByRole('button', { name: w.showConfirm }).click();
  await holder.heading(w.shareTitle(owner)).waitFor({ timeout: 30_000 });
  return holder.page.getByTestId(w.shareTestId).innerText();
}
