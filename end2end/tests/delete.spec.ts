// The end of a report and of an account: what the others see, and that nothing tells a deleted account from one that never was.
import { identity } from '../support/clinic.ts';
import { Hs, HsError } from '../support/hs.ts';
import { inspect } from '../support/screens.ts';
import { expect, test } from '../support/test.ts';
import { words } from '../support/words.ts';

const w = words.leaving;

test('a report that its owner erases closes for everybody', async ({ clinic, enter, complaints }) => {
  test.setTimeout(300_000);
  const title = 'Erased while somebody read it';
  const owner = await enter(clinic.author);
  const reader = await enter(clinic.doctor);
  await owner.writeReport({ title, patientName: 'Mara Diaz', diagnosis: 'Nothing that stays' });
  const code = await owner.shareWith(reader.name);
  await reader.redeem(owner.name, code);
  await expect(reader.heading(title)).toBeVisible({ timeout: 30_000 });
  await expect(reader.button(words.report.erase)).toHaveCount(0);

  await owner.openReport(title);
  await owner.button(words.report.erase).click();
  await expect(owner.dialog().getByText(w.inBackups)).toBeVisible();
  await inspect(owner.page, 'report-erase');
  await owner.dialog().getByRole('button', { name: words.report.erase, exact: true }).click();
  await expect(owner.page.getByText(words.report.erased).first()).toBeVisible({ timeout: 30_000 });
  for (const person of [owner, reader]) {
    await expect(person.heading(words.report.erasedTitle)).toBeVisible({ timeout: 30_000 });
    await expect(person.page.getByText(words.report.erasedByOwner)).toBeVisible();
    await expect(person.page.getByText('Nothing that stays')).toHaveCount(0);
  }
  await inspect(reader.page, 'report-erased');
  await reader.reload();
  await expect(reader.heading(words.report.erasedTitle)).toBeVisible({ timeout: 30_000 });
  await reader.goTo('reports');
  await expect(reader.page.getByRole('link', { name: title })).toHaveCount(0);
  expect(complaints).toEqual([]);
});

test('a patient deletes their account, and what it owned is gone for the doctor too', { tag: '@long' }, async ({ clinic, arrive, enter, complaints }) => {
  test.setTimeout(450_000);
  const title = 'Owned by somebody who leaves';
  const owner = await arrive(clinic.stranger('Runa Falk', 'patient'));
  const reader = await enter(clinic.doctor);
  const { page } = owner;
  await owner.signUp();
  await owner.writeReport({ title, patientName: owner.name });
  const code = await owner.shareWith(reader.name);
  await reader.redeem(owner.name, code);
  await expect(reader.heading(title)).toBeVisible({ timeout: 30_000 });

  await owner.goTo('settings');
  await page.getByRole('link', { name: w.open }).click();
  await owner.heading(w.title).waitFor();
  await expect(page.getByText(w.goesOwn)).toBeVisible();
  await expect(page.getByText(w.inBackups)).toBeVisible();
  await expect(page.getByRole('link', { name: title })).toBeVisible();
  await inspect(page, 'settings-delete');
  await owner.field(w.email).fill(clinic.patient.email);
  await owner.button(w.submit).click();
  await expect(page.getByText(w.otherAddress)).toBeVisible({ timeout: 30_000 });
  await owner.field(w.email).fill(owner.identity.email);
  await owner.button(w.submit).click();
  await expect(page).toHaveURL(/\/sign-in/, { timeout: 30_000 });
  await expect(page.getByText(w.deleted)).toBeVisible({ timeout: 30_000 });

  await test.step('the doctor’s open page closes, and says who ended it', async () => {
    await expect(reader.heading(words.report.erasedTitle)).toBeVisible({ timeout: 30_000 });
    await expect(reader.page.getByText(words.report.erasedByOwner)).toBeVisible();
    await expect(reader.page.getByText(title)).toHaveCount(0);
    await reader.goTo('contacts');
    await expect(reader.page.getByText(w.name).first()).toBeVisible({ timeout: 30_000 });
    await expect(reader.page.getByText(owner.name)).toHaveCount(0);
  });

  await test.step('signing in is refused as for an account that never was', async () => {
    for (const email of [owner.identity.email, 'never.was@clinic.example']) {
      const somebody = await arrive({ ...owner.identity, email });
      await somebody.page.goto('/sign-in');
      await expect(somebody.button(words.signIn.submit)).toBeEnabled({ timeout: 30_000 });
      await somebody.trySignIn(owner.identity.password);
      await expect(somebody.page.getByText(words.signIn.wrong)).toBeVisible({ timeout: 60_000 });
    }
  });
  expect(complaints).toEqual([]);
});

test('who pauses their account is let in by an administrator alone, and sees that it is to be deleted', { tag: '@long' }, async ({ clinic, arrive, enter }) => {
  test.setTimeout(300_000);
  const owner = await arrive(clinic.stranger('Pelle Holm', 'patient'));
  const { page } = owner;
  await owner.signUp();
  await owner.goTo('settings');
  await owner.button(w.pause).click();
  await inspect(page, 'settings-pause');
  await owner.dialog().getByLabel(w.email).fill(owner.identity.email);
  await owner.dialog().getByRole('button', { name: w.pause }).click();
  await expect(page).toHaveURL(/\/sign-in/, { timeout: 30_000 });
  await expect(page.getByText(w.paused)).toBeVisible({ timeout: 30_000 });
  const again = await enter(owner.identity);
  await again.heading(w.pausedTitle).waitFor({ timeout: 30_000 });
  await expect(again.page.getByText(w.removal)).toHaveCount(0);

  const administrator = await enter(clinic.administrator);
  await administrator.goTo('administration');
  const p = words.policies;
  await administrator.button(p.removeAccount(owner.name)).click();
  await administrator.dialog().getByRole('button', { name: p.removeAccountConfirm }).click();
  await expect(administrator.page.getByText(p.removing(owner.name)).first()).toBeVisible({ timeout: 30_000 });
  const told = await enter(owner.identity);
  await told.heading(w.pausedTitle).waitFor({ timeout: 30_000 });
  await expect(told.page.getByText(w.removal)).toBeVisible();
  await inspect(told.page, 'account-removal');
});

test('hs erases a report, which is accounted for, and deletes the account', async ({ clinic, arrive }) => {
  test.setTimeout(300_000);
  const owner = await arrive(identity('Hauke Rehm', 'patient'));
  await owner.signUp();
  const id = await owner.writeReport({ title: 'Erased by hs', patientName: owner.name });
  const hs = new Hs(clinic.origin, owner.identity);
  try {
    await hs.run(['login', '--email', owner.identity.email]);
    expect(await hs.run(['erase', id])).toEqual({ erased: id, in_backups_until: null });
    await expect(owner.heading(words.report.erasedTitle)).toBeVisible({ timeout: 30_000 });
    // What was done with it is accounted for all the same, in the page and by hs.
    await owner.goTo('access');
    await owner.page.getByRole('link', { name: words.access.toDisclosures }).click();
    await owner.button(words.access.make).click();
    await expect(owner.page.getByText(words.access.erased)).toBeVisible({ timeout: 30_000 });
    expect(await hs.run(['disclosures'])).toMatchObject({ reports: 1, erased: 1, incomplete: [] });
    expect(await hs.run(['account', 'delete', '--email', owner.identity.email])).toEqual({ deleted: owner.identity.email, in_backups_until: null });
    const again = hs.run(['login', '--email', owner.identity.email]);
    await expect(again).rejects.toThrow(HsError);
    await expect(again).rejects.toThrow(/wrong_password/);
  } finally {
    hs.remove();
  }
});
