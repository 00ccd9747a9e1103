// New keys of one's own: nothing is lost, nobody is alarmed, whoever shared before goes on, and sees that they are new.
import { expect, test } from '../support/test.ts';
import { textFile } from '../support/files.ts';
import { Hs } from '../support/hs.ts';
import { inspect } from '../support/screens.ts';
import { words } from '../support/words.ts';

const w = words.newKeys;
const BEFORE = 'Written before the new keys';
const AFTER = 'Written after the new keys';

test('new keys lose nothing, and alarm nobody', { tag: '@long' }, async ({ clinic, arrive, enter, complaints }) => {
  test.setTimeout(360_000);
  const solveig = clinic.stranger('Solveig Brandt', 'patient');
  const owner = await arrive(solveig);
  const other = await enter(clinic.doctor);
  const { page } = owner;
  await owner.signUp();
  // The other's page has seen the old keys, and stays open.
  await owner.writeReport({ title: BEFORE, patientName: owner.name });
  const before = await owner.shareWith(other.name);
  await other.redeem(owner.name, before);
  await expect(other.heading(BEFORE)).toBeVisible({ timeout: 30_000 });
  // And compared them.
  const c = words.contacts;
  const line = other.page.getByRole('list', { name: c.people }).getByRole('listitem').filter({ hasText: owner.name });
  const compare = async () => {
    await other.button(c.compare(owner.name)).click();
    await other.button(c.same).click();
    await expect(line.getByText(words.report.keyVerified)).toBeVisible();
    await expect(line.getByRole('button')).toHaveCount(0);
  };
  await other.goTo('contacts');
  await compare();
  await expect(line.getByText(c.newKeys)).toHaveCount(0);

  await owner.goTo('settings');
  await page.getByRole('link', { name: words.security.tab, exact: true }).click();
  await owner.button(w.make).click();
  await inspect(page, 'settings-security-new-keys');
  await owner.dialog().getByRole('button', { name: w.make }).click();
  await expect(page.getByText(w.done)).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText(w.earlier)).toBeVisible();

  await owner.openReport(BEFORE);
  await owner.writeReport({ title: AFTER, patientName: owner.name });
  const after = await owner.shareWith(other.name);
  await other.redeem(owner.name, after);
  await expect(other.heading(AFTER)).toBeVisible({ timeout: 30_000 });
  await other.openReport(BEFORE);
  for (const person of [owner, other]) {
    await person.reload();
    await person.openReport(BEFORE);
    await person.openReport(AFTER);
    // Long enough for a look at the log of keys.
    await person.page.waitForTimeout(3_000);
    await expect(person.page.getByText(words.alarms.banner)).toHaveCount(0);
  }
  await other.goTo('contacts');
  await expect(line.getByText(c.newKeys)).toBeVisible();
  await expect(line.getByText(c.sinceCompared)).toBeVisible();
  await expect(line.getByText(c.compareAgain)).toBeVisible();
  await inspect(other.page, 'contacts-new-keys');
  await test.step('hs says the same where it shares', async () => {
    const hs = new Hs(clinic.server.origin, clinic.doctor);
    try {
      await hs.run(['login', '--email', clinic.doctor.email]);
      const about = ['--title', 'Note', '--patient-name', 'Ole Lind', '--diagnosis', 'For one hour'];
      const pushed = await hs.run(['push', textFile('note.txt', 'To whom, under which keys?').path, ...about]);
      const { report_id: report } = pushed as { report_id: string };
      const shared = await hs.run(['share', report, '--with', solveig.email, '--expires', '1h', '--no-code']);
      expect(shared).toMatchObject({ key_verified: true, new_keys: { times: 1, since_compared: true } });
    } finally {
      hs.remove();
    }
  });
  await compare();
  await expect(line.getByText(c.sinceCompared)).toHaveCount(0);
  await expect(line.getByText(c.newKeys), 'that they are new stays').toBeVisible();
  expect(complaints).toEqual([]);
});
