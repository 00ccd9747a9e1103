// Mail: whoever signs up proves their address first, by a code, and nobody learns from the page whom an address belongs to. Who came
// without one confirms it by a mailed link, and others see who hasn't.
import { expect } from '@playwright/test';
import { identity } from '../support/clinic.ts';
import { Hs } from '../support/hs.ts';
import { linkIn, MailServer } from '../support/mail.ts';
import type { Person } from '../support/person.ts';
import { inspect } from '../support/screens.ts';
import { Server } from '../support/server.ts';
import { doors, test } from '../support/test.ts';
import { words } from '../support/words.ts';

const w = words.signUp;

test('an address is proved by a mailed code, and one that has an account looks like any other', async ({ browser }) => {
  test.setTimeout(450_000);
  const complaints: string[] = [];
  const mail = await MailServer.start();
  const server = await Server.start(mail.options());
  const { open, close } = doors(browser, server.origin, complaints);
  const wrong = (code: string) => String((Number(code) + 1) % 100_000_000).padStart(8, '0');
  try {
    const administrator = await open(identity('Ines Moreau', 'administrator'), {});
    await administrator.signUp(server.setUpLink());
    const known = await open({ ...identity('Ines Again', 'patient'), email: administrator.identity.email }, {});
    const unknown = await open(identity('Lea Brandvold', 'patient'), {});

    await test.step('both are told the same', async () => {
      for (const person of [known, unknown]) {
        await asks(person);
        await expect(person.page.getByText(w.codeLead(person.identity.email))).toBeVisible();
        await person.page.getByLabel(w.code).fill('1234');
        await person.button(w.next).click();
        await expect(person.page.getByText(w.codeShape)).toBeVisible();
      }
      await inspect(unknown.page, 'sign-up-code');
      const code = await mail.code(unknown.identity.email);
      for (const person of [known, unknown]) {
        await person.page.getByLabel(w.code).fill(wrong(code));
        await person.button(w.next).click();
        await expect(person.page.getByText(w.codeWrong)).toBeVisible();
      }
      await inspect(unknown.page, 'sign-up-code-wrong');
      await expect(known.page.getByText(w.taken)).toHaveCount(0);
      await expect.poll(() => mail.taken.filter((message) => message.to.includes(known.identity.email)).at(-1)?.body ?? '').toContain('/recover');
    });

    await test.step('another code, and back for another address', async () => {
      await unknown.button(w.codeAgain).click();
      await expect(unknown.page.getByText(w.codeSentAgain)).toBeVisible();
      await unknown.button(w.back).click();
      await unknown.heading(w.title).waitFor();
      await expect(unknown.page.getByLabel(w.email)).toHaveValue(unknown.identity.email);
      const other = `other.${unknown.identity.email}`;
      await unknown.page.getByLabel(w.email).fill(other);
      await unknown.button(w.next).click();
      await expect(unknown.page.getByText(w.codeLead(other))).toBeVisible({ timeout: 30_000 });
      await unknown.proveAddress(() => mail.code(other));
      await unknown.keepKit();
      await unknown.answerKit();
      await expect(unknown.page).not.toHaveURL(/sign-up/, { timeout: 60_000 });
      await unknown.goTo('settings');
      await expect(unknown.page.getByText(words.settings.addressVerified, { exact: true })).toBeVisible();
    });
    expect(complaints).toEqual([]);
  } finally {
    await close();
    await server.remove();
    await mail.stop();
  }
});

test('hs signs up with the code that was mailed', async () => {
  test.setTimeout(240_000);
  const mail = await MailServer.start();
  const server = await Server.start(mail.options());
  const people = [identity('Ada Founder', 'administrator'), identity('Sverre Aas', 'patient')] as const;
  const [admin, patient] = people.map((who) => new Hs(server.origin, who)) as [Hs, Hs];
  try {
    const [founder, who] = people;
    await admin.run(['signup', '--name', founder.name, '--email', founder.email, '--role', founder.role], { '--link-fd': server.setUpLink() });
    const args = ['signup', '--name', who.name, '--email', who.email, '--role', who.role];
    const ready = (said: string) => said.includes('sign_up_code_asked');
    await expect(patient.runAnswering(args, '--code-fd', { ready, answer: async () => 'not a code' })).rejects.toThrow(/sign_up_code_wrong/);
    // So that the mail that comes next is the next one.
    await newestCode(mail, who.email, 1);
    const made = (await patient.runAnswering(args, '--code-fd', { ready, answer: () => newestCode(mail, who.email, 2) })) as { status: string };
    expect(made.status).toBe('active');
    expect(await patient.run(['whoami'])).toMatchObject({ email: who.email });
  } finally {
    admin.remove();
    patient.remove();
    await server.remove();
    await mail.stop();
  }
});

test('an address is confirmed by the mailed link, once, and the share form says whose isn’t', async ({ browser }) => {
  test.setTimeout(360_000);
  const complaints: string[] = [];
  const mail = await MailServer.start();
  const server = await Server.start(mail.options());
  const { open, close } = doors(browser, server.origin, complaints);
  try {
    const administrator = await open(identity('Ines Moreau', 'administrator'), {});
    await administrator.signUp(server.setUpLink());
    const doctor = await open(identity('Jonas Hartwig', 'doctor'), {});
    await doctor.signUp('/sign-up', () => mail.code(doctor.identity.email));
    await administrator.reload();
    await administrator.approve(doctor.name);
    await expect(doctor.heading(words.signIn.pending)).toBeHidden();
    if (await doctor.heading(words.signIn.locked).isVisible()) await doctor.unlock();

    // Whoever set the server up needed no code.
    await doctor.writeReport({ title: 'For an address that nobody confirmed', patientName: 'Vera Falk' });
    await doctor.beginShare();
    await doctor.dialog().getByLabel(words.share.who).fill(administrator.identity.email);
    await doctor.dialog().getByRole('list', { name: words.share.results }).getByRole('button').first().click();
    await expect(doctor.dialog().getByText(words.share.addressUnverified)).toBeVisible();
    await inspect(doctor.page, 'share-form-address-unverified');

    const message = await mail.to(administrator.identity.email);
    expect(message.tls).toBe(true);
    const link = linkIn(message, '/verify-email');
    expect(new URL(link).hash).toMatch(/^#token=/);
    await administrator.goTo('settings');
    await expect(administrator.page.getByText(words.settings.addressUnverified, { exact: true })).toBeVisible();
    await inspect(administrator.page, 'settings-address-unverified');

    // Another tab, as from a mail program.
    const tab = await administrator.context.newPage();
    await tab.goto(link);
    const confirm = tab.getByRole('button', { name: words.verifyEmail.submit });
    await expect(confirm).toBeEnabled({ timeout: 30_000 });
    await expect(tab, 'the token doesn’t stay in the address').not.toHaveURL(/#/);
    await inspect(tab, 'verify-email-asked');
    await confirm.click();
    await expect(tab.getByRole('heading', { name: words.verifyEmail.done })).toBeVisible();
    await inspect(tab, 'verify-email-done');
    await expect(administrator.page.getByText(words.settings.addressVerified, { exact: true })).toBeVisible();
    await inspect(administrator.page, 'settings-address-verified');

    await tab.goto(link);
    await tab.reload();
    await tab.goto(link);
    await confirm.click();
    await expect(tab.getByText(words.verifyEmail.invalid)).toBeVisible();
    await tab.close();
    expect(complaints).toEqual([]);
  } finally {
    await close();
    await server.remove();
    await mail.stop();
  }
});

test('administrators see that mail doesn’t leave, and hs says since when', async ({ browser }) => {
  test.setTimeout(300_000);
  const complaints: string[] = [];
  const mail = await MailServer.start();
  const server = await Server.start(mail.options());
  await mail.stop();
  const { open, close } = doors(browser, server.origin, complaints);
  const who = identity('Ines Moreau', 'administrator');
  const hs = new Hs(server.origin, who);
  try {
    const administrator = await open(who, {});
    await administrator.signUp(server.setUpLink());
    const failing = administrator.page.getByText(words.administration.mailFailing);
    await expect(async () => {
      await administrator.goTo('settings');
      await administrator.goTo('administration');
      await expect(failing).toBeVisible({ timeout: 2_000 });
    }).toPass({ timeout: 60_000 });
    await inspect(administrator.page, 'administration-mail-failing');
    await hs.run(['login', '--email', who.email]);
    const state = (await hs.run(['admin', 'mail'])) as { sends: boolean; failing_since: number; waiting: number };
    expect(state).toMatchObject({ sends: true, failing_since: expect.any(Number) as unknown });
    expect(state.waiting).toBeGreaterThan(0);
    expect(complaints).toEqual([]);
  } finally {
    hs.remove();
    await close();
    await server.remove();
  }
});

/** Fills the first step in, and has a code mailed. */
async function asks(person: Person): Promise<void> {
  await person.fillSignUp('/sign-up');
  await person.button(w.next).click();
  await person.heading(w.codeTitle).waitFor({ timeout: 30_000 });
}

/** The code of the latest of so many messages to an address. */
async function newestCode(mail: MailServer, address: string, count: number): Promise<string> {
  await expect.poll(() => mail.taken.filter((message) => message.to.includes(address)).length, { timeout: 40_000 }).toBe(count);
  return mail.code(address);
}
