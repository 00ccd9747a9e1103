// API tokens: made in the settings, shown once, used by a program, removed.
import { expect, test } from '../support/test.ts';
import { inspect } from '../support/screens.ts';
import { words } from '../support/words.ts';

const w = words.tokens;

test('a token is shown once, gets a program in to what was chosen, and ends when it is removed', async ({ clinic, arrive, complaints }) => {
  test.setTimeout(300_000);
  const person = await arrive(clinic.stranger('Ragna Dahl', 'patient'));
  const { page } = person;
  await person.signUp();
  await person.goTo('settings');
  await page.getByRole('link', { name: w.tab, exact: true }).click();
  await expect(page.getByText(w.none)).toBeVisible();
  await inspect(page, 'settings-tokens-empty');

  await person.button(w.add).click();
  await person.button(w.make).click();
  await expect(page.getByText(w.scopesNeeded)).toBeVisible();
  await inspect(page, 'settings-tokens-new');
  await page.getByLabel(w.name, { exact: true }).fill('Night backup');
  await page.getByRole('checkbox', { name: w.accountRead }).check({ force: true });
  await page.getByLabel(w.endsIn).selectOption({ label: '7 days' });
  await person.button(w.make).click();
  await person.heading(w.shownTitle).waitFor({ timeout: 30_000 });
  const token = (await page.getByTestId(w.shown).innerText()).trim();
  expect(token).toMatch(/^hst_[0-9A-HJKMNP-TV-Z]{84}$/);
  await inspect(page, 'settings-tokens-shown');
  await person.button(w.kept).click();
  await expect(person.row('Night backup')).toContainText('account:read');
  expect(await page.content()).not.toContain(token);

  // Outside of the browser, as a program would.
  const ask = async (path: string) => {
    const answer = await fetch(`${person.origin}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } });
    return { status: answer.status, body: (await answer.json()) as { code?: string; email?: string } };
  };
  const account = await ask('/account');
  expect(account.status).toBe(200);
  expect(account.body.email).toBe(person.identity.email);
  expect((await ask('/reports')).body.code).toBe('beyond_scope');
  expect((await ask('/account/tokens')).body.code).toBe('beyond_scope');

  await person.reload();
  await expect(person.row('Night backup')).toContainText(/last used/);
  await person.button(w.remove('Night backup')).click();
  await inspect(page, 'settings-tokens-remove');
  await person.dialog().getByRole('button', { name: w.removeConfirm }).click();
  await expect(page.getByText(w.none)).toBeVisible({ timeout: 30_000 });
  expect((await ask('/account')).body.code).toBe('api_token_invalid');
  expect(complaints).toEqual([]);
});
