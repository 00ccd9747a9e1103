// Identity providers: an account is made of an identity at a real one (npm `oidc-provider`), which signs in to it from then
// on; what unlocks is the account's own password.
import { expect } from '@playwright/test';
import { identity } from '../support/clinic.ts';
import { IdentityProvider } from '../support/identity_provider.ts';
import { inspect } from '../support/screens.ts';
import { Server } from '../support/server.ts';
import { doors, test } from '../support/test.ts';
import { words } from '../support/words.ts';

const w = words.identities;
const NAME = 'Clinic account';

test('an identity provider makes an account and signs in to it, and the password unlocks', async ({ browser }) => {
  test.setTimeout(240_000);
  const complaints: string[] = [];
  const who = identity('Runa Solberg', 'patient');
  const accounts = { runa: { email: who.email, email_verified: true, name: who.name } };
  const provider = await IdentityProvider.start(accounts);
  const behind = { origin: `http://localhost:${provider.port}`, port: provider.port };
  const server = await Server.start({ behind, args: provider.args(NAME) });
  const { open, close } = doors(browser, server.origin, complaints);
  try {
    const administrator = await open(identity('Ines Moreau', 'administrator'), {});
    await administrator.signUp(server.setUpLink());

    const person = await open(who, {});
    const { page } = person;
    const sent: string[] = [];
    page.on('request', (request) => sent.push(`${request.url()} ${request.postData() ?? ''}`));
    // A link with an answer that this browser never asked for.
    await page.goto('/sign-in/identity/callback/work?state=made-up&code=made-up');
    await expect(page.getByText(w.mismatch)).toBeVisible({ timeout: 30_000 });
    await person.button(w.go(NAME)).click();
    await page.getByRole('link', { name: 'decline' }).click();
    await expect(page.getByText(w.declined)).toBeVisible();
    await expect(page, 'nothing of it stays in the address').toHaveURL(`${server.origin}/sign-in`);
    await inspect(page, 'sign-in-identity-declined');

    await person.button(w.go(NAME)).click();
    await page.getByRole('link', { name: 'runa' }).click();
    await expect(page.getByText(w.chosen(NAME, who.email))).toBeVisible();
    await expect(page).toHaveURL(`${server.origin}/sign-up`);
    await expect(page.getByLabel(words.signUp.name)).toHaveValue(who.name);
    const email = page.getByLabel(words.signUp.email);
    await expect(email).toHaveValue(who.email);
    await expect(email).not.toBeEditable();
    await inspect(page, 'sign-up-identity');
    await page.getByLabel(words.signUp.password, { exact: true }).fill(who.password);
    await page.getByLabel(words.signUp.passwordAgain).fill(who.password);
    await person.button(words.signUp.next).click();
    await person.keepKit();
    await person.answerKit();
    await person.heading(words.reports.title).waitFor({ timeout: 30_000 });

    // The provider knows this browser still, and asks nothing.
    await person.signOut();
    await page.goto('/sign-in');
    await person.button(w.go(NAME)).click();
    await person.heading(words.signIn.locked).waitFor({ timeout: 30_000 });
    await expect(page.getByText(w.locked)).toBeVisible();
    await person.unlock();
    await person.heading(words.reports.title).waitFor({ timeout: 30_000 });

    await person.goTo('settings');
    await page.getByRole('link', { name: words.security.tab, exact: true }).click();
    await expect(person.row(NAME).getByText(who.email)).toBeVisible();
    await inspect(page, 'settings-security-identities');
    await person.button(words.security.remove(NAME)).click();
    await person.dialog().getByRole('button', { name: words.security.removeConfirm }).click();
    await expect(page.getByText(w.none)).toBeVisible();
    await person.button(w.link(NAME)).click();
    await person.heading(words.signIn.locked).waitFor({ timeout: 30_000 });
    await person.unlock();
    // The provider asked nothing: it may be somebody else's name that it knows in this browser.
    await expect(person.dialog().getByText(w.linkWho(NAME, who.email))).toBeVisible();
    await expect(page.getByText(w.none), 'nothing is linked yet').toBeVisible();
    await inspect(page, 'settings-security-identity-link');
    await person.dialog().getByRole('button', { name: w.linkConfirm }).click();
    await expect(page.getByText(w.linked)).toBeVisible();
    await expect(person.row(NAME).getByText(who.email)).toBeVisible();
    await expect(page).toHaveURL(`${server.origin}/settings/security`);

    const all = sent.join('\n');
    expect(all).toContain('code_challenge_method=S256');
    expect(all, 'the password goes nowhere').not.toContain(who.password);
    expect(complaints).toEqual([]);
  } finally {
    await close();
    await server.remove();
    await provider.stop();
  }
});
