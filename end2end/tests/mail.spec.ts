// Mail: whoever signs up confirms their address by the link that was mailed, and others see who hasn't.
import { expect } from '@playwright/test';
import { identity } from '../support/clinic.ts';
import { Hs } from '../support/hs.ts';
import { linkIn, MailServer } from '../support/mail.ts';
import { inspect } from '../support/screens.ts';
import { Server } from '../support/server.ts';
import { doors, test } from '../support/test.ts';
import { words } from '../support/words.ts';

test('an address is confirmed by the mailed link, once, and the share form says whose isn’t', async ({ browser }) => {
  test.setTimeout(240_000);
  const complaints: string[] = [];
  const mail = await MailServer.start();
  const server = await Server.start(mail.options());
  const { open, close } = doors(browser, server.origin, complaints);
  try {
    const administrator = await open(identity('Ines Moreau', 'administrator'), {});
    await administrator.signUp(server.setUpLink());
    const doctor = await open(identity('Jonas Hartwig', 'doctor'), {});
    await doctor.signUp();
    await administrator.reload();
    await administrator.approve(doctor.name);
    await expect(doctor.heading(words.signIn.pending)).toBeHidden({ timeout: 15_000 });
    if (await doctor.heading(words.signIn.locked).isVisible()) await doctor.unlock();

    const message = await mail.to(doctor.identity.email);
    expect(message.tls).toBe(true);
    const link = linkIn(message, '/verify-email');
    expect(new URL(link).hash).toMatch(/^#token=/);
    await doctor.goTo('settings');
    await expect(doctor.page.getByText(words.settings.addressUnverified, { exact: true })).toBeVisible();
    await inspect(doctor.page, 'settings-address-unverified');

    // Another tab, as from a mail program.
    const tab = await doctor.context.newPage();
    await tab.goto(link);
    const confirm = tab.getByRole('button', { name: words.verifyEmail.submit });
    await expect(confirm).toBeEnabled({ timeout: 30_000 });
    await expect(tab, 'the token doesn’t stay in the address').not.toHaveURL(/#/);
    await inspect(tab, 'verify-email-asked');
    await confirm.click();
    await expect(tab.getByRole('heading', { name: words.verifyEmail.done })).toBeVisible();
    await inspect(tab, 'verify-email-done');
    await expect(doctor.page.getByText(words.settings.addressVerified, { exact: true })).toBeVisible();
    await inspect(doctor.page, 'settings-address-verified');

    await tab.goto(link);
    await tab.reload();
    await tab.goto(link);
    await confirm.click();
    await expect(tab.getByText(words.verifyEmail.invalid)).toBeVisible();
    await tab.close();

    const patient = await open(identity('Lea Brandvold', 'patient'), {});
    await patient.signUp();
    await mail.to(patient.identity.email);
    await doctor.writeReport({ title: 'For an address that nobody confirmed', patientName: 'Vera Falk' });
    await doctor.beginShare();
    await doctor.dialog().getByLabel(words.share.who).fill(patient.identity.email);
    await doctor.dialog().getByRole('list', { name: words.share.results }).getByRole('button').first().click();
    await expect(doctor.dialog().getByText(words.share.addressUnverified)).toBeVisible();
    await inspect(doctor.page, 'share-form-address-unverified');
    expect(complaints).toEqual([]);
  } finally {
    await close();
    await server.remove();
    await mail.stop();
  }
});

test('administrators see that mail doesn’t leave, and hs says since when', async ({ browser }) => {
  test.setTimeout(180_000);
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
    expect(state).toMatchObject({ sends: true, failing_since: expect.any(Number) as number });
    expect(state.waiting).toBeGreaterThan(0);
    expect(complaints).toEqual([]);
  } finally {
    hs.remove();
    await close();
    await server.remove();
  }
});
