// Passkeys: one that unlocks, one that only signs in, and as the second step beside a password.
import { Passkeys } from '../support/passkeys.ts';
import type { Person } from '../support/person.ts';
import { inspect } from '../support/screens.ts';
import { expect, test } from '../support/test.ts';
import { words } from '../support/words.ts';

const w = words.security;
const p = words.passkeys;
const second = words.secondStep;

async function openSecurity(person: Person): Promise<void> {
  await person.goTo('settings');
  await person.page.getByRole('link', { name: w.tab, exact: true }).click();
  await person.button(p.add).waitFor();
}

async function add(person: Person, name: string): Promise<void> {
  await person.button(p.add).click();
  await person.page.getByLabel(p.name, { exact: true }).fill(name);
  await person.button(p.make).click();
}

/** Out, and to the page where one signs in, on the same device. */
async function leave(person: Person): Promise<void> {
  await person.signOut();
  await person.page.goto('/sign-in');
  await expect(person.button(words.signIn.submit)).toBeEnabled({ timeout: 30_000 });
}

const inside = (person: Person) => person.heading(words.reports.title).waitFor({ timeout: 30_000 });

test('a passkey with PRF signs in and unlocks with no password typed, and its secret stays in the browser', async ({ clinic, arrive, complaints }) => {
  test.setTimeout(360_000);
  const person = await arrive(clinic.stranger('Solveig Lund', 'patient'));
  const { page } = person;
  const sent: string[] = [];
  page.on('request', (request) => sent.push(`${request.url()} ${request.postData() ?? ''}`));
  const passkeys = await Passkeys.plugIn(page, true);
  await person.signUp();
  await openSecurity(person);
  await person.button(p.add).click();
  await expect(page.getByLabel(p.name, { exact: true })).toBeFocused();
  await inspect(page, 'settings-security-passkey');
  await page.getByLabel(p.name, { exact: true }).fill('Telephone');
  await person.button(p.make).click();
  await person.heading(w.codesTitle).waitFor();
  await expect(page.getByText(p.done('Telephone'))).toBeVisible();
  await person.button(w.codesKept).click();
  await expect(person.row('Telephone').getByText(p.unlocks)).toBeVisible();
  await inspect(page, 'settings-security-passkeys');
  expect(await passkeys.count()).toBe(1);
  // The same device again: it has one.
  await add(person, 'Telephone');
  await expect(page.getByText(p.known)).toBeVisible();
  const secrets = await passkeys.secrets();
  expect(secrets.length).toBeGreaterThan(0);

  await leave(person);
  await inspect(page, 'sign-in-passkey');
  await person.button(p.signIn).click();
  await inside(person);
  await person.lock();
  await inspect(page, 'locked-passkey');
  await person.button(p.unlock).click();
  await inside(person);
  secrets.push(...(await passkeys.secrets()));

  const all = sent.join('\n');
  expect(all).toContain('/sign-in/passkey');
  for (const secret of secrets) {
    expect(secret).toHaveLength(32);
    for (const form of ['base64', 'base64url', 'hex'] as const) expect(all, form).not.toContain(secret.toString(form).replace(/=+$/, ''));
  }

  // Removed: the account gets new keys, and the device is asked in vain.
  await openSecurity(person);
  await person.button(w.remove('Telephone')).click();
  await inspect(page, 'settings-security-passkey-remove');
  await person.dialog().getByRole('button', { name: w.removeConfirm }).click();
  await expect(page.getByText(w.none)).toBeVisible({ timeout: 30_000 });
  await leave(person);
  await person.button(p.signIn).click();
  await expect(page.getByText(p.failed)).toBeVisible({ timeout: 30_000 });
  await person.signIn();
  await inside(person);
  expect(complaints).toEqual([]);
});

test('a passkey without PRF signs in, says that the password unlocks, and is the second step beside it', async ({ clinic, arrive, complaints }) => {
  test.setTimeout(360_000);
  const person = await arrive(clinic.stranger('Torunn Vik', 'patient'));
  const { page } = person;
  const passkeys = await Passkeys.plugIn(page, false);
  await person.signUp();
  await openSecurity(person);
  await add(person, 'Key ring');
  await person.heading(w.codesTitle).waitFor();
  await expect(page.getByText(p.doneLocked('Key ring'))).toBeVisible();
  await person.button(w.codesKept).click();
  await expect(person.row('Key ring').getByText(p.signsIn)).toBeVisible();
  await expect(person.button(words.phones.add), 'no gateway for text messages is set up').toHaveCount(0);

  await leave(person);
  await person.button(p.signIn).click();
  await person.heading(words.signIn.locked).waitFor({ timeout: 30_000 });
  await expect(page.getByText(p.locked)).toBeVisible();
  await inspect(page, 'passkey-locked');
  await person.button(p.unlock).click();
  await expect(page.getByText(p.opensNothing)).toBeVisible({ timeout: 30_000 });
  await person.unlock();
  await inside(person);

  // The password alone doesn't sign in any more.
  await leave(person);
  await person.trySignIn(person.identity.password);
  await person.heading(second.title).waitFor({ timeout: 30_000 });
  await inspect(page, 'second-step-passkey');
  await passkeys.verifies(false);
  await person.button(p.use).click();
  await expect(page.getByText(p.declined)).toBeVisible({ timeout: 30_000 });
  await passkeys.verifies(true);
  await person.button(p.use).click();
  await inside(person);

  // A session that was left open has to be proved before it changes anything; the passkey does.
  await openSecurity(person);
  await page.route('**/api/v1/account/password/start', async (route) => {
    const problem = { type: 'urn:healthsecure:problem:confirmation_required', title: 'Confirm', status: 403, code: 'confirmation_required' };
    await route.fulfill({ status: 403, contentType: 'application/problem+json', body: JSON.stringify(problem) });
  }, { times: 1 });
  await person.button(w.changePassword).click();
  await page.getByLabel(w.newPassword, { exact: true }).fill('another password entirely');
  await page.getByLabel(w.newPasswordAgain, { exact: true }).fill('another password entirely');
  await person.button(w.changePassword).click();
  await person.heading(second.proveTitle).waitFor();
  await person.dialog().getByRole('button', { name: p.instead }).click();
  await expect(page.getByText(w.passwordDone)).toBeVisible({ timeout: 30_000 });
  expect(complaints).toEqual([]);
});
