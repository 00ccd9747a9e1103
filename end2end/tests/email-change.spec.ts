// Another e-mail address for an account: a link to each of the two addresses, and either of them can stop it.
import { expect, type BrowserContext, type Page } from '@playwright/test';
import { identity } from '../support/clinic.ts';
import { Hs } from '../support/hs.ts';
import { linkIn, MailServer } from '../support/mail.ts';
import type { Person } from '../support/person.ts';
import { inspect } from '../support/screens.ts';
import { Server } from '../support/server.ts';
import { doors, test } from '../support/test.ts';
import { words } from '../support/words.ts';

const w = words.changeEmail;

test('an address is changed once both addresses have confirmed, and either can stop it', async ({ browser }) => {
  test.setTimeout(450_000);
  const complaints: string[] = [];
  const mail = await MailServer.start();
  const server = await Server.start(mail.options());
  const { open, close } = doors(browser, server.origin, complaints);
  try {
    const administrator = await open(identity('Ines Moreau', 'administrator'), {});
    await administrator.signUp(server.setUpLink());
    const patient = await open(identity('Lea Brandvold', 'patient'), {});
    await patient.signUp('/sign-up', () => mail.code(patient.identity.email));
    const { page, context } = patient;
    const old = patient.identity.email;
    const fresh = `moved.${old}`;
    await patient.goTo('settings');

    await test.step('asked for, and stopped by who reads the old address', async () => {
      await ask(patient, fresh);
      await expect(page.getByText(w.pending(fresh))).toBeVisible();
      await inspect(page, 'settings-address-pending');
      const links = [await linkTo(mail, old), await linkTo(mail, fresh)] as const;
      const tab = await arrive(context, links[0]);
      await expect(tab, 'the token doesn’t stay in the address').not.toHaveURL(/#/);
      await inspect(tab, 'change-email-old');
      await tab.getByRole('button', { name: w.stop }).click();
      await expect(tab.getByRole('heading', { name: w.stopped })).toBeVisible();
      await inspect(tab, 'change-email-stopped');
      await expect(patient.button(w.change)).toBeVisible();
      await tab.goto(links[1]);
      await tab.reload();
      await tab.goto(links[1]);
      await tab.getByRole('button', { name: w.confirmNew }).click();
      await expect(tab.getByText(w.invalid)).toBeVisible();
      await tab.close();
      mail.taken.length = 0;
    });

    await test.step('asked for again, and confirmed by both', async () => {
      await ask(patient, fresh);
      const tab = await arrive(context, await linkTo(mail, old));
      await tab.getByRole('button', { name: w.confirmOld }).click();
      await expect(tab.getByRole('heading', { name: w.waiting })).toBeVisible();
      await expect(page.getByText(w.oldDone)).toBeVisible();
      await expect(page.getByText(w.newOpen)).toBeVisible();
      await tab.close();
      const last = await arrive(context, await linkTo(mail, fresh));
      await inspect(last, 'change-email-new');
      await last.getByRole('button', { name: w.confirmNew }).click();
      await expect(last.getByRole('heading', { name: w.changed })).toBeVisible();
      await inspect(last, 'change-email-changed');
      await last.close();
      await expect(page.getByText(fresh).first()).toBeVisible();
      await expect(page.getByText(words.alarms.banner)).toHaveCount(0);
    });

    await test.step('a locked page opens as before; the new address signs in, the old one doesn’t', async () => {
      await patient.reload();
      await expect(page.getByText(words.alarms.banner)).toHaveCount(0);
      const moved = await open({ ...patient.identity, email: fresh }, {});
      await moved.signIn();
      await moved.leave();
      const left = await open(patient.identity, {});
      await left.page.goto('/sign-in');
      await left.trySignIn(left.identity.password);
      await expect(left.page.getByText(words.signIn.wrong)).toBeVisible({ timeout: 30_000 });
    });
    expect(complaints).toEqual([]);
  } finally {
    await close();
    await server.remove();
    await mail.stop();
  }
});

test('without mail it isn’t offered, and the page says so', async ({ browser }) => {
  test.setTimeout(240_000);
  const complaints: string[] = [];
  const server = await Server.start({});
  const { open, close } = doors(browser, server.origin, complaints);
  try {
    const administrator = await open(identity('Ines Moreau', 'administrator'), {});
    await administrator.signUp(server.setUpLink());
    await administrator.goTo('settings');
    await expect(administrator.page.getByText(w.noMail)).toBeVisible();
    await expect(administrator.button(w.change)).toHaveCount(0);
    await inspect(administrator.page, 'settings-address-no-mail');
    expect(complaints).toEqual([]);
  } finally {
    await close();
    await server.remove();
  }
});

test('hs asks for another address, says how far it is, and cancels it', async () => {
  test.setTimeout(240_000);
  const mail = await MailServer.start();
  const server = await Server.start(mail.options());
  const who = identity('Ada Founder', 'administrator');
  const hs = new Hs(server.origin, who);
  type Status = { email: string; pending: { email: string; old_confirmed: boolean; new_confirmed: boolean } | null };
  try {
    await hs.run(['signup', '--name', who.name, '--email', who.email, '--role', who.role], { '--link-fd': server.setUpLink() });
    const fresh = `moved.${who.email}`;
    await hs.run(['email', 'change', fresh]);
    await linkTo(mail, fresh);
    const asked = (await hs.run(['email', 'status'])) as Status;
    expect(asked).toMatchObject({ email: who.email, pending: { email: fresh, old_confirmed: false, new_confirmed: false } });
    await hs.run(['email', 'cancel']);
    expect((await hs.run(['email', 'status'])) as Status).toEqual({ email: who.email, pending: null });
    await expect(hs.run(['email', 'cancel'])).rejects.toThrow(/not_found/);
  } finally {
    hs.remove();
    await server.remove();
    await mail.stop();
  }
});

/** By the settings; the session was confirmed by signing up. */
async function ask(person: Person, email: string): Promise<void> {
  await person.button(w.change).click();
  await expect(person.dialog().getByLabel(w.new)).toBeFocused();
  await inspect(person.page, 'settings-address-change');
  await person.dialog().getByLabel(w.new).fill(email);
  await person.dialog().getByRole('button', { name: w.submit }).click();
  await expect(person.page.getByText(w.sent).first()).toBeVisible({ timeout: 30_000 });
}

/** The link to this address, once it has come. */
async function linkTo(mail: MailServer, address: string): Promise<string> {
  const newest = () => mail.taken.findLast((message) => message.to.includes(address))?.body ?? '';
  await expect.poll(newest, { timeout: 40_000 }).toContain('/change-email#');
  return linkIn(await mail.to(address), '/change-email');
}

/** Another tab, as from a mail program. */
async function arrive(context: BrowserContext, link: string): Promise<Page> {
  const tab = await context.newPage();
  await tab.goto(link);
  await expect(tab.getByRole('button', { name: w.stop })).toBeEnabled({ timeout: 30_000 });
  return tab;
}
