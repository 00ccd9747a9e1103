// (c) From the account key to 1,000 rows on the screen: with the sealed copy on the device, and cold. Argon2id apart.
import { test } from '@playwright/test';
import { Clinic } from '../support/clinic.ts';
import { Person } from '../support/person.ts';
import { words } from '../support/words.ts';
import { fill } from './fill.ts';
import { median, record } from './results.ts';

test('c: 1,000 rows', async ({ browser }) => {
  test.setTimeout(600_000);
  const clinic = await Clinic.open(browser);
  try {
    await fill(clinic, clinic.author, 1000);
    const author = await Person.at(browser, clinic.origin, clinic.author);
    await author.page.goto('/sign-in');
    const cold = await unlock(author, () => author.trySignIn(author.identity.password));
    const warm: number[] = [];
    const heavy: number[] = [];
    for (let i = 0; i < 3; i++) {
      await author.page.waitForTimeout(2000);
      await author.page.reload();
      await author.heading(words.signIn.locked).waitFor();
      const run = await unlock(author, async () => {
        await author.page.getByLabel(words.signIn.password, { exact: true }).fill(author.identity.password);
        await author.button(words.signIn.unlock).click();
      });
      warm.push(run.rows);
      heavy.push(run.heavy);
    }
    record({ id: 'c1', what: 'account key to 1,000 rows, sealed copy', value: median(warm), unit: 's', target: { at: 'most', value: 1 }, beside: `Argon2id ${median(heavy).toFixed(2)} s before` });
    record({ id: 'c2', what: 'account key to 1,000 rows, cold', value: cold.rows, unit: 's', target: { at: 'most', value: 3 }, beside: `Argon2id ${cold.heavy.toFixed(2)} s before` });
  } finally {
    await clinic.close();
  }
});

/** Seconds of Argon2id and the sign-in's requests, and from their end until the list says that it has all rows. */
async function unlock(person: Person, begin: () => Promise<void>): Promise<{ heavy: number; rows: number }> {
  const { page } = person;
  const answered = page.waitForResponse((r) => r.url().endsWith('/sign-in/finish') && r.ok(), { timeout: 60_000 });
  const started = Date.now();
  await begin();
  await answered;
  const opened = Date.now();
  await page.getByText('1000 reports').or(page.getByText('1,000 reports')).first().waitFor({ timeout: 120_000 });
  return { heavy: (opened - started) / 1000, rows: (Date.now() - opened) / 1000 };
}
