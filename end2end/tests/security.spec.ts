// How one gets in, changed: second factor, recovery codes, password, recovery kit; and what an administrator may demand.
import { readFileSync } from 'node:fs';
import { Authenticator } from '../support/authenticator.ts';
import { MOST_USED, type Person } from '../support/person.ts';
import { readQr } from '../support/qr.ts';
import { inspect } from '../support/screens.ts';
import { expect, test } from '../support/test.ts';
import { words } from '../support/words.ts';

const w = words.security;
const second = words.secondStep;

const code = (person: Person) => person.page.getByLabel(second.code);

async function openSecurity(person: Person): Promise<void> {
  await person.goTo('settings');
  await person.page.getByRole('link', { name: w.tab, exact: true }).click();
  await person.button(w.add).waitFor();
}

/** From the name of the app to the recovery codes. */
async function addApp(person: Person): Promise<{ app: Authenticator; codes: string[] }> {
  const { page } = person;
  const secret = (await page.getByTestId(w.secret).innerText()).replaceAll(/\s/g, '');
  const scanned = new URL(await readQr(page.getByRole('img', { name: w.qr })));
  expect(`${scanned.protocol}//${scanned.host}`).toBe('otpauth://totp');
  expect(scanned.searchParams.get('secret'), 'as it is shown for typing').toBe(secret);
  const app = new Authenticator(secret);
  await code(person).fill(await app.next());
  await person.button(w.addThis).click();
  await person.heading(w.codesTitle).waitFor();
  const codes = await page.getByTestId(w.codes).getByRole('listitem').allInnerTexts();
  expect(codes).toHaveLength(10);
  return { app, codes };
}

async function answer(person: Person, typed: string): Promise<void> {
  await code(person).fill(typed);
  await person.button(second.submit).click();
}

async function answerByRecoveryCode(person: Person, typed: string): Promise<void> {
  const field = person.page.getByLabel(second.recoveryCode, { exact: true });
  if (!(await field.isVisible())) await person.button(second.useRecovery).click();
  await expect(field).toBeFocused();
  await field.fill(typed);
  await person.button(second.submit).click();
}

/** To the second step, on a page that nobody is signed in on. */
async function passwordStep(person: Person, password = person.identity.password): Promise<void> {
  await person.page.goto('/sign-in');
  await expect(person.button(words.signIn.submit)).toBeEnabled({ timeout: 30_000 });
  await person.trySignIn(password);
  await person.heading(second.title).waitFor({ timeout: 30_000 });
  await expect(code(person)).toBeFocused();
}

const inside = (person: Person) => person.heading(words.reports.title).waitFor({ timeout: 30_000 });

test('an authenticator app is asked for at sign-in; each of its codes and each recovery code counts once', async ({ clinic, arrive, complaints }) => {
  test.setTimeout(360_000);
  const here = await arrive(clinic.stranger('Ragna Solheim', 'patient'));
  const { page } = here;
  await here.signUp();
  await openSecurity(here);
  await expect(page.getByText(w.none)).toBeVisible();
  await inspect(page, 'settings-security');

  // As if the page had been left open for a while: the password is asked for, and the thing goes on by itself.
  await page.route('**/api/v1/account/second-factors/totp', async (route) => {
    const problem = { type: 'urn:healthsecure:problem:confirmation_required', title: 'Confirm', status: 403, code: 'confirmation_required' };
    await route.fulfill({ status: 403, contentType: 'application/problem+json', body: JSON.stringify(problem) });
  }, { times: 1 });
  await here.button(w.add).click();
  await expect(page.getByLabel(w.appName, { exact: true })).toBeFocused();
  await here.button(w.appNext).click();
  await here.heading(second.proveTitle).waitFor();
  const password = here.dialog().getByLabel(words.signIn.password, { exact: true });
  await expect(password).toBeFocused();
  await inspect(page, 'prove');
  await password.fill('not the password of anybody');
  await here.dialog().getByRole('button', { name: second.proveSubmit }).click();
  await expect(page.getByText(words.signIn.unlockWrong)).toBeVisible({ timeout: 30_000 });
  await password.fill(here.identity.password);
  await here.dialog().getByRole('button', { name: second.proveSubmit }).click();
  await expect(here.heading(second.proveTitle)).toBeHidden({ timeout: 30_000 });
  await page.getByTestId(w.secret).waitFor();
  await inspect(page, 'settings-security-app');

  const { app, codes } = await addApp(here);
  await inspect(page, 'settings-security-codes');
  const [download] = await Promise.all([page.waitForEvent('download'), here.button(w.codesSave).click()]);
  const file = readFileSync(await download.path(), 'utf8');
  for (const each of codes) expect(file).toContain(each);
  await here.button(w.codesKept).click();
  await expect(page.getByRole('list', { name: w.factors }).getByRole('listitem')).toHaveCount(1);
  await expect(page.getByText(w.codesLeft(10))).toBeVisible();
  await expect(page.getByText(codes[0] ?? ''), 'shown once').toHaveCount(0);
  await inspect(page, 'settings-security-factor');
  await here.signOut();

  await passwordStep(here);
  await inspect(page, 'second-step');
  await answer(here, '12345');
  await expect(page.getByText(second.shape)).toBeVisible();
  await answer(here, app.wrong());
  await expect(page.getByText(second.wrong)).toBeVisible();
  await expect(code(here)).toBeFocused();
  await inspect(page, 'second-step-wrong');
  await here.button(second.back).click();
  await here.heading(words.signIn.title).waitFor();
  await expect(page.getByRole('alert').and(page.locator(':visible')), 'nothing to complain about').toHaveCount(0);
  await here.button(words.signIn.submit).click();
  await answer(here, await app.next());
  await inside(here);

  const there = await arrive(here.identity);
  await passwordStep(there);
  await answer(there, app.used());
  await expect(there.page.getByText(second.wrong)).toBeVisible();
  await answerByRecoveryCode(there, (codes[0] ?? '').toLowerCase());
  await inside(there);
  await there.signOut();
  await passwordStep(there);
  await answerByRecoveryCode(there, codes[0] ?? '');
  await expect(there.page.getByText(second.wrongRecovery)).toBeVisible();
  await there.button(second.useApp).click();
  await answer(there, await app.next());
  await inside(there);

  // Whoever turns away while the password is checked is not asked for the code of nothing afterwards.
  await openSecurity(there);
  const ask = async () => {
    await there.page.route('**/api/v1/account/second-factors/totp', async (route) => {
      const problem = { type: 'urn:healthsecure:problem:confirmation_required', title: 'Confirm', status: 403, code: 'confirmation_required' };
      await route.fulfill({ status: 403, contentType: 'application/problem+json', body: JSON.stringify(problem) });
    }, { times: 1 });
    await there.button(w.appNext).click();
    await there.heading(second.proveTitle).waitFor();
  };
  await there.button(w.add).click();
  await ask();
  const again = there.dialog().getByLabel(words.signIn.password, { exact: true });
  await again.fill(there.identity.password);
  await there.dialog().getByRole('button', { name: second.proveSubmit }).click();
  await there.page.keyboard.press('Escape');
  await expect(there.heading(second.proveTitle)).toBeHidden();
  await there.page.waitForTimeout(3_000);
  await ask();
  await expect(again, 'from the beginning').toBeVisible();
  await there.page.keyboard.press('Escape');

  // A session that proved it isn't asked again; without it the password alone opens the account.
  await there.lock();
  await there.unlock();
  await openSecurity(there);
  await expect(there.page.getByText(w.codesLeft(9))).toBeVisible();
  await there.button(w.codesNew).click();
  await there.dialog().getByRole('button', { name: w.codesNew }).click();
  await there.heading(w.codesTitle).waitFor();
  await there.button(w.codesKept).click();
  await expect(there.page.getByText(w.codesLeft(10))).toBeVisible();
  await there.button(w.remove('Authenticator app')).click();
  await there.dialog().getByRole('button', { name: w.removeConfirm }).click();
  await expect(there.page.getByText(w.none)).toBeVisible();
  expect(complaints).toEqual([]);
});

test('a new password and a new recovery kit end what was before', async ({ clinic, arrive, complaints }) => {
  test.setTimeout(360_000);
  const here = await arrive(clinic.stranger('Torvald Nes', 'patient'));
  const { page, identity } = here;
  await here.signUp();
  await here.writeReport({ title: 'Kept through all of it', patientName: identity.name });
  await openSecurity(here);
  await here.button(w.add).click();
  await here.button(w.appNext).click();
  const { app, codes } = await addApp(here);
  await here.button(w.codesKept).click();
  const there = await arrive(identity);
  await passwordStep(there);
  await answerByRecoveryCode(there, codes[0] ?? '');
  await inside(there);

  // Eleven characters, which are enough beside the app.
  const changed = 'kV9?teR3&bo';
  await here.button(w.changePassword).click();
  await page.getByLabel(w.newPassword, { exact: true }).fill('tuba2024');
  await page.getByLabel(w.newPasswordAgain).fill('tuba2025');
  await here.button(w.changePassword).click();
  await expect(page.getByText(words.signUp.weak)).toBeVisible();
  await expect(page.getByText(words.signUp.differs)).toBeVisible();
  await inspect(page, 'settings-security-password');
  await page.getByLabel(w.newPassword, { exact: true }).fill(MOST_USED);
  await page.getByLabel(w.newPasswordAgain).fill(MOST_USED);
  await here.button(w.changePassword).click();
  await expect(page.getByText(words.signUp.common)).toBeVisible();
  await page.getByLabel(w.newPassword, { exact: true }).fill(changed);
  await page.getByLabel(w.newPasswordAgain).fill(changed);
  await here.button(w.changePassword).click();
  await expect(page.getByText(w.passwordDone)).toBeVisible({ timeout: 30_000 });
  await expect(there.page.getByLabel(words.signIn.email), 'the other page is signed out').toBeVisible();
  await there.page.goto('/sign-in');
  await expect(there.button(words.signIn.submit)).toBeEnabled({ timeout: 30_000 });
  await there.trySignIn(identity.password);
  await expect(there.page.getByText(words.signIn.wrong)).toBeVisible({ timeout: 30_000 });
  await passwordStep(there, changed);
  await answerByRecoveryCode(there, codes[1] ?? '');
  await inside(there);
  await there.openReport('Kept through all of it');

  await here.button(w.remove('Authenticator app')).click();
  await here.dialog().getByRole('button', { name: w.removeConfirm }).click();
  await expect(here.dialog().getByText(w.shortPassword)).toBeVisible();
  await page.keyboard.press('Escape');

  const oldKit = identity.kit ?? [];
  await here.button(w.makeKit).click();
  await here.heading(w.kitTitle).waitFor();
  await inspect(page, 'settings-security-kit');
  const items = page.getByTestId(words.signUp.kitTestId).getByRole('listitem');
  await expect(items).toHaveCount(24);
  const kit = (await items.allInnerTexts()).map((text) => text.replace(/[\d\s.]+/g, ''));
  await here.button(words.signUp.kitKept).click();
  const fields = page.getByRole('textbox', { name: words.signUp.word });
  await expect(fields).toHaveCount(2);
  for (const field of await fields.all()) {
    const label = (await field.evaluate((input: HTMLInputElement) => input.labels?.[0]?.textContent)) ?? '';
    await field.fill(kit[Number(words.signUp.word.exec(label.trim())?.[1]) - 1] ?? '');
  }
  await inspect(page, 'settings-security-kit-check');
  await here.button(w.kitSave).click();
  await expect(page.getByText(w.kitDone)).toBeVisible({ timeout: 30_000 });
  await expect(there.page.getByLabel(words.signIn.email)).toBeVisible();

  const recover = async (person: Person, words24: string[], next: string) => {
    await person.page.goto('/recover');
    await expect(person.button(words.recover.submit)).toBeEnabled({ timeout: 30_000 });
    await person.page.getByLabel(words.signIn.email).fill(identity.email);
    await person.page.getByLabel(words.recover.words, { exact: true }).fill(words24.join(' '));
    await person.page.getByLabel(words.recover.password).fill(next);
    await person.button(words.recover.submit).click();
  };
  await recover(there, oldKit, 'no kettle boils on the green stove');
  await expect(there.page.getByText(words.recover.wrong)).toBeVisible({ timeout: 30_000 });
  await recover(there, kit, 'seven violet umbrellas at the pier');
  await there.heading(second.title).waitFor({ timeout: 30_000 });
  await answer(there, await app.next());
  await inside(there);
  await there.openReport('Kept through all of it');
  expect(complaints).toEqual([]);
});

test('an administrator asks doctors for a second factor: until it is there they see nothing else', { tag: '@long' }, async ({ clinic, arrive, enter, complaints }) => {
  test.setTimeout(360_000);
  const p = words.policies;
  const doctor = await arrive(clinic.stranger('Gudrun Aasen', 'doctor'));
  await doctor.signUp();
  const administrator = await enter(clinic.administrator);
  await administrator.approve(doctor.name);
  await inside(doctor);

  const { page } = administrator;
  const box = (role: string) => page.getByRole('checkbox', { name: p.role(role) });
  const set = async (role: string, on: boolean) => {
    await box(role).setChecked(on);
    await administrator.button(p.save).click();
  };
  await page.getByRole('link', { name: p.tab, exact: true }).click();
  await set('Administrator', true);
  await expect(page.getByText(p.own)).toBeVisible();
  await box('Administrator').setChecked(false);
  await set('Doctor', true);
  await expect(page.getByText(p.saved)).toBeVisible();
  await inspect(page, 'administration-policies');

  // The page that is open learns of it with the next thing it asks for.
  await doctor.navigation().getByRole('link', { name: words.frame.shared }).click();
  await doctor.heading(second.dueTitle).waitFor();
  await expect(doctor.navigation()).toBeHidden();
  await inspect(doctor.page, 'second-factor-due');
  await doctor.page.goto('/reports');
  await doctor.page.getByLabel(words.signIn.password, { exact: true }).fill(doctor.identity.password);
  await doctor.button(words.signIn.unlock).click();
  await doctor.heading(second.dueTitle).waitFor({ timeout: 30_000 });
  await doctor.button(w.appNext).click();
  const { app } = await addApp(doctor);
  await inspect(doctor.page, 'second-factor-due-codes');
  await doctor.button(w.codesKept).click();
  await inside(doctor);
  await expect(doctor.page.getByText(words.reports.emptyTitle)).toBeVisible();
  await openSecurity(doctor);
  await expect(doctor.page.getByText(w.last)).toBeVisible();

  await set('Doctor', false);
  await expect(page.getByText(p.saved).first()).toBeVisible();
  await administrator.goTo('administration');
  await expect(administrator.row(doctor.name).getByText(p.factor, { exact: true })).toBeVisible();
  await administrator.button(p.remove(doctor.name)).click();
  await inspect(page, 'administration-remove-second-factor');
  await administrator.dialog().getByRole('button', { name: p.removeConfirm }).click();
  await expect(page.getByText(p.removed(doctor.name)).first()).toBeVisible();
  await expect(doctor.page.getByLabel(words.signIn.email), 'their sessions end').toBeVisible();
  await doctor.signIn();
  await inside(doctor);
  expect(await app.next(), 'asked for no more').toHaveLength(6);

  await administrator.button(p.disable(doctor.name)).click();
  await inspect(page, 'administration-disable');
  await administrator.dialog().getByRole('button', { name: p.disableConfirm }).click();
  await expect(page.getByText(p.disabled(doctor.name)).first()).toBeVisible();
  await expect(doctor.page.getByLabel(words.signIn.email), 'out at once').toBeVisible();
  await administrator.button(p.enable(doctor.name)).click();
  await administrator.dialog().getByRole('button', { name: p.enableConfirm }).click();
  await expect(page.getByText(p.enabled(doctor.name)).first()).toBeVisible();
  expect(complaints).toEqual([]);
});
